// SPDX-License-Identifier: MIT
#pragma once

/// Path validation (RFC 5280) of a signer's certificate, told as facts that do not depend on each other.

#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/crypto/revocation.h"
#include "mimeseal/crypto/verdict.h"
#include "smime/engine_impl.h"
#include "smime/handles.h"
#include "smime/lists.h"
#include "smime/path.h"

namespace mimeseal::smime {

struct CertificateFacts {
  Trust trust = Trust::unknown;
  Validity validity = Validity::unknown;
  Usage usage = Usage::ok;
  Algorithm algorithm = Algorithm::ok;
  std::string trust_why;  ///< one sentence each; empty when the fact is the good one
  std::string validity_why;
  std::string usage_why;
  std::string algorithm_why;
};

/// Judges certificates at one time with the engine's anchors and CRLs. An anchor counts because the user gave it: it
/// need not be self-signed. CRLs are asked where the user gave one for the issuer; where none is there that is in date,
/// or one that cannot be checked, the trust is unknown. What a message carries serves as intermediates and nothing
/// else: its CRLs are ignored, since an old one could hide a revocation. With a fetcher, the CAs' servers are asked
/// about every certificate of a path that holds, and what they leave open makes the trust unknown.
class PathValidator final {
 public:
  /// `carried`, `state` and `fetcher` (which may be null) must outlive it.
  PathValidator(const EngineState& state, const std::vector<X509Ptr>& carried, Time at, RevocationFetcher* fetcher);
  /// `worth_asking`: the signature fits, so that servers may learn of it.
  [[nodiscard]] CertificateFacts judge(X509* certificate, bool worth_asking) const;

 private:
  using Chain = std::vector<X509Ptr>;
  void judge_path(X509* certificate, bool worth_asking, CertificateFacts& facts) const;
  /// What the lists say of each certificate of the chain, the anchor's last.
  [[nodiscard]] std::vector<ListFacts> ask_all(const Chain& chain, const std::vector<X509_CRL*>& lists) const;
  static void judge_by_lists(const Chain& chain, const std::vector<ListFacts>& told, CertificateFacts& facts);
  void judge_by_servers(const Chain& chain, CertificateFacts& facts) const;

  const EngineState& state_;
  Time at_;
  RevocationFetcher* fetcher_;
  std::vector<X509_CRL*> crls_;  ///< the user's
  X509StorePtr store_;
  X509BorrowedStackPtr untrusted_;
  std::vector<X509*> known_;  ///< anchors and all others
};

/// Why a public key is weak (RSA or DSA under 2048 bits, curves under 224), or empty.
[[nodiscard]] std::string weakness_of(EVP_PKEY* key);
/// MD5, SHA-1 and older ones; the argument is a digest's NID.
[[nodiscard]] bool is_weak_digest(int nid) noexcept;

}  // namespace mimeseal::smime
