// SPDX-License-Identifier: MIT
// Ephemeral-static key agreement: ECDH on NIST and Brainpool curves (RFC 5753, section 3.1) and on curve25519 and
// curve448 (RFC 8418), which OpenSSL 3.0's CMS does not have.
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>

#include "smime/der.h"
#include "smime/recipient.h"
#include "smime/signer.h"

namespace mimeseal::smime {
namespace {

// smime-alg 19 and 21 (RFC 8418, section 7).
constexpr const char* kHkdfSha256Scheme = "1.2.840.113549.1.9.16.3.19";
constexpr const char* kHkdfSha512Scheme = "1.2.840.113549.1.9.16.3.21";

/// What a kind of key fixes about the agreement.
struct Agreement {
  std::string scheme;                ///< OBJECT IDENTIFIER
  std::string originator_algorithm;  ///< AlgorithmIdentifier of the ephemeral key
  const char* kdf;
  const Hash* hash;
  std::string name;  ///< for the report
};

Agreement agreement_of(EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_X25519) {
    return {der_oid(kHkdfSha256Scheme), plain_identifier(kind), "HKDF", &hash_of(Digest::sha256), "x25519-hkdf-sha256"};
  }
  if (kind == EVP_PKEY_X448) {
    return {der_oid(kHkdfSha512Scheme), plain_identifier(kind), "HKDF", &hash_of(Digest::sha512), "x448-hkdf-sha512"};
  }
  const Curve* const curve = kind == EVP_PKEY_EC ? curve_of(key) : nullptr;
  if (curve == nullptr) throw Error(Errc::unsupported, "keys of this kind cannot be agreed with", algorithm_of(key));
  const Hash& hash = hash_of(curve->digest);
  // The ephemeral key's parameters stay absent: they are the recipient's (RFC 5753, section 7.1.2).
  return {der_oid(curve->agreement), plain_identifier(NID_X9_62_id_ecPublicKey), "X963KDF", &hash,
          "ecdh-" + std::string(hash.word) + "kdf"};
}

EvpPkeyPtr make_ephemeral(EVP_PKEY* peer, const Provider& provider) {
  const EvpPkeyCtxPtr context = provider.key_context(peer);  // the same curve
  EVP_PKEY* key = nullptr;
  const bool ok = EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_generate(context.get(), &key) == 1;
  EvpPkeyPtr ephemeral(key);
  if (!ok) throw openssl_error(Errc::unsupported, "making an ephemeral key failed", algorithm_of(peer));
  return ephemeral;
}

/// The public key's octets: an uncompressed point, or the raw octets of curve25519 and curve448.
std::string public_octets(EVP_PKEY* key) {
  unsigned char* memory = nullptr;
  const std::size_t length = EVP_PKEY_get1_encoded_public_key(key, &memory);
  const MemoryPtr owner(memory);
  check(length != 0, "encoding an ephemeral key");
  return {reinterpret_cast<const char*>(memory), length};
}

/// The shared secret. OpenSSL refuses the all-zero value of curve25519 and curve448 (RFC 8418, section 2, asks for
/// that).
void derive(EVP_PKEY* ephemeral, EVP_PKEY* peer, const Provider& provider, std::vector<unsigned char>& secret) {
  const EvpPkeyCtxPtr context = provider.key_context(ephemeral);
  std::size_t length = 0;
  const bool ok = EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), peer) == 1 &&
                  EVP_PKEY_derive(context.get(), nullptr, &length) == 1 &&
                  (secret.resize(length), EVP_PKEY_derive(context.get(), secret.data(), &length)) == 1;
  if (!ok) throw openssl_error(Errc::unsupported, "the key agreement failed", algorithm_of(peer));
  secret.resize(length);
}

/// ECC-CMS-SharedInfo (RFC 5753, section 7.2), without user keying material.
std::string shared_info(const std::string& wrap_identifier, std::size_t key_size) {
  const auto bits = static_cast<std::uint32_t>(8 * key_size);
  const std::array<char, 4> big_endian{static_cast<char>(bits >> 24U), static_cast<char>(bits >> 16U),
                                       static_cast<char>(bits >> 8U), static_cast<char>(bits)};
  const std::string_view length(big_endian.data(), big_endian.size());
  return der_sequence({wrap_identifier, der(tag::constructed(2), der_octet_string(length))});
}

void derive_wrapping_key(const Agreement& agreement, std::vector<unsigned char>& secret, std::string info,
                         const Provider& provider, SecretKey& wrapping_key) {
  const EvpKdfPtr kdf = provider.kdf(agreement.kdf);
  const EvpKdfCtxPtr context(check(EVP_KDF_CTX_new(kdf.get()), "making a key derivation"));
  std::string hash = agreement.hash->name;
  const std::array<OSSL_PARAM, 4> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  check(EVP_KDF_derive(context.get(), wrapping_key.data(), wrapping_key.size(), parameters.data()) == 1,
        "deriving the wrapping key");
}

std::string wrap(const SecretKey& wrapping_key, const SecretKey& content_key, const ContentCipher& cipher,
                 const Provider& provider) {
  const EvpCipherPtr algorithm = provider.cipher(cipher.wrap);
  const EvpCipherCtxPtr context(check(EVP_CIPHER_CTX_new(), "making a cipher context"));
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  std::string wrapped(content_key.size() + 16, '\0');
  int length = 0;
  int rest = 0;
  const bool ok = EVP_EncryptInit_ex2(context.get(), algorithm.get(), wrapping_key.data(), nullptr, nullptr) == 1 &&
                  EVP_EncryptUpdate(context.get(), bytes(wrapped), &length, content_key.data(),
                                    static_cast<int>(content_key.size())) == 1 &&
                  EVP_EncryptFinal_ex(context.get(), bytes(wrapped) + length, &rest) == 1;
  check(ok, "wrapping the content key");
  wrapped.resize(static_cast<std::size_t>(length) + static_cast<std::size_t>(rest));
  return wrapped;
}

}  // namespace

std::string make_agreement_info(const SmimeKey& recipient, const SecretKey& content_key, const ContentCipher& cipher,
                                const Provider& provider, std::vector<Choice>& choices) {
  EVP_PKEY* const peer = recipient.public_key();
  const Agreement agreement = agreement_of(peer);
  const EvpPkeyPtr ephemeral = make_ephemeral(peer, provider);
  const std::string wrap_identifier = plain_identifier(cipher.wrap_nid);

  SecretKey wrapping_key(cipher.key_size);
  struct Secret {
    std::vector<unsigned char> octets;
    ~Secret() { OPENSSL_cleanse(octets.data(), octets.size()); }
  } secret;
  derive(ephemeral.get(), peer, provider, secret.octets);
  derive_wrapping_key(agreement, secret.octets, shared_info(wrap_identifier, cipher.key_size), provider, wrapping_key);
  const std::string wrapped = wrap(wrapping_key, content_key, cipher, provider);

  choices.push_back({"key-agreement", agreement.name,
                     "the kind of key (" + recipient.info().algorithm + "); " + recipient.info().name});
  const std::string originator_key =
      der(tag::constructed(1), {agreement.originator_algorithm, der_bit_string(public_octets(ephemeral.get()))});
  const std::string encrypted_key =
      der_sequence({issuer_and_serial(recipient.certificate()), der_octet_string(wrapped)});
  return der(tag::constructed(1), {der_integer(3), der(tag::constructed(0), originator_key),
                                   der_sequence({agreement.scheme, wrap_identifier}), der_sequence({encrypted_key})});
}

}  // namespace mimeseal::smime
