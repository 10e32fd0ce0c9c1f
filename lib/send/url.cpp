// SPDX-License-Identifier: MIT
#include "mimeseal/send/url.h"

#include <algorithm>
#include <charconv>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal {
namespace {

[[noreturn]] void refuse(std::string why, std::string_view text) {
  throw Error(
      Errc::usage, std::move(why), visible(text),
      "senders are smtp://HOST[:PORT], smtps://HOST[:PORT], ses://REGION, file:PATH, maildir:PATH, exec:PROGRAM");
}

std::string percent_decoded(std::string_view text, std::string_view url) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto octet = i + 2 < text.size() ? unhex(text.substr(i + 1, 2)) : std::nullopt;
    if (!octet) refuse("a % in the query is not followed by two hexadecimal digits", url);
    out += *octet;
    i += 2;
  }
  for (const char c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) refuse("the query holds a control character", url);
  return out;
}

/// Takes "host:port" apart; IPv6 literals stand in brackets.
void take_authority(SenderUrl& url, std::string_view authority, std::string_view text) {
  if (authority.find('@') != std::string_view::npos) {
    // Not shown: what stands before the @ may be a password.
    throw Error(Errc::usage, "a user or password never stands in the URL", url.scheme + "://…@…",
                "give --user and --password-file");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) refuse("the bracket of the IPv6 address is not closed", text);
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && port.front() != ':') refuse("something other than a port follows the IPv6 address", text);
  } else {
    const std::size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (url.host.empty()) refuse("the URL names no host", text);
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' || c == ':';
  };
  if (!std::all_of(url.host.begin(), url.host.end(), plain))
    refuse("the host holds a character that no host has", text);
  if (port.empty()) return;
  port.remove_prefix(1);
  unsigned value = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || stop != port.data() + port.size() || value == 0 || value > 65535)
    refuse("the port is not a number from 1 to 65535", text);
  url.port = static_cast<std::uint16_t>(value);
}

void take_query(SenderUrl& url, std::string_view query, std::string_view text) {
  for (const std::string& item : split(query, '&')) {
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    std::string name = percent_decoded(std::string_view(item).substr(0, equals), text);
    if (url.find(name) != nullptr) refuse("the parameter '" + visible(name) + "' stands twice in the query", text);
    std::string value;
    if (equals != std::string::npos) value = percent_decoded(std::string_view(item).substr(equals + 1), text);
    url.query.emplace_back(std::move(name), std::move(value));
  }
}

}  // namespace

const std::string* SenderUrl::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : query)
    if (key == name) return &value;
  return nullptr;
}

std::string SenderUrl::display() const {
  if (host.empty()) return scheme + ":" + visible(path);
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string out = scheme + "://" + (ipv6 ? "[" + host + "]" : host);
  if (port) out += ":" + std::to_string(*port);
  return out + visible(path);
}

SenderUrl parse_sender_url(std::string_view text) {
  SenderUrl url;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) refuse("the URL has no scheme", text);
  url.scheme = ascii_lower(text.substr(0, colon));
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) refuse("the URL holds a control character", text);
  std::string_view rest = text.substr(colon + 1);
  if (!rest.starts_with("//") || url.scheme == "file" || url.scheme == "maildir" || url.scheme == "exec") {
    if (url.scheme == "file" && rest.starts_with("///")) rest.remove_prefix(2);
    url.path = rest;
    if (url.path.empty()) refuse("the URL names nothing behind its scheme", text);
    if (url.scheme != "file" && url.scheme != "maildir" && url.scheme != "exec") refuse("the URL names no host", text);
    return url;
  }
  rest.remove_prefix(2);
  if (rest.find('#') != std::string_view::npos) refuse("the URL has a fragment", text);
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    take_query(url, rest.substr(question + 1), text);
    rest = rest.substr(0, question);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    if (rest.substr(slash) != "/") url.path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  take_authority(url, rest, text);
  return url;
}

}  // namespace mimeseal
