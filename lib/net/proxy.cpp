// SPDX-License-Identifier: MIT
#include "net/proxy.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "mimeseal/core/text.h"
#include "mimeseal/send/url.h"

namespace mimeseal::net {
namespace {

constexpr std::array<std::string_view, 3> kSchemes = {"http", "socks5", "socks5h"};
constexpr const char* kHint =
    "http://HOST:PORT (CONNECT), socks5://HOST:PORT, or socks5h://HOST:PORT (it looks names up)";
constexpr long kCredentialsWanted = 407;

/// A proxy ready for libcurl. Empty url: none.
struct Way {
  std::string url;
  std::string user;
  SecretBytes password;
  bool named = false;
};

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '%' ? unhex(text.substr(i + 1, 2)) : std::nullopt;
    out += octet && octet->size() == 1 ? (*octet)[0] : text[i];
    if (octet && octet->size() == 1) i += 2;
  }
  return out;
}

/// The variable that names a proxy for this scheme, as libcurl and most tools look for it; empty when none does.
std::string environment_variable(std::string_view scheme) {
  const std::string own = std::string(scheme) + "_proxy";
  for (const std::string& name : {own, upper(own), std::string("all_proxy"), std::string("ALL_PROXY")}) {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') return name;
  }
  return {};
}

/// "scheme://host:port" of a proxy's URL, without what stands before an "@".
std::string checked_url(std::string_view text, Errc code, const std::string& where) {
  const auto refuse = [&](std::string why) -> Error { return {code, std::move(why), where, kHint}; };
  const std::size_t mark = text.find("://");
  const std::string scheme = mark == std::string_view::npos ? "http" : ascii_lower(text.substr(0, mark));
  std::string_view authority = mark == std::string_view::npos ? text : text.substr(mark + 3);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (std::find(kSchemes.begin(), kSchemes.end(), scheme) == kSchemes.end())
    throw refuse("a proxy is not reached by " + visible(scheme) + "://");
  SenderUrl parsed;
  try {
    parsed = parse_sender_url(scheme + "://" + std::string(authority));
  } catch (const Error& error) {
    throw refuse(std::string("the proxy's URL cannot be used: ") + error.what());
  }
  if (!parsed.port) throw refuse("the proxy's URL names no port");
  if (!parsed.path.empty() || !parsed.query.empty()) throw refuse("a proxy's URL is a host and a port");
  return parsed.display();
}

Way named_way(const Proxy& proxy) {
  Way way;
  way.named = true;
  if (proxy.url.find('@') != std::string::npos)
    throw Error(Errc::usage, "a user or password never stands in the proxy's URL", {},
                "give --proxy-user and --proxy-password-file");
  way.url = checked_url(proxy.url, Errc::usage, visible(proxy.url));
  way.user = proxy.user;
  if (way.user.empty() != (proxy.password == nullptr))
    throw Error(Errc::usage, "a proxy's user and password belong together", visible(proxy.url));
  if (has_crlf_or_nul(way.user) || way.user.find(':') != std::string::npos)
    throw Error(Errc::usage, "no user that a proxy could be told", visible(way.user));
  return way;
}

/// The environment is its owner's alone, unlike a command line: there a password may stand in the URL, as everywhere.
Way environment_way(std::string_view scheme) {
  Way way;
  const std::string variable = environment_variable(scheme);
  if (variable.empty()) return way;
  const std::string_view value = std::getenv(variable.c_str());
  way.url = checked_url(value, Errc::config, variable);
  const std::size_t at = value.rfind('@');
  if (at == std::string_view::npos) return way;
  const std::size_t mark = value.find("://");
  const std::size_t begin = mark == std::string_view::npos ? 0 : mark + 3;
  const std::string_view credentials = value.substr(begin, at - begin);
  const std::size_t colon = credentials.find(':');
  way.user = percent_decoded(credentials.substr(0, colon));
  std::string password =
      colon == std::string_view::npos ? std::string() : percent_decoded(credentials.substr(colon + 1));
  way.password = SecretBytes(password);
  const bool clean = !has_crlf_or_nul(way.user) && !has_crlf_or_nul(password);
  cleanse(password);
  if (!clean) throw Error(Errc::config, "a line end or NUL stands in the proxy's user or password", variable);
  return way;
}

Way way_to(const Proxy& proxy, std::string_view scheme) {
  if (!proxy.url.empty()) return named_way(proxy);
  if (!proxy.user.empty() || proxy.password)
    throw Error(Errc::usage, "a proxy's user or password was given, and no proxy", {}, "give --proxy URL");
  return environment_way(scheme);
}

}  // namespace

void demand_usable(const Proxy& proxy, std::string_view scheme) {
  (void)way_to(proxy, scheme);
}

void apply_proxy(CURL* handle, const Proxy& proxy, std::string_view scheme) {
  Way way = way_to(proxy, scheme);
  set(handle, CURLOPT_PROXY, way.url.c_str());  // "": libcurl does not ask the environment again
  if (way.url.empty()) return;
  set(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
  set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (way.named) {
    set(handle, CURLOPT_NOPROXY, "");
    if (proxy.password) way.password = proxy.password();
    if (has_crlf_or_nul(way.password.view()))
      throw Error(Errc::usage, "a line end or NUL octet cannot stand in a proxy's password", way.url);
  }
  if (way.user.empty()) return;
  std::string password(way.password.view());
  set(handle, CURLOPT_PROXYUSERNAME, way.user.c_str());
  set(handle, CURLOPT_PROXYPASSWORD, password.c_str());
  cleanse(password);
}

std::optional<Error> proxy_failure(CURL* handle, CURLcode code, const std::string& words, const std::string& where) {
  if (code == CURLE_OK) return std::nullopt;
  long answer = 0;
  curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &answer);
  if (answer == kCredentialsWanted)
    return Error(Errc::refused, "the proxy asks for other credentials (407)", where,
                 "give --proxy-user and --proxy-password-file");
  if (answer != 0 && answer / 100 != 2)
    return Error(Errc::unavailable, "the proxy does not connect: it answers " + std::to_string(answer), where);
  if (code == CURLE_COULDNT_RESOLVE_PROXY)
    return Error(Errc::unavailable, "the proxy cannot be found: " + words, where);
  if (code != CURLE_PROXY) return std::nullopt;
  long reason = 0;
  curl_easy_getinfo(handle, CURLINFO_PROXY_ERROR, &reason);
  switch (static_cast<CURLproxycode>(reason)) {
    case CURLPX_USER_REJECTED:
    case CURLPX_NO_AUTH:
    case CURLPX_REPLY_NOT_ALLOWED:
      return Error(Errc::refused, "the proxy refuses us: " + words, where,
                   "give --proxy-user and --proxy-password-file");
    default:
      return Error(Errc::unavailable, "the proxy does not connect: " + words, where);
  }
}

}  // namespace mimeseal::net
