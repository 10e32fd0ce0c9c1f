// SPDX-License-Identifier: MIT
#include "smime/algorithms.h"

#include <algorithm>
#include <array>

#include "smime/der.h"

namespace mimeseal::smime {
namespace {

constexpr Hash kSha256{"SHA2-256", "sha256", NID_sha256, 32};
constexpr Hash kSha384{"SHA2-384", "sha384", NID_sha384, 48};
constexpr Hash kSha512{"SHA2-512", "sha512", NID_sha512, 64};
constexpr Hash kShake256{"SHAKE-256", "shake256", NID_shake256, 64, true};

constexpr std::array<Curve, 6> kCurves{{
    {NID_X9_62_prime256v1, true, Digest::sha256, NID_dhSinglePass_stdDH_sha256kdf_scheme},
    {NID_secp384r1, true, Digest::sha384, NID_dhSinglePass_stdDH_sha384kdf_scheme},
    {NID_secp521r1, true, Digest::sha512, NID_dhSinglePass_stdDH_sha512kdf_scheme},
    {NID_brainpoolP256r1, false, Digest::sha256, NID_dhSinglePass_stdDH_sha256kdf_scheme},
    {NID_brainpoolP384r1, false, Digest::sha384, NID_dhSinglePass_stdDH_sha384kdf_scheme},
    {NID_brainpoolP512r1, false, Digest::sha512, NID_dhSinglePass_stdDH_sha512kdf_scheme},
}};

constexpr std::array<ContentCipher, 6> kCiphers{{
    {Cipher::aes_128_gcm, "AES-128-GCM", NID_aes_128_gcm, 16, true, "AES-128-WRAP", NID_id_aes128_wrap},
    {Cipher::aes_192_gcm, "AES-192-GCM", NID_aes_192_gcm, 24, true, "AES-192-WRAP", NID_id_aes192_wrap},
    {Cipher::aes_256_gcm, "AES-256-GCM", NID_aes_256_gcm, 32, true, "AES-256-WRAP", NID_id_aes256_wrap},
    {Cipher::aes_128_cbc, "AES-128-CBC", NID_aes_128_cbc, 16, false, "AES-128-WRAP", NID_id_aes128_wrap},
    {Cipher::aes_192_cbc, "AES-192-CBC", NID_aes_192_cbc, 24, false, "AES-192-WRAP", NID_id_aes192_wrap},
    {Cipher::aes_256_cbc, "AES-256-CBC", NID_aes_256_cbc, 32, false, "AES-256-WRAP", NID_id_aes256_wrap},
}};

// id-alg of RFC 8418, section 7, and RFC 3274, section 2.
constexpr const char* kHkdfSha256Scheme = "1.2.840.113549.1.9.16.3.19";
constexpr const char* kHkdfSha512Scheme = "1.2.840.113549.1.9.16.3.21";
constexpr const char* kShake256Len = "2.16.840.1.101.3.4.2.18";

/// A hash inside of PSS and OAEP parameters: with NULL, as RFC 4055, section 2.1, writes it.
std::string inner_hash(const Hash& hash) {
  return der_sequence({der_oid(hash.nid), der_null()});
}

std::string mgf1(const Hash& hash) {
  return der_sequence({der_oid(NID_mgf1), inner_hash(hash)});
}

std::string agreement_capability(const std::string& scheme, int wrap) {
  return der_sequence({scheme, plain_identifier(wrap)});
}

std::string make_capabilities() {
  std::string list;
  // Content ciphers.
  for (const int nid :
       {NID_aes_256_gcm, NID_aes_128_gcm, NID_aes_192_gcm, NID_aes_256_cbc, NID_aes_192_cbc, NID_aes_128_cbc}) {
    list += plain_identifier(nid);
  }
  // Key transport and agreement.
  list += oaep_identifier(false) + plain_identifier(NID_rsaEncryption);
  list += agreement_capability(der_oid(NID_dhSinglePass_stdDH_sha256kdf_scheme), NID_id_aes128_wrap);
  list += agreement_capability(der_oid(NID_dhSinglePass_stdDH_sha256kdf_scheme), NID_id_aes256_wrap);
  list += agreement_capability(der_oid(NID_dhSinglePass_stdDH_sha384kdf_scheme), NID_id_aes256_wrap);
  list += agreement_capability(der_oid(NID_dhSinglePass_stdDH_sha512kdf_scheme), NID_id_aes256_wrap);
  list += agreement_capability(der_oid(kHkdfSha256Scheme), NID_id_aes128_wrap);
  list += agreement_capability(der_oid(kHkdfSha256Scheme), NID_id_aes256_wrap);
  list += agreement_capability(der_oid(kHkdfSha512Scheme), NID_id_aes256_wrap);
  // Signatures; sha…WithRSAEncryption keeps its NULL here (RFC 5754, section 3.2).
  for (const int nid : {NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption}) {
    list += der_sequence({der_oid(nid), der_null()});
  }
  for (const Hash& hash : {kSha256, kSha384, kSha512})
    list += pss_identifier(hash, hash.size);
  for (const int nid : {NID_ecdsa_with_SHA256, NID_ecdsa_with_SHA384, NID_ecdsa_with_SHA512, NID_ED25519, NID_ED448}) {
    list += plain_identifier(nid);
  }
  // Compression (RFC 3274).
  list += plain_identifier(NID_zlib_compression);
  return der(tag::kSequence, list);
}

}  // namespace

const Hash& hash_of(Digest digest) noexcept {
  switch (digest) {
    case Digest::sha256:
      break;
    case Digest::sha384:
      return kSha384;
    case Digest::sha512:
      return kSha512;
  }
  return kSha256;
}

const Hash& shake256() noexcept {
  return kShake256;
}

std::string digest_identifier(const Hash& hash) {
  if (hash.extendable) return der_sequence({der_oid(kShake256Len), der_integer(8 * hash.size)});
  return plain_identifier(hash.nid);
}

const Curve* curve_of(EVP_PKEY* key) {
  std::array<char, 80> group{};
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  const int nid = OBJ_txt2nid(group.data());
  const auto* const found =
      std::find_if(kCurves.begin(), kCurves.end(), [nid](const Curve& curve) { return curve.nid == nid; });
  return found == kCurves.end() ? nullptr : found;
}

const ContentCipher& content_cipher_of(Cipher cipher) noexcept {
  for (const auto& candidate : kCiphers) {
    if (candidate.cipher == cipher) return candidate;
  }
  return kCiphers[2];
}

const ContentCipher* content_cipher_of_nid(int nid) noexcept {
  for (const auto& candidate : kCiphers) {
    if (candidate.nid == nid) return &candidate;
  }
  return nullptr;
}

std::string plain_identifier(int nid) {
  return der_sequence({der_oid(nid)});
}

std::string rsa_identifier() {
  return der_sequence({der_oid(NID_rsaEncryption), der_null()});
}

std::string pss_identifier(const Hash& hash, std::size_t salt) {
  return der_sequence({der_oid(NID_rsassaPss),
                       der_sequence({der(tag::constructed(0), inner_hash(hash)), der(tag::constructed(1), mgf1(hash)),
                                     der(tag::constructed(2), der_integer(salt))})});
}

std::string oaep_identifier(bool sha1) {
  if (sha1) return der_sequence({der_oid(NID_rsaesOaep), der_sequence({})});
  return der_sequence({der_oid(NID_rsaesOaep), der_sequence({der(tag::constructed(0), inner_hash(kSha256)),
                                                             der(tag::constructed(1), mgf1(kSha256))})});
}

std::string ecdsa_identifier(const Hash& hash) {
  int nid = NID_undef;
  check(OBJ_find_sigid_by_algs(&nid, hash.nid, NID_X9_62_id_ecPublicKey) == 1, "naming an ECDSA algorithm");
  return plain_identifier(nid);
}

const std::string& own_capabilities() {
  static const std::string capabilities = make_capabilities();
  return capabilities;
}

}  // namespace mimeseal::smime
