// SPDX-License-Identifier: MIT
#include "smime/trust.h"

#include <utility>

namespace mimeseal::smime {
namespace {

/// Longer chains than this are nobody's; the bound keeps hostile bundles cheap.
constexpr int kMaxPathLength = 16;
/// RSA and DSA of 2048 bits, curves of 224: NIST SP 800-57's lowest strength still approved.
constexpr int kMinSecurityBits = 112;

std::string quoted(X509* certificate) {
  return certificate == nullptr ? std::string("a certificate")
                                : "\"" + name_of(X509_get_subject_name(certificate)) + "\"";
}

/// What the verify callback saw. It runs inside OpenSSL, so nothing in it may throw.
struct Seen {
  Time at;
  const std::vector<X509CrlPtr>* crls = nullptr;
  int revoked_depth = -1;
  int unclear_error = X509_V_OK;
  int unclear_depth = -1;
  bool wrong_purpose = false;
};

/// Whether the revocation that OpenSSL reports had already happened at the time judged at. The list that it found it in
/// is not told to callbacks, so it is looked up in those of the same issuer; a date that cannot be read counts.
bool revoked_by_then(X509* certificate, const Seen& seen) {
  if (certificate == nullptr) return true;
  const std::time_t then = seen.at.time_since_epoch().count();
  bool found = false;
  for (const X509CrlPtr& crl : *seen.crls) {
    X509_REVOKED* entry = nullptr;
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_issuer_name(certificate)) != 0 ||
        X509_CRL_get0_by_cert(crl.get(), &entry, certificate) != 1) {
      continue;
    }
    found = true;
    std::time_t compared = then;
    // -1 when the date is earlier than or equal to the time, 1 when later, 0 when it cannot be read.
    if (X509_cmp_time(X509_REVOKED_get0_revocationDate(entry), &compared) != 1) return true;
  }
  return !found;
}

/// Lets those errors pass that are facts of their own and not about the path.
int on_verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  Seen& seen = *static_cast<Seen*>(X509_STORE_CTX_get_app_data(context));
  const int error = X509_STORE_CTX_get_error(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      // validity: told by the chain itself
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      // CRLs are asked where there is one
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return 1;  // a CRL newer than the time judged at: it knows more, and revoked_by_then() compares the dates
    case X509_V_ERR_INVALID_PURPOSE:
      seen.wrong_purpose = true;
      return 1;
    case X509_V_ERR_CERT_REVOKED:
      // A list that is merely out of date still says who was revoked; one that cannot be checked says nothing.
      if (seen.unclear_depth == depth && seen.unclear_error != X509_V_ERR_CRL_HAS_EXPIRED) return 1;
      if (seen.revoked_depth < 0 && revoked_by_then(X509_STORE_CTX_get_current_cert(context), seen))
        seen.revoked_depth = depth;
      return 1;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      if (seen.unclear_depth < 0) {
        seen.unclear_error = error;
        seen.unclear_depth = depth;
      }
      return 1;
    default:
      return 0;
  }
}

void add_all(X509_STORE* store, const EngineState& state) {
  for (const X509Ptr& anchor : state.anchors)
    check(X509_STORE_add_cert(store, anchor.get()) == 1, "adding an anchor");
  for (const X509CrlPtr& crl : state.crls)
    check(X509_STORE_add_crl(store, crl.get()) == 1, "adding a CRL");
}

void push_all(STACK_OF(X509) * stack, const std::vector<X509Ptr>& certificates) {
  for (const X509Ptr& certificate : certificates) {
    check(sk_X509_push(stack, certificate.get()) > 0, "keeping a certificate");
  }
}

void judge_time(X509* certificate, Time at, CertificateFacts& facts) {
  if (facts.validity == Validity::expired || facts.validity == Validity::not_yet_valid) return;
  const std::optional<Time> begin = time_of(X509_get0_notBefore(certificate));
  const std::optional<Time> end = time_of(X509_get0_notAfter(certificate));
  if (!begin || !end) {
    facts.validity = Validity::unknown;
    facts.validity_why = "the dates of " + quoted(certificate) + " cannot be read";
  } else if (at < *begin) {
    facts.validity = Validity::not_yet_valid;
    facts.validity_why = "the certificate of " + quoted(certificate) + " is valid only from " + format_rfc3339(*begin);
  } else if (at > *end) {
    facts.validity = Validity::expired;
    facts.validity_why = "the certificate of " + quoted(certificate) + " expired at " + format_rfc3339(*end);
  } else if (facts.validity_why.empty()) {
    facts.validity = Validity::valid;
  }
}

void judge_strength(X509* certificate, bool signature_counts, CertificateFacts& facts) {
  if (facts.algorithm == Algorithm::weak) return;
  std::string why = weakness_of(X509_get0_pubkey(certificate));
  int digest = NID_undef;
  if (why.empty() && signature_counts &&
      X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) == 1 && is_weak_digest(digest)) {
    why = std::string("it is signed with ") + OBJ_nid2sn(digest);
  }
  ERR_clear_error();
  if (why.empty()) return;
  facts.algorithm = Algorithm::weak;
  facts.algorithm_why = "the certificate of " + quoted(certificate) + " is weak: " + why;
}

/// keyUsage and extendedKeyUsage of the signer's own certificate (RFC 8550, sections 4.4.2 and 4.4.4).
void judge_usage(X509* certificate, CertificateFacts& facts) {
  const std::uint32_t usage = X509_get_key_usage(certificate);  // all bits when the extension is absent
  if ((usage & (X509v3_KU_DIGITAL_SIGNATURE | X509v3_KU_NON_REPUDIATION)) == 0) {
    facts.usage = Usage::not_for_mail;
    facts.usage_why = "the certificate's keyUsage does not allow signing";
  } else if (!allows_mail(certificate)) {
    facts.usage = Usage::not_for_mail;
    facts.usage_why = "the certificate's extendedKeyUsage does not name emailProtection";
  }
}

}  // namespace

std::string weakness_of(EVP_PKEY* key) {
  if (key == nullptr) return "its key cannot be read";
  const int bits = EVP_PKEY_get_security_bits(key);
  if (bits >= kMinSecurityBits) return {};
  return algorithm_of(key) + " is too short";
}

bool is_weak_digest(int nid) noexcept {
  return nid == NID_md2 || nid == NID_md4 || nid == NID_md5 || nid == NID_sha1 || nid == NID_sha || nid == NID_mdc2 ||
         nid == NID_md5_sha1 || nid == NID_ripemd160;
}

PathValidator::PathValidator(const EngineState& state, const std::vector<X509Ptr>& carried, Time at)
    : state_(state), at_(at) {
  if (state.anchors.empty()) return;
  store_.reset(check(X509_STORE_new(), "a certificate store"));
  add_all(store_.get(), state);
  untrusted_.reset(check(sk_X509_new_null(), "a list of certificates"));
  push_all(untrusted_.get(), carried);
  push_all(untrusted_.get(), state.intermediates);
}

CertificateFacts PathValidator::judge(X509* certificate) const {
  CertificateFacts facts;
  judge_time(certificate, at_, facts);
  judge_usage(certificate, facts);
  judge_strength(certificate, false, facts);
  if (state_.anchors.empty()) {
    facts.trust_why = "no trust anchor was given to judge the signer's certificate by";
  } else {
    judge_path(certificate, facts);
  }
  ERR_clear_error();
  return facts;
}

void PathValidator::judge_path(X509* certificate, CertificateFacts& facts) const {
  const X509StoreCtxPtr context(check(X509_STORE_CTX_new(), "path validation"));
  check(X509_STORE_CTX_init(context.get(), store_.get(), certificate, untrusted_.get()) == 1, "path validation");
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, at_.time_since_epoch().count());
  X509_VERIFY_PARAM_set_depth(parameters, kMaxPathLength);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SMIME_SIGN);
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;
  if (!state_.crls.empty()) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_USE_DELTAS;
  X509_VERIFY_PARAM_set_flags(parameters, flags);

  Seen seen{.at = at_, .crls = &state_.crls};
  X509_STORE_CTX_set_app_data(context.get(), &seen);
  X509_STORE_CTX_set_verify_cb(context.get(), on_verify);
  const bool verified = X509_verify_cert(context.get()) == 1;
  STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(context.get());
  const auto at_depth = [chain](int depth) -> X509* {
    return depth >= 0 && depth < sk_X509_num(chain) ? sk_X509_value(chain, depth) : nullptr;
  };
  if (!verified) {
    const int error = X509_STORE_CTX_get_error(context.get());
    facts.trust = Trust::untrusted;
    facts.trust_why = "the path from the signer's certificate to a trust anchor fails at " +
                      quoted(X509_STORE_CTX_get_current_cert(context.get())) + ": " +
                      X509_verify_cert_error_string(error);
    return;
  }
  const int length = sk_X509_num(chain);
  for (int depth = 0; depth < length; ++depth) {
    X509* const link = sk_X509_value(chain, depth);
    judge_time(link, at_, facts);
    judge_strength(link, depth + 1 < length, facts);  // nobody relies on the anchor's own signature
  }
  if (seen.wrong_purpose && facts.usage == Usage::ok) {
    facts.usage = Usage::not_for_mail;
    facts.usage_why = "a certificate on the signer's path is not meant for mail";
  }
  if (seen.revoked_depth >= 0) {
    facts.trust = Trust::revoked;
    facts.trust_why = "the certificate of " + quoted(at_depth(seen.revoked_depth)) + " is revoked";
  } else if (seen.unclear_depth >= 0 && seen.unclear_depth + 1 < length) {  // an anchor needs no CRL of its own
    facts.trust_why = "whether the certificate of " + quoted(at_depth(seen.unclear_depth)) +
                      " is revoked cannot be told: " + X509_verify_cert_error_string(seen.unclear_error);
  } else {
    facts.trust = Trust::trusted;
  }
}

}  // namespace mimeseal::smime
