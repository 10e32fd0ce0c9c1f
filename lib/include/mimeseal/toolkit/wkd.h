// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "mimeseal/core/api.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/send/options.h"

/// Web Key Directories: a recipient's domain publishes its people's OpenPGP keys (draft-koch-openpgp-webkey-service,
/// section 3.1). What is asked for tells that domain whom somebody here is about to write to.
namespace mimeseal {

/// Where a directory keeps an address's keys.
struct WkdUrls {
  std::string advanced;  ///< at the sub-domain openpgpkey, which is asked first
  std::string direct;    ///< at the domain itself, asked only where there is no such sub-domain
};
/// Throws Error(usage) for what is no address at a domain name (an address literal, say).
[[nodiscard]] MIMESEAL_API WkdUrls wkd_urls(std::string_view address);

struct WkdSettings {
  TlsPolicy tls;  ///< as for every connection: 1.2 at least, certificate and name always checked
  Proxy proxy;    ///< empty: what the environment says
  std::chrono::milliseconds timeout{20'000};  ///< of one exchange
};

/// Asks the directory of the address's domain: HTTPS, no redirect followed, nobody else asked, at most 1 MiB read.
[[nodiscard]] MIMESEAL_API std::function<pgp::Located(const std::string& address)> make_wkd_locator(
    WkdSettings settings);

}  // namespace mimeseal
