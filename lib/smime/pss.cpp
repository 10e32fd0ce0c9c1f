// SPDX-License-Identifier: MIT
// Keys for RSASSA-PSS alone, whose parameters bind every signature made with them (RFC 4055, section 3.1). OpenSSL
// gives them out as they differ from the defaults, which are SHA-1, MGF1 with SHA-1 and 20 octets.
#include <openssl/core_names.h>

#include <array>

#include "smime/signer.h"

namespace mimeseal::smime {
namespace {

/// SHA-1 where the key's parameters leave it at that.
int digest_nid(EVP_PKEY* key, const char* parameter) {
  std::array<char, 32> name{};
  const bool given = EVP_PKEY_get_utf8_string_param(key, parameter, name.data(), name.size(), nullptr) == 1;
  ERR_clear_error();
  if (!given) return NID_sha1;
  const EvpMdPtr digest(EVP_MD_fetch(nullptr, name.data(), nullptr));
  ERR_clear_error();
  return digest ? EVP_MD_get_type(digest.get()) : NID_undef;
}

}  // namespace

PssTerms pss_terms(EVP_PKEY* key) {
  PssTerms terms;
  int salt = 0;
  const bool restricted = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS &&
                          EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, &salt) == 1;
  ERR_clear_error();
  if (!restricted) return terms;
  const int hash = digest_nid(key, OSSL_PKEY_PARAM_RSA_DIGEST);
  for (const Digest digest : {Digest::sha256, Digest::sha384, Digest::sha512}) {
    if (hash_of(digest).nid == hash) terms.digest = digest;
  }
  if (!terms.digest) {
    terms.obstacle = "its RSASSA-PSS parameters ask for a digest that is not written";
  } else if (digest_nid(key, OSSL_PKEY_PARAM_RSA_MGF1_DIGEST) != hash) {
    terms.obstacle = "its RSASSA-PSS parameters ask for another digest in the mask than over the message";
  }
  terms.min_salt = static_cast<std::size_t>(salt);
  return terms;
}

}  // namespace mimeseal::smime
