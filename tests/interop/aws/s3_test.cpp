// SPDX-License-Identifier: MIT
// Mail stored in S3, against stand-ins for S3 and KMS that verify SigV4 and want the exact encryption context.
#include "mimeseal/aws/s3.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>

#include "aws_peer.h"

namespace mimeseal::aws {
namespace {

using mimeseal::test::write_file;
using test::https;
using test::json;
using test::kind_of;
using test::Peer;
using test::requests;
using test::Setting;

const std::string kKey(32, '\x2A');
const std::string kIv(12, '\x05');

std::string encrypt_gcm(const std::string& plain) {
  const auto bytes = [](const std::string& s) { return reinterpret_cast<const unsigned char*>(s.data()); };
  std::string out(plain.size(), '\0');
  std::string tag(16, '\0');
  int n = 0;
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, bytes(kKey), bytes(kIv));
  EVP_EncryptUpdate(cipher, reinterpret_cast<unsigned char*>(out.data()), &n, bytes(plain),
                    static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(cipher, reinterpret_cast<unsigned char*>(tag.data()), &n);
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, tag.data());
  EVP_CIPHER_CTX_free(cipher);
  return out + tag;
}

class Stored : public testing::Test {
 protected:
  Stored() {
    setting.sign_as("AKID", "secret");
    setting.environment["AWS_REGION"] = "eu-central-1";
    std::filesystem::create_directories(root / "mail-bucket/in box");
    config["region"] = "eu-central-1";
    config["credentials"] = {{{"access_key_id", "AKID"}, {"secret_access_key", "secret"}}};
    config["s3"] = {{"folder", root.string()}};
    description = {{"aws:ses:message-id", "m1"},
                   {"aws:ses:rule-name", "r"},
                   {"aws:ses:source-account", "123456789012"},
                   {"kms_cmk_id", "arn:aws:kms:eu-central-1:123456789012:key/k"}};
    config["kms"] = json::array({kms_key()});
  }

  json kms_key() const {
    return {{"ciphertext", base64_encode("wrapped")},
            {"context", description},
            {"key_id", "arn:k"},
            {"plaintext", base64_encode(kKey)}};
  }

  /// The metadata that SES writes.
  json ses_metadata() const {
    return {{"x-amz-wrap-alg", "kms"},
            {"x-amz-cek-alg", "AES/GCM/NoPadding"},
            {"x-amz-tag-len", "128"},
            {"x-amz-iv", base64_encode(kIv)},
            {"x-amz-key-v2", base64_encode("wrapped")},
            {"x-amz-unencrypted-content-length", std::to_string(plain.size())},
            {"x-amz-matdesc", description.dump()}};
  }

  void put(const std::string& key, const std::string& body, const json& metadata = json::object()) {
    const std::string path = (root / "mail-bucket" / key).string();
    write_file(path, body);
    json headers = json::object();
    for (const auto& [name, value] : metadata.items())
      headers["x-amz-meta-" + name] = value;
    write_file(path + ".headers.json", headers.dump());
  }

  void start(std::vector<std::string> options = {}) {
    options.push_back("--config=" + config.dump());
    peer.emplace("aws_services.py", options);
    setting.environment["AWS_ENDPOINT_URL"] = https(*peer);
  }

  StoredMessage fetch(const std::string& key, bool allow_cbc = false) {
    S3Settings settings;
    settings.allow_cbc = allow_cbc;
    return fetch_message("s3://mail-bucket/" + key, settings, setting.context);
  }
  static std::string text_of(const StoredMessage& message) {
    return read_range(*message.content, 0, message.content->size(), UINT64_MAX);
  }

  Setting setting;
  std::filesystem::path root = setting.folder / "s3";
  std::string plain = "From: a@example.org\r\n\r\n" + std::string(3'000'000, 'x') + "\r\n";
  json config;
  json description;
  std::optional<Peer> peer;
};

TEST_F(Stored, WhatSesStoresIsDecrypted) {
  put("in box/\xC3\xBC+1", encrypt_gcm(plain), ses_metadata());
  start();
  const StoredMessage message = fetch("in box/\xC3\xBC+1");
  EXPECT_TRUE(message.encrypted);
  EXPECT_TRUE(message.authenticated);
  EXPECT_EQ(message.cipher, "AES/GCM/NoPadding");
  EXPECT_EQ(message.description.at("aws:ses:message-id"), "m1");
  EXPECT_EQ(text_of(message), plain);
}

TEST_F(Stored, AChangedObjectGivesNothing) {
  std::string body = encrypt_gcm(plain);
  body[1'000'000] = static_cast<char>(body[1'000'000] ^ 1);
  put("m", body, ses_metadata());
  start();
  EXPECT_EQ(kind_of([&] { (void)fetch("m"); }), Errc::malformed);
}

TEST_F(Stored, TheWholeDescriptionIsTheContext) {
  json metadata = ses_metadata();
  json less = description;
  less.erase("aws:ses:rule-name");
  metadata["x-amz-matdesc"] = less.dump();
  put("m", encrypt_gcm(plain), metadata);
  start();
  EXPECT_EQ(kind_of([&] { (void)fetch("m"); }), Errc::refused);
}

TEST_F(Stored, AKeyThatMayNotBeUsedIsRefused) {
  config["kms"][0]["denied"] = true;
  put("m", encrypt_gcm(plain), ses_metadata());
  start();
  EXPECT_EQ(kind_of([&] { (void)fetch("m"); }), Errc::refused);
}

TEST_F(Stored, AnInstructionFileHoldsTheMetadata) {
  put("m", encrypt_gcm(plain));
  put("m.instruction", ses_metadata().dump());
  start();
  EXPECT_EQ(text_of(fetch("m")), plain);
}

TEST_F(Stored, WhatWasNeverEncryptedIsSaidToBe) {
  put("m", plain);
  start();
  const StoredMessage message = fetch("m");
  EXPECT_FALSE(message.encrypted);
  EXPECT_EQ(text_of(message), plain);
}

TEST_F(Stored, AKeyThatKmsDidNotWrapIsNotAskedOfIt) {
  json metadata = ses_metadata();
  metadata["x-amz-wrap-alg"] = "AESWrap";
  put("m", encrypt_gcm(plain), metadata);
  start();
  EXPECT_EQ(kind_of([&] { (void)fetch("m"); }), Errc::unsupported);
  EXPECT_EQ(requests(*peer).size(), 1U);
}

TEST_F(Stored, AnEndpointThatIsNamedServesBoth) {
  put("m", encrypt_gcm(plain), ses_metadata());
  start();
  S3Settings settings;
  settings.endpoint = setting.environment["AWS_ENDPOINT_URL"];
  setting.environment.erase("AWS_ENDPOINT_URL");
  EXPECT_EQ(text_of(fetch_message("s3://mail-bucket/m", settings, setting.context)), plain);
}

TEST_F(Stored, CbcIsNotEvenAskedOfKms) {
  json metadata = ses_metadata();
  metadata["x-amz-cek-alg"] = "AES/CBC/PKCS5Padding";
  metadata["x-amz-iv"] = base64_encode(std::string(16, 'i'));
  put("m", std::string(32, 'x'), metadata);
  start();
  EXPECT_EQ(kind_of([&] { (void)fetch("m"); }), Errc::unsupported);
  EXPECT_EQ(requests(*peer).size(), 1U);
}

TEST_F(Stored, MissingThingsHaveTheirOwnErrors) {
  start();
  EXPECT_EQ(kind_of([&] { (void)fetch("none"); }), Errc::no_input);
  setting.sign_as("AKID", "wrong");
  EXPECT_EQ(kind_of([&] { (void)fetch("none"); }), Errc::refused);
  for (const char* url :
       {"s3://mail-bucket", "s3://mail-bucket/", "s3:///x", "s3://b@d/x", "https://x/y", "s3://abc/a\r\nb"})
    EXPECT_EQ(kind_of([&] { (void)fetch_message(url, {}, setting.context); }), Errc::usage) << url;
}

TEST_F(Stored, FailuresOnTheWayAreRetried) {
  put("m", encrypt_gcm(plain), ses_metadata());
  start({"--fail=1:503:SlowDown", "--hangup=mid-answer:1"});
  EXPECT_EQ(text_of(fetch("m")), plain);
  EXPECT_EQ(setting.pauses, 2);
}

TEST_F(Stored, ALimitIsHeld) {
  put("m", encrypt_gcm(plain), ses_metadata());
  start();
  S3Settings settings;
  settings.limit = 1000;
  EXPECT_EQ(kind_of([&] { (void)fetch_message("s3://mail-bucket/m", settings, setting.context); }), Errc::limit);
}

}  // namespace
}  // namespace mimeseal::aws
