// SPDX-License-Identifier: MIT
#include "aws/uri.h"

#include <algorithm>
#include <charconv>

#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::string_view kUpperDigits = "0123456789ABCDEF";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool is_host_character(char c) {
  return is_unreserved(c) || c == ':' || c == '[' || c == ']';
}

/// What follows the host: nothing, or ":" and a port.
bool is_port_or_nothing(std::string_view text) {
  unsigned port = 0;
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  const auto [stop, error] = std::from_chars(text.data() + 1, text.data() + text.size(), port);
  return error == std::errc() && stop == text.data() + text.size() && port > 0 && port <= 65535;
}

}  // namespace

std::string uri_encode(std::string_view octets, bool keep_slash) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 8);
  for (const char c : octets) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += kUpperDigits[octet >> 4U];
    out += kUpperDigits[octet & 15U];
  }
  return out;
}

std::string uri_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (const auto octet = unhex(text.substr(i + 1, 2))) {
        out += *octet;
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::optional<UrlParts> split_url(std::string_view url) {
  UrlParts parts;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  parts.scheme = ascii_lower(url.substr(0, colon));
  if (parts.scheme != "https" && parts.scheme != "http") return std::nullopt;
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F;
  };
  if (!std::all_of(url.begin(), url.end(), plain) || url.find('#') != std::string_view::npos) return std::nullopt;
  url.remove_prefix(colon + 3);
  const std::size_t end = std::min(url.find_first_of("/?"), url.size());
  parts.host = ascii_lower(url.substr(0, end));
  if (!std::all_of(parts.host.begin(), parts.host.end(), is_host_character) || host_alone(parts.host).empty())
    return std::nullopt;
  const std::size_t bracket = parts.host.find(']');
  const std::size_t host_end =
      bracket != std::string::npos ? bracket + 1 : std::min(parts.host.find(':'), parts.host.size());
  if (!is_port_or_nothing(std::string_view(parts.host).substr(host_end))) return std::nullopt;
  const std::string_view own_port = parts.scheme == "https" ? ":443" : ":80";
  if (parts.host.ends_with(own_port)) parts.host.resize(parts.host.size() - own_port.size());
  url.remove_prefix(end);
  const std::size_t question = url.find('?');
  if (question != std::string_view::npos) parts.query = url.substr(question + 1);
  parts.path = url.substr(0, question);
  if (parts.path.empty()) parts.path = "/";
  return parts;
}

std::string host_alone(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string() : std::string(host.substr(1, end - 1));
  }
  return std::string(host.substr(0, host.find(':')));
}

}  // namespace mimeseal::aws
