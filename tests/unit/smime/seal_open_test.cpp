// SPDX-License-Identifier: MIT
// What is sealed here is opened here, in every form and with every key; what was changed on the way is never good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "mimeseal/core/error.h"
#include "mimeseal/smime/engine.h"
#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::smime {
namespace {

using test::smime_file;
using testing::ElementsAre;
using testing::SizeIs;

const std::string kContent = "Content-Type: text/plain\r\n\r\nGrüße aus dem Test.\r\n";
constexpr std::array kCiphers{Cipher::aes_128_gcm, Cipher::aes_192_gcm, Cipher::aes_256_gcm,
                              Cipher::aes_128_cbc, Cipher::aes_192_cbc, Cipher::aes_256_cbc};

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::unique_ptr<Engine> engine_with(const std::vector<std::string>& names) {
  EngineOptions options;
  for (const auto& name : names)
    options.identities.push_back(smime_file(name + ".p12"));
  options.trust = {smime_file("root.crt")};
  options.passphrase = [](const std::string&) { return SecretBytes("secret"); };
  return make_engine(options);
}

std::vector<KeyPtr> own_keys(Engine& engine) {
  std::vector<KeyPtr> keys;
  for (const auto& key : engine.keys()) {
    if (key->info().has_secret) keys.push_back(key);
  }
  return keys;
}

std::string sign(Engine& engine, bool detached, const SmimePolicy& policy = {}) {
  SignSpec spec;
  spec.signers = own_keys(engine);
  spec.detached = detached;
  spec.policy = policy;
  spec.at = now();
  StringSink out;
  engine.sign(*view_source(kContent), out, spec);
  return out.take();
}

std::string encrypt(Engine& engine, Cipher cipher) {
  EncryptSpec spec;
  spec.recipients = own_keys(engine);
  spec.policy.cipher = cipher;
  spec.at = now();
  StringSink out;
  engine.encrypt(*view_source(kContent), out, spec);
  return out.take();
}

OpenSpec judged_now() {
  OpenSpec spec;
  spec.at = now();
  return spec;
}

LayerFacts open(Engine& engine, const std::string& layer, std::string* content) {
  StringSink out;
  LayerFacts facts = engine.open(*view_source(layer), out, judged_now());
  *content = out.take();
  return facts;
}

void expect_good(const SignerFacts& facts, const std::string& name) {
  EXPECT_EQ(facts.integrity, Integrity::good) << name << ": " << facts.why;
  EXPECT_EQ(facts.trust, Trust::trusted) << name << ": " << facts.why;
  EXPECT_EQ(facts.validity, Validity::valid) << name << ": " << facts.why;
  EXPECT_EQ(facts.algorithm, Algorithm::ok) << name << ": " << facts.why;
  EXPECT_EQ(facts.usage, Usage::ok) << name << ": " << facts.why;
}

class SealedSignature : public testing::TestWithParam<const char*> {};

TEST_P(SealedSignature, IsGoodDetachedAndOpaque) {
  const std::string name = GetParam();
  const auto engine = engine_with({name});
  const LayerFacts detached = engine->verify(*view_source(kContent), sign(*engine, true), judged_now());
  ASSERT_THAT(detached.signers, SizeIs(1)) << detached.why;
  expect_good(detached.signers.front(), name);
  EXPECT_THAT(detached.signers.front().addresses, ElementsAre(name + "@smime.test"));
  std::string content;
  const LayerFacts opaque = open(*engine, sign(*engine, false), &content);
  EXPECT_EQ(content, kContent);
  ASSERT_THAT(opaque.signers, SizeIs(1)) << opaque.why;
  expect_good(opaque.signers.front(), name);
}

TEST_P(SealedSignature, OverOtherContent_IsBad) {
  const auto engine = engine_with({GetParam()});
  const LayerFacts facts = engine->verify(*view_source(kContent + " "), sign(*engine, true), judged_now());
  ASSERT_THAT(facts.signers, SizeIs(1));
  EXPECT_EQ(facts.signers.front().integrity, Integrity::bad);
}

INSTANTIATE_TEST_SUITE_P(Keys, SealedSignature,
                         testing::Values("rsa", "rsa4096", "rsapss", "rsapss384", "p256", "p384", "p521",
                                         "brainpoolp256r1", "ed25519", "ed448"));

class SealedContent : public testing::TestWithParam<const char*> {};

TEST_P(SealedContent, OpensWithEveryCipher) {
  const auto engine = engine_with({GetParam()});
  for (const Cipher cipher : kCiphers) {
    std::string content;
    const LayerFacts facts = open(*engine, encrypt(*engine, cipher), &content);
    EXPECT_EQ(content, kContent) << to_string(cipher) << facts.why;
    EXPECT_EQ(facts.cipher, to_string(cipher));
    const bool gcm = facts.type == LayerType::smime_auth_enveloped;
    EXPECT_EQ(facts.authenticated, gcm);
    EXPECT_EQ(facts.result, gcm ? LayerResult::good : LayerResult::unauthenticated) << facts.why;
  }
}

TEST_P(SealedContent, WithAnyOctetChanged_IsNeverAuthenticated) {
  const auto engine = engine_with({GetParam()});
  const std::string sealed = encrypt(*engine, Cipher::aes_256_gcm);
  for (std::size_t i = 0; i < sealed.size(); i += 3) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 0x04);
    StringSink out;
    try {
      const LayerFacts facts = engine->open(*view_source(changed), out, judged_now());
      // The names of recipients are not protected by the cipher: a change there can leave the content as it was.
      EXPECT_TRUE(facts.authenticated ? out.str() == kContent : facts.result != LayerResult::good) << "octet " << i;
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == Errc::malformed || error.code() == Errc::limit) << "octet " << i << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, SealedContent,
                         testing::Values("rsa", "p256", "p384", "p521", "brainpoolp256r1", "x25519", "x448"));

TEST(SealOpen, EachOfMixedRecipientsOpensIt) {
  const std::vector<std::string> names{"rsa", "p256", "p521", "x25519", "x448"};
  const std::string sealed = encrypt(*engine_with(names), Cipher::aes_256_gcm);
  for (const auto& name : names) {
    std::string content;
    const LayerFacts facts = open(*engine_with({name}), sealed, &content);
    EXPECT_EQ(facts.result, LayerResult::good) << name << facts.why;
    EXPECT_EQ(content, kContent);
    EXPECT_THAT(facts.recipients, SizeIs(names.size()));
  }
  std::string content;
  EXPECT_EQ(open(*engine_with({"p384"}), sealed, &content).result, LayerResult::no_key);
}

TEST(SealOpen, SeveralSignersAreAllGood) {
  const auto engine = engine_with({"rsa", "p384", "ed25519", "ed448", "rsapss"});
  const LayerFacts facts = engine->verify(*view_source(kContent), sign(*engine, true), judged_now());
  ASSERT_THAT(facts.signers, SizeIs(5)) << facts.why;
  for (const auto& signer : facts.signers)
    expect_good(signer, signer.who);
}

TEST(SealOpen, CompressedContentExpands) {
  const auto engine = engine_with({"rsa"});
  for (const std::size_t size : {0U, 1U, 1'000'000U}) {
    const std::string content(size, 'x');
    StringSink sealed;
    engine->compress(*view_source(content), sealed);
    std::string expanded;
    const LayerFacts facts = open(*engine, sealed.str(), &expanded);
    EXPECT_EQ(facts.type, LayerType::smime_compressed);
    EXPECT_EQ(facts.result, LayerResult::good) << facts.why;
    EXPECT_TRUE(expanded == content);
  }
}

}  // namespace
}  // namespace mimeseal::smime
