// SPDX-License-Identifier: MIT
// What we seal and `openssl cms` cannot read, Bouncy Castle opens (tests/interop/java/CmsPeer.java); for X25519 and
// X448, which it cannot do either as RFC 8418 says, a reader of our own in Python over other people's cryptography.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "interop/smime/seal_fixture.h"

namespace mimeseal::smime {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using test::run;
using test::smime_file;
using test::TempDir;
using test::write_file;

class SealBouncyCastle : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* jar : {"bcprov", "bcpkix", "bcutil", "bcmail"}) {
      const fs::path place = fs::path("/usr/share/java") / (std::string(jar) + ".jar");
      if (!fs::exists(place)) GTEST_SKIP() << "Bouncy Castle is not installed (libbcmail-java)";
      class_path_ += place.string() + ":";
    }
    if (run({"javac", "-version"}).exit_code != 0) GTEST_SKIP() << "no Java compiler (default-jdk-headless)";
    const fs::path source = fs::path(MIMESEAL_SOURCE_DIR) / "tests/interop/java/CmsPeer.java";
    const Finished built = run({"javac", "-cp", class_path_, "-d", dir_.path().string(), source.string()});
    ASSERT_EQ(built.exit_code, 0) << built.err;
  }

  Finished peer(std::vector<std::string> arguments) {
    std::vector<std::string> command{"java", "-cp", class_path_ + dir_.path().string(), "CmsPeer"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
  }

  std::string file(const std::string& name, const std::string& octets) {
    write_file(dir_ / name, octets);
    return (dir_ / name).string();
  }

  TempDir dir_;
  std::string class_path_;
};

TEST_F(SealBouncyCastle, EverySignatureVerifies_EddsaToo) {
  const std::vector<std::string> all{"ed25519", "ed448", "rsa", "rsapss", "p384", "brainpoolp256r1"};
  const auto engine = engine_with(all);
  const std::string content = file("content", kContent);
  for (const auto& name : all) {
    const Finished detached = peer({"verify", file("message", sign(*engine, {name}, true)), content});
    EXPECT_EQ(detached.exit_code, 0) << name << ": " << detached.err;
  }
  const Finished opaque = peer({"verify", file("message", sign(*engine, all, false))});
  EXPECT_EQ(opaque.exit_code, 0) << opaque.err;
  EXPECT_EQ(opaque.out, kContent);
}

TEST_F(SealBouncyCastle, OtherContent_DoesNotVerify) {
  const auto engine = engine_with({"ed25519"});
  const Finished done =
      peer({"verify", file("message", sign(*engine, {"ed25519"}, true)), file("content", kContent + "x")});
  EXPECT_EQ(done.exit_code, 1);
}

TEST_F(SealBouncyCastle, EncryptedInEveryProfile_Decrypts) {
  const auto engine = engine_with({"rsa", "p256"});
  for (const Profile profile : {Profile::standard, Profile::compat, Profile::bdew, Profile::fips}) {
    SmimePolicy policy;
    policy.profile = profile;
    const std::string message = file("message", encrypt(*engine, {"rsa", "p256"}, policy));
    const Finished done = peer({"decrypt", message, smime_file("rsa.crt"), smime_file("rsa.key")});
    EXPECT_EQ(done.out, kContent) << to_string(profile) << done.err;
  }
  SmimePolicy cbc;
  cbc.cipher = Cipher::aes_256_cbc;  // it has no key agreement for authEnveloped
  const std::string message = file("message", encrypt(*engine, {"rsa", "p256"}, cbc));
  const Finished done = peer({"decrypt", message, smime_file("p256.crt"), smime_file("p256.key")});
  EXPECT_EQ(done.out, kContent) << done.err;
}

TEST_F(SealBouncyCastle, CompressedData_Expands) {
  const auto engine = engine_with({"rsa"});
  std::string content;
  for (int line = 0; line < 20'000; ++line)
    content += "line " + std::to_string(line) + "\r\n";
  for (const auto& what : {content, std::string(), std::string(1, 'x')}) {
    StringSink out;
    engine->compress(*view_source(what), out);
    const Finished done = peer({"uncompress", file("message", out.str())});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_TRUE(done.out == what);
  }
}

TEST(SealX25519, HkdfAgreement_DecryptsByAnIndependentReader) {
  const fs::path reader = fs::path(MIMESEAL_SOURCE_DIR) / "tests/interop/smime/x25519_open.py";
  const auto engine = engine_with({"rsa", "x25519", "x448"});
  const TempDir dir;
  for (const Cipher cipher : {Cipher::aes_128_gcm, Cipher::aes_192_gcm, Cipher::aes_256_gcm, Cipher::aes_128_cbc,
                              Cipher::aes_192_cbc, Cipher::aes_256_cbc}) {
    SmimePolicy policy;
    policy.cipher = cipher;
    write_file(dir / "message", encrypt(*engine, {"rsa", "x25519", "x448"}, policy));
    for (const auto* name : {"x25519", "x448"}) {
      const Finished done = run(
          {"/usr/bin/python3", reader.string(), (dir / "message").string(), smime_file(std::string(name) + ".key")});
      if (done.exit_code == 77) GTEST_SKIP() << "python3-cryptography is not installed";
      EXPECT_EQ(done.out, kContent) << name << " " << to_string(cipher) << done.err;
    }
  }
}

}  // namespace
}  // namespace mimeseal::smime
