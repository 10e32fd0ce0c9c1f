// SPDX-License-Identifier: MIT
#pragma once

/// The small structures of CMS that are read when opening, as OpenSSL's ASN.1 templates. OpenSSL's own CMS code keeps
/// its structures to itself: it gives neither the content-encryption key (which odd GCM parameters need) nor room for
/// the keys of RFC 8418 and RFC 8419.

#include <openssl/asn1t.h>

#include <string_view>

#include "smime/handles.h"

namespace mimeseal::smime::asn1 {

struct IssuerAndSerial {
  X509_NAME* issuer;
  ASN1_INTEGER* serial;
};

/// SignerIdentifier and RecipientIdentifier (RFC 5652, sections 5.3 and 6.2.1).
struct CertificateId {
  int type;  ///< kIssuerAndSerial or kKeyId
  union {
    IssuerAndSerial* issuer_and_serial;
    ASN1_OCTET_STRING* key_id;
  } d;
};

struct KeyTransRecipientInfo {
  ASN1_INTEGER* version;
  CertificateId* rid;
  X509_ALGOR* key_encryption_algorithm;
  ASN1_OCTET_STRING* encrypted_key;
};

struct OriginatorPublicKey {
  X509_ALGOR* algorithm;
  ASN1_BIT_STRING* public_key;
};

struct OriginatorIdentifierOrKey {
  int type;  ///< kIssuerAndSerial, kKeyId or kOriginatorKey
  union {
    IssuerAndSerial* issuer_and_serial;
    ASN1_OCTET_STRING* key_id;
    OriginatorPublicKey* originator_key;
  } d;
};

struct RecipientKeyIdentifier {
  ASN1_OCTET_STRING* key_id;
  ASN1_GENERALIZEDTIME* date;
  ASN1_STRING* other;
};

struct KeyAgreeRecipientIdentifier {
  int type;  ///< kIssuerAndSerial or kKeyId
  union {
    IssuerAndSerial* issuer_and_serial;
    RecipientKeyIdentifier* key_id;
  } d;
};

struct RecipientEncryptedKey {
  KeyAgreeRecipientIdentifier* rid;
  ASN1_OCTET_STRING* encrypted_key;
};
DEFINE_STACK_OF(RecipientEncryptedKey)

struct KeyAgreeRecipientInfo {
  ASN1_INTEGER* version;
  OriginatorIdentifierOrKey* originator;
  ASN1_OCTET_STRING* ukm;
  X509_ALGOR* key_encryption_algorithm;
  STACK_OF(RecipientEncryptedKey) * recipient_encrypted_keys;
};

struct SignerInfo {
  ASN1_INTEGER* version;
  CertificateId* sid;
  X509_ALGOR* digest_algorithm;
  STACK_OF(X509_ATTRIBUTE) * signed_attributes;  ///< null when absent
  X509_ALGOR* signature_algorithm;
  ASN1_OCTET_STRING* signature;
  STACK_OF(X509_ATTRIBUTE) * unsigned_attributes;
};

struct GcmParameters {
  ASN1_OCTET_STRING* nonce;
  ASN1_INTEGER* icv_length;  ///< null: 12 (RFC 5084, section 3.2)
};

/// CMSAlgorithmProtection (RFC 6211, section 2).
struct AlgorithmProtection {
  X509_ALGOR* digest_algorithm;
  X509_ALGOR* signature_algorithm;
  X509_ALGOR* mac_algorithm;
};

struct EssIssuerSerial {
  GENERAL_NAMES* issuer;
  ASN1_INTEGER* serial;
};

/// ESSCertID and ESSCertIDv2 (RFC 5035): the first has no algorithm, which then is SHA-1; in the second it is SHA-256.
struct EssCertificateId {
  X509_ALGOR* hash_algorithm;
  ASN1_OCTET_STRING* hash;
  EssIssuerSerial* issuer_serial;
};
DEFINE_STACK_OF(EssCertificateId)

struct SigningCertificate {
  STACK_OF(EssCertificateId) * certificates;
  ASN1_STRING* policies;
};

inline constexpr int kIssuerAndSerial = 0;
inline constexpr int kKeyId = 1;
inline constexpr int kOriginatorKey = 2;

DECLARE_ASN1_ITEM(KeyTransRecipientInfo)
DECLARE_ASN1_ITEM(KeyAgreeRecipientInfo)
DECLARE_ASN1_ITEM(SignerInfo)
DECLARE_ASN1_ITEM(GcmParameters)
DECLARE_ASN1_ITEM(AlgorithmProtection)
DECLARE_ASN1_ITEM(SigningCertificate)
/// SET OF Attribute with the elements in the order in which they stand, and in DER's order (X.690, 11.6).
DECLARE_ASN1_ITEM(AttributesInOrder)
DECLARE_ASN1_ITEM(AttributesSorted)

/// Frees what a template made.
template <const ASN1_ITEM* (*Item)()>
struct ItemReleaser {
  void operator()(void* value) const noexcept { ASN1_item_free(static_cast<ASN1_VALUE*>(value), Item()); }
};
using KeyTransPtr = std::unique_ptr<KeyTransRecipientInfo, ItemReleaser<KeyTransRecipientInfo_it>>;
using KeyAgreePtr = std::unique_ptr<KeyAgreeRecipientInfo, ItemReleaser<KeyAgreeRecipientInfo_it>>;
using SignerInfoPtr = std::unique_ptr<SignerInfo, ItemReleaser<SignerInfo_it>>;
using GcmParametersPtr = std::unique_ptr<GcmParameters, ItemReleaser<GcmParameters_it>>;
using AlgorithmProtectionPtr = std::unique_ptr<AlgorithmProtection, ItemReleaser<AlgorithmProtection_it>>;
using SigningCertificatePtr = std::unique_ptr<SigningCertificate, ItemReleaser<SigningCertificate_it>>;

/// Decodes `octets`, all of them, by a template; null when they do not fit.
template <class Pointer>
[[nodiscard]] Pointer decode(std::string_view octets, const ASN1_ITEM* item) {
  const unsigned char* at = bytes(octets);
  Pointer value(
      reinterpret_cast<typename Pointer::pointer>(ASN1_item_d2i(nullptr, &at, static_cast<long>(octets.size()), item)));
  ERR_clear_error();
  if (value && at != bytes(octets) + octets.size()) value.reset();
  return value;
}

/// The parameters of an AlgorithmIdentifier that are a SEQUENCE, by a template; null when absent or misshapen.
template <class Pointer>
[[nodiscard]] Pointer decode_parameters(const X509_ALGOR* algorithm, const ASN1_ITEM* item) {
  const ASN1_TYPE* parameters = algorithm->parameter;
  if (parameters == nullptr || parameters->type != V_ASN1_SEQUENCE) return nullptr;
  return decode<Pointer>(octets_of(parameters->value.sequence), item);
}

/// An AlgorithmIdentifier; null when it is none.
[[nodiscard]] X509AlgorPtr decode_algorithm(std::string_view octets);
/// An OBJECT IDENTIFIER in dotted form; empty when it is none.
[[nodiscard]] std::string decode_oid(std::string_view octets);
/// In dotted form.
[[nodiscard]] std::string oid_of(const ASN1_OBJECT* object);
/// What people call it, else in dotted form.
[[nodiscard]] std::string oid_name(const ASN1_OBJECT* object);
[[nodiscard]] std::string oid_name(const std::string& dotted);
/// The OID of an AlgorithmIdentifier.
[[nodiscard]] const ASN1_OBJECT* object_of(const X509_ALGOR* algorithm) noexcept;
[[nodiscard]] int nid_of(const X509_ALGOR* algorithm) noexcept;
/// Whether the parameters are absent or NULL.
[[nodiscard]] bool no_parameters(const X509_ALGOR* algorithm) noexcept;

}  // namespace mimeseal::smime::asn1
