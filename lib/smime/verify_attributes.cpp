// SPDX-License-Identifier: MIT
#include <utility>

#include "smime/verify.h"

namespace mimeseal::smime {
namespace {

constexpr const char* kAlgorithmProtection = "1.2.840.113549.1.9.52";

/// The one value of an attribute. An attribute that stands twice, or has no value or several, is an error: two readers
/// could believe two things.
struct Attribute {
  const ASN1_TYPE* value = nullptr;
  bool ambiguous = false;
};

Attribute find(const STACK_OF(X509_ATTRIBUTE) * attributes, const ASN1_OBJECT* type) {
  Attribute found;
  for (int i = 0; i < sk_X509_ATTRIBUTE_num(attributes); ++i) {
    X509_ATTRIBUTE* const attribute = sk_X509_ATTRIBUTE_value(attributes, i);
    if (OBJ_cmp(X509_ATTRIBUTE_get0_object(attribute), type) != 0) continue;
    if (found.value != nullptr || X509_ATTRIBUTE_count(attribute) != 1) {
      found.ambiguous = true;
      return found;
    }
    found.value = X509_ATTRIBUTE_get0_type(attribute, 0);
  }
  return found;
}

Attribute find(const STACK_OF(X509_ATTRIBUTE) * attributes, int nid) {
  return find(attributes, OBJ_nid2obj(nid));
}

IntegrityFacts check_content_type(const asn1::SignerInfo& signer, const std::string& content_type) {
  const Attribute attribute = find(signer.signed_attributes, NID_pkcs9_contentType);
  if (attribute.ambiguous) return bad_signature("the signed attribute content-type does not stand exactly once");
  if (attribute.value == nullptr) return bad_signature("the signed attribute content-type is missing");
  if (attribute.value->type != V_ASN1_OBJECT || asn1::oid_of(attribute.value->value.object) != content_type) {
    return bad_signature("the signed attribute content-type names another type than the content has");
  }
  return {};
}

IntegrityFacts check_message_digest(const asn1::SignerInfo& signer, std::string_view content_digest) {
  const Attribute attribute = find(signer.signed_attributes, NID_pkcs9_messageDigest);
  if (attribute.ambiguous) return bad_signature("the signed attribute message-digest does not stand exactly once");
  if (attribute.value == nullptr) return bad_signature("the signed attribute message-digest is missing");
  if (attribute.value->type != V_ASN1_OCTET_STRING ||
      octets_of(attribute.value->value.octet_string) != content_digest) {
    return bad_signature("the content is not what was signed: its digest differs");
  }
  return {};
}

IntegrityFacts check_signing_time(const asn1::SignerInfo& signer, std::optional<Time>& signed_at) {
  const Attribute attribute = find(signer.signed_attributes, NID_pkcs9_signingTime);
  if (attribute.ambiguous) return bad_signature("the signed attribute signing-time does not stand exactly once");
  if (attribute.value == nullptr) return {};
  const int type = attribute.value->type;
  if (type == V_ASN1_UTCTIME) signed_at = time_of(attribute.value->value.utctime);
  if (type == V_ASN1_GENERALIZEDTIME) signed_at = time_of(attribute.value->value.generalizedtime);
  return {};
}

/// Absent parameters and NULL mean the same for every algorithm that has none.
bool same_algorithm(const X509_ALGOR* a, const X509_ALGOR* b) {
  if (OBJ_cmp(asn1::object_of(a), asn1::object_of(b)) != 0) return false;
  return (asn1::no_parameters(a) && asn1::no_parameters(b)) || X509_ALGOR_cmp(a, b) == 0;
}

/// RFC 6211, section 2: the algorithms that were signed are those that are used.
IntegrityFacts check_algorithm_protection(const asn1::SignerInfo& signer) {
  static constexpr const char* kWhy = "the algorithms are not those that the signer protected";
  const Asn1ObjectPtr type(OBJ_txt2obj(kAlgorithmProtection, 1));
  const Attribute attribute = find(signer.signed_attributes, type.get());
  if (attribute.ambiguous) return bad_signature(kWhy);
  if (attribute.value == nullptr) return {};
  if (attribute.value->type != V_ASN1_SEQUENCE) return bad_signature(kWhy);
  const auto protection = asn1::decode<asn1::AlgorithmProtectionPtr>(octets_of(attribute.value->value.sequence),
                                                                     ASN1_ITEM_rptr(asn1::AlgorithmProtection));
  if (!protection || protection->signature_algorithm == nullptr || protection->mac_algorithm != nullptr ||
      !same_algorithm(protection->digest_algorithm, signer.digest_algorithm) ||
      !same_algorithm(protection->signature_algorithm, signer.signature_algorithm)) {
    return bad_signature(kWhy);
  }
  return {};
}

/// The issuer and serial number beside the hash, where there are any, are the certificate's too (RFC 5035, section 5).
bool names_certificate(const asn1::EssIssuerSerial* named, X509* certificate) {
  if (named == nullptr) return true;
  if (ASN1_INTEGER_cmp(named->serial, X509_get0_serialNumber(certificate)) != 0) return false;
  for (int i = 0; i < sk_GENERAL_NAME_num(named->issuer); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(named->issuer, i);
    if (name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, X509_get_issuer_name(certificate)) == 0) {
      return true;
    }
  }
  return false;
}

/// A chain's worth of names, and as much again for odd ones; more is only work for the reader.
constexpr std::size_t kMaxSigningCertificates = 64U << 10U;

constexpr const char* kOtherCertificate = "the signature names another signing certificate than the one it fits";

/// What one of the two attributes says; nothing when it is absent. The first certificate listed is the signer's.
std::optional<NamedCertificate> read_named(const asn1::SignerInfo& signer, int nid, const char* default_digest) {
  const Attribute attribute = find(signer.signed_attributes, nid);
  if (attribute.value == nullptr && !attribute.ambiguous) return std::nullopt;
  NamedCertificate named;
  if (attribute.ambiguous) {
    named.fault = bad_signature("the signed attribute signing-certificate does not stand exactly once");
    return named;
  }
  named.fault = bad_signature(kOtherCertificate);
  if (attribute.value->type != V_ASN1_SEQUENCE) return named;
  const std::string_view octets = octets_of(attribute.value->value.sequence);
  if (octets.size() > kMaxSigningCertificates) {
    named.fault = bad_signature("the signed attribute signing-certificate is too long");
    return named;
  }
  named.value = asn1::decode<asn1::SigningCertificatePtr>(octets, ASN1_ITEM_rptr(asn1::SigningCertificate));
  if (!named.value || asn1::sk_EssCertificateId_num(named.value->certificates) < 1) return named;
  const asn1::EssCertificateId* const first = asn1::sk_EssCertificateId_value(named.value->certificates, 0);
  const std::optional<std::string> digest =
      first->hash_algorithm == nullptr ? default_digest : digest_name(first->hash_algorithm);
  if (!digest) {
    named.fault = unsupported_signature("the signing certificate is named by a digest that is not known here");
    return named;
  }
  named.fault = {};
  named.digest = *digest;
  return named;
}

bool fits(const NamedCertificate& named, X509* certificate) {
  const asn1::EssCertificateId* const first = asn1::sk_EssCertificateId_value(named.value->certificates, 0);
  return digest_of(named.digest, to_der(certificate, i2d_X509)) == octets_of(first->hash) &&
         names_certificate(first->issuer_serial, certificate);
}

}  // namespace

IntegrityFacts bad_signature(std::string why) {
  return {.integrity = Integrity::bad, .why = std::move(why)};
}

IntegrityFacts unsupported_signature(std::string why) {
  return {.integrity = Integrity::unsupported, .why = std::move(why)};
}

IntegrityFacts check_signed_attributes(const asn1::SignerInfo& signer, const std::string& content_type,
                                       std::string_view content_digest, X509* certificate,
                                       std::optional<Time>& signed_at) {
  IntegrityFacts facts = check_signing_time(signer, signed_at);
  if (facts.good()) facts = check_content_type(signer, content_type);
  if (facts.good()) facts = check_message_digest(signer, content_digest);
  if (facts.good()) facts = check_algorithm_protection(signer);
  if (facts.good()) facts = SigningCertificates(signer).check(certificate);
  return facts;
}

SigningCertificates::SigningCertificates(const asn1::SignerInfo& signer) {
  for (auto named : {std::pair(NID_id_smime_aa_signingCertificate, "sha1"),
                     std::pair(NID_id_smime_aa_signingCertificateV2, "sha256")}) {
    if (auto found = read_named(signer, named.first, named.second)) named_.push_back(std::move(*found));
  }
}

IntegrityFacts SigningCertificates::check(X509* certificate) const {
  for (const NamedCertificate& named : named_) {
    if (!named.fault.good()) return named.fault;
    if (!fits(named, certificate)) return bad_signature(kOtherCertificate);
  }
  return {};
}

}  // namespace mimeseal::smime
