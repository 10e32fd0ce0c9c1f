// SPDX-License-Identifier: MIT
// What `openssl cms` seals, we open: every form, key, cipher and option that it has.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/smime/engine.h"
#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::smime {
namespace {

using test::run;
using test::smime_file;
using test::TempDir;
using test::write_file;

const std::string kContent = "Content-Type: text/plain\r\n\r\nVon openssl gemacht: äöü.\r\n";

using Words = std::vector<std::string>;

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::unique_ptr<Engine> reader(const Words& names) {
  EngineOptions options;
  for (const auto& name : names)
    options.identities.push_back(smime_file(name + ".p12"));
  options.trust = {smime_file("root.crt")};
  options.passphrase = [](const std::string&) { return SecretBytes("secret"); };
  return make_engine(options);
}

/// DER that openssl makes of `content`.
std::string openssl(const Words& words, const std::string& content = kContent) {
  const TempDir dir;
  write_file(dir / "content", content);
  const auto done =
      run(Words{"openssl", "cms", "-binary", "-outform", "DER", "-in", (dir / "content").string()} + words);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  return done.out;
}

Words signer(const std::string& name) {
  return {"-signer", smime_file(name + ".crt"), "-inkey", smime_file(name + ".key"), "-certfile", smime_file("ca.crt")};
}

OpenSpec spec(bool allow_legacy = false) {
  OpenSpec spec;
  spec.at = now();
  spec.allow_legacy = allow_legacy;
  return spec;
}

struct Opened {
  LayerFacts facts;
  std::string content;
};

Opened open(Engine& engine, const std::string& der, const OpenSpec& how = spec()) {
  StringSink out;
  const auto source = view_source(der);
  LayerFacts facts = engine.open(*source, out, how);
  return {std::move(facts), out.take()};
}

void expect_good(const LayerFacts& facts, std::size_t signers = 1) {
  EXPECT_EQ(facts.result, LayerResult::good) << facts.why;
  ASSERT_EQ(facts.signers.size(), signers);
  for (const SignerFacts& signer : facts.signers) {
    EXPECT_EQ(signer.integrity, Integrity::good) << signer.why;
    EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
    EXPECT_EQ(signer.validity, Validity::valid) << signer.why;
    EXPECT_EQ(signer.usage, Usage::ok) << signer.why;
    EXPECT_EQ(signer.why, signer.algorithm == Algorithm::weak ? signer.why : "");
  }
}

struct SignCell {
  std::string name;
  std::string key;
  Words options;
  bool weak = false;
};

void PrintTo(const SignCell& cell, std::ostream* out) {
  *out << cell.name;
}

class OpenSignedByOpenssl : public testing::TestWithParam<SignCell> {};

TEST_P(OpenSignedByOpenssl, IsGoodInEveryForm) {
  const SignCell& cell = GetParam();
  const auto engine = reader({});
  const Words base = Words{"-sign"} + signer(cell.key) + cell.options;
  for (const Words& form :
       {Words{"-nodetach"}, Words{"-nodetach", "-stream"}, Words{"-nodetach", "-keyid"},
        Words{"-nodetach", "-nosmimecap"}, Words{"-nodetach", "-noattr"}, Words{"-nodetach", "-cades"}}) {
    SCOPED_TRACE(join(form, " "));
    const bool pss = cell.name.find("pss") != std::string::npos;
    if (pss && form.back() == "-stream") continue;  // OpenSSL 3.0 cannot write this: "illegal zero content"
    const std::string der = openssl(base + form);
    const Opened opened = open(*engine, der);
    expect_good(opened.facts);
    EXPECT_EQ(opened.content, kContent);
    EXPECT_EQ(opened.facts.signers.at(0).algorithm, cell.weak ? Algorithm::weak : Algorithm::ok);
    EXPECT_EQ(opened.facts.signers[0].addresses, Words{cell.key + "@smime.test"});
    EXPECT_EQ(opened.facts.signers[0].signed_at.has_value(), form.back() != "-noattr");
  }
  for (const Words& form : {Words{}, Words{"-keyid"}, Words{"-noattr"}}) {
    SCOPED_TRACE(join(form, " "));
    const std::string der = openssl(base + form);
    expect_good(engine->verify(*view_source(kContent), der, spec()));
    const LayerFacts other = engine->verify(*view_source(kContent + " "), der, spec());
    EXPECT_EQ(other.signers.at(0).integrity, Integrity::bad);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, OpenSignedByOpenssl,
    testing::Values(SignCell{"rsa", "rsa", {}}, SignCell{"rsa_sha512", "rsa", {"-md", "sha512"}},
                    SignCell{"rsa_sha224", "rsa", {"-md", "sha224"}}, SignCell{"rsa_sha3", "rsa", {"-md", "sha3-256"}},
                    SignCell{"rsa_sha1", "rsa", {"-md", "sha1"}, true},
                    SignCell{"rsa_md5", "rsa", {"-md", "md5"}, true},
                    SignCell{"pss", "rsa", {"-keyopt", "rsa_padding_mode:pss"}},
                    SignCell{"pss_salt_0", "rsa", {"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:0"}},
                    SignCell{
                        "pss_salt_auto", "rsa", {"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:-2"}},
                    SignCell{"pss_sha384_mgf_sha512",
                             "rsa",
                             {"-md", "sha384", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha512"}},
                    SignCell{"pss_sha1", "rsa", {"-md", "sha1", "-keyopt", "rsa_padding_mode:pss"}, true},
                    SignCell{"rsapss", "rsapss", {"-keyopt", "rsa_padding_mode:pss"}}, SignCell{"p256", "p256", {}},
                    SignCell{"p384", "p384", {"-md", "sha384"}}, SignCell{"p521", "p521", {"-md", "sha512"}},
                    SignCell{"brainpool", "brainpoolp256r1", {}}, SignCell{"secp256k1", "secp256k1", {}},
                    SignCell{"weak", "weak", {}, true}),
    [](const auto& cell) { return cell.param.name; });

TEST(OpenOpenssl, SeveralSigners_EachHasItsFacts) {
  const auto engine = reader({});
  const std::string der = openssl(Words{"-sign", "-nodetach"} + signer("rsa") + signer("p384") + signer("p521"));
  const Opened opened = open(*engine, der);
  expect_good(opened.facts, 3);
  EXPECT_EQ(opened.facts.certificates.size(), 4U);
}

TEST(OpenOpenssl, SignerWithoutCertificate_IsFoundAmongTheKnownOrMissed) {
  const std::string der = openssl(Words{"-sign", "-nodetach", "-nocerts"} + signer("rsa"));
  const auto stranger = reader({"p256"});
  const Opened missed = open(*stranger, der);
  EXPECT_EQ(missed.facts.signers.at(0).integrity, Integrity::no_key);
  EXPECT_EQ(missed.facts.signers[0].trust, Trust::unknown);
  EXPECT_EQ(missed.facts.signers[0].fingerprint, "");
  EXPECT_EQ(judge(missed.facts.signers[0]), Verdict::unverified);
  const auto friends = reader({"rsa"});
  expect_good(open(*friends, der).facts);
}

TEST(OpenOpenssl, SignatureByWrongKind_IsNotForMail) {
  const auto engine = reader({});
  for (const char* key : {"server", "encryptonly"}) {
    const Opened opened = open(*engine, openssl(Words{"-sign", "-nodetach"} + signer(key)));
    EXPECT_EQ(opened.facts.signers.at(0).integrity, Integrity::good);
    EXPECT_EQ(opened.facts.signers[0].trust, Trust::trusted) << opened.facts.signers[0].why;
    EXPECT_EQ(opened.facts.signers[0].usage, Usage::not_for_mail) << key;
  }
}

TEST(OpenOpenssl, CertsOnly_HasCertificatesAndNoSigner) {
  const auto engine = reader({});
  const auto done = run({"openssl", "crl2pkcs7", "-nocrl", "-certfile", smime_file("rsa.crt"), "-certfile",
                         smime_file("chain.pem"), "-outform", "DER"});
  const Opened opened = open(*engine, done.out);
  EXPECT_EQ(opened.facts.type, LayerType::smime_signed);
  EXPECT_TRUE(opened.facts.signers.empty());
  EXPECT_EQ(opened.facts.certificates.size(), 3U);
  EXPECT_NE(opened.facts.why, "");
}

TEST(OpenOpenssl, OtherForms_AreUnsupportedByName) {
  const auto engine = reader({"rsa"});
  const std::string key = "000102030405060708090a0b0c0d0e0f";
  for (const Words& words : {Words{"-digest_create"}, Words{"-data_create"},
                             Words{"-EncryptedData_encrypt", "-aes128", "-secretkey", key}}) {
    const Opened opened = open(*engine, openssl(words));
    EXPECT_EQ(opened.facts.result, LayerResult::unsupported);
    EXPECT_NE(opened.facts.why, "");
  }
}

struct EncryptCell {
  std::string name;
  std::string key;
  Words options;
};

void PrintTo(const EncryptCell& cell, std::ostream* out) {
  *out << cell.name;
}

class OpenEncryptedByOpenssl : public testing::TestWithParam<EncryptCell> {};

TEST_P(OpenEncryptedByOpenssl, DecryptsWithEveryCipher) {
  const EncryptCell& cell = GetParam();
  const auto engine = reader({"p521", cell.key});
  for (const std::string cipher :
       {"aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-192-gcm", "aes-256-gcm", "camellia-256-cbc"}) {
    for (const Words& form : {Words{}, Words{"-stream"}, Words{"-keyid"}}) {
      SCOPED_TRACE(cipher + " " + join(form, " "));
      const std::string der = openssl(Words{"-encrypt", "-" + cipher} + form +
                                      Words{"-recip", smime_file(cell.key + ".crt")} + cell.options);
      const Opened opened = open(*engine, der);
      const bool gcm = cipher.ends_with("gcm");
      EXPECT_EQ(opened.facts.type, gcm ? LayerType::smime_auth_enveloped : LayerType::smime_enveloped);
      EXPECT_EQ(opened.facts.result, gcm ? LayerResult::good : LayerResult::unauthenticated) << opened.facts.why;
      EXPECT_EQ(opened.facts.authenticated, gcm);
      EXPECT_EQ(opened.facts.cipher, cipher);
      EXPECT_EQ(opened.content, kContent);
      EXPECT_EQ(opened.facts.recipients.size(), 1U);
      EXPECT_EQ(opened.facts.decrypted_by, engine->keys().back()->info().fingerprint);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, OpenEncryptedByOpenssl,
    testing::Values(
        EncryptCell{"pkcs1", "rsa", {}}, EncryptCell{"oaep", "rsa", {"-keyopt", "rsa_padding_mode:oaep"}},
        EncryptCell{"oaep_sha256", "rsa", {"-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"}},
        EncryptCell{
            "oaep_sha512_mgf_sha1",
            "rsa4096",
            {"-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha1"}},
        EncryptCell{"oaep_label", "rsa", {"-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_label:6c6162656c"}},
        EncryptCell{"p256", "p256", {}}, EncryptCell{"p384", "p384", {}},
        EncryptCell{"p256_sha512", "p256", {"-keyopt", "ecdh_kdf_md:sha512"}},
        EncryptCell{"p384_cofactor", "p384", {"-keyopt", "ecdh_cofactor_mode:1", "-keyopt", "ecdh_kdf_md:sha384"}},
        EncryptCell{"brainpool", "brainpoolp256r1", {}}),
    [](const auto& cell) { return cell.param.name; });

TEST(OpenOpenssl, MixedRecipients_EachOpensAndAllAreListed) {
  const std::string der =
      openssl({"-encrypt", "-aes-256-cbc", "-stream", "-recip", smime_file("p256.crt"), "-recip", smime_file("rsa.crt"),
               "-recip", smime_file("p384.crt"), "-recip", smime_file("rsa4096.crt"), "-pwri_password", "geheim"});
  for (const char* name : {"p256", "rsa", "p384", "rsa4096"}) {
    SCOPED_TRACE(name);
    const auto engine = reader({name});
    const Opened opened = open(*engine, der);
    EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
    EXPECT_EQ(opened.content, kContent);
    EXPECT_EQ(opened.facts.recipients.size(), 5U);
  }
  const auto stranger = reader({"p521"});
  const Opened opened = open(*stranger, der);
  EXPECT_EQ(opened.facts.result, LayerResult::no_key);
  EXPECT_EQ(opened.content, "");
  EXPECT_TRUE(std::any_of(opened.facts.recipients.begin(), opened.facts.recipients.end(), [](const auto& recipient) {
    return recipient == "CN=Issuing CA,O=mimeseal tests/65";
  })) << opened.facts.recipients[1];
}

TEST(OpenOpenssl, LegacyCiphers_AreReadOnlyWhenAllowed) {
  const auto engine = reader({"rsa"});
  for (const auto& [option, name] : {std::pair("-des3", "des-ede3-cbc"),
                                     {"-des-cbc", "des-cbc"},
                                     {"-rc2-40-cbc", "rc2-cbc"},
                                     {"-rc2-64-cbc", "rc2-cbc"},
                                     {"-rc2", "rc2-cbc"}}) {
    SCOPED_TRACE(option);
    const std::string der =
        openssl({"-encrypt", option, "-recip", smime_file("rsa.crt"), "-provider", "legacy", "-provider", "default"});
    const Opened refused = open(*engine, der);
    EXPECT_EQ(refused.facts.result, LayerResult::unsupported);
    EXPECT_EQ(refused.facts.cipher, name);
    EXPECT_EQ(refused.content, "");
    const Opened opened = open(*engine, der, spec(true));
    EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
    EXPECT_EQ(opened.content, kContent);
  }
}

TEST(OpenOpenssl, TripleDesWrappedKey_IsReadOnlyWhenAllowed) {
  const auto engine = reader({"p256"});
  const std::string der = openssl({"-encrypt", "-des3", "-recip", smime_file("p256.crt")});
  EXPECT_EQ(open(*engine, der).facts.result, LayerResult::unsupported);
  const Opened opened = open(*engine, der, spec(true));
  EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
  EXPECT_EQ(opened.content, kContent);
}

TEST(OpenOpenssl, EverySizeAroundABlockAndAChunk_OpensExactly) {
  const auto engine = reader({"rsa"});
  for (const std::size_t size : {1U, 15U, 16U, 17U, 1023U, 65520U, 65535U, 65536U, 65537U, 300'000U}) {
    SCOPED_TRACE(size);
    std::string content(size, 'a');
    for (std::size_t i = 0; i < size; ++i)
      content[i] = static_cast<char>(i * 7 + i / 251);
    for (const Words& form : {Words{}, Words{"-stream"}}) {
      const Words to{"-recip", smime_file("rsa.crt")};
      EXPECT_TRUE(open(*engine, openssl(Words{"-encrypt", "-aes128"} + form + to, content)).content == content);
      EXPECT_TRUE(open(*engine, openssl(Words{"-encrypt", "-aes-256-gcm"} + form + to, content)).content == content);
      const Opened opened = open(*engine, openssl(Words{"-sign", "-nodetach"} + form + signer("rsa"), content));
      expect_good(opened.facts);
      EXPECT_TRUE(opened.content == content);
    }
  }
}

}  // namespace
}  // namespace mimeseal::smime
