// SPDX-License-Identifier: MIT
#include <openssl/rsa.h>

#include <utility>

#include "smime/verify.h"

namespace mimeseal::smime {
namespace {

using PssParametersPtr = std::unique_ptr<RSA_PSS_PARAMS, Releaser<RSA_PSS_PARAMS_free>>;
using Kind = SignatureScheme::Kind;

const EVP_MD* digest_by_name(const std::string& name) {
  return EVP_get_digestbyname(name.c_str());
}

/// The digest of an optional AlgorithmIdentifier whose DEFAULT is SHA-1; null when it cannot be computed.
const EVP_MD* digest_or_sha1(const X509_ALGOR* algorithm) {
  if (algorithm == nullptr) return EVP_sha1();
  const std::optional<std::string> name = digest_name(algorithm);
  return name ? digest_by_name(*name) : nullptr;
}

/// RSASSA-PSS-params (RFC 4055, section 3.1).
IntegrityFacts read_pss(const X509_ALGOR* algorithm, const EVP_MD* message_digest, SignatureScheme& scheme) {
  const auto parameters = asn1::decode_parameters<PssParametersPtr>(algorithm, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
  if (!parameters) return bad_signature("the parameters of RSASSA-PSS are missing or malformed");
  scheme.kind = Kind::rsa_pss;
  scheme.digest = digest_or_sha1(parameters->hashAlgorithm);
  scheme.mgf_digest = EVP_sha1();
  if (const X509_ALGOR* mask = parameters->maskGenAlgorithm; mask != nullptr) {
    if (asn1::nid_of(mask) != NID_mgf1) return unsupported_signature("RSASSA-PSS with a mask other than MGF1");
    const auto hash = asn1::decode_parameters<X509AlgorPtr>(mask, ASN1_ITEM_rptr(X509_ALGOR));
    if (!hash) return bad_signature("the parameters of MGF1 are missing or malformed");
    scheme.mgf_digest = digest_or_sha1(hash.get());
  }
  if (scheme.digest == nullptr || scheme.mgf_digest == nullptr) {
    return unsupported_signature("RSASSA-PSS with a digest that is not known here");
  }
  if (EVP_MD_get_type(scheme.digest) != EVP_MD_get_type(message_digest)) {  // RFC 4056, section 3
    return bad_signature("the signature's digest algorithm is not the signer's");
  }
  const auto small = [](const ASN1_INTEGER* number, std::int64_t otherwise) {
    std::int64_t value = otherwise;
    if (number != nullptr && ASN1_INTEGER_get_int64(&value, number) != 1) value = -1;
    return value;
  };
  const std::int64_t salt = small(parameters->saltLength, 20);
  constexpr std::int64_t kMaxSalt = 16384;
  if (salt < 0 || salt > kMaxSalt) return bad_signature("the salt length of RSASSA-PSS is impossible");
  scheme.salt_length = static_cast<int>(salt);
  if (small(parameters->trailerField, 1) != 1) return bad_signature("the trailer field of RSASSA-PSS is not 1");
  return {};
}

/// Whether the key is of the kind that the algorithm asks for.
bool key_fits(Kind kind, EVP_PKEY* key, int algorithm) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return kind == Kind::rsa_pkcs1 || kind == Kind::rsa_pss;
    case EVP_PKEY_RSA_PSS:
      return kind == Kind::rsa_pss;
    case EVP_PKEY_EC:
      return kind == Kind::ecdsa;
    case EVP_PKEY_DSA:
      return kind == Kind::dsa;
    case EVP_PKEY_ED25519:
      return algorithm == NID_ED25519;
    case EVP_PKEY_ED448:
      return algorithm == NID_ED448;
    default:
      return false;
  }
}

}  // namespace

IntegrityFacts resolve_scheme(const asn1::SignerInfo& signer, EVP_PKEY* key, SignatureScheme& scheme) {
  const std::optional<std::string> name = digest_name(signer.digest_algorithm);
  if (!name) {
    return unsupported_signature("the digest algorithm " + asn1::oid_name(asn1::object_of(signer.digest_algorithm)) +
                                 " is not known here");
  }
  const EVP_MD* const digest = digest_by_name(*name);
  const X509_ALGOR* const algorithm = signer.signature_algorithm;
  const int nid = asn1::nid_of(algorithm);
  int named_digest = NID_undef;  // by the signature algorithm, as in sha256WithRSAEncryption
  int named_key = nid;
  if (nid == NID_rsassaPss) {
    if (IntegrityFacts facts = read_pss(algorithm, digest, scheme); !facts.good()) return facts;
  } else {
    if (OBJ_find_sigid_algs(nid, &named_digest, &named_key) != 1) named_key = nid;
    switch (named_key) {
      case NID_rsaEncryption:
        scheme.kind = Kind::rsa_pkcs1;
        break;
      case NID_X9_62_id_ecPublicKey:
        scheme.kind = Kind::ecdsa;
        break;
      case NID_dsa:
      case NID_dsa_2:
        scheme.kind = Kind::dsa;
        break;
      case NID_ED25519:
      case NID_ED448:
        scheme.kind = Kind::eddsa;
        break;
      default:
        return unsupported_signature("the signature algorithm " + asn1::oid_name(asn1::object_of(algorithm)) +
                                     " is not known here");
    }
    scheme.digest = scheme.kind == Kind::eddsa ? nullptr : digest;
    if (scheme.digest != nullptr && named_digest != NID_undef && named_digest != EVP_MD_get_type(digest)) {
      return bad_signature("the signature's digest algorithm is not the signer's");
    }
  }
  if (!key_fits(scheme.kind, key, nid)) {
    return bad_signature("the signature's algorithm does not fit the key of the signer's certificate");
  }
  if (const char* const bound = nid == NID_ED25519 ? "sha512"
                                : nid == NID_ED448 ? "shake256"
                                                   : nullptr;
      bound != nullptr && *name != bound) {  // RFC 8419, section 3
    return bad_signature(std::string("the digest algorithm is ") + *name + ", where this signature algorithm demands " +
                         bound);
  }
  return {};
}

bool signature_fits(const SignatureScheme& scheme, EVP_PKEY* key, std::string_view signature,
                    std::string_view digest_or_message) {
  bool fits = false;
  if (scheme.kind == Kind::eddsa) {
    const EvpMdCtxPtr context(check(EVP_MD_CTX_new(), "verifying a signature"));
    fits = EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(digest_or_message),
                            digest_or_message.size()) == 1;
  } else {
    const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
    fits = context && EVP_PKEY_verify_init(context.get()) == 1;
    if (fits && scheme.kind == Kind::rsa_pkcs1) {
      fits = EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1;
    } else if (fits && scheme.kind == Kind::rsa_pss) {
      fits = EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_signature_md(context.get(), scheme.digest) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), scheme.mgf_digest) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), scheme.salt_length) == 1;
    }
    fits = fits && EVP_PKEY_CTX_set_signature_md(context.get(), scheme.digest) == 1 &&
           EVP_PKEY_verify(context.get(), bytes(signature), signature.size(), bytes(digest_or_message),
                           digest_or_message.size()) == 1;
  }
  ERR_clear_error();
  return fits;
}

}  // namespace mimeseal::smime
