// SPDX-License-Identifier: MIT
#pragma once

/// The certificates that travel with a signature.

#include <string>
#include <vector>

#include "smime/engine_impl.h"

namespace mimeseal::smime {

/// A CertificateSet, each certificate once.
class CertificateSet final {
 public:
  void add(X509* certificate);
  /// The certificate and its issuers as far as they are known, up to but not with the root: whoever trusts the root has
  /// it (RFC 8550, section 4.1; RFC 8551, section 5.1).
  void add_chain(X509* certificate, const EngineState& state);
  /// SET OF under this tag; nothing at all when the set is empty.
  [[nodiscard]] std::string encoded(unsigned char tag) const;

 private:
  std::vector<std::string> certificates_;
};

/// Whether one of the state's revocation lists, signed by the certificate's issuer, names it. Lists whose issuer is not
/// known say nothing: they could be anybody's.
[[nodiscard]] bool is_revoked(X509* certificate, const EngineState& state);

}  // namespace mimeseal::smime
