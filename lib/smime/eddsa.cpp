// SPDX-License-Identifier: MIT
// EdDSA in CMS (RFC 8419): PureEdDSA over the signed attributes, algorithm identifiers without parameters.
#include "smime/signer.h"

namespace mimeseal::smime {

bool is_eddsa(EVP_PKEY* key) noexcept {
  const int kind = EVP_PKEY_get_base_id(key);
  return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448;
}

const Hash& eddsa_hash(EVP_PKEY* key) noexcept {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448 ? shake256() : hash_of(Digest::sha512);
}

std::string eddsa_identifier(EVP_PKEY* key) {
  return plain_identifier(EVP_PKEY_get_base_id(key));
}

std::string eddsa_sign(EVP_PKEY* key, std::string_view octets, const Provider& provider) {
  const EvpMdCtxPtr context(check(EVP_MD_CTX_new(), "making a digest context"));
  std::size_t length = 0;
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  length = signature.size();
  if (EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, provider.properties(), key, nullptr) != 1 ||
      EVP_DigestSign(context.get(), bytes(signature), &length, bytes(octets), octets.size()) != 1) {
    throw openssl_error(Errc::unsupported, "signing with " + algorithm_of(key) + " failed");
  }
  signature.resize(length);
  return signature;
}

}  // namespace mimeseal::smime
