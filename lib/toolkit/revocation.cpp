// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/revocation.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/net/http.h"

namespace mimeseal {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMaxUrl = 2048;

bool is_local_name(std::string_view host) {
  return iequals(host, "localhost") || host == "[::1]" || host.starts_with("127.");
}

/// A place that may be asked. Anything unusual in a URL is refused rather than understood, since whoever connects
/// might understand it otherwise.
struct Place {
  bool secure = false;
  std::string origin;  ///< scheme://host[:port], lower case
  std::string host;
};

std::optional<Place> place_of(std::string_view url, std::string& why) {
  why = "its URL is not one that is asked";
  const bool secure = istarts_with(url, "https://");
  if (url.size() > kMaxUrl || (!secure && !istarts_with(url, "http://"))) return std::nullopt;
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~' || c == '\\' || c == '"'; }))
    return std::nullopt;
  const std::size_t begin = url.find("//") + 2;
  std::string_view authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  std::string_view host = authority;
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    port = host.substr(end + 1);
    host = host.substr(0, end + 1);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.", 1) != host.size() - 1) return std::nullopt;
  } else {
    const std::size_t colon = std::min(host.find(':'), host.size());
    port = host.substr(colon);
    host = host.substr(0, colon);
    if (std::any_of(host.begin(), host.end(), [](char c) {
          return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.');
        }))
      return std::nullopt;
  }
  if (host.empty()) return std::nullopt;
  if (!port.empty()) {
    std::uint16_t number = 0;
    const char* const end = port.data() + port.size();
    const auto parsed = std::from_chars(port.data() + 1, end, number);
    if (port.front() != ':' || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    // Whatever listens on the others speaks no HTTP, and shall not be spoken to through us.
    constexpr std::uint16_t kFirstUnprivileged = 1024;
    if (number != 80 && number != 443 && number < kFirstUnprivileged) return std::nullopt;
  }
  why.clear();
  return Place{.secure = secure,
               .origin = (secure ? "https://" : "http://") + ascii_lower(authority),
               .host = std::string(host)};
}

/// Whether a connection to this numeric address may be begun.
bool may_contact(const std::string& address, bool local) {
  std::array<unsigned char, 16> octets{};
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
    octets[10] = octets[11] = 0xFF;
    std::memcpy(octets.data() + 12, &four, sizeof four);
  } else if (::inet_pton(AF_INET6, address.c_str(), octets.data()) != 1) {
    return false;
  }
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), octets.begin())) {
    const unsigned char first = octets[12];
    if (first == 127) return local;
    const bool link_local = first == 169 && octets[13] == 254;  // where clouds keep their metadata services
    return first != 0 && first < 224 && !link_local;
  }
  const bool zeros = std::all_of(octets.begin(), octets.end() - 1, [](unsigned char c) { return c == 0; });
  if (zeros) return octets[15] == 1 && local;
  return octets[0] != 0xFF && !(octets[0] == 0xFE && (octets[1] & 0xC0U) == 0x80U);
}

class HttpFetcher final : public RevocationFetcher {
 public:
  explicit HttpFetcher(const RevocationLimits& limits) : limits_(limits) {}

  RevocationReply fetch(const RevocationRequest& request) override {
    // A question holds a nonce, so only lists come twice: for signers of one CA.
    if (!request.body.empty()) return ask(request);
    const auto [known, fresh] = lists_.try_emplace(request.url);
    if (fresh) known->second = ask(request);
    return known->second;
  }

 private:
  RevocationReply ask(const RevocationRequest& request) {
    std::string why;
    std::string url = request.url;
    std::optional<Place> place = place_of(url, why);
    if (!place) return {.why = std::move(why)};
    const bool local = is_local_name(place->host);
    for (std::uint32_t hops = 0;; ++hops) {
      if (is_local_name(place->host) && !local) return {.why = "its server sends us back to this machine"};
      net::HttpResponse response;
      if (RevocationReply failed = exchange(url, *place, request, local, response); !failed.why.empty()) return failed;
      if (response.status == 200) return {.octets = std::move(response.body)};
      const std::string* const location = response.find("location");
      const bool moved = response.status == 307 || response.status == 308 ||
                         (request.body.empty() && response.status >= 301 && response.status <= 303);
      if (!moved || location == nullptr) return {.why = place->origin + " answers " + std::to_string(response.status)};
      if (hops == limits_.redirects) return {.why = place->origin + " sends us from one place to another"};
      url = location->starts_with('/') && !location->starts_with("//") ? place->origin + *location : *location;
      const bool secure = place->secure;
      place = place_of(url, why);
      if (!place || (secure && !place->secure)) return {.why = "its server sends us where nothing is asked"};
    }
  }

  /// One request and its answer. The reply is empty when there is one.
  RevocationReply exchange(const std::string& url, const Place& place, const RevocationRequest& request, bool local,
                           net::HttpResponse& response) {
    if (done_ == limits_.fetches)
      return {.why = "more than " + std::to_string(limits_.fetches) + " fetches for one message"};
    ++done_;
    const auto begin = Clock::now();
    const milliseconds left = limits_.total - spent_;
    if (left <= milliseconds(0)) return {.why = "the time for asking servers is used up"};
    net::HttpRequest asked;
    asked.url = url.substr(0, url.find('#'));
    asked.allow_plain = true;
    asked.direct = true;
    asked.may_contact = [local](const std::string& address) { return may_contact(address, local); };
    asked.connect_timeout = std::min(limits_.connect_timeout, left);
    asked.timeout = std::min(limits_.timeout, left);
    asked.max_response = request.max_size;
    const std::unique_ptr<Source> body = view_source(request.body);
    if (!request.body.empty()) {
      asked.method = "POST";
      asked.headers.emplace_back("Content-Type", request.content_type);
      asked.body = body.get();
    }
    RevocationReply reply;
    try {
      net::HttpFailure failure;
      response = client_.perform(asked, nullptr, &failure);
      if (response.status == 0) reply.why = failure.what;
    } catch (const Error& error) {
      if (error.code() == Errc::internal) throw;
      reply.why = std::string(error.what()) + " (" + place.origin + ")";
    }
    spent_ += std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    return reply;
  }

  RevocationLimits limits_;
  net::HttpClient client_{TlsPolicy{}};
  std::map<std::string, RevocationReply> lists_;
  std::uint32_t done_ = 0;
  milliseconds spent_{0};
};

}  // namespace

std::unique_ptr<RevocationFetcher> make_revocation_fetcher(const RevocationLimits& limits) {
  return std::make_unique<HttpFetcher>(limits);
}

}  // namespace mimeseal
