// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/send/options.h"
#include "mimeseal/send/url.h"

namespace mimeseal::net {

/// What one TLS version met, each offered by itself in a connection of its own (with security level 0 where an old
/// version needs it, so that "refused" means that the server refused).
struct ProbedVersion {
  std::string version;  ///< "1.0", "1.1", "1.2", "1.3"
  std::string result;   ///< "accepted", "refused", "error"
  std::string cipher;
  std::string group;
  std::string why;
};

struct ProbedCertificate {
  std::string subject;
  std::vector<std::string> names;
  std::optional<Time> not_after;
  int days_left = 0;
  bool chain_good = false;  ///< it leads to a trusted root and names the host
  std::string why;
  std::string fingerprint;
  bool ocsp_stapled = false;
};

struct ProbeFault {
  std::string code;  ///< "old-tls", "chain", "name", "expired", "revoked", "no-tls", "auth-in-clear", …
  std::string why;
};

struct ProbeResult {
  std::string target;
  std::vector<ProbedVersion> versions;
  ProbedCertificate certificate;
  std::vector<std::string> ehlo_before_tls;
  std::vector<std::string> ehlo_after_tls;
  std::vector<ProbeFault> faults;
};

/// Probes smtp:// (STARTTLS), smtps:// and https:// targets. Throws Error(unavailable) when no connection can be made.
[[nodiscard]] MIMESEAL_API ProbeResult probe(const SenderUrl& target, const TlsPolicy& policy,
                                             std::chrono::seconds timeout, Time now, const Proxy& proxy = {});

}  // namespace mimeseal::net
