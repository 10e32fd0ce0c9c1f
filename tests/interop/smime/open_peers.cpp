// SPDX-License-Identifier: MIT
// What gpgsm and Bouncy Castle seal, we open: the second does what `openssl cms` cannot (Ed25519, compressed-data).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "interop/smime/seal_fixture.h"
#include "mimeseal/core/text.h"

namespace mimeseal::smime {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using test::run;
using test::smime_file;
using test::TempDir;
using test::write_file;
using testing::HasSubstr;

struct Opened {
  LayerFacts facts;
  std::string content;
};

OpenSpec spec() {
  OpenSpec spec;
  spec.at = now();
  return spec;
}

std::unique_ptr<Engine> reader(const std::vector<std::string>& names) {
  EngineOptions options;
  for (const auto& name : names)
    options.identities.push_back(smime_file(name + ".p12"));
  options.trust = {smime_file("root.crt")};
  options.recipient_keys = {smime_file("ca.crt")};
  options.passphrase = [](const std::string&) { return SecretBytes("secret"); };
  return make_engine(options);
}

Opened open(Engine& engine, const std::string& der) {
  StringSink out;
  LayerFacts facts = engine.open(*view_source(der), out, spec());
  return {std::move(facts), out.take()};
}

void expect_good(const LayerFacts& facts) {
  EXPECT_EQ(facts.result, LayerResult::good) << facts.why;
  ASSERT_EQ(facts.signers.size(), 1U);
  EXPECT_EQ(facts.signers[0].integrity, Integrity::good) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].trust, Trust::trusted) << facts.signers[0].why;
}

class OpenGpgsm : public testing::Test {
 protected:
  void SetUp() override {
    if (run({"gpgsm", "--version"}).exit_code != 0) GTEST_SKIP() << "gpgsm is not installed";
    write_file(home_ / "gpgsm.conf", "disable-crl-checks\ndisable-policy-checks\n");
    write_file(home_ / "gpg-agent.conf", "allow-loopback-pinentry\n");
    const auto print = run({"openssl", "x509", "-in", smime_file("root.crt"), "-noout", "-fingerprint", "-sha1"}).out;
    write_file(home_ / "trustlist.txt", std::string(trim(print.substr(print.find('=') + 1))) + " S relax\n");
    ASSERT_EQ(gpgsm({"--import", smime_file("chain.pem"), smime_file("p256.crt")}).exit_code, 0);
    ASSERT_TRUE(test::import_rsa_key([this](const std::string& bag) {
      return gpgsm({"--import", bag}, "secret\n").err.find("secret keys imported: 1") != std::string::npos;
    }));
    write_file(dir_ / "content", kContent);
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
};

TEST_F(OpenGpgsm, Signatures_AreGood) {
  const auto engine = reader({});
  const std::string content = (dir_ / "content").string();
  for (const char* chain : {"0", "1", "-1"}) {
    const std::string included = std::string("--include-certs=") + chain;
    const Finished opaque = gpgsm({included, "-u", "rsa@smime.test", "--sign", content}, "secret\n");
    const Finished detached = gpgsm({included, "-u", "rsa@smime.test", "--detach-sign", content}, "secret\n");
    ASSERT_EQ(opaque.exit_code, 0) << opaque.err;
    ASSERT_EQ(detached.exit_code, 0) << detached.err;
    const auto judge = chain == std::string("0") ? reader({"rsa"}) : reader({});
    const Opened opened = open(*judge, opaque.out);
    expect_good(opened.facts);
    EXPECT_EQ(opened.content, kContent);
    expect_good(judge->verify(*view_source(kContent), detached.out, spec()));
    EXPECT_EQ(judge->verify(*view_source("other"), detached.out, spec()).signers.at(0).integrity, Integrity::bad);
  }
}

TEST_F(OpenGpgsm, Encrypted_Decrypts) {
  for (const char* cipher : {"AES128", "AES192", "AES256"}) {
    const Finished made =
        gpgsm({"--cipher-algo", cipher, "-r", "rsa@smime.test", "--encrypt", (dir_ / "content").string()});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const auto engine = reader({"rsa"});  // gpgsm 2.2 encrypts to no elliptic curve
    const Opened opened = open(*engine, made.out);
    EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
    EXPECT_EQ(opened.content, kContent);
    EXPECT_EQ(opened.facts.recipients.size(), 1U);
  }
}

class OpenBouncyCastle : public testing::Test {
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
    write_file(dir_ / "content", kContent);
  }

  std::string peer(const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"java", "-cp", class_path_ + dir_.path().string(), "CmsPeer"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.push_back((dir_ / "content").string());
    const Finished made = run(command);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return made.out;
  }

  TempDir dir_;
  std::string class_path_;
};

TEST_F(OpenBouncyCastle, Signatures_AreGood_EddsaToo) {
  const auto engine = reader({});
  for (const auto& [name, algorithm] :
       {std::pair("ed25519", "Ed25519"), {"ed448", "Ed448"}, {"rsa", "SHA256WITHRSAANDMGF1"}}) {
    SCOPED_TRACE(algorithm);
    const std::string certificate = smime_file(std::string(name) + ".crt");
    const std::string key = smime_file(std::string(name) + ".key");
    const Opened opened = open(*engine, peer({"sign", "opaque", algorithm, certificate, key}));
    expect_good(opened.facts);
    EXPECT_EQ(opened.content, kContent);
    const std::string detached = peer({"sign", "detached", algorithm, certificate, key});
    expect_good(engine->verify(*view_source(kContent), detached, spec()));
    EXPECT_EQ(engine->verify(*view_source("other"), detached, spec()).signers.at(0).integrity, Integrity::bad);
  }
}

TEST_F(OpenBouncyCastle, Encrypted_Decrypts) {
  const auto engine = reader({"rsa", "p256"});
  for (const auto& [cipher, name] :
       {std::pair("AES128-CBC", "rsa"), {"AES256-CBC", "p256"}, {"AES128-GCM", "rsa"}, {"AES256-GCM", "p256"}}) {
    SCOPED_TRACE(cipher);
    const Opened opened = open(*engine, peer({"encrypt", cipher, smime_file(std::string(name) + ".crt")}));
    const bool gcm = std::string(cipher).ends_with("GCM");
    EXPECT_EQ(opened.facts.result, gcm ? LayerResult::good : LayerResult::unauthenticated) << opened.facts.why;
    EXPECT_EQ(opened.content, kContent);
  }
  const Opened ccm = open(*engine, peer({"encrypt", "AES256-CCM", smime_file("rsa.crt")}));
  EXPECT_EQ(ccm.facts.result, LayerResult::unsupported);
  EXPECT_THAT(ccm.facts.why, HasSubstr("ccm"));
}

TEST_F(OpenBouncyCastle, Compressed_Unpacks) {
  const auto engine = reader({});
  const Opened opened = open(*engine, peer({"compress"}));
  EXPECT_EQ(opened.facts.result, LayerResult::good) << opened.facts.why;
  EXPECT_EQ(opened.content, kContent);
}

}  // namespace
}  // namespace mimeseal::smime
