// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/core/clock.h"
#include "mimeseal/net/http.h"
#include "mimeseal/send/options.h"

namespace mimeseal::aws {

/// One environment variable; nothing when it is not set or empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The process's own.
[[nodiscard]] MIMESEAL_API Environment process_environment();

/// One HTTP exchange, with the meaning of net::HttpClient::perform(). Injected so that a test needs no network.
using HttpExchange =
    std::function<net::HttpResponse(const net::HttpRequest& request, Sink* into, net::HttpFailure* failure)>;

/// What everything in this module leans on. A value; the clock and the generator must outlive its users.
struct Context {
  Environment environment = process_environment();
  /// A profile of the shared files that was named explicitly: turns the environment's credentials off. Empty:
  /// AWS_PROFILE, else "default".
  std::string profile;
  TlsPolicy tls;  ///< an empty ca_file means AWS_CA_BUNDLE, else the system's roots
  Proxy proxy;
  std::chrono::seconds timeout{0};                   ///< of one exchange; 0: a minute, longer for large messages
  std::function<void(std::string_view line)> trace;  ///< credentials masked; may be null
  const Clock* clock = &system_clock();
  Random* random = &system_random();                     ///< for the jitter between attempts
  std::function<void(std::chrono::milliseconds)> sleep;  ///< null: really sleeps
  HttpExchange http;                                     ///< null: libcurl
};

/// The context of a sender's options.
[[nodiscard]] MIMESEAL_API Context make_context(const SenderOptions& options, const Clock& clock = system_clock());

}  // namespace mimeseal::aws
