// SPDX-License-Identifier: MIT
// What we seal, `openssl cms` opens: every cell of form, key and cipher that it can do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/smime/seal_fixture.h"

namespace mimeseal::smime {
namespace {

using test::run;
using test::smime_file;
using test::TempDir;
using test::write_file;
using testing::HasSubstr;
using testing::Not;

/// Whether openssl verifies it, with the content it saw.
testing::AssertionResult openssl_verifies(const std::string& der, bool detached,
                                          const std::string& content = kContent) {
  const TempDir dir;
  write_file(dir / "message.der", der);
  write_file(dir / "content", content);
  std::vector<std::string> command{"openssl",  "cms",
                                   "-verify",  "-binary",
                                   "-inform",  "DER",
                                   "-in",      (dir / "message.der").string(),
                                   "-CAfile",  smime_file("root.crt"),
                                   "-purpose", "smimesign"};
  if (detached) command.insert(command.end(), {"-content", (dir / "content").string()});
  const auto done = run(command);
  if (done.exit_code != 0) return testing::AssertionFailure() << done.err;
  if (done.out != content) return testing::AssertionFailure() << "other content: " << done.out.size() << " octets";
  return testing::AssertionSuccess();
}

testing::AssertionResult openssl_decrypts(const std::string& der, const std::string& name,
                                          const std::string& content = kContent) {
  const TempDir dir;
  write_file(dir / "message.der", der);
  const auto done =
      run({"openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", (dir / "message.der").string(), "-recip",
           smime_file(name + ".crt"), "-inkey", smime_file(name + ".key")});
  if (done.exit_code != 0) return testing::AssertionFailure() << done.err;
  if (done.out != content) return testing::AssertionFailure() << "other content: " << done.out.size() << " octets";
  return testing::AssertionSuccess();
}

struct SignCell {
  std::string key;
  std::optional<RsaSignature> rsa_signature;
  std::optional<Digest> digest;
};

void PrintTo(const SignCell& cell, std::ostream* out) {
  *out << cell.key;
}

class SealSignOpenssl : public testing::TestWithParam<SignCell> {};

TEST_P(SealSignOpenssl, DetachedAndOpaqueVerify) {
  const auto& cell = GetParam();
  const auto engine = engine_with({cell.key});
  SmimePolicy policy;
  policy.rsa_signature = cell.rsa_signature;
  policy.digest = cell.digest;
  EXPECT_TRUE(openssl_verifies(sign(*engine, {cell.key}, true, policy), true));
  EXPECT_TRUE(openssl_verifies(sign(*engine, {cell.key}, false, policy), false));
  EXPECT_TRUE(openssl_verifies(sign(*engine, {cell.key}, false, policy, ""), false, ""));
}

INSTANTIATE_TEST_SUITE_P(Keys, SealSignOpenssl,
                         testing::Values(SignCell{"rsa", {}, {}}, SignCell{"rsa", RsaSignature::pkcs1, Digest::sha384},
                                         SignCell{"rsa", RsaSignature::pkcs1, Digest::sha512},
                                         SignCell{"rsa", RsaSignature::pss, {}},
                                         SignCell{"rsa", RsaSignature::pss, Digest::sha384},
                                         SignCell{"rsa", RsaSignature::pss, Digest::sha512},
                                         SignCell{"rsa4096", {}, {}}, SignCell{"rsa4096", RsaSignature::pss, {}},
                                         SignCell{"rsapss", {}, {}}, SignCell{"rsapss384", {}, {}},
                                         SignCell{"rsapsssalt", {}, {}}, SignCell{"p256", {}, {}},
                                         SignCell{"p384", {}, {}}, SignCell{"p521", {}, {}},
                                         SignCell{"p256", {}, Digest::sha512}, SignCell{"brainpoolp256r1", {}, {}}));

struct EncryptCell {
  std::string key;
  KeyTransport key_transport = KeyTransport::oaep;
  bool sha1 = false;
};

void PrintTo(const EncryptCell& cell, std::ostream* out) {
  *out << cell.key;
}

class SealEncryptOpenssl : public testing::TestWithParam<EncryptCell> {};

TEST_P(SealEncryptOpenssl, EveryCipherDecrypts) {
  const auto& cell = GetParam();
  const auto engine = engine_with({cell.key});
  for (const Cipher cipher : {Cipher::aes_128_gcm, Cipher::aes_192_gcm, Cipher::aes_256_gcm, Cipher::aes_128_cbc,
                              Cipher::aes_192_cbc, Cipher::aes_256_cbc}) {
    SmimePolicy policy;
    policy.cipher = cipher;
    policy.key_transport = cell.key_transport;
    policy.oaep_sha1 = cell.sha1;
    EXPECT_TRUE(openssl_decrypts(encrypt(*engine, {cell.key}, policy), cell.key)) << to_string(cipher);
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, SealEncryptOpenssl,
                         testing::Values(EncryptCell{"rsa"}, EncryptCell{"rsa", KeyTransport::pkcs1},
                                         EncryptCell{"rsa", KeyTransport::oaep, true}, EncryptCell{"rsa4096"},
                                         EncryptCell{"p256"}, EncryptCell{"p384"}, EncryptCell{"p521"},
                                         EncryptCell{"brainpoolp256r1"}));

TEST(SealOpenssl, EverySizeAroundABlockAndAChunk_Decrypts) {
  const auto engine = engine_with({"rsa"});
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 127U, 128U, 255U, 256U, 65535U, 65536U, 65537U, 200'000U}) {
    const std::string content(size, 'x');
    SmimePolicy cbc;
    cbc.cipher = Cipher::aes_256_cbc;
    EXPECT_TRUE(openssl_decrypts(encrypt(*engine, {"rsa"}, cbc, content), "rsa", content)) << size;
    EXPECT_TRUE(openssl_decrypts(encrypt(*engine, {"rsa"}, {}, content), "rsa", content)) << size;
    EXPECT_TRUE(openssl_verifies(sign(*engine, {"rsa"}, false, {}, content), false, content)) << size;
  }
}

TEST(SealOpenssl, SeveralSignersWithSeveralDigests_AllVerify) {
  const auto engine = engine_with({"rsa", "p384", "p521", "rsapss"});
  EXPECT_TRUE(openssl_verifies(sign(*engine, {"rsa", "p384", "p521", "rsapss"}, true), true));
  EXPECT_TRUE(openssl_verifies(sign(*engine, {"p521", "rsa", "p384"}, false), false));
}

TEST(SealOpenssl, MixedRecipients_EachDecrypts) {
  const auto engine = engine_with({"rsa", "p256", "p384", "p521", "x25519", "x448"});
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_256_cbc}) {
    SmimePolicy policy;
    policy.cipher = cipher;
    const std::string der = encrypt(*engine, {"rsa", "p256", "p384", "p521"}, policy);
    for (const auto* name : {"rsa", "p256", "p384", "p521"})
      EXPECT_TRUE(openssl_decrypts(der, name)) << name;
    // openssl reads over the recipients that it does not know.
    EXPECT_TRUE(openssl_decrypts(encrypt(*engine, {"x25519", "x448", "rsa"}, policy), "rsa"));
  }
}

TEST(SealOpenssl, TamperedContent_IsRefused) {
  const auto engine = engine_with({"rsa"});
  EXPECT_FALSE(openssl_verifies(sign(*engine, {"rsa"}, true), true, kContent + "x"));
  std::string der = encrypt(*engine, {"rsa"});
  der.back() = static_cast<char>(der.back() ^ 1);
  EXPECT_FALSE(openssl_decrypts(der, "rsa"));
}

TEST(SealOpenssl, SignedMessage_IsStrictDer) {
  const auto engine = engine_with({"rsa", "ed25519"});
  const TempDir dir;
  for (const bool detached : {true, false}) {
    const std::string der = sign(*engine, {"rsa", "ed25519"}, detached);
    write_file(dir / "message.der", der);
    // OpenSSL writes its structures in DER: what was DER comes out as it went in.
    const auto done =
        run({"openssl", "cms", "-cmsout", "-inform", "DER", "-outform", "DER", "-in", (dir / "message.der").string()});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_TRUE(done.out == der);
  }
}

TEST(SealOpenssl, EncryptedMessage_IsStrictDer) {
  const auto engine = engine_with({"rsa", "p256", "x25519"});
  const TempDir dir;
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_128_cbc}) {
    SmimePolicy policy;
    policy.cipher = cipher;
    const std::string der = encrypt(*engine, {"rsa", "p256", "x25519"}, policy);
    write_file(dir / "message.der", der);
    const auto done =
        run({"openssl", "cms", "-cmsout", "-inform", "DER", "-outform", "DER", "-in", (dir / "message.der").string()});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_TRUE(done.out == der);
  }
}

TEST(SealOpenssl, SignedMessage_NamesEveryAttributeAndNotTheRoot) {
  const auto engine = engine_with({"rsa"});
  const TempDir dir;
  write_file(dir / "message.der", sign(*engine, {"rsa"}, true));
  const auto done =
      run({"openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", (dir / "message.der").string()});
  for (const auto* attribute : {"contentType", "messageDigest", "signingTime", "S/MIME Capabilities",
                                "id-smime-aa-signingCertificateV2", "1.2.840.113549.1.9.52"}) {
    EXPECT_THAT(done.out, HasSubstr(attribute));
  }
  EXPECT_THAT(done.out, HasSubstr("subject: O=mimeseal tests, CN=Issuing CA"));
  EXPECT_THAT(done.out, Not(HasSubstr("subject: O=mimeseal tests, CN=Root")));
}

TEST(SealOpenssl, SignerWithAnotherCertificateForEncrypting_SendsItAlong) {
  EngineOptions options;
  options.identities = {std::string(MIMESEAL_SOURCE_DIR) + "/testdata/ietf-rfc9216/alice.p12"};
  options.passphrase = [](const std::string&) { return SecretBytes("alice"); };
  const auto alice = make_engine(options);
  SignSpec spec;
  spec.signers = {alice->signing_key("alice@smime.example", now()).key};
  spec.at = now();
  StringSink out;
  alice->sign(*view_source(kContent), out, spec);
  const TempDir dir;
  write_file(dir / "message.der", out.str());
  const auto done =
      run({"openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", (dir / "message.der").string()});
  EXPECT_THAT(done.out, HasSubstr("id-smime-aa-encrypKeyPref"));
  const std::string own = "subject: O=IETF, OU=LAMPS WG, CN=Alice Lovelace";
  const std::size_t first = done.out.find(own);
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(done.out.find(own, first + 1), std::string::npos) << "only one of her two certificates is there";

  // Another address is another person.
  const auto two = engine_with({"two"}, ".pem");
  write_file(dir / "message.der", sign(*two, {"signonly"}, true));
  const auto other =
      run({"openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", (dir / "message.der").string()});
  EXPECT_THAT(other.out, Not(HasSubstr("subject: O=mimeseal tests, CN=encryptonly")));
}

TEST(SealOpenssl, CertsOnly_HoldsTheChain) {
  const auto engine = engine_with({"rsa", "p256"});
  StringSink out;
  engine->export_keys({key_named(*engine, "rsa"), key_named(*engine, "p256")}, out);
  const TempDir dir;
  write_file(dir / "certs.p7c", out.str());
  const auto done =
      run({"openssl", "pkcs7", "-inform", "DER", "-print_certs", "-noout", "-in", (dir / "certs.p7c").string()});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  for (const auto* name : {"CN = rsa", "CN = p256", "CN = Issuing CA"})
    EXPECT_THAT(done.out, HasSubstr(name));
  EXPECT_THAT(done.out, Not(HasSubstr("subject=O = mimeseal tests, CN = Root")));
}

}  // namespace
}  // namespace mimeseal::smime
