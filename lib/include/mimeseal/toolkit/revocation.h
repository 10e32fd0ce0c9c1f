// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "mimeseal/crypto/revocation.h"

namespace mimeseal {

struct RevocationLimits {
  std::uint32_t fetches = 16;  ///< requests, redirects counted, for one message
  std::uint32_t redirects = 3;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};  ///< of one exchange
  std::chrono::milliseconds total{30'000};    ///< of all for one message
};

/// Asks CAs' servers by HTTP, for one message. Every URL is taken for hostile: only http and https, only plain host
/// names and addresses, no privileged port but 80 and 443, no link-local or multicast address, and this machine only
/// where the certificate names it outright; a redirect is held to the same. Nothing goes through a proxy, and an answer
/// is never asked for twice.
[[nodiscard]] MIMESEAL_API std::unique_ptr<RevocationFetcher> make_revocation_fetcher(
    const RevocationLimits& limits = {});

}  // namespace mimeseal
