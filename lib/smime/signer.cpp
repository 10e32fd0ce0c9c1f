// SPDX-License-Identifier: MIT
#include "smime/signer.h"

#include <openssl/rsa.h>

#include <algorithm>

#include "mimeseal/core/text.h"
#include "smime/choose.h"
#include "smime/der.h"

namespace mimeseal::smime {
namespace {

/// id-aa-CMSAlgorithmProtection (RFC 6211, section 2).
constexpr const char* kAlgorithmProtection = "1.2.840.113549.1.9.52";

std::string attribute(const std::string& type, std::string_view value) {
  return der_sequence({type, der(tag::kSet, value)});
}

/// SHA-256 up to 3072 bits, which are about as strong (NIST SP 800-57, table 2); more for more.
Digest digest_for_rsa(int bits) {
  if (bits <= 3072) return Digest::sha256;
  return bits <= 7680 ? Digest::sha384 : Digest::sha512;
}

std::string signing_certificate_v2(X509* certificate) {
  // ESSCertIDv2 with SHA-256, which is the default and so left out (RFC 5035, section 4).
  const std::string name = to_der(X509_get_issuer_name(certificate), i2d_X509_NAME);
  const std::string general_names = der_sequence({der(tag::constructed(4), name)});
  const std::string issuer_serial =
      der_sequence({general_names, to_der(X509_get0_serialNumber(certificate), i2d_ASN1_INTEGER)});
  const std::string id = der_sequence({der_octet_string(sha256(to_der(certificate, i2d_X509))), issuer_serial});
  return der_sequence({der_sequence({id})});
}

std::vector<std::string> attributes_of(const SignerPlan& plan, const SignerInfoInput& input) {
  X509* const certificate = plan.key->certificate();
  std::string protected_signature = plan.signature_identifier;
  protected_signature.front() = static_cast<char>(tag::constructed(1));  // [1] IMPLICIT over the SEQUENCE
  std::vector<std::string> attributes{
      attribute(der_oid(NID_pkcs9_contentType), der_oid(NID_pkcs7_data)),
      attribute(der_oid(NID_pkcs9_messageDigest), der_octet_string(input.content_digest)),
      attribute(der_oid(NID_pkcs9_signingTime), der_time(input.signing_time)),
      attribute(der_oid(NID_SMIMECapabilities), own_capabilities()),
      attribute(der_oid(NID_id_smime_aa_signingCertificateV2), signing_certificate_v2(certificate)),
      attribute(der_oid(kAlgorithmProtection), der_sequence({digest_identifier(*plan.hash), protected_signature})),
  };
  if (input.encryption_certificate != nullptr) {
    std::string preferred = issuer_and_serial(input.encryption_certificate);
    preferred.front() = static_cast<char>(tag::constructed(0));  // [0] IMPLICIT (RFC 8551, section 2.5.3)
    attributes.push_back(attribute(der_oid(NID_id_smime_aa_encrypKeyPref), preferred));
  }
  return attributes;
}

std::string sign_octets(const SignerPlan& plan, std::string_view octets, const Provider& provider) {
  EVP_PKEY* const key = plan.key->secret();
  if (is_eddsa(key)) return eddsa_sign(key, octets, provider);

  const EvpMdCtxPtr context(check(EVP_MD_CTX_new(), "making a digest context"));
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to the context
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t length = signature.size();
  bool ok = EVP_DigestSignInit_ex(context.get(), &parameters, plan.hash->name, nullptr, provider.properties(), key,
                                  nullptr) == 1;
  if (ok && plan.pss) {
    ok = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, static_cast<int>(plan.salt)) > 0;
  }
  ok = ok && EVP_DigestSign(context.get(), bytes(signature), &length, bytes(octets), octets.size()) == 1;
  if (!ok)
    throw openssl_error(Errc::refused, "signing failed", plan.key->info().name + " from " + plan.key->info().origin);
  signature.resize(length);
  return signature;
}

}  // namespace

std::string issuer_and_serial(X509* certificate) {
  return der_sequence({to_der(X509_get_issuer_name(certificate), i2d_X509_NAME),
                       to_der(X509_get0_serialNumber(certificate), i2d_ASN1_INTEGER)});
}

SignerPlan plan_signer(const SmimeKey& key, const SmimePolicy& chosen, std::vector<Choice>& choices) {
  const SmimePolicy policy = resolve(chosen);
  const std::string who = key.info().name;
  EVP_PKEY* const public_key = key.public_key();
  SignerPlan plan;
  plan.key = &key;

  if (is_eddsa(public_key)) {
    plan.hash = &eddsa_hash(public_key);
    plan.signature_identifier = eddsa_identifier(public_key);
    choices.push_back(
        {"digest", std::string(plan.hash->word), "bound to " + key.info().algorithm + " (RFC 8419); " + who});
    choices.push_back({"signature", key.info().algorithm, "the kind of key; " + who});
    return plan;
  }

  const bool rsa = EVP_PKEY_get_base_id(public_key) != EVP_PKEY_EC;
  const PssTerms terms = pss_terms(public_key);
  const Curve* const curve = rsa ? nullptr : curve_of(public_key);
  if (!rsa && curve == nullptr) throw Error(Errc::unsupported, "the key's curve cannot be used", who);
  const Digest by_strength = rsa ? digest_for_rsa(EVP_PKEY_get_bits(public_key)) : curve->digest;
  const Digest digest = terms.digest ? *terms.digest : policy.digest.value_or(by_strength);
  plan.hash = &hash_of(digest);
  choices.push_back({"digest", std::string(plan.hash->word),
                     std::string(terms.digest    ? "asked for by the certificate's own parameters; "
                                 : policy.digest ? "asked for; "
                                                 : "by the strength of the key (" + key.info().algorithm + "); ") +
                         who});
  if (!rsa) {
    plan.signature_identifier = ecdsa_identifier(*plan.hash);
    choices.push_back({"signature", "ecdsa", "the kind of key; " + who});
    return plan;
  }
  const bool pss_only = EVP_PKEY_get_base_id(public_key) == EVP_PKEY_RSA_PSS;
  plan.pss = pss_only || policy.rsa_signature == RsaSignature::pss;
  plan.salt = std::max(plan.hash->size, terms.min_salt);
  plan.signature_identifier = plan.pss ? pss_identifier(*plan.hash, plan.salt) : rsa_identifier();
  choices.push_back({"rsa-signature", plan.pss ? "pss" : "pkcs1",
                     std::string(pss_only               ? "the certificate's key is for RSASSA-PSS alone; "
                                 : chosen.rsa_signature ? "asked for; "
                                                        : "the profile's choice; ") +
                         who});
  return plan;
}

std::string make_signer_info(const SignerPlan& plan, const SignerInfoInput& input, const Provider& provider) {
  // What is signed is the SET OF; what stands in the message is the same octets as [0] IMPLICIT (RFC 5652,
  // section 5.4).
  std::string attributes = der_set_of(attributes_of(plan, input));
  const std::string signature = sign_octets(plan, attributes, provider);
  attributes.front() = static_cast<char>(tag::constructed(0));
  return der_sequence({der_integer(1), issuer_and_serial(plan.key->certificate()), digest_identifier(*plan.hash),
                       attributes, plan.signature_identifier, der_octet_string(signature)});
}

}  // namespace mimeseal::smime
