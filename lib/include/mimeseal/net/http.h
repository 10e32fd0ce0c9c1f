// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"

namespace mimeseal::net {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< https://…; http:// only with `allow_plain` (a link-local or loopback metadata service)
  std::vector<std::pair<std::string, std::string>> headers;  ///< sent as given; no CR, LF or NUL
  Source* body = nullptr;                                    ///< size() must be known; read once, streamed
  bool allow_plain = false;
  bool direct = false;  ///< never through a proxy, whatever was said or the environment says
  /// Asked with each numeric address before a connection to it is begun; false: it is not. May be null.
  std::function<bool(const std::string& address)> may_contact;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{60'000};  ///< of the whole exchange
  std::uint64_t max_response = 4U << 20U;     ///< octets kept in HttpResponse::body
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names lower case
  std::string body;
  TlsFacts tls;

  [[nodiscard]] MIMESEAL_API const std::string* find(std::string_view name) const noexcept;
};

/// An exchange that broke off: whether the server may have the whole request.
struct HttpFailure {
  bool request_complete = false;  ///< the last octet of the request was handed to the connection
  std::string what;
  Errc code = Errc::unavailable;  ///< unavailable, protocol (TLS), temporary (timeout), refused (by the proxy)
  bool transient = false;         ///< the network broke it off, not what was said: another attempt may go better
  bool no_such_host = false;      ///< the name does not resolve, or the proxy would not connect to it
};

/// HTTPS by libcurl: TLS as the policy says, HTTP/1.1, no redirects followed, no cookies, no response decoding. Keeps
/// its connection. One thread at a time.
class MIMESEAL_API HttpClient {
 public:
  /// Throws for files and a proxy that cannot be used.
  explicit HttpClient(TlsPolicy policy, Proxy proxy = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any answer with a status is a response. With `into`, a 2xx body goes there instead of HttpResponse::body. When the
  /// exchange breaks off, *failure says how (when null: Error of that code is thrown) and status is 0.
  HttpResponse perform(const HttpRequest& request, Sink* into = nullptr, HttpFailure* failure = nullptr);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mimeseal::net
