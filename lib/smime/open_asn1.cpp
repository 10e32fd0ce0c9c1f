// SPDX-License-Identifier: MIT
#include "smime/open_asn1.h"

#include <array>

namespace mimeseal::smime::asn1 {

ASN1_SEQUENCE(IssuerAndSerial) =
    {
        ASN1_SIMPLE(IssuerAndSerial, issuer, X509_NAME),
        ASN1_SIMPLE(IssuerAndSerial, serial, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(IssuerAndSerial)

        ASN1_CHOICE(CertificateId) =
            {
                ASN1_SIMPLE(CertificateId, d.issuer_and_serial, IssuerAndSerial),
                ASN1_IMP(CertificateId, d.key_id, ASN1_OCTET_STRING, 0),
} static_ASN1_CHOICE_END(CertificateId)

                ASN1_SEQUENCE(KeyTransRecipientInfo) =
                    {
                        ASN1_SIMPLE(KeyTransRecipientInfo, version, ASN1_INTEGER),
                        ASN1_SIMPLE(KeyTransRecipientInfo, rid, CertificateId),
                        ASN1_SIMPLE(KeyTransRecipientInfo, key_encryption_algorithm, X509_ALGOR),
                        ASN1_SIMPLE(KeyTransRecipientInfo, encrypted_key, ASN1_OCTET_STRING),
} ASN1_SEQUENCE_END(KeyTransRecipientInfo)

                        ASN1_SEQUENCE(OriginatorPublicKey) =
                            {
                                ASN1_SIMPLE(OriginatorPublicKey, algorithm, X509_ALGOR),
                                ASN1_SIMPLE(OriginatorPublicKey, public_key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(OriginatorPublicKey)

                                ASN1_CHOICE(OriginatorIdentifierOrKey) =
                                    {
                                        ASN1_SIMPLE(OriginatorIdentifierOrKey, d.issuer_and_serial, IssuerAndSerial),
                                        ASN1_IMP(OriginatorIdentifierOrKey, d.key_id, ASN1_OCTET_STRING, 0),
                                        ASN1_IMP(OriginatorIdentifierOrKey, d.originator_key, OriginatorPublicKey, 1),
} static_ASN1_CHOICE_END(OriginatorIdentifierOrKey)

                                        ASN1_SEQUENCE(RecipientKeyIdentifier) =
                                            {
                                                ASN1_SIMPLE(RecipientKeyIdentifier, key_id, ASN1_OCTET_STRING),
                                                ASN1_OPT(RecipientKeyIdentifier, date, ASN1_GENERALIZEDTIME),
                                                ASN1_OPT(RecipientKeyIdentifier, other, ASN1_SEQUENCE),
} static_ASN1_SEQUENCE_END(RecipientKeyIdentifier)

                                                ASN1_CHOICE(KeyAgreeRecipientIdentifier) =
                                                    {
                                                        ASN1_SIMPLE(KeyAgreeRecipientIdentifier, d.issuer_and_serial,
                                                                    IssuerAndSerial),
                                                        ASN1_IMP(KeyAgreeRecipientIdentifier, d.key_id,
                                                                 RecipientKeyIdentifier, 0),
} static_ASN1_CHOICE_END(KeyAgreeRecipientIdentifier)

                                                        ASN1_SEQUENCE(RecipientEncryptedKey) =
                                                            {
                                                                ASN1_SIMPLE(RecipientEncryptedKey, rid,
                                                                            KeyAgreeRecipientIdentifier),
                                                                ASN1_SIMPLE(RecipientEncryptedKey, encrypted_key,
                                                                            ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(RecipientEncryptedKey)

                                                                ASN1_SEQUENCE(KeyAgreeRecipientInfo) =
                                                                    {
                                                                        ASN1_SIMPLE(KeyAgreeRecipientInfo, version,
                                                                                    ASN1_INTEGER),
                                                                        ASN1_EXP(KeyAgreeRecipientInfo, originator,
                                                                                 OriginatorIdentifierOrKey, 0),
                                                                        ASN1_EXP_OPT(KeyAgreeRecipientInfo, ukm,
                                                                                     ASN1_OCTET_STRING, 1),
                                                                        ASN1_SIMPLE(KeyAgreeRecipientInfo,
                                                                                    key_encryption_algorithm,
                                                                                    X509_ALGOR),
                                                                        ASN1_SEQUENCE_OF(KeyAgreeRecipientInfo,
                                                                                         recipient_encrypted_keys,
                                                                                         RecipientEncryptedKey),
} ASN1_SEQUENCE_END(KeyAgreeRecipientInfo)

                                                                        ASN1_SEQUENCE(SignerInfo) =
                                                                            {
                                                                                ASN1_SIMPLE(SignerInfo, version,
                                                                                            ASN1_INTEGER),
                                                                                ASN1_SIMPLE(SignerInfo, sid,
                                                                                            CertificateId),
                                                                                ASN1_SIMPLE(SignerInfo,
                                                                                            digest_algorithm,
                                                                                            X509_ALGOR),
                                                                                ASN1_IMP_SET_OF_OPT(SignerInfo,
                                                                                                    signed_attributes,
                                                                                                    X509_ATTRIBUTE, 0),
                                                                                ASN1_SIMPLE(SignerInfo,
                                                                                            signature_algorithm,
                                                                                            X509_ALGOR),
                                                                                ASN1_SIMPLE(SignerInfo, signature,
                                                                                            ASN1_OCTET_STRING),
                                                                                ASN1_IMP_SET_OF_OPT(SignerInfo,
                                                                                                    unsigned_attributes,
                                                                                                    X509_ATTRIBUTE, 1),
} ASN1_SEQUENCE_END(SignerInfo)

                                                                                ASN1_SEQUENCE(GcmParameters) =
                                                                                    {
                                                                                        ASN1_SIMPLE(GcmParameters,
                                                                                                    nonce,
                                                                                                    ASN1_OCTET_STRING),
                                                                                        ASN1_OPT(GcmParameters,
                                                                                                 icv_length,
                                                                                                 ASN1_INTEGER),
} ASN1_SEQUENCE_END(GcmParameters)

                                                                                        ASN1_SEQUENCE(
                                                                                            AlgorithmProtection) =
                                                                                            {
                                                                                                ASN1_SIMPLE(
                                                                                                    AlgorithmProtection,
                                                                                                    digest_algorithm,
                                                                                                    X509_ALGOR),
                                                                                                ASN1_IMP_OPT(
                                                                                                    AlgorithmProtection,
                                                                                                    signature_algorithm,
                                                                                                    X509_ALGOR, 1),
                                                                                                ASN1_IMP_OPT(
                                                                                                    AlgorithmProtection,
                                                                                                    mac_algorithm,
                                                                                                    X509_ALGOR, 2),
} ASN1_SEQUENCE_END(AlgorithmProtection)

                                                                                                ASN1_SEQUENCE(
                                                                                                    EssIssuerSerial) =
                                                                                                    {
                                                                                                        ASN1_SEQUENCE_OF(
                                                                                                            EssIssuerSerial,
                                                                                                            issuer,
                                                                                                            GENERAL_NAME),
                                                                                                        ASN1_SIMPLE(
                                                                                                            EssIssuerSerial,
                                                                                                            serial,
                                                                                                            ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(EssIssuerSerial)

                                                                                                        ASN1_SEQUENCE(
                                                                                                            EssCertificateId) =
                                                                                                            {
                                                                                                                ASN1_OPT(
                                                                                                                    EssCertificateId,
                                                                                                                    hash_algorithm,
                                                                                                                    X509_ALGOR),
                                                                                                                ASN1_SIMPLE(
                                                                                                                    EssCertificateId,
                                                                                                                    hash,
                                                                                                                    ASN1_OCTET_STRING),
                                                                                                                ASN1_OPT(
                                                                                                                    EssCertificateId,
                                                                                                                    issuer_serial,
                                                                                                                    EssIssuerSerial),
} static_ASN1_SEQUENCE_END(EssCertificateId)

                                                                                                                ASN1_SEQUENCE(
                                                                                                                    SigningCertificate) =
                                                                                                                    {
                                                                                                                        ASN1_SEQUENCE_OF(
                                                                                                                            SigningCertificate,
                                                                                                                            certificates,
                                                                                                                            EssCertificateId),
                                                                                                                        ASN1_OPT(
                                                                                                                            SigningCertificate,
                                                                                                                            policies,
                                                                                                                            ASN1_SEQUENCE),
} ASN1_SEQUENCE_END(SigningCertificate)

    // A SET OF written as a SEQUENCE OF is not sorted: the octets stay as the sender ordered them.
    ASN1_ITEM_TEMPLATE(AttributesInOrder) = ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SEQUENCE_OF | ASN1_TFLG_IMPTAG |
                                                                      ASN1_TFLG_UNIVERSAL,
                                                                  V_ASN1_SET, AttributesInOrder, X509_ATTRIBUTE)
        ASN1_ITEM_TEMPLATE_END(AttributesInOrder)

            ASN1_ITEM_TEMPLATE(AttributesSorted) = ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SET_OF, 0, AttributesSorted,
                                                                         X509_ATTRIBUTE)
                ASN1_ITEM_TEMPLATE_END(AttributesSorted)

                    X509AlgorPtr decode_algorithm(std::string_view octets) {
  return decode<X509AlgorPtr>(octets, ASN1_ITEM_rptr(X509_ALGOR));
}

std::string decode_oid(std::string_view octets) {
  const unsigned char* at = bytes(octets);
  const Asn1ObjectPtr object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(octets.size())));
  ERR_clear_error();
  if (!object || at != bytes(octets) + octets.size()) return {};
  return oid_of(object.get());
}

std::string oid_of(const ASN1_OBJECT* object) {
  std::array<char, 128> text{};
  const int length = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  if (length <= 0 || static_cast<std::size_t>(length) >= text.size()) return "an object identifier";
  return text.data();
}

std::string oid_name(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  return nid == NID_undef ? oid_of(object) : OBJ_nid2ln(nid);
}

std::string oid_name(const std::string& dotted) {
  const Asn1ObjectPtr object(OBJ_txt2obj(dotted.c_str(), 1));
  ERR_clear_error();
  return object ? oid_name(object.get()) : dotted;
}

const ASN1_OBJECT* object_of(const X509_ALGOR* algorithm) noexcept {
  return algorithm->algorithm;
}

int nid_of(const X509_ALGOR* algorithm) noexcept {
  return OBJ_obj2nid(algorithm->algorithm);
}

bool no_parameters(const X509_ALGOR* algorithm) noexcept {
  return algorithm->parameter == nullptr || algorithm->parameter->type == V_ASN1_NULL;
}

}  // namespace mimeseal::smime::asn1
