// SPDX-License-Identifier: MIT
#include <openssl/rand.h>

#include "mimeseal/core/text.h"
#include "smime/key.h"
#include "smime/revocation.h"
#include "smime/trust.h"

namespace mimeseal::smime {
namespace {

/// RFC 8954, section 2.1: up to 32 octets.
constexpr int kNonceOctets = 32;
/// A response without nextUpdate says what is known at this moment; a day is a long moment.
constexpr std::chrono::seconds kMoment = std::chrono::hours(24);

OcspAnswer unclear(std::string why) {
  return {.status = OcspAnswer::Status::unclear, .why = std::move(why)};
}

bool is_valid_at(X509* certificate, Time time) {
  const std::optional<Time> begin = time_of(X509_get0_notBefore(certificate));
  const std::optional<Time> end = time_of(X509_get0_notAfter(certificate));
  return begin && end && *begin <= time && time <= *end;
}

bool has_extension(X509* certificate, int nid) {
  return X509_get_ext_by_NID(certificate, nid, -1) >= 0;
}

/// Whether the certificate could have signed: by name or key, as the response says who did.
bool is_responder(OCSP_BASICRESP* response, X509* certificate) {
  const ASN1_OCTET_STRING* key_id = nullptr;
  const X509_NAME* name = nullptr;
  if (OCSP_resp_get0_id(response, &key_id, &name) != 1) return false;
  if (name != nullptr) return X509_NAME_cmp(name, X509_get_subject_name(certificate)) == 0;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  return X509_pubkey_digest(certificate, EVP_sha1(), digest, &length) == 1 &&
         octets_of(key_id) == std::string_view(reinterpret_cast<const char*>(digest), length);
}

/// Whether this certificate's key made the response's signature.
bool signed_it(OCSP_BASICRESP* response, X509* certificate) {
  const X509BorrowedStackPtr only(check(sk_X509_new_null(), "a list of certificates"));
  check(sk_X509_push(only.get(), certificate) > 0, "keeping a certificate");
  // Only the signature: whom to believe is decided here, and not by OpenSSL's rules for chains.
  return OCSP_basic_verify(response, only.get(), nullptr, OCSP_NOINTERN | OCSP_TRUSTOTHER) == 1;
}

/// Why a certificate that came with the response may not answer for the issuer (RFC 6960, section 4.2.2.2), or empty.
std::string fault_of_delegate(X509* delegate, X509* issuer, Time at) {
  if (X509_check_issued(issuer, delegate) != X509_V_OK || X509_verify(delegate, X509_get0_pubkey(issuer)) != 1)
    return "the responder's certificate is not by the CA that it answers for";
  if (!has_extension(delegate, NID_ext_key_usage) || (X509_get_extended_key_usage(delegate) & XKU_OCSP_SIGN) == 0)
    return "the responder's certificate is not for signing OCSP responses";
  if ((X509_get_key_usage(delegate) & X509v3_KU_DIGITAL_SIGNATURE) == 0)
    return "the responder's certificate is not for signing";
  if ((X509_get_extension_flags(delegate) & (EXFLAG_CRITICAL | EXFLAG_INVALID)) != 0)
    return "the responder's certificate holds what is not understood here";
  if (!is_valid_at(delegate, at)) return "the responder's certificate is not valid at this time";
  int digest = NID_undef;
  if (!weakness_of(X509_get0_pubkey(delegate)).empty() ||
      X509_get_signature_info(delegate, &digest, nullptr, nullptr, nullptr) != 1 || is_weak_digest(digest))
    return "the responder's certificate is weak";
  return {};
}

/// Who signed the response: the issuer, or one that it delegated this to. Null, and why, when neither did.
X509* responder_of(OCSP_BASICRESP* response, X509* issuer, Time at, std::string& why) {
  why = "the response is not signed by the CA or by whom it named for that";
  if (is_responder(response, issuer) && signed_it(response, issuer)) return issuer;
  const STACK_OF(X509)* const carried = OCSP_resp_get0_certs(response);
  constexpr int kMaxCarried = 10;
  for (int i = 0; i < sk_X509_num(carried) && i < kMaxCarried; ++i) {
    X509* const candidate = sk_X509_value(carried, i);
    if (!is_responder(response, candidate) || X509_get0_pubkey(candidate) == nullptr) continue;
    std::string fault = fault_of_delegate(candidate, issuer, at);
    if (fault.empty() && signed_it(response, candidate)) return candidate;
    if (!fault.empty()) why = std::move(fault);
  }
  return nullptr;
}

/// When it was so, until when that holds, and whether it answers us and not somebody earlier.
std::string fault_of_times(const ASN1_GENERALIZEDTIME* this_update, const ASN1_GENERALIZEDTIME* next_update,
                           bool answers_nonce, Time at) {
  const std::optional<Time> from = time_of(this_update);
  if (!from) return "the response does not say when it was made";
  if (next_update != nullptr) {
    const std::optional<Time> until = time_of(next_update);
    if (!until || *until < *from) return "the response's dates cannot be read";
    if (*until < at) return "the response is out of date since " + format_rfc3339(*until);
    return {};
  }
  if (!answers_nonce)
    return "the response may be an old one: it neither says until when it holds nor answers our nonce";
  if (*from + kMoment < at) return "the response is out of date: it is of " + format_rfc3339(*from);
  return {};
}

}  // namespace

OcspQuestion::OcspQuestion(X509* certificate, X509* issuer)
    : certificate_(certificate), issuer_(issuer), request_(check(OCSP_REQUEST_new(), "an OCSP request")) {
  OCSP_CERTID* const id = check(OCSP_cert_to_id(EVP_sha1(), certificate_, issuer_), "an OCSP request");
  if (OCSP_request_add0_id(request_.get(), id) == nullptr) {
    OCSP_CERTID_free(id);
    check(false, "an OCSP request");
  }
  id_ = id;
  std::string nonce(kNonceOctets, '\0');
  check(RAND_bytes(bytes(nonce), kNonceOctets) == 1, "random octets");
  check(OCSP_request_add1_nonce(request_.get(), bytes(nonce), kNonceOctets) == 1, "an OCSP request");
}

std::string OcspQuestion::encoded() const {
  return to_der(request_.get(), i2d_OCSP_REQUEST);
}

OcspAnswer OcspQuestion::judge(std::string_view response, Time at, X509Ptr& delegate) const {
  const unsigned char* place = bytes(response);
  const OcspResponsePtr whole(d2i_OCSP_RESPONSE(nullptr, &place, static_cast<long>(response.size())));
  if (!whole || place != bytes(response) + response.size()) return unclear("what came back is no OCSP response");
  if (const int status = OCSP_response_status(whole.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return unclear(std::string("the responder gives no answer: ") + OCSP_response_status_str(status));
  const OcspBasicPtr basic(OCSP_response_get1_basic(whole.get()));
  if (!basic) return unclear("the OCSP response is of an unknown kind");

  // -1: none came back. Responders that answer from stock cannot know our nonce; then the dates must do.
  const int nonce = OCSP_check_nonce(request_.get(), basic.get());
  if (nonce == 0) return unclear("the response answers another question: its nonce is not ours");
  if (rests_on_weak_digest(OCSP_resp_get0_tbs_sigalg(basic.get())))
    return unclear("the response's signature rests on a weak digest");

  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  ASN1_GENERALIZEDTIME* revoked_at = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (OCSP_resp_find_status(basic.get(), id_, &status, nullptr, &revoked_at, &this_update, &next_update) != 1)
    return unclear("the response is about another certificate");

  // A responder's certificate lives for days: it is judged when it spoke, unless a later time is asked about.
  std::string why;
  const Time judged = std::max(at, time_of(this_update).value_or(at));
  X509* const responder = responder_of(basic.get(), issuer_, judged, why);
  if (responder == nullptr) return unclear(std::move(why));
  if (why = fault_of_times(this_update, next_update, nonce == 1, at); !why.empty()) return unclear(std::move(why));

  // RFC 6960, section 4.2.2.2.1: without nocheck, the responder is asked about too, if the CA says where.
  if (responder != issuer_ && !has_extension(responder, NID_id_pkix_OCSP_noCheck) && !places_of(responder).empty())
    delegate = share(responder);
  switch (status) {
    case V_OCSP_CERTSTATUS_GOOD:
      return {.status = OcspAnswer::Status::good};
    case V_OCSP_CERTSTATUS_REVOKED: {
      const std::optional<Time> when = time_of(revoked_at);
      const bool by_then = !when || *when <= at;
      return {.status = by_then ? OcspAnswer::Status::revoked : OcspAnswer::Status::good};
    }
    default:
      return unclear("the responder does not know the certificate");
  }
}

}  // namespace mimeseal::smime
