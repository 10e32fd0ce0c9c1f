// SPDX-License-Identifier: MIT
#pragma once

/// Asking the CAs' servers about every certificate of a path that holds.

#include <string>
#include <vector>

#include "smime/revocation.h"

namespace mimeseal::smime {

struct Inquiry {
  std::vector<OcspAnswer> answers;  ///< one for each certificate but the anchor, the signer's first
  std::vector<X509CrlPtr> lists;    ///< fetched; not proven yet
};

/// OCSP first, where a certificate names a responder; revocation lists where that did not tell. `chain` ends with the
/// anchor, and nobody is asked about that one. `known` are lists at hand.
[[nodiscard]] Inquiry ask_servers(const std::vector<X509Ptr>& chain, const std::vector<X509_CRL*>& known, Time at,
                                  RevocationFetcher& fetcher);

}  // namespace mimeseal::smime
