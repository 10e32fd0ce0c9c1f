// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mimeseal::aws {

/// Percent-encodes everything but RFC 3986's unreserved characters, and "/" where it is to be kept.
std::string uri_encode(std::string_view octets, bool keep_slash = false);
/// A "%" that no two hexadecimal digits follow stays as it is.
std::string uri_decode(std::string_view text);

/// "https://host[:port]/path": what a request needs of a URL.
struct UrlParts {
  std::string scheme;  ///< "https" or "http"
  std::string host;    ///< as a Host field has it, with a port that is not the scheme's own
  std::string path;    ///< with its leading "/"; without a query
  std::string query;   ///< without "?"
};
/// Nothing when it is no http: or https: URL with a host, or holds a user, a fragment, blanks or control characters.
std::optional<UrlParts> split_url(std::string_view url);

/// The host without its port and brackets.
std::string host_alone(std::string_view host);

}  // namespace mimeseal::aws
