// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/send/options.h"
#include "net/curl.h"

namespace mimeseal::net {

/// Throws Error(usage) for a proxy that cannot be used as it was named, Error(config) for one of the environment. Asks
/// for no password.
void demand_usable(const Proxy& proxy, std::string_view scheme);

/// Tells libcurl through whom to go to a target of this scheme ("smtp", "smtps", "https"): the proxy that was named,
/// even where NO_PROXY names the target, else the environment's. Throws as demand_usable() does.
void apply_proxy(CURL* handle, const Proxy& proxy, std::string_view scheme);

/// What a proxy did to a connection that failed: Error(refused) when it wants other credentials, Error(unavailable)
/// when it does not connect. Nothing when no proxy is to blame.
[[nodiscard]] std::optional<Error> proxy_failure(CURL* handle, CURLcode code, const std::string& words,
                                                 const std::string& where);

}  // namespace mimeseal::net
