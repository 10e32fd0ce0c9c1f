// SPDX-License-Identifier: MIT
#include "smime/announced.h"

#include <algorithm>
#include <string>
#include <vector>

#include "smime/capabilities.h"
#include "smime/open.h"

namespace mimeseal::smime {
namespace {

bool is_named_by(X509_NAME* issuer, ASN1_INTEGER* serial, X509* certificate) {
  return ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0 &&
         X509_NAME_cmp(issuer, X509_get_issuer_name(certificate)) == 0;
}

/// Renewed certificates of one key share its identifier; more than this no signer has.
constexpr std::size_t kMaxCandidates = 16;

std::vector<X509*> candidates_of(const asn1::SignerInfo& signer, const SignedData& message) {
  const asn1::CertificateId& id = *signer.sid;
  std::vector<X509*> found;
  for (const X509Ptr& certificate : message.certificates) {
    if (found.size() == kMaxCandidates) break;
    const ASN1_OCTET_STRING* const own = X509_get0_subject_key_id(certificate.get());
    const bool named =
        id.type == asn1::kIssuerAndSerial
            ? is_named_by(id.d.issuer_and_serial->issuer, id.d.issuer_and_serial->serial, certificate.get())
            : own != nullptr && ASN1_OCTET_STRING_cmp(own, id.d.key_id) == 0;
    if (named) found.push_back(certificate.get());
  }
  return found;
}

/// The one value of a signed attribute; null when it is missing or there are several.
const ASN1_TYPE* attribute(const asn1::SignerInfo& signer, int nid) {
  const ASN1_TYPE* found = nullptr;
  for (int i = 0; i < sk_X509_ATTRIBUTE_num(signer.signed_attributes); ++i) {
    X509_ATTRIBUTE* const one = sk_X509_ATTRIBUTE_value(signer.signed_attributes, i);
    if (OBJ_obj2nid(X509_ATTRIBUTE_get0_object(one)) != nid) continue;
    if (found != nullptr || X509_ATTRIBUTE_count(one) != 1) return nullptr;
    found = X509_ATTRIBUTE_get0_type(one, 0);
  }
  return found;
}

/// Whether the signature over the signed attributes fits, and they speak of this certificate. What they say of the
/// content is taken as it stands.
bool holds(const asn1::SignerInfo& signer, const SignedData& message, X509* certificate,
           std::optional<Time>& signed_at) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  ERR_clear_error();
  const ASN1_TYPE* const digest = attribute(signer, NID_pkcs9_messageDigest);
  const std::optional<std::string> name = digest_name(signer.digest_algorithm);
  if (key == nullptr || !name || is_weak_digest(asn1::nid_of(signer.digest_algorithm))) return false;
  if (digest == nullptr || digest->type != V_ASN1_OCTET_STRING) return false;
  SignatureScheme scheme;
  if (!resolve_scheme(signer, key, scheme).good()) return false;
  const std::string_view content_digest = octets_of(digest->value.octet_string);
  if (!check_signed_attributes(signer, message.content_type, content_digest, certificate, signed_at).good())
    return false;

  unsigned char* memory = nullptr;
  const int length = ASN1_item_i2d(reinterpret_cast<const ASN1_VALUE*>(signer.signed_attributes), &memory,
                                   ASN1_ITEM_rptr(asn1::AttributesSorted));
  check(length > 0, "encoding signed attributes");
  const MemoryPtr owner(memory);
  const std::string encoded(reinterpret_cast<const char*>(memory), static_cast<std::size_t>(length));
  const bool whole = scheme.kind == SignatureScheme::Kind::eddsa;
  return signature_fits(scheme, key, octets_of(signer.signature), whole ? encoded : digest_of(*name, encoded));
}

/// The certificate that SMIMEEncryptionKeyPreference names by issuer and serial number (RFC 8551, section 2.5.3).
X509* preferred(const asn1::SignerInfo& signer, const SignedData& message) {
  const ASN1_TYPE* const value = attribute(signer, NID_id_smime_aa_encrypKeyPref);
  if (value == nullptr || value->type != V_ASN1_OTHER) return nullptr;
  // [0] IMPLICIT IssuerAndSerialNumber: what is behind the tag is a SEQUENCE's.
  std::string der(octets_of(value->value.asn1_string));
  if (der.empty() || der.front() != '\xA0') return nullptr;
  der.front() = '\x30';
  using Named = std::unique_ptr<PKCS7_ISSUER_AND_SERIAL, Releaser<PKCS7_ISSUER_AND_SERIAL_free>>;
  const auto named = asn1::decode<Named>(der, ASN1_ITEM_rptr(PKCS7_ISSUER_AND_SERIAL));
  if (!named) return nullptr;
  for (const X509Ptr& certificate : message.certificates) {
    if (is_named_by(named->issuer, named->serial, certificate.get())) return certificate.get();
  }
  return nullptr;
}

}  // namespace

std::vector<Announced> announced_in(std::string_view signed_data) {
  const auto octets = view_source(signed_data);
  BerReader reader(*octets);
  std::vector<Announced> announced;
  if (enter_content_info(reader) != oid::kSignedData) return announced;
  reader.enter(ber_context(0), "the content");
  LayerFacts unused;
  const SignedData message = walk_signed_data(
      reader, [](const std::string&) {}, [](std::string_view) {}, unused);
  leave_content_info(reader);
  for (const asn1::SignerInfoPtr& signer : message.signers) {
    std::optional<Time> signed_at;
    const std::vector<X509*> candidates = candidates_of(*signer, message);
    const auto fitting = std::find_if(candidates.begin(), candidates.end(),
                                      [&](X509* candidate) { return holds(*signer, message, candidate, signed_at); });
    if (fitting == candidates.end()) continue;
    X509* const certificate = *fitting;
    const ASN1_TYPE* const value = attribute(*signer, NID_SMIMECapabilities);
    const bool listed = value != nullptr && value->type == V_ASN1_SEQUENCE;
    const auto ciphers = listed ? ciphers_in(octets_of(value->value.sequence)) : std::nullopt;
    announced.push_back({share(certificate), ciphers, signed_at});
    X509* const other = preferred(*signer, message);
    if (other != nullptr && other != certificate) announced.push_back({share(other), ciphers, signed_at});
  }
  return announced;
}

}  // namespace mimeseal::smime
