// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/core/secret.h"
#include "mimeseal/core/source.h"

// What Amazon's S3 encryption client writes beside an object, in its three formats.
namespace mimeseal::aws {

/// User metadata of an object or instruction file: lower-case names without "x-amz-meta-".
using Metadata = std::map<std::string, std::string, std::less<>>;

/// From the header fields of an S3 answer.
Metadata metadata_of(const std::vector<std::pair<std::string, std::string>>& headers);
/// From a JSON object of strings, or one whose "Metadata" is such an object. Throws Error(malformed) naming `where`.
Metadata metadata_of_json(std::string_view json, const std::string& where);

/// The data key is not in the object's metadata: an instruction file holds it, or the object is not encrypted.
bool needs_instruction_file(const Metadata& metadata);
/// The object says that it is encrypted, whatever an instruction file says.
bool is_committing(const Metadata& metadata);
/// Adds an instruction file's members. Throws Error(malformed) when it speaks of what only the object may say.
void merge_instruction_file(Metadata& metadata, const Metadata& instructions);

enum class StoredCipher {
  gcm,             ///< AES/GCM/NoPadding
  cbc,             ///< AES/CBC/PKCS5Padding
  gcm_committing,  ///< 115: AES-256-GCM under a key from HKDF-SHA512, with key commitment
};

struct StoredKeys {
  StoredCipher cipher = StoredCipher::gcm;
  std::string cipher_name;
  std::string wrapping;     ///< "kms", "kms+context", …; "AES/ECB" for the first format
  std::string wrapped_key;  ///< octets
  std::string iv;           ///< 12 or 16 octets; empty when committing
  std::string message_id;   ///< 28 octets, when committing
  std::string commitment;   ///< 28 octets, when committing
  std::map<std::string, std::string> description;
  std::optional<std::uint64_t> plain_size;
};

/// Reads and checks them. Throws Error(malformed) for what contradicts itself, Error(unsupported) for a cipher or
/// wrapping that cannot be worked with here.
StoredKeys read_stored_keys(const Metadata& metadata, const std::string& where);

/// Decrypts an object into a spool. Throws Error(malformed) when the tag, the commitment, the padding or the size is
/// wrong: nothing is given out then. Error(unsupported) for CBC that was not asked for.
InputPtr decrypt_object(const Input& object, const StoredKeys& keys, const SecretBytes& data_key, bool allow_cbc);
/// Throws Error(unsupported) for CBC that was not asked for.
void demand_authenticated(const StoredKeys& keys, bool allow_cbc, const std::string& where);
/// The data key of the first format, under the master key; nothing when that is not its key.
std::optional<SecretBytes> unwrap_with_master(const StoredKeys& keys, const SecretBytes& master);

}  // namespace mimeseal::aws
