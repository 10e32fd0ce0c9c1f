// SPDX-License-Identifier: MIT
// What we seal with CBC and PKCS#1 (the compat profile), gpgsm opens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/smime/seal_fixture.h"
#include "mimeseal/core/text.h"

namespace mimeseal::smime {
namespace {

using test::Finished;
using test::run;
using test::smime_file;
using test::TempDir;
using test::write_file;
using testing::HasSubstr;

/// A keyring of its own, which trusts our root and holds rsa's key.
class SealGpgsm : public testing::Test {
 protected:
  void SetUp() override {
    if (run({"gpgsm", "--version"}).exit_code != 0) GTEST_SKIP() << "gpgsm is not installed";
    write_file(home_ / "gpgsm.conf", "disable-crl-checks\ndisable-policy-checks\n");
    write_file(home_ / "gpg-agent.conf", "allow-loopback-pinentry\n");
    const auto print = run({"openssl", "x509", "-in", smime_file("root.crt"), "-noout", "-fingerprint", "-sha1"}).out;
    write_file(home_ / "trustlist.txt", std::string(trim(print.substr(print.find('=') + 1))) + " S relax\n");
    ASSERT_EQ(gpgsm({"--import", smime_file("chain.pem")}).exit_code, 0);
    ASSERT_TRUE(test::import_rsa_key([this](const std::string& bag) {
      return gpgsm({"--import", bag}, "secret\n").err.find("secret keys imported: 1") != std::string::npos;
    }));
    compat_.profile = Profile::compat;
  }

  void TearDown() override { run({"gpgconf", "--homedir", home_.path().string(), "--kill", "all"}); }

  Finished gpgsm(std::vector<std::string> arguments, const std::string& input = {}) {
    std::vector<std::string> command{"gpgsm",           "--homedir", home_.path().string(), "--batch",
                                     "--pinentry-mode", "loopback",  "--passphrase-fd",     "0"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command, {.input = input});
  }

  TempDir home_;
  TempDir dir_;
  SmimePolicy compat_;
};

TEST_F(SealGpgsm, SignaturesOfRsaAndEcdsa_AreGood) {
  write_file(dir_ / "content", kContent);
  // Not P-521: gpgsm 2.2 wants a curve's size in whole octets there, whoever signed.
  for (const auto* name : {"rsa", "p256", "p384"}) {
    const auto engine = engine_with({name});
    write_file(dir_ / "detached", sign(*engine, {name}, true, compat_));
    const Finished detached = gpgsm({"--verify", (dir_ / "detached").string(), (dir_ / "content").string()});
    EXPECT_EQ(detached.exit_code, 0) << name << detached.err;
    EXPECT_THAT(detached.err, HasSubstr("Good signature"));
    write_file(dir_ / "opaque", sign(*engine, {name}, false, compat_));
    const Finished opaque = gpgsm({"--verify", (dir_ / "opaque").string()});
    EXPECT_EQ(opaque.exit_code, 0) << name << opaque.err;
  }
}

TEST_F(SealGpgsm, SeveralSigners_AreGood) {
  const auto engine = engine_with({"rsa", "p384"});
  write_file(dir_ / "content", kContent);
  write_file(dir_ / "detached", sign(*engine, {"rsa", "p384"}, true, compat_));
  const Finished done = gpgsm({"--verify", (dir_ / "detached").string(), (dir_ / "content").string()});
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST_F(SealGpgsm, CompatEncryption_Decrypts) {
  const auto engine = engine_with({"rsa", "p256"});
  for (const Cipher cipher : {Cipher::aes_128_cbc, Cipher::aes_192_cbc, Cipher::aes_256_cbc}) {
    compat_.cipher = cipher;
    write_file(dir_ / "message", encrypt(*engine, {"p256", "rsa"}, compat_));
    const Finished done = gpgsm({"--decrypt", (dir_ / "message").string()}, "secret\n");
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, kContent) << to_string(cipher);
  }
}

}  // namespace
}  // namespace mimeseal::smime
