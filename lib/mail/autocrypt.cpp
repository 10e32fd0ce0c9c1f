// SPDX-License-Identifier: MIT
#include "autocrypt.h"

#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

constexpr std::size_t kLineOctets = 72;

}  // namespace

HeaderField autocrypt_field(std::string name, std::string_view address, std::string_view binary_key) {
  const std::string key = base64_encode(binary_key);
  std::string raw = " addr=" + std::string(address) + "; keydata=";
  for (std::size_t at = 0; at < key.size(); at += kLineOctets)
    raw += "\r\n " + key.substr(at, kLineOctets);
  return {std::move(name), std::move(raw)};
}

std::optional<AutocryptField> parse_autocrypt(const HeaderField& field) {
  AutocryptField out;
  for (const std::string& attribute : split(field.value(), ';')) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos) {
      if (!trim(attribute).empty()) return std::nullopt;
      continue;
    }
    const std::string name = ascii_lower(trim(std::string_view(attribute).substr(0, equals)));
    const std::string_view value = trim(std::string_view(attribute).substr(equals + 1));
    if (name == "addr") {
      out.address = ascii_lower(value);
    } else if (name == "keydata") {
      auto key = base64_decode(value);
      if (!key) return std::nullopt;
      out.key = std::move(*key);
    } else if (name != "prefer-encrypt" && !name.starts_with('_')) {
      return std::nullopt;
    }
  }
  if (out.address.empty() || out.key.empty()) return std::nullopt;
  return out;
}

std::optional<std::string> dearmor(std::string_view armored) {
  const std::size_t begin = armored.find("-----BEGIN PGP ");
  if (begin == std::string_view::npos) return std::nullopt;
  std::string body;
  bool in_headers = true;
  std::size_t at = armored.find('\n', begin);
  while (at != std::string_view::npos) {
    const std::size_t end = armored.find('\n', ++at);
    const std::string_view line = trim(armored.substr(at, end == std::string_view::npos ? end : end - at));
    at = end;
    if (line.starts_with("-----END ")) return base64_decode(body);
    if (in_headers) {
      if (line.empty()) in_headers = false;
    } else if (!line.starts_with('=')) {
      body += line;
    }
  }
  return std::nullopt;
}

}  // namespace mimeseal::mail
