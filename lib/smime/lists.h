// SPDX-License-Identifier: MIT
#pragma once

/// What revocation lists (RFC 5280, section 5) say of a certificate. Each list is judged for itself, so that neither
/// their order nor how many there are decides.

#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "smime/handles.h"

namespace mimeseal::smime {

struct ListFacts {
  enum class Status {
    none,     ///< there is no list of the issuer
    good,     ///< a list that counts, complete and in date, does not name the certificate
    unclear,  ///< what is there cannot be believed, or leaves the question open
    revoked   ///< a list that counts names the certificate as revoked by then
  } status = Status::none;
  std::string why;        ///< when unclear
  bool doubtful = false;  ///< when unclear: no other proof makes up for it
};

/// `issuer` is the certificate's on the path.
[[nodiscard]] ListFacts ask_lists(X509* certificate, X509* issuer, const std::vector<X509_CRL*>& lists, Time at);

/// Of an anchor no list is demanded, but one of its issuer that names it counts. `known` are certificates at hand, of
/// which those count that issued the anchor; where there is none, such a list makes it unclear.
[[nodiscard]] ListFacts ask_lists_of_anchor(X509* anchor, const std::vector<X509*>& known,
                                            const std::vector<X509_CRL*>& lists, Time at);

}  // namespace mimeseal::smime
