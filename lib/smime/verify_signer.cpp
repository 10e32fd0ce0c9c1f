// SPDX-License-Identifier: MIT
#include <algorithm>
#include <tuple>
#include <utility>

#include "mimeseal/core/text.h"
#include "smime/verify.h"

namespace mimeseal::smime {
namespace {

/// EdDSA without signed attributes signs the content itself, which must then stand in memory (RFC 8032 has no streams).
constexpr std::uint64_t kMaxEddsaContent = std::uint64_t{16} << 20U;
constexpr const char* kData = "1.2.840.113549.1.7.1";

bool is_named_by(const asn1::CertificateId& id, X509* certificate) {
  if (id.type == asn1::kIssuerAndSerial) {
    return ASN1_INTEGER_cmp(id.d.issuer_and_serial->serial, X509_get0_serialNumber(certificate)) == 0 &&
           X509_NAME_cmp(id.d.issuer_and_serial->issuer, X509_get_issuer_name(certificate)) == 0;
  }
  const ASN1_OCTET_STRING* const own = X509_get0_subject_key_id(certificate);
  return own != nullptr && ASN1_OCTET_STRING_cmp(own, id.d.key_id) == 0;
}

std::string describe(const asn1::CertificateId& id) {
  if (id.type == asn1::kIssuerAndSerial) {
    return name_of(id.d.issuer_and_serial->issuer) + "/" + serial_of(id.d.issuer_and_serial->serial);
  }
  return "key id " + hex(octets_of(id.d.key_id));
}

/// Certificates with one key share its identifier: renewed ones, and whatever somebody put beside them. More than this
/// no signer has; each costs a signature check.
constexpr std::size_t kMaxCandidates = 16;

/// All that could be the signer's, those of the message first; but before all those that the signature itself names.
std::vector<X509*> find_certificates(const asn1::SignerInfo& signer, const SignatureContext& context) {
  std::vector<X509*> found;
  const auto take = [&](X509* certificate) {
    const auto is_same = [certificate](X509* other) { return X509_cmp(certificate, other) == 0; };
    if (is_named_by(*signer.sid, certificate) && std::none_of(found.begin(), found.end(), is_same))
      found.push_back(certificate);
  };
  for (const X509Ptr& certificate : context.message.certificates)
    take(certificate.get());
  for (const std::vector<SmimeKeyPtr>* keys : {&context.state.identities, &context.state.recipients}) {
    for (const SmimeKeyPtr& key : *keys)
      take(key->certificate());
  }
  for (const std::vector<X509Ptr>* list : {&context.state.intermediates, &context.state.anchors}) {
    for (const X509Ptr& certificate : *list)
      take(certificate.get());
  }
  if (found.size() > 1) {
    const SigningCertificates named(signer);
    std::stable_partition(found.begin(), found.end(),
                          [&named](X509* certificate) { return named.check(certificate).good(); });
  }
  if (found.size() > kMaxCandidates) found.resize(kMaxCandidates);
  return found;
}

/// The content's digest by this name, computed in a pass of its own when digestAlgorithms did not announce it.
std::string content_digest(const std::string& name, const SignatureContext& context) {
  if (const std::string* known = context.digests.find(name)) return *known;
  MessageDigests late;
  late.add(name);
  context.replay([&late](std::string_view octets) { late.update(octets); });
  late.finish();
  return *late.find(name);
}

/// DER of the signed attributes as a SET OF (RFC 5652, section 5.4): in the order in which they stand, and in DER's
/// order when the sender left them unsorted in the message but sorted them for signing.
std::vector<std::string> attribute_encodings(const asn1::SignerInfo& signer) {
  const auto encode = [&signer](const ASN1_ITEM* item) {
    unsigned char* memory = nullptr;
    const int length = ASN1_item_i2d(reinterpret_cast<const ASN1_VALUE*>(signer.signed_attributes), &memory, item);
    check(length > 0, "encoding signed attributes");
    const MemoryPtr owner(memory);
    return std::string(reinterpret_cast<const char*>(memory), static_cast<std::size_t>(length));
  };
  std::vector<std::string> encodings{encode(ASN1_ITEM_rptr(asn1::AttributesInOrder))};
  std::string sorted = encode(ASN1_ITEM_rptr(asn1::AttributesSorted));
  if (sorted != encodings.front()) encodings.push_back(std::move(sorted));
  return encodings;
}

IntegrityFacts check_bare_signature(const asn1::SignerInfo& signer, const SignatureScheme& scheme, EVP_PKEY* key,
                                    const std::string& digest, const SignatureContext& context) {
  if (context.message.content_type != kData) {  // RFC 5652, section 5.3, signedAttrs
    return bad_signature("the content is of another type than data, but there are no signed attributes");
  }
  if (context.digests.content_is_one_set()) {
    // What was signed as attributes must not pass as a content (the two are signed alike).
    return bad_signature("the content has the form of signed attributes");
  }
  std::string signed_octets = digest;
  if (scheme.kind == SignatureScheme::Kind::eddsa) {
    signed_octets.clear();
    bool too_large = false;
    context.replay([&](std::string_view octets) {
      too_large = too_large || signed_octets.size() + octets.size() > kMaxEddsaContent;
      if (!too_large) signed_octets += octets;
    });
    if (too_large) return unsupported_signature("an EdDSA signature without signed attributes over so large a content");
  }
  if (!signature_fits(scheme, key, octets_of(signer.signature), signed_octets)) {
    return bad_signature("the signature does not fit the content");
  }
  return {};
}

/// `digest` is the content's, computed when it is first needed.
IntegrityFacts check_signature(const asn1::SignerInfo& signer, X509* certificate, const SignatureContext& context,
                               const std::string& digest_name, std::optional<std::string>& digest,
                               std::optional<Time>& signed_at) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  ERR_clear_error();
  if (key == nullptr) return unsupported_signature("the key of the signer's certificate is of an unknown kind");
  SignatureScheme scheme;
  if (IntegrityFacts resolved = resolve_scheme(signer, key, scheme); !resolved.good()) return resolved;
  if (!digest) digest = content_digest(digest_name, context);
  if (signer.signed_attributes == nullptr) return check_bare_signature(signer, scheme, key, *digest, context);

  if (sk_X509_ATTRIBUTE_num(signer.signed_attributes) == 0) return bad_signature("the signed attributes are empty");
  IntegrityFacts attributes =
      check_signed_attributes(signer, context.message.content_type, *digest, certificate, signed_at);
  if (!attributes.good()) return attributes;
  for (const std::string& encoding : attribute_encodings(signer)) {
    const bool whole = scheme.kind == SignatureScheme::Kind::eddsa;
    if (signature_fits(scheme, key, octets_of(signer.signature), whole ? encoding : digest_of(digest_name, encoding))) {
      return {};
    }
  }
  return bad_signature("the signature does not fit the signed attributes");
}

void judge_algorithms(const asn1::SignerInfo& signer, CertificateFacts& certificate) {
  if (certificate.algorithm == Algorithm::weak) return;
  const int digest = asn1::nid_of(signer.digest_algorithm);
  if (is_weak_digest(digest)) {
    certificate.algorithm = Algorithm::weak;
    certificate.algorithm_why = std::string("the signature is weak: it rests on ") + OBJ_nid2sn(digest);
  } else if (const int nid = asn1::nid_of(signer.signature_algorithm);
             nid == NID_dsa || nid == NID_dsa_2 || nid == NID_dsaWithSHA || nid == NID_dsaWithSHA1 ||
             nid == NID_dsa_with_SHA224 || nid == NID_dsa_with_SHA256 || nid == NID_dsa_with_SHA384 ||
             nid == NID_dsa_with_SHA512) {
    certificate.algorithm = Algorithm::weak;
    certificate.algorithm_why = "the signature is weak: DSA is withdrawn";  // FIPS 186-5, section 1
  }
}

/// The sentence of the first fact that decides against `good`.
std::string decisive(const SignerFacts& facts, std::string integrity_why, const CertificateFacts& certificate) {
  if (facts.integrity != Integrity::good) return integrity_why;
  for (const std::string* why :
       {&certificate.trust_why, &certificate.validity_why, &certificate.usage_why, &certificate.algorithm_why}) {
    if (!why->empty()) return *why;
  }
  return {};
}

/// A signer's certificate, and what comes of it.
struct Candidate {
  X509* certificate = nullptr;
  IntegrityFacts integrity;
  CertificateFacts judged;
  std::optional<Time> signed_at;
};

/// Whether `a` makes a better signer: for the verdict, and for the sentence that explains it.
bool is_better(const CertificateFacts& a, const CertificateFacts& b) {
  const auto rank = [](const CertificateFacts& facts) {
    const int trust = facts.trust == Trust::trusted     ? 3
                      : facts.trust == Trust::unknown   ? 2
                      : facts.trust == Trust::untrusted ? 1
                                                        : 0;
    return std::tuple(trust, facts.validity == Validity::valid, facts.usage == Usage::ok,
                      facts.algorithm == Algorithm::ok);
  };
  return rank(a) > rank(b);
}

/// The best of the certificates that the signature fits; where it fits none, the first.
Candidate choose_candidate(const asn1::SignerInfo& signer, const std::vector<X509*>& certificates,
                           const SignatureContext& context, const std::string& digest_name) {
  Candidate chosen;
  bool fits = false;
  std::optional<std::string> digest;
  for (X509* const certificate : certificates) {
    Candidate candidate{.certificate = certificate, .integrity = {}, .judged = {}, .signed_at = {}};
    candidate.integrity = check_signature(signer, certificate, context, digest_name, digest, candidate.signed_at);
    if (!candidate.integrity.good()) {
      if (chosen.certificate == nullptr) chosen = std::move(candidate);
      continue;
    }
    if (certificates.size() > 1) candidate.judged = context.validator.judge(certificate, false);
    if (!fits || is_better(candidate.judged, chosen.judged)) chosen = std::move(candidate);
    fits = true;
  }
  chosen.judged = context.validator.judge(chosen.certificate, fits);
  return chosen;
}

}  // namespace

SignerFacts judge_signer(const asn1::SignerInfo& signer, const SignatureContext& context) {
  SignerFacts facts;
  facts.judged_at = context.spec.at;
  facts.digest =
      digest_name(signer.digest_algorithm).value_or(asn1::oid_name(asn1::object_of(signer.digest_algorithm)));
  const std::vector<X509*> certificates = find_certificates(signer, context);
  if (certificates.empty()) {
    facts.integrity = Integrity::no_key;
    facts.why = "the signer's certificate is not at hand: " + describe(*signer.sid);
    return facts;
  }
  Candidate chosen = choose_candidate(signer, certificates, context, facts.digest);
  facts.who = name_of(X509_get_subject_name(chosen.certificate));
  facts.fingerprint = fingerprint_of(chosen.certificate);
  facts.addresses = addresses_of(chosen.certificate);
  facts.signed_at = chosen.signed_at;
  judge_algorithms(signer, chosen.judged);
  facts.trust = chosen.judged.trust;
  facts.validity = chosen.judged.validity;
  facts.usage = chosen.judged.usage;
  facts.algorithm = chosen.judged.algorithm;
  facts.integrity = chosen.integrity.integrity;
  facts.why = decisive(facts, std::move(chosen.integrity.why), chosen.judged);
  return facts;
}

}  // namespace mimeseal::smime
