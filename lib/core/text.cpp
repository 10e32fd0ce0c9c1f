// SPDX-License-Identifier: MIT
#include "mimeseal/core/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#include "mimeseal/core/error.h"

namespace mimeseal {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr unsigned octet(char c) noexcept {
  return static_cast<unsigned char>(c);
}

/// One code point at the start of `text`, and its length; length 0 when the octets are ill-formed (Unicode, table 3-7).
struct Decoded {
  char32_t point = 0;
  std::size_t length = 0;
};

Decoded decode_one(std::string_view text) noexcept {
  const unsigned first = octet(text[0]);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  char32_t point = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
    point = first & 0x1FU;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    point = first & 0x0FU;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    point = first & 0x07U;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = octet(text[i]);
    if (next < low || next > high) return {};
    low = 0x80;
    high = 0xBF;
    point = (point << 6U) | (next & 0x3FU);
  }
  return {point, length};
}

/// Characters that change how the text around them looks, or that cannot be seen at all.
bool is_deceptive(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x061C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

}  // namespace

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = lower(c);
  return out;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string hex(std::string_view octets) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (const char c : octets) {
    out += kDigits[octet(c) >> 4U];
    out += kDigits[octet(c) & 15U];
  }
  return out;
}

std::optional<std::string> unhex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  out.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = nibble(digits[i]);
    const int low = nibble(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string base64_encode(std::string_view octets) {
  std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
  std::size_t at = 0;
  constexpr std::size_t kStep = 3U << 20U;  // EVP_EncodeBlock takes an int
  for (std::size_t i = 0; i < octets.size(); i += kStep) {
    const std::string_view step = octets.substr(i, kStep);
    at += static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                                                   reinterpret_cast<const unsigned char*>(step.data()),
                                                   static_cast<int>(step.size())));
  }
  out.resize(at);
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  const auto value = [](char c) -> int {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
  };
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  int padding = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int v = value(c);
    if (v < 0 || padding != 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(v);
    if (++count == 4) {
      out += static_cast<char>(bits >> 16U);
      out += static_cast<char>(bits >> 8U);
      out += static_cast<char>(bits);
      bits = 0;
      count = 0;
    }
  }
  if ((count == 0 && padding != 0) || count == 1 || (count != 0 && count + padding != 4)) return std::nullopt;
  if (count == 2) out += static_cast<char>(bits >> 4U);
  if (count == 3) {
    out += static_cast<char>(bits >> 10U);
    out += static_cast<char>(bits >> 2U);
  }
  return out;
}

std::string sha256(std::string_view octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.finish();
}

std::string hmac_sha256(std::string_view key, std::string_view octets) {
  std::array<unsigned char, 32> mac;
  unsigned int size = mac.size();
  // HMAC() takes no null key pointer.
  static constexpr char kEmpty = 0;
  if (HMAC(EVP_sha256(), key.empty() ? &kEmpty : key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), mac.data(), &size) == nullptr)
    throw Error(Errc::internal, "HMAC-SHA-256 failed");
  return {reinterpret_cast<const char*>(mac.data()), size};
}

bool is_utf8(std::string_view octets) noexcept {
  while (!octets.empty()) {
    // Most text is ASCII: eight octets at a time.
    while (octets.size() >= sizeof(std::uint64_t)) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, octets.data(), sizeof eight);
      if ((eight & 0x8080808080808080U) != 0) break;
      octets.remove_prefix(sizeof eight);
    }
    if (octets.empty()) break;
    const Decoded one = decode_one(octets);
    if (one.length == 0) return false;
    octets.remove_prefix(one.length);
  }
  return true;
}

bool is_ascii(std::string_view octets) noexcept {
  for (const char c : octets)
    if (octet(c) >= 0x80) return false;
  return true;
}

std::string to_valid_utf8(std::string_view octets) {
  std::string out;
  out.reserve(octets.size());
  while (!octets.empty()) {
    const Decoded one = decode_one(octets);
    if (one.length == 0) {
      out += "\xEF\xBF\xBD";
      octets.remove_prefix(1);
      // One replacement for a broken sequence, not one for each of its octets.
      while (!octets.empty() && (octet(octets[0]) & 0xC0U) == 0x80)
        octets.remove_prefix(1);
    } else {
      out += octets.substr(0, one.length);
      octets.remove_prefix(one.length);
    }
  }
  return out;
}

bool has_crlf_or_nul(std::string_view octets) noexcept {
  for (const char c : octets)
    if (c == '\r' || c == '\n' || c == '\0') return true;
  return false;
}

std::string visible(std::string_view text, bool keep_newlines) {
  std::string out;
  out.reserve(text.size());
  std::array<char, 16> escape;
  while (!text.empty()) {
    const Decoded one = decode_one(text);
    const std::size_t length = one.length == 0 ? 1 : one.length;
    if (one.length == 0) {
      std::snprintf(escape.data(), escape.size(), "\\x%02X", octet(text[0]));
      out += escape.data();
    } else if (is_deceptive(one.point) && !(keep_newlines && (one.point == '\n' || one.point == '\t'))) {
      std::snprintf(escape.data(), escape.size(), one.point < 0x80 ? "\\x%02X" : "\\u{%04X}",
                    static_cast<unsigned>(one.point));
      out += escape.data();
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) != 1) {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
    throw Error(Errc::internal, "SHA-256 failed");
  }
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::update(std::string_view octets) {
  if (EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), octets.data(), octets.size()) != 1)
    throw Error(Errc::internal, "SHA-256 failed");
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest;
  auto* context = static_cast<EVP_MD_CTX*>(context_);
  if (EVP_DigestFinal_ex(context, digest.data(), nullptr) != 1 ||
      EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1)
    throw Error(Errc::internal, "SHA-256 failed");
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace mimeseal
