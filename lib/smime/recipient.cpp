// SPDX-License-Identifier: MIT
#include "smime/recipient.h"

#include <openssl/rsa.h>

#include "smime/der.h"
#include "smime/signer.h"

namespace mimeseal::smime {
namespace {

std::string transport_why(const SmimePolicy& chosen) {
  if (!chosen.key_transport) return "the profile's choice";
  return chosen.profile == Profile::fips && chosen.key_transport == KeyTransport::pkcs1
             ? "asked for, though not an approved algorithm"
             : "asked for";
}

std::string encrypt_to_rsa(const SmimeKey& recipient, const SecretKey& content_key, bool oaep, bool sha1,
                           const Provider& provider) {
  const EvpPkeyCtxPtr context = provider.key_context(recipient.public_key());
  bool ok = EVP_PKEY_encrypt_init(context.get()) == 1;
  if (oaep) {
    const char* const hash = sha1 ? "SHA1" : hash_of(Digest::sha256).name;
    ok = ok && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), hash, provider.properties()) > 0 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), hash, provider.properties()) > 0;
  } else {
    ok = ok && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) > 0;
  }
  std::string encrypted(static_cast<std::size_t>(EVP_PKEY_get_size(recipient.public_key())), '\0');
  std::size_t length = encrypted.size();
  ok = ok && EVP_PKEY_encrypt(context.get(), bytes(encrypted), &length, content_key.data(), content_key.size()) == 1;
  if (!ok) throw openssl_error(Errc::unsupported, "encrypting the content key failed", recipient.info().name);
  encrypted.resize(length);
  return encrypted;
}

}  // namespace

std::string transport_obstacle(EVP_PKEY* key, const SmimePolicy& chosen) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA || chosen.profile != Profile::fips) return {};
  // SP 800-56A approves ECDH on NIST's curves alone.
  if (kind == EVP_PKEY_EC && curve_of(key) != nullptr && curve_of(key)->nist) return {};
  return algorithm_of(key) + " is not an approved algorithm under the fips profile";
}

std::string make_recipient_info(const SmimeKey& recipient, const SecretKey& content_key, const ContentCipher& cipher,
                                const SmimePolicy& chosen, const Provider& provider, std::vector<Choice>& choices) {
  if (EVP_PKEY_get_base_id(recipient.public_key()) != EVP_PKEY_RSA) {
    return make_agreement_info(recipient, content_key, cipher, provider, choices);
  }
  const bool oaep = resolve(chosen).key_transport == KeyTransport::oaep;
  const std::string identifier = oaep ? oaep_identifier(chosen.oaep_sha1) : rsa_identifier();
  const std::string encrypted = encrypt_to_rsa(recipient, content_key, oaep, chosen.oaep_sha1, provider);
  choices.push_back({"key-transport",
                     !oaep              ? "pkcs1"
                     : chosen.oaep_sha1 ? "oaep-sha1"
                                        : "oaep-sha256",
                     transport_why(chosen) + "; " + recipient.info().name});
  // Version 0: the recipient is named by issuer and serial (RFC 5652, section 6.2.1).
  return der_sequence(
      {der_integer(0), issuer_and_serial(recipient.certificate()), identifier, der_octet_string(encrypted)});
}

}  // namespace mimeseal::smime
