// SPDX-License-Identifier: MIT
// An identity on a PKCS#11 token, played by SoftHSM.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "interop/smime/seal_fixture.h"
#include "mimeseal/core/error.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MIMESEAL_LEAK_CHECK 1
#endif
#endif
#ifdef MIMESEAL_LEAK_CHECK
/// libp11's engine never gives back the method tables that it makes when it is loaded; their stacks end in libcrypto.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the sanitizer's own name
extern "C" const char* __lsan_default_suppressions() {
  return "leak:RSA_meth_dup\nleak:CRYPTO_zalloc\nleak:CRYPTO_strdup\nleak:CRYPTO_malloc\n";
}
#endif

namespace mimeseal::smime {
namespace {

namespace fs = std::filesystem;
using test::run;
using test::smime_file;
using test::TempDir;
using test::write_file;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

class SealToken : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kModule)) GTEST_SKIP() << "SoftHSM is not installed (softhsm2)";
    if (run({"pkcs11-tool", "--help"}).exit_code == 127) GTEST_SKIP() << "pkcs11-tool is not installed (opensc)";
    if (run({"openssl", "engine", "pkcs11"}).exit_code != 0)
      GTEST_SKIP() << "no pkcs11 engine (libengine-pkcs11-openssl)";
    fs::create_directory(dir_ / "tokens");
    write_file(dir_ / "softhsm2.conf",
               "directories.tokendir = " + (dir_ / "tokens").string() + "\nobjectstore.backend = file\n");
    setenv("SOFTHSM2_CONF", (dir_ / "softhsm2.conf").c_str(), 1);
    ASSERT_EQ(
        run({"softhsm2-util", "--init-token", "--free", "--label", "desk", "--pin", "secret", "--so-pin", "12345678"})
            .exit_code,
        0);
    for (const auto& [name, id] : {std::pair("rsa", "01"), std::pair("p256", "02")}) {
      const std::string key = (dir_ / "key.der").string();
      const std::string certificate = (dir_ / "certificate.der").string();
      const std::string file = smime_file(name);
      ASSERT_EQ(run({"openssl", "pkey", "-in", file + ".key", "-outform", "DER", "-out", key}).exit_code, 0);
      ASSERT_EQ(run({"openssl", "x509", "-in", file + ".crt", "-outform", "DER", "-out", certificate}).exit_code, 0);
      put_on_token(key, "privkey", name, id);
      put_on_token(certificate, "cert", name, id);
    }
  }

  static void put_on_token(const std::string& file, const std::string& type, const std::string& name,
                           const std::string& id) {
    std::vector<std::string> command{"pkcs11-tool",   "--module", kModule,          "--login", "--pin",  "secret",
                                     "--token-label", "desk",     "--write-object", file,      "--type", type,
                                     "--label",       name,       "--id",           id};
    if (type == "privkey") command.insert(command.end(), {"--usage-sign", "--usage-decrypt", "--usage-derive"});
    const auto done = run(command);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }

  static std::string uri(const std::string& object) {
    return "pkcs11:token=desk;object=" + object + "?module-path=" + kModule;
  }

  static std::unique_ptr<Engine> engine(const std::string& identity, const std::string& pin = "secret") {
    EngineOptions options;
    options.identities = {identity};
    options.recipient_keys = {smime_file("chain.pem")};
    options.passphrase = [pin](const std::string&) { return SecretBytes(pin); };
    return make_engine(options);
  }

  TempDir dir_;
};

TEST_F(SealToken, SignsWithRsaPssAndEcdsa) {
  write_file(dir_ / "content", kContent);
  for (const auto& [name, scheme] : {std::pair("rsa", RsaSignature::pkcs1), std::pair("rsa", RsaSignature::pss),
                                     std::pair("p256", RsaSignature::pkcs1)}) {
    const auto token = engine(uri(name));
    SmimePolicy policy;
    policy.rsa_signature = scheme;
    write_file(dir_ / "message", sign(*token, {name}, true, policy));
    const auto done = run({"openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", (dir_ / "message").string(),
                           "-content", (dir_ / "content").string(), "-CAfile", smime_file("root.crt")});
    EXPECT_EQ(done.exit_code, 0) << name << done.err;
  }
}

TEST_F(SealToken, OpensWhatWasEncryptedToIt) {
  for (const auto& [name, transport] : {std::pair("rsa", KeyTransport::oaep), std::pair("rsa", KeyTransport::pkcs1),
                                        std::pair("p256", KeyTransport::oaep)}) {
    SmimePolicy policy;
    policy.key_transport = transport;
    const std::string message = encrypt(*engine_with({name}), {name}, policy);
    const auto token = engine(uri(name));
    OpenSpec spec;
    spec.at = now();
    StringSink out;
    const LayerFacts facts = token->open(*view_source(message), out, spec);
    EXPECT_EQ(facts.result, LayerResult::good) << name << " " << to_string(transport) << ": " << facts.why;
    EXPECT_EQ(out.str(), kContent);
  }
}

TEST_F(SealToken, IsAnIdentityWithItsAddress) {
  const auto token = engine(uri("rsa"));
  const KeyChoice choice = token->signing_key("rsa@smime.test", now());
  ASSERT_TRUE(choice.key) << choice.why;
  EXPECT_TRUE(choice.key->info().has_secret);
  EXPECT_THAT(choice.key->info().origin, HasSubstr("pkcs11:token=desk"));
}

// A process logs in to a token once, and has one module: so these two run in processes of their own.

TEST_F(SealToken, WrongPin_IsRefusedWithoutNamingIt) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto refused_silently = [] {
    try {
      engine(uri("rsa"), "wrong-pin");
    } catch (const Error& error) {
      const std::string said = std::string(error.what()) + error.where() + error.cause();
      std::exit(error.code() == Errc::refused && said.find("wrong-pin") == std::string::npos ? 0 : 2);
    }
    std::exit(3);
  };
  EXPECT_EXIT(refused_silently(), testing::ExitedWithCode(0), "");
}

TEST_F(SealToken, MissingModule_IsAnError) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto unavailable = [] {
    try {
      engine("pkcs11:token=desk;object=rsa?module-path=/nonexistent.so");
    } catch (const Error& error) {
      std::exit(error.where().find("/nonexistent.so") == std::string::npos ? 2 : 0);
    }
    std::exit(3);
  };
  EXPECT_EXIT(unavailable(), testing::ExitedWithCode(0), "");
}

TEST_F(SealToken, MissingObject_IsNamed) {
  try {
    engine(uri("nobody"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::no_input);
    EXPECT_THAT(error.where(), HasSubstr("object=nobody"));
  }
}

TEST_F(SealToken, PinInTheUri_IsRefused) {
  try {
    engine("pkcs11:token=desk;object=rsa?pin-value=secret");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::usage);
    EXPECT_THAT(std::string(error.what()) + error.where(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace mimeseal::smime
