// SPDX-License-Identifier: MIT
#include "aws/stored_keys.h"

#include <charconv>

#include "aws/answer.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::string_view kPrefix = "x-amz-meta-";
constexpr std::string_view kCipherInContext = "aws:x-amz-cek-alg";
constexpr std::size_t kGcmIv = 12;
constexpr std::size_t kCbcIv = 16;
constexpr std::size_t kMessageId = 28;
constexpr std::size_t kCommitment = 28;

const std::string* find(const Metadata& metadata, std::string_view name) {
  const auto found = metadata.find(name);
  return found == metadata.end() ? nullptr : &found->second;
}

const std::string& needed(const Metadata& metadata, std::string_view name, const std::string& where) {
  const std::string* value = find(metadata, name);
  if (value == nullptr) throw Error(Errc::malformed, "its metadata holds no " + std::string(name), where);
  return *value;
}

std::string octets(const Metadata& metadata, std::string_view name, const std::string& where) {
  auto decoded = base64_decode(needed(metadata, name, where));
  if (!decoded || decoded->empty()) throw Error(Errc::malformed, "its " + std::string(name) + " is no base64", where);
  return std::move(*decoded);
}

std::string octets_of_size(const Metadata& metadata, std::string_view name, std::size_t size,
                           const std::string& where) {
  std::string decoded = octets(metadata, name, where);
  if (decoded.size() != size)
    throw Error(
        Errc::malformed,
        "its " + std::string(name) + " has " + std::to_string(decoded.size()) + " octets, not " + std::to_string(size),
        where);
  return decoded;
}

/// A JSON object of strings, which KMS gets as it is.
std::map<std::string, std::string> description_of(const Metadata& metadata, std::string_view name,
                                                  const std::string& where) {
  const std::string* text = find(metadata, name);
  if (text == nullptr) return {};
  // S3 writes what is not ASCII in encoded words.
  const auto json = parse_json(decode_encoded_words(*text));
  if (!json || !json->is_object())
    throw Error(Errc::malformed, "its " + std::string(name) + " is no JSON object", where);
  std::map<std::string, std::string> description;
  for (const auto& [key, value] : json->items()) {
    if (!value.is_string())
      throw Error(Errc::malformed, "its " + std::string(name) + " holds more than strings", where);
    description.emplace(key, value.get<std::string>());
  }
  return description;
}

void check_cipher_in_context(const StoredKeys& keys, std::string_view cipher, const std::string& where) {
  const auto found = keys.description.find(std::string(kCipherInContext));
  if (found == keys.description.end())
    throw Error(Errc::malformed, "its material description does not name the cipher", where);
  if (found->second != cipher)
    throw Error(Errc::malformed, "its cipher is not the one that its data key was made for", where);
}

std::optional<std::uint64_t> plain_size(const Metadata& metadata, const std::string& where) {
  const std::string* text = find(metadata, "x-amz-unencrypted-content-length");
  if (text == nullptr) return std::nullopt;
  std::uint64_t size = 0;
  const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), size);
  if (error != std::errc() || stop != text->data() + text->size())
    throw Error(Errc::malformed, "its x-amz-unencrypted-content-length is no number", where);
  return size;
}

StoredKeys read_first_format(const Metadata& metadata, const std::string& where) {
  StoredKeys keys;
  keys.cipher = StoredCipher::cbc;
  keys.cipher_name = "AES/CBC/PKCS5Padding";
  keys.wrapping = "AES/ECB";
  keys.wrapped_key = octets(metadata, "x-amz-key", where);
  keys.iv = octets_of_size(metadata, "x-amz-iv", kCbcIv, where);
  keys.description = description_of(metadata, "x-amz-matdesc", where);
  keys.plain_size = plain_size(metadata, where);
  return keys;
}

StoredKeys read_second_format(const Metadata& metadata, const std::string& where) {
  StoredKeys keys;
  keys.cipher_name = needed(metadata, "x-amz-cek-alg", where);
  keys.wrapping = needed(metadata, "x-amz-wrap-alg", where);
  if (keys.cipher_name == "AES/GCM/NoPadding") {
    keys.cipher = StoredCipher::gcm;
  } else if (keys.cipher_name == "AES/CBC/PKCS5Padding") {
    keys.cipher = StoredCipher::cbc;
  } else {
    throw Error(Errc::unsupported, "its cipher is " + visible(keys.cipher_name), where);
  }
  keys.wrapped_key = octets(metadata, "x-amz-key-v2", where);
  keys.iv = octets_of_size(metadata, "x-amz-iv", keys.cipher == StoredCipher::gcm ? kGcmIv : kCbcIv, where);
  const std::string* tag = find(metadata, "x-amz-tag-len");
  if (keys.cipher == StoredCipher::gcm && tag != nullptr && *tag != "128")
    throw Error(Errc::unsupported, "its tag has " + visible(*tag) + " bits, not 128", where);
  keys.description = description_of(metadata, "x-amz-matdesc", where);
  keys.plain_size = plain_size(metadata, where);
  if (keys.wrapping == "kms+context") check_cipher_in_context(keys, keys.cipher_name, where);
  return keys;
}

StoredKeys read_third_format(const Metadata& metadata, const std::string& where) {
  constexpr std::string_view kSuite = "115";  // AES-256-GCM, HKDF-SHA512, key commitment
  StoredKeys keys;
  const std::string& suite = needed(metadata, "x-amz-c", where);
  if (suite != kSuite) throw Error(Errc::unsupported, "its algorithm suite is " + visible(suite), where);
  keys.cipher = StoredCipher::gcm_committing;
  keys.cipher_name = "AES/GCM/HKDF-SHA512-COMMIT-KEY";
  const std::string& wrapping = needed(metadata, "x-amz-w", where);
  keys.wrapping = wrapping == "12"   ? "kms+context"
                  : wrapping == "02" ? "AES/GCM"
                  : wrapping == "22" ? "RSA-OAEP-SHA1"
                                     : wrapping;
  keys.wrapped_key = octets(metadata, "x-amz-3", where);
  keys.message_id = octets_of_size(metadata, "x-amz-i", kMessageId, where);
  keys.commitment = octets_of_size(metadata, "x-amz-d", kCommitment, where);
  keys.description = description_of(metadata, "x-amz-t", where);
  if (keys.wrapping == "kms+context" && !keys.description.empty()) check_cipher_in_context(keys, kSuite, where);
  return keys;
}

}  // namespace

Metadata metadata_of(const std::vector<std::pair<std::string, std::string>>& headers) {
  Metadata metadata;
  for (const auto& [name, value] : headers)
    if (istarts_with(name, kPrefix))
      metadata.emplace(ascii_lower(std::string_view(name).substr(kPrefix.size())), value);
  return metadata;
}

Metadata metadata_of_json(std::string_view text, const std::string& where) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) throw Error(Errc::malformed, "the metadata is no JSON object", where);
  const Json* object = &*json;
  for (const char* name : {"Metadata", "metadata"})
    if (const auto inner = json->find(name); inner != json->end() && inner->is_object()) object = &*inner;
  Metadata metadata;
  for (const auto& [key, value] : object->items()) {
    std::string name = ascii_lower(key);
    if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
    if (name.starts_with("x-amz-") && !value.is_string())
      throw Error(Errc::malformed, "the metadata's " + visible(name) + " is no string", where);
    if (value.is_string()) metadata.emplace(std::move(name), value.get<std::string>());
  }
  return metadata;
}

bool needs_instruction_file(const Metadata& metadata) {
  return find(metadata, "x-amz-key") == nullptr && find(metadata, "x-amz-key-v2") == nullptr &&
         find(metadata, "x-amz-3") == nullptr;
}

bool is_committing(const Metadata& metadata) {
  return find(metadata, "x-amz-c") != nullptr;
}

void merge_instruction_file(Metadata& metadata, const Metadata& instructions) {
  for (const char* name : {"x-amz-c", "x-amz-d", "x-amz-i"})
    if (find(instructions, name) != nullptr)
      throw Error(Errc::malformed, std::string("the instruction file holds ") + name + ", which only the object may");
  // An object that commits to its key takes only the key from an instruction file, never another format.
  const bool is_third = is_committing(metadata);
  for (const auto& [name, value] : instructions) {
    const bool is_third_name = name == "x-amz-3" || name == "x-amz-w" || name == "x-amz-t" || name == "x-amz-m";
    if (is_third == is_third_name) metadata.insert_or_assign(name, value);
  }
}

StoredKeys read_stored_keys(const Metadata& metadata, const std::string& where) {
  const bool first = find(metadata, "x-amz-key") != nullptr;
  const bool second = find(metadata, "x-amz-key-v2") != nullptr;
  const bool third = find(metadata, "x-amz-3") != nullptr || is_committing(metadata);
  if (third && (first || second)) throw Error(Errc::malformed, "its metadata mixes two formats", where);
  if (third) return read_third_format(metadata, where);
  if (second) return read_second_format(metadata, where);  // some clients write both keys
  if (first) return read_first_format(metadata, where);
  throw Error(Errc::malformed, "its metadata holds no data key", where);
}

}  // namespace mimeseal::aws
