// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "mimeseal/aws/context.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/core/source.h"

namespace mimeseal::aws {

/// Where a stored message lies. What is left empty comes from the environment and the profile.
struct S3Settings {
  std::string region;  ///< of the bucket; the KMS key's region is the one in its ARN
  /// Of S3, addressed by path, and of KMS; empty: AWS_ENDPOINT_URL_S3 and _KMS, AWS_ENDPOINT_URL, the profile's.
  /// AWS_ENDPOINT_URL_KMS comes before it.
  std::string endpoint;
  bool fips = false;
  bool allow_cbc = false;             ///< AES-CBC proves nothing about who wrote what was decrypted
  std::uint64_t limit = 1ULL << 30U;  ///< of the object; SES stores at most 40 MB
};

/// A message that SES stored in S3, decrypted.
struct StoredMessage {
  InputPtr content;            ///< released only when its tag was right
  bool encrypted = false;      ///< false: it lay there in plaintext
  bool authenticated = false;  ///< by the cipher's tag
  std::string cipher;          ///< "AES/GCM/NoPadding", "AES/CBC/PKCS5Padding", or "AES/GCM/HKDF-SHA512-COMMIT-KEY"
  std::string wrapping;        ///< "kms", "kms+context", or "AES/ECB" (a V1 object's master key)
  std::map<std::string, std::string> description;  ///< the material description: aws:ses:message-id and so on
};

/// Fetches s3://BUCKET/KEY and decrypts it: metadata from the object or its instruction file, the data key from KMS
/// under the whole material description. Everything waits in spools until the tag is right. Error(no_input) for an
/// object that is not there, refused, unavailable, malformed (changed, or not what its metadata says), unsupported (CBC
/// without allow_cbc; a key that is not wrapped by KMS), limit.
[[nodiscard]] MIMESEAL_API StoredMessage fetch_message(std::string_view s3_url, const S3Settings& settings,
                                                       const Context& context);

/// The same without a network: the object's metadata as a JSON object of strings (names with or without "x-amz-meta-";
/// an S3 HeadObject answer's "Metadata" too), the plaintext data key, and the object's octets. For a V1 object
/// ("x-amz-key") the key given is the AES master key that wraps the data key.
[[nodiscard]] MIMESEAL_API StoredMessage decrypt_stored(const InputPtr& metadata_json, const SecretBytes& data_key,
                                                        const InputPtr& object, bool allow_cbc = false);

/// A data key from a file: the octets themselves (16, 24 or 32), or base64 or hexadecimal text. Error(no_input),
/// Error(malformed).
[[nodiscard]] MIMESEAL_API SecretBytes read_data_key(const std::string& path);

}  // namespace mimeseal::aws
