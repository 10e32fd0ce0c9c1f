// SPDX-License-Identifier: MIT
#pragma once

/// One run of OpenSSL's path validation (RFC 5280, section 6). Revocation is not its business: lists.h.

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
  Time at;
};

struct PathFacts {
  std::string failure;         ///< why there is no path; empty when it holds
  std::vector<X509Ptr> chain;  ///< from the certificate to the anchor, when it holds
  bool wrong_purpose = false;  ///< a certificate of the chain is not for mail
};

/// Anchors are trusted since the user gave them: they need not be self-signed.
[[nodiscard]] X509StorePtr make_store(const std::vector<X509Ptr>& anchors);

[[nodiscard]] PathFacts walk_path(X509* certificate, const PathQuestion& question);

/// "CN=…" in quotation marks, for sentences.
[[nodiscard]] std::string quoted(X509* certificate);

}  // namespace mimeseal::smime
