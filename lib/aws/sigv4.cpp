// SPDX-License-Identifier: MIT
#include "mimeseal/aws/sigv4.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>

#include "aws/uri.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

/// "20150830T123600Z"
std::string basic_time(Time time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 24> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

/// RFC 3986, section 5.2.4; several slashes count as one.
std::string without_dots(std::string_view path) {
  std::vector<std::string> kept;
  for (std::string& segment : split(path, '/')) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(std::move(segment));
    }
  }
  const bool trailing = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return "/" + join(kept, "/") + (trailing && !kept.empty() ? "/" : "");
}

std::string canonical_path(const SigV4Request& request, const SigV4Rules& rules) {
  std::string path = request.path.empty() ? "/" : request.path;
  if (rules.normalize_path) path = without_dots(path);
  return uri_encode(rules.double_encode ? path : uri_decode(path), true);
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& item : split(query, '&')) {
    if (item.empty()) continue;
    const std::string_view text = item;
    const std::size_t equals = text.find('=');
    pairs.emplace_back(uri_encode(uri_decode(text.substr(0, equals))),
                       equals == std::string_view::npos ? "" : uri_encode(uri_decode(text.substr(equals + 1))));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

/// Without blanks at the ends; a run of blanks and folds counts as one space.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return out;
}

/// Lower-case name to value; what comes twice is joined by commas, in its order.
std::map<std::string, std::string> canonical_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    const auto [place, fresh] = out.try_emplace(ascii_lower(name), canonical_value(value));
    if (!fresh) place->second += "," + canonical_value(value);
  }
  return out;
}

/// HMAC of HMAC of … HMAC of "AWS4" + secret: what stands between is cleansed.
std::string signing_key(const SecretBytes& secret, std::string_view date, const SigV4Rules& rules) {
  std::string key = "AWS4";
  key.reserve(4 + secret.size());
  key += secret.view();
  for (const std::string_view part :
       {date, std::string_view(rules.region), std::string_view(rules.service), std::string_view("aws4_request")}) {
    std::string next = hmac_sha256(key, part);
    cleanse(key);
    key = std::move(next);
  }
  return key;
}

}  // namespace

SigV4Result sign(const SigV4Request& request, const SigV4Rules& rules, std::string_view access_key_id,
                 const SecretBytes& secret, const SecretBytes& session_token) {
  SigV4Result result;
  const std::string when = basic_time(rules.time);
  const std::string date = when.substr(0, 8);
  auto headers = request.headers;
  const auto add = [&](const char* name, std::string value, bool is_signed = true) {
    if (is_signed) headers.emplace_back(name, value);
    result.added_headers.emplace_back(name, std::move(value));
  };
  if (!session_token.empty() && rules.sign_session_token)
    add("X-Amz-Security-Token", std::string(session_token.view()));
  add("X-Amz-Date", when);
  if (rules.content_sha256) add("x-amz-content-sha256", request.payload_sha256);

  std::string names;
  result.canonical_request =
      request.method + "\n" + canonical_path(request, rules) + "\n" + canonical_query(request.query) + "\n";
  for (const auto& [name, value] : canonical_headers(headers)) {
    result.canonical_request += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  result.canonical_request += "\n" + names + "\n" + request.payload_sha256;

  const std::string scope = date + "/" + rules.region + "/" + rules.service + "/aws4_request";
  result.string_to_sign =
      std::string(kAlgorithm) + "\n" + when + "\n" + scope + "\n" + hex(sha256(result.canonical_request));
  std::string key = signing_key(secret, date, rules);
  result.signature = hex(hmac_sha256(key, result.string_to_sign));
  cleanse(key);
  result.authorization = std::string(kAlgorithm) + " Credential=" + std::string(access_key_id) + "/" + scope +
                         ", SignedHeaders=" + names + ", Signature=" + result.signature;
  if (!session_token.empty() && !rules.sign_session_token)
    add("X-Amz-Security-Token", std::string(session_token.view()), false);
  add("Authorization", result.authorization, false);
  return result;
}

}  // namespace mimeseal::aws
