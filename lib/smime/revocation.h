// SPDX-License-Identifier: MIT
#pragma once

/// Asking a CA's own servers about revocation, when the user wants that: where a certificate says they are, what they
/// answer, and whether the answer proves anything. What proves nothing leaves the question open.

#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/crypto/revocation.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// http and https URLs that a certificate names; those of other schemes (ldap, file, ftp) are not asked.
struct RevocationPlaces {
  std::vector<std::string> responders;                ///< OCSP (RFC 5280, section 4.2.2.1)
  std::vector<std::vector<std::string>> list_points;  ///< CRLs: alternatives for each distribution point
  [[nodiscard]] bool empty() const noexcept { return responders.empty() && list_points.empty(); }
};
[[nodiscard]] RevocationPlaces places_of(X509* certificate);

/// RFC 9608: the CA says that there will never be anything to ask. Only for certificates that are no CA's.
[[nodiscard]] bool needs_no_revocation(X509* certificate);

/// What an OCSP response, or the absence of one, says of a certificate.
struct OcspAnswer {
  enum class Status { good, revoked, unclear } status = Status::unclear;
  std::string why;  ///< when unclear
};

/// A question to an OCSP responder (RFC 6960): SHA-1 names the issuer, since that is what all responders know
/// (RFC 5019, section 2.1.1), and a nonce of 32 octets is sent along (RFC 8954).
class OcspQuestion final {
 public:
  OcspQuestion(X509* certificate, X509* issuer);
  [[nodiscard]] std::string encoded() const;
  /// Judges a response by the rules of docs/trust.md. `certificates` gets the responder's certificate when that one in
  /// turn has to be checked by revocation lists.
  [[nodiscard]] OcspAnswer judge(std::string_view response, Time at, X509Ptr& delegate) const;

 private:
  X509* certificate_;
  X509* issuer_;
  OcspRequestPtr request_;
  OCSP_CERTID* id_ = nullptr;  ///< owned by request_
};

/// A revocation list in DER or PEM; nothing when it is none, or is signed with a digest that is broken.
[[nodiscard]] X509CrlPtr read_list(std::string_view octets, std::string& why);

/// Whether a signature made like this proves nothing any more: its digest is broken, or not known.
[[nodiscard]] bool rests_on_weak_digest(const X509_ALGOR* algorithm);

}  // namespace mimeseal::smime
