// SPDX-License-Identifier: MIT
// Objects as Amazon's S3 encryption client writes them: the published known answers (testdata/aws-s3ec), and each
// changed.
#include "aws/stored_keys.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "mimeseal/aws/s3.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "support/process.h"

namespace mimeseal::aws {
namespace {

using nlohmann::json;

struct Vector {
  json metadata;
  std::string body;
  std::string key;
  std::string plaintext;
};

Vector vector_of(const std::string& name) {
  const auto all =
      json::parse(mimeseal::test::read_file(std::string(MIMESEAL_SOURCE_DIR) + "/testdata/aws-s3ec/s3ec-vectors.json"));
  for (const auto& one : all) {
    if (one["name"] != name) continue;
    Vector vector;
    vector.metadata = one["metadata"];
    vector.body = one.contains("body_hex") ? *unhex(one["body_hex"].get<std::string>())
                                           : *base64_decode(one["body_b64"].get<std::string>());
    vector.key = *base64_decode(
        one[one.contains("master_key_b64") ? "master_key_b64" : "kms_plaintext_data_key_b64"].get<std::string>());
    vector.plaintext = one.contains("expected_plaintext") ? one["expected_plaintext"].get<std::string>()
                                                          : *unhex(one["expected_plaintext_hex"].get<std::string>());
    return vector;
  }
  throw std::runtime_error("no vector " + name);
}

StoredMessage decrypt(const Vector& vector, bool allow_cbc = false) {
  return decrypt_stored(memory_input(vector.metadata.dump()), SecretBytes(vector.key),
                        memory_input(vector.body, "object"), allow_cbc);
}

std::string text_of(const StoredMessage& message) {
  return read_range(*message.content, 0, message.content->size(), UINT64_MAX);
}

Errc kind_of(const Vector& vector, bool allow_cbc = false) {
  try {
    (void)decrypt(vector, allow_cbc);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Errc::internal;
}

/// The published answers for HKDF (amazon-s3-encryption-client-go, v4/internal/key_derivation_test.go, Apache-2.0), and
/// an object made with the key that they name: AES-256-GCM, nonce of octets 1, the suite's id as additional data.
Vector committing_vector() {
  Vector vector;
  vector.key = *unhex("80d90dc4cc7e77d8a6332efa44eba56230a7fe7b89af37d1e501ab2e07c0a163");
  const std::string derived = *unhex("6dd14f546cc006e639126e83f5d4d1b118576bb5df97f38c6fb3a1db87bbc338");
  vector.plaintext = "From: a@example.org\r\n\r\ncommitted\r\n";
  vector.metadata = {{"x-amz-c", "115"},
                     {"x-amz-3", base64_encode("wrapped")},
                     {"x-amz-w", "12"},
                     {"x-amz-t", R"({"aws:x-amz-cek-alg":"115","aws:ses:message-id":"m"})"},
                     {"x-amz-i", base64_encode(*unhex("b8ea76bed24c7b85382a148cb9dcd1cfdfb765f55ded4dfa6e0c4c79"))},
                     {"x-amz-d", base64_encode(*unhex("f89818bc0a346d3a3426b68e9509b6b2ae5fe1f904aa329fb73625db"))}};
  const std::string nonce(12, '\x01');
  const std::string aad("\x00\x73", 2);
  const auto bytes = [](const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); };
  std::string body(vector.plaintext.size(), '\0');
  std::string tag(16, '\0');
  int n = 0;
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, bytes(derived), bytes(nonce));
  EVP_EncryptUpdate(cipher, nullptr, &n, bytes(aad), 2);
  EVP_EncryptUpdate(cipher, reinterpret_cast<unsigned char*>(body.data()), &n, bytes(vector.plaintext),
                    static_cast<int>(vector.plaintext.size()));
  EVP_EncryptFinal_ex(cipher, reinterpret_cast<unsigned char*>(tag.data()), &n);
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, tag.data());
  EVP_CIPHER_CTX_free(cipher);
  vector.body = body + tag;
  return vector;
}

TEST(StoredKeys, GcmVectorsDecrypt) {
  for (const char* name : {"ruby_v1_kms_gcm", "TestDecryptionClientV4_GetMockV2Object",
                           "TestDecryptionClientV4_GetMockV2Object_V1Interop_KMS_AESGCM"}) {
    const Vector vector = vector_of(name);
    const StoredMessage message = decrypt(vector);
    EXPECT_EQ(text_of(message), vector.plaintext) << name;
    EXPECT_TRUE(message.authenticated);
  }
}

TEST(StoredKeys, CbcIsDecryptedOnlyWhenAskedFor) {
  for (const char* name : {"ruby_v1_kms_cbc", "ruby_v1_aes_ecb_wrapped_cbc"}) {
    const Vector vector = vector_of(name);
    EXPECT_EQ(kind_of(vector), Errc::unsupported) << name;
    const StoredMessage message = decrypt(vector, true);
    EXPECT_EQ(text_of(message), vector.plaintext) << name;
    EXPECT_FALSE(message.authenticated);
  }
}

TEST(StoredKeys, KeyCommitmentFitsThePublishedAnswer) {
  const Vector vector = committing_vector();
  EXPECT_EQ(text_of(decrypt(vector)), vector.plaintext);
}

TEST(StoredKeys, AnotherKeyOrCommitmentIsRefused) {
  Vector other_key = committing_vector();
  other_key.key[0] = static_cast<char>(other_key.key[0] ^ 1);
  EXPECT_EQ(kind_of(other_key), Errc::malformed);
  Vector other_commitment = committing_vector();
  other_commitment.metadata["x-amz-d"] = base64_encode(std::string(28, '\0'));
  EXPECT_EQ(kind_of(other_commitment), Errc::malformed);
}

TEST(StoredKeys, EveryChangedOctetOfAnAuthenticatedObjectIsRefused) {
  for (const Vector& good : {vector_of("ruby_v1_kms_gcm"), committing_vector()}) {
    for (std::size_t i = 0; i < good.body.size(); ++i) {
      Vector bad = good;
      bad.body[i] = static_cast<char>(bad.body[i] ^ 0x20);
      EXPECT_EQ(kind_of(bad), Errc::malformed);
      bad = good;
      bad.body.resize(i);
      EXPECT_EQ(kind_of(bad), Errc::malformed);
    }
  }
}

TEST(StoredKeys, MetadataThatContradictsItselfIsRefused) {
  const auto with = [](const char* name, const char* value) {
    Vector vector = vector_of("TestDecryptionClientV4_GetMockV2Object");
    vector.metadata[name] = value;
    return kind_of(vector);
  };
  EXPECT_EQ(with("x-amz-matdesc", R"({"aws:x-amz-cek-alg":"AES/CBC/PKCS5Padding"})"), Errc::malformed);
  EXPECT_EQ(with("x-amz-matdesc", "{}"), Errc::malformed);
  EXPECT_EQ(with("x-amz-matdesc", "[1]"), Errc::malformed);
  EXPECT_EQ(with("x-amz-matdesc", R"({"aws:x-amz-cek-alg":1})"), Errc::malformed);
  EXPECT_EQ(with("x-amz-iv", "AAAA"), Errc::malformed);
  EXPECT_EQ(with("x-amz-iv", "?"), Errc::malformed);
  EXPECT_EQ(with("x-amz-3", "AAAA"), Errc::malformed);
  EXPECT_EQ(with("x-amz-c", "115"), Errc::malformed);
  EXPECT_EQ(with("x-amz-tag-len", "96"), Errc::unsupported);
  EXPECT_EQ(with("x-amz-cek-alg", "AES/CTR"), Errc::unsupported);
  EXPECT_EQ(with("x-amz-unencrypted-content-length", "1"), Errc::malformed);
  EXPECT_EQ(with("x-amz-unencrypted-content-length", "x"), Errc::malformed);
}

TEST(StoredKeys, WhoHoldsTheDataKeyNeedsNoWrapping) {
  Vector vector = vector_of("ruby_v1_kms_gcm");
  vector.metadata["x-amz-wrap-alg"] = "AESWrap";
  EXPECT_EQ(text_of(decrypt(vector)), vector.plaintext);
  Vector third = committing_vector();
  third.metadata["x-amz-w"] = "02";
  third.metadata.erase("x-amz-t");
  EXPECT_EQ(text_of(decrypt(third)), third.plaintext);
}

TEST(StoredKeys, MetadataIsTakenInEveryForm) {
  const Vector vector = vector_of("ruby_v1_kms_gcm");
  json prefixed;
  for (const auto& [name, value] : vector.metadata.items())
    prefixed["X-Amz-Meta-" + name] = value;
  for (const json& form : {prefixed, json{{"ContentLength", 3}, {"Metadata", vector.metadata}}}) {
    Vector other = vector;
    other.metadata = form;
    EXPECT_EQ(text_of(decrypt(other)), vector.plaintext);
  }
}

TEST(StoredKeys, AnInstructionFileGivesTheKeyOnly) {
  Metadata object{{"x-amz-c", "115"}, {"x-amz-d", "d"}, {"x-amz-i", "i"}};
  EXPECT_TRUE(needs_instruction_file(object));
  EXPECT_TRUE(is_committing(object));
  merge_instruction_file(object, {{"x-amz-3", "k"}, {"x-amz-w", "12"}, {"x-amz-key-v2", "downgrade"}});
  EXPECT_FALSE(needs_instruction_file(object));
  EXPECT_FALSE(object.contains("x-amz-key-v2"));
  EXPECT_THROW(merge_instruction_file(object, {{"x-amz-d", "x"}}), Error);
}

TEST(DataKey, IsReadAsOctetsBase64OrHexadecimal) {
  const mimeseal::test::TempDir folder;
  const std::string path = (folder / "key").string();
  const std::string key(32, '\x07');
  for (const std::string& text : {key, base64_encode(key) + "\n", hex(key)}) {
    mimeseal::test::write_file(path, text);
    EXPECT_EQ(read_data_key(path).view(), key);
  }
  mimeseal::test::write_file(path, "short");
  EXPECT_THROW((void)read_data_key(path), Error);
}

}  // namespace
}  // namespace mimeseal::aws
