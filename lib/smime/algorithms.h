// SPDX-License-Identifier: MIT
#pragma once

/// The algorithms that are written, and how CMS names them: AlgorithmIdentifiers in DER.

#include <cstddef>
#include <string>
#include <string_view>

#include "mimeseal/crypto/policy.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// A message digest: SHA-2, or SHAKE256 with 512 bits for Ed448 (RFC 8419, section 2.3).
struct Hash {
  const char* name;       ///< OpenSSL's
  std::string_view word;  ///< ours: "sha256"
  int nid;
  std::size_t size;
  bool extendable = false;  ///< an XOF, whose size has to be said
};

[[nodiscard]] const Hash& hash_of(Digest digest) noexcept;
[[nodiscard]] const Hash& shake256() noexcept;
/// As digestAlgorithm of a signer: SHA-2 without parameters (RFC 5754, section 2).
[[nodiscard]] std::string digest_identifier(const Hash& hash);

/// An elliptic curve that is signed with and agreed on.
struct Curve {
  int nid;
  bool nist;
  Digest digest;  ///< matched to its strength; also of the key derivation (RFC 5753, section 8)
  int agreement;  ///< dhSinglePass-stdDH-sha…kdf-scheme
};

/// Null for curves that are not used (and for explicit parameters).
[[nodiscard]] const Curve* curve_of(EVP_PKEY* key);

/// A content cipher.
struct ContentCipher {
  Cipher cipher;
  const char* name;  ///< OpenSSL's
  int nid;
  std::size_t key_size;
  bool authenticated;  ///< GCM: AuthEnvelopedData
  const char* wrap;    ///< the AES key wrap of the same strength (RFC 8551, section 2.3), OpenSSL's name
  int wrap_nid;
};

[[nodiscard]] const ContentCipher& content_cipher_of(Cipher cipher) noexcept;
/// The cipher of a CMS object identifier; nothing when it is not one of ours.
[[nodiscard]] const ContentCipher* content_cipher_of_nid(int nid) noexcept;

/// RSASSA-PSS with MGF1 of the same hash (RFC 4056).
[[nodiscard]] std::string pss_identifier(const Hash& hash, std::size_t salt);
/// RSAES-OAEP with MGF1 of the same hash and no label (RFC 4055); SHA-1 is all defaults.
[[nodiscard]] std::string oaep_identifier(bool sha1);
[[nodiscard]] std::string rsa_identifier();
[[nodiscard]] std::string ecdsa_identifier(const Hash& hash);
/// An algorithm without parameters.
[[nodiscard]] std::string plain_identifier(int nid);

/// SMIMECapabilities (RFC 8551, section 2.5.2): what mimeseal really reads, GCM first.
[[nodiscard]] const std::string& own_capabilities();

}  // namespace mimeseal::smime
