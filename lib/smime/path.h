// SPDX-License-Identifier: MIT
#pragma once

/// One run of OpenSSL's path validation (RFC 5280, section 6), and what it showed at each depth.

#include <array>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// Longer chains than this are nobody's; the bound keeps hostile bundles cheap.
inline constexpr int kMaxPathLength = 16;

struct PathQuestion {
  X509_STORE* store = nullptr;
  STACK_OF(X509) * untrusted = nullptr;
  const std::vector<X509_CRL*>& crls;  ///< those in the store
  Time at;
  int purpose = X509_PURPOSE_ANY;
};

struct PathFacts {
  std::string failure;         ///< why there is no path; empty when it holds
  std::vector<X509Ptr> chain;  ///< from the certificate to the anchor, when it holds
  bool wrong_purpose = false;  ///< a certificate of the chain is not for the purpose
  int revoked_depth = -1;      ///< the first certificate that a list which counts names as revoked by then
  /// For each depth: X509_V_OK when a list in date says something of this certificate, else why none does
  /// (X509_V_ERR_UNABLE_TO_GET_CRL: there is no list of its issuer).
  std::array<int, kMaxPathLength + 2> lists{};
};

/// Anchors are trusted since the user gave them: they need not be self-signed.
[[nodiscard]] X509StorePtr make_store(const std::vector<X509Ptr>& anchors, const std::vector<X509_CRL*>& crls);

[[nodiscard]] PathFacts walk_path(X509* certificate, const PathQuestion& question);

/// "CN=…" in quotation marks, for sentences.
[[nodiscard]] std::string quoted(X509* certificate);

}  // namespace mimeseal::smime
