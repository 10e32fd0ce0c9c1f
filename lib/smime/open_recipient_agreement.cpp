// SPDX-License-Identifier: MIT
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <utility>

#include "smime/der.h"
#include "smime/load.h"
#include "smime/open_recipient.h"

namespace mimeseal::smime {
namespace {

/// A key agreement scheme: how the key-encryption key comes from the shared secret.
struct Scheme {
  const char* oid;
  const char* digest;
  bool hkdf;  ///< RFC 8418, section 2.2; else ANSI X9.63 (RFC 5753, section 7.1.8)
};

/// The curves' cofactor is 1 (RFC 5753, section 8): standard and cofactor ECDH are the same.
constexpr std::array<Scheme, 13> kSchemes{{
    {"1.3.133.16.840.63.0.2", "SHA1", false},
    {"1.3.132.1.11.0", "SHA224", false},
    {"1.3.132.1.11.1", "SHA256", false},
    {"1.3.132.1.11.2", "SHA384", false},
    {"1.3.132.1.11.3", "SHA512", false},
    {"1.3.133.16.840.63.0.3", "SHA1", false},
    {"1.3.132.1.14.0", "SHA224", false},
    {"1.3.132.1.14.1", "SHA256", false},
    {"1.3.132.1.14.2", "SHA384", false},
    {"1.3.132.1.14.3", "SHA512", false},
    {"1.2.840.113549.1.9.16.3.19", "SHA256", true},
    {"1.2.840.113549.1.9.16.3.20", "SHA384", true},
    {"1.2.840.113549.1.9.16.3.21", "SHA512", true},
}};

struct Wrap {
  int nid;
  const char* openssl_name;
  std::size_t key_length;
  bool legacy;
};

constexpr std::array<Wrap, 4> kWraps{{
    {NID_id_aes128_wrap, "AES-128-WRAP", 16, false},
    {NID_id_aes192_wrap, "AES-192-WRAP", 24, false},
    {NID_id_aes256_wrap, "AES-256-WRAP", 32, false},
    {NID_id_smime_alg_CMS3DESwrap, "DES3-WRAP", 24, true},
}};

/// Whether the sender's key says that it is of our key's kind (RFC 5753, section 3.1.1; RFC 8418, section 3.1). The
/// parameters may be absent, or name the curve.
bool same_kind(const X509_ALGOR* originator, EVP_PKEY* own) {
  const int nid = asn1::nid_of(originator);
  const int type = EVP_PKEY_get_base_id(own);
  if (type != EVP_PKEY_EC) return nid == type && originator->parameter == nullptr;
  if (nid != NID_X9_62_id_ecPublicKey) return false;
  if (asn1::no_parameters(originator)) return true;
  std::array<char, 80> group{};
  return originator->parameter->type == V_ASN1_OBJECT &&
         EVP_PKEY_get_group_name(own, group.data(), group.size(), nullptr) == 1 &&
         OBJ_txt2nid(group.data()) == OBJ_obj2nid(originator->parameter->value.object);
}

/// The sender's ephemeral key on our key's curve; null when it is on no such curve. OpenSSL checks the point.
EvpPkeyPtr peer_key(const asn1::OriginatorPublicKey& originator, EVP_PKEY* own) {
  if (!same_kind(originator.algorithm, own)) return nullptr;
  const std::string_view point = octets_of(originator.public_key);
  if (const int type = EVP_PKEY_get_base_id(own); type != EVP_PKEY_EC) {
    return EvpPkeyPtr(EVP_PKEY_new_raw_public_key(type, nullptr, bytes(point), point.size()));
  }
  if (point.size() < 2) return nullptr;  // the point at infinity, with which nothing can be agreed
  EvpPkeyPtr peer(check(EVP_PKEY_new(), "a key"));
  const bool made = EVP_PKEY_copy_parameters(peer.get(), own) == 1 &&
                    EVP_PKEY_set1_encoded_public_key(peer.get(), bytes(point), point.size()) == 1;
  if (!made) peer.reset();
  return peer;
}

/// The ECDH primitive; empty when the peer's key does not fit (a point that is not on the curve, or of small order), or
/// when it does and the device of our key does not derive: then `refused`.
SecretBytes shared_secret(EVP_PKEY* own, EVP_PKEY* peer, bool& refused) {
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new(own, nullptr));
  std::size_t length = 0;
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &length) != 1) {
    return {};
  }
  std::string secret(length, '\0');
  SecretBytes result;
  refused = EVP_PKEY_derive(context.get(), bytes(secret), &length) != 1;
  if (!refused) result = SecretBytes(std::string_view(secret).substr(0, length));
  cleanse(secret);
  return result;
}

/// ECC-CMS-SharedInfo (RFC 5753, section 7.2). keyInfo stands as the sender wrote it.
std::string shared_info(std::string_view key_info, const ASN1_OCTET_STRING* ukm, std::size_t key_length) {
  const auto bits = static_cast<std::uint32_t>(key_length * 8);
  std::string length;
  for (unsigned shift = 32; shift > 0;)
    length += static_cast<char>((bits >> (shift -= 8U)) & 0xFFU);
  const std::string user = ukm == nullptr ? std::string() : der(tag::constructed(0), der_octet_string(octets_of(ukm)));
  return der_sequence({key_info, user, der(tag::constructed(2), der_octet_string(length))});
}

SecretBytes derive(const Scheme& scheme, const SecretBytes& secret, std::string info, std::size_t key_length) {
  const EvpKdfPtr kdf(check(EVP_KDF_fetch(nullptr, scheme.hkdf ? "HKDF" : "X963KDF", nullptr), "a KDF"));
  const EvpKdfCtxPtr context(check(EVP_KDF_CTX_new(kdf.get()), "a KDF"));
  std::string digest(scheme.digest);
  std::string input(secret.view());
  const std::array<OSSL_PARAM, 4> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, input.data(), input.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  std::string key(key_length, '\0');
  const bool derived = EVP_KDF_derive(context.get(), bytes(key), key.size(), parameters.data()) == 1;
  cleanse(input);
  check(derived, "deriving a key");
  SecretBytes result{key};
  cleanse(key);
  return result;
}

/// RFC 3394; empty when the wrapped key is not intact.
SecretBytes unwrap(const Wrap& wrap, const SecretBytes& key, std::string_view wrapped) {
  const EvpCipherPtr cipher(check(EVP_CIPHER_fetch(nullptr, wrap.openssl_name, nullptr), "a key wrap"));
  const EvpCipherCtxPtr context(check(EVP_CIPHER_CTX_new(), "a key wrap"));
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  constexpr std::size_t kMaxWrapped = 128;
  if (wrapped.empty() || wrapped.size() > kMaxWrapped) return {};
  std::string plain(wrapped.size() + EVP_MAX_BLOCK_LENGTH, '\0');
  int length = 0;
  SecretBytes result;
  if (EVP_DecryptInit_ex(context.get(), cipher.get(), nullptr, bytes(key.view()), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes(plain), &length, bytes(wrapped), static_cast<int>(wrapped.size())) == 1 &&
      length > 0) {
    result = SecretBytes(std::string_view(plain).substr(0, static_cast<std::size_t>(length)));
  }
  cleanse(plain);
  return result;
}

const Scheme* find_scheme(const X509_ALGOR* algorithm) {
  const std::string oid = asn1::oid_of(asn1::object_of(algorithm));
  for (const Scheme& scheme : kSchemes) {
    if (oid == scheme.oid) return &scheme;
  }
  return nullptr;
}

const Wrap* find_wrap(const X509_ALGOR* algorithm) {
  for (const Wrap& wrap : kWraps) {
    if (wrap.nid == asn1::nid_of(algorithm)) return &wrap;
  }
  return nullptr;
}

ContentKey agree(const OwnRecipient& recipient, const Scheme& scheme, const Wrap& wrap, std::string_view key_info,
                 std::size_t key_length) {
  const asn1::KeyAgreeRecipientInfo& info = *recipient.agreement;
  ContentKey result{.damaged = true};
  // By the certificate: a key on a token does not give its parameters.
  const EvpPkeyPtr peer = peer_key(*info.originator->d.originator_key, recipient.identity->public_key());
  if (!peer) return result;
  bool refused = false;
  const SecretBytes secret = shared_secret(recipient.identity->secret(), peer.get(), refused);
  // A point of our curve was given: nothing in the message can be at fault.
  if (refused && recipient.identity->on_token())
    return {.refused = refusal_of(*recipient.identity, token_refusal(true))};
  if (secret.empty()) return result;
  const SecretBytes wrapping =
      derive(scheme, secret, shared_info(key_info, info.ukm, wrap.key_length), wrap.key_length);
  const asn1::RecipientEncryptedKey* const encrypted =
      asn1::sk_RecipientEncryptedKey_value(info.recipient_encrypted_keys, recipient.encrypted_key);
  result.key = unwrap(wrap, wrapping, octets_of(encrypted->encrypted_key));
  result.damaged = result.key.size() != key_length;
  return result;
}

}  // namespace

ContentKey agreed_key(const OwnRecipient& recipient, std::size_t key_length, bool allow_legacy) {
  const asn1::KeyAgreeRecipientInfo& info = *recipient.agreement;
  const X509_ALGOR* const algorithm = info.key_encryption_algorithm;
  const Scheme* const scheme = find_scheme(algorithm);
  if (scheme == nullptr) {
    return {.unsupported = "the key agreement " + asn1::oid_name(asn1::object_of(algorithm)) + " is not known here"};
  }
  if (info.originator->type != asn1::kOriginatorKey) {
    return {.unsupported = "key agreement with the sender's static key is not known here"};
  }
  const int type = EVP_PKEY_get_base_id(recipient.identity->secret());
  if (type != EVP_PKEY_EC && type != EVP_PKEY_X25519 && type != EVP_PKEY_X448) {
    return {.unsupported = "the key cannot be used for this key agreement"};
  }
  const auto wrap_algorithm = asn1::decode_parameters<X509AlgorPtr>(algorithm, ASN1_ITEM_rptr(X509_ALGOR));
  const Wrap* const wrap = wrap_algorithm ? find_wrap(wrap_algorithm.get()) : nullptr;
  if (wrap == nullptr) return {.unsupported = "the key wrap is not known here"};
  if (wrap->legacy && !allow_legacy) {
    return {.unsupported = "the key wrap by Triple DES is weak, and legacy ciphers are not allowed"};
  }
  ContentKey result = agree(recipient, *scheme, *wrap, octets_of(algorithm->parameter->value.sequence), key_length);
  ERR_clear_error();
  return result;
}

}  // namespace mimeseal::smime
