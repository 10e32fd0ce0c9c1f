// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// A question to a CA's server, as a certificate names it: a revocation list (RFC 5280, section 4.2.1.13) or an OCSP
/// responder (RFC 6960, appendix A).
struct RevocationRequest {
  std::string url;           ///< as it stands in the certificate: hostile until the fetcher has looked at it
  std::string body;          ///< empty: a GET, else a POST of these octets
  std::string content_type;  ///< of the body
  std::uint64_t max_size = 0;
};

struct RevocationReply {
  std::string octets;
  std::string why;  ///< what went wrong, one sentence; empty when `octets` is the server's answer
};

/// Fetches what tells whether a certificate is revoked. An engine asks it only about certificates whose path to an
/// anchor of the user already holds, and proves every answer itself. One for each message, so that its limits are the
/// message's. One thread at a time.
class MIMESEAL_API RevocationFetcher {
 public:
  RevocationFetcher() = default;
  RevocationFetcher(const RevocationFetcher&) = delete;
  RevocationFetcher& operator=(const RevocationFetcher&) = delete;
  virtual ~RevocationFetcher() = default;

  /// Never throws for what the other side does or a limit forbids: that is told in `why`.
  [[nodiscard]] virtual RevocationReply fetch(const RevocationRequest& request) = 0;
};

}  // namespace mimeseal
