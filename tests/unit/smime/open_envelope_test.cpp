// SPDX-License-Identifier: MIT
// AuthEnvelopedData as odd but honest senders make it, and as liars do.
#include <gtest/gtest.h>

#include "cms_forge.h"
#include "mimeseal/core/error.h"
#include "open_testing.h"
#include "support/smime_pki.h"

namespace mimeseal::test {
namespace {

using forge::Envelope;

std::unique_ptr<Engine> reader() {
  return engine({smime_file("rsa.p12")}, {}, {}, "secret");
}

Opened opened(const std::string& der) {
  return open(*reader(), der, spec_at("2027-01-01"));
}

void expect_authentic(const Envelope& message) {
  const Opened result = opened(forge::make(message));
  EXPECT_EQ(result.facts.type, LayerType::smime_auth_enveloped);
  EXPECT_EQ(result.facts.result, LayerResult::good) << result.facts.why;
  EXPECT_TRUE(result.facts.authenticated);
  EXPECT_EQ(result.content, message.content);
}

void expect_bad(const std::string& der) {
  const Opened result = opened(der);
  EXPECT_EQ(result.facts.result, LayerResult::bad);
  EXPECT_FALSE(result.facts.authenticated);
  EXPECT_NE(result.facts.why, "");
}

TEST(SmimeEnvelope, RecipientIsFoundByIssuerAndNumberTogether) {
  // Before the recipient's own key: one by the same CA, and one of the same number by another.
  const TempDir dir;
  const std::string number = hex(forge::serial(smime_file("rsa.crt")).substr(2));
  const std::string other = (dir / "other").string();
  const auto made = run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", other + ".key", "-subj",
                         "/CN=other", "-days", "9", "-set_serial", "0x" + number, "-out", other + ".crt"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto several = engine({other + ".key", other + ".crt", smime_file("encryptonly.key"),
                               smime_file("encryptonly.crt"), smime_file("rsa.key"), smime_file("rsa.crt")});
  const Opened result = open(*several, forge::make(Envelope{}), spec_at("2027-01-01"));
  EXPECT_EQ(result.facts.result, LayerResult::good) << result.facts.why;
  EXPECT_EQ(result.facts.decrypted_by, hex(sha256(forge::certificate(smime_file("rsa.crt")))));
}

TEST(SmimeEnvelope, RecipientIsFoundByKeyId) {
  const auto sealed = run({"openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-cbc", "-keyid",
                           "-recip", smime_file("rsa.crt")},
                          {.input = "by key id"});
  ASSERT_EQ(sealed.exit_code, 0) << sealed.err;
  const auto several = engine(
      {smime_file("encryptonly.key"), smime_file("encryptonly.crt"), smime_file("rsa.key"), smime_file("rsa.crt")});
  const Opened result = open(*several, sealed.out, spec_at("2027-01-01"));
  EXPECT_EQ(result.content, "by key id");
  EXPECT_EQ(result.facts.decrypted_by, hex(sha256(forge::certificate(smime_file("rsa.crt")))));
}

TEST(SmimeEnvelope, NonceOfAnyLength_IsAuthentic) {
  for (const std::size_t nonce : {1U, 7U, 8U, 11U, 12U, 13U, 16U, 60U, 128U})
    expect_authentic({.nonce = nonce});
  const Opened endless = opened(forge::make(Envelope{.nonce = 129}));
  EXPECT_EQ(endless.facts.result, LayerResult::unsupported);
}

TEST(SmimeEnvelope, TagOfTwelveToSixteen_IsAuthentic) {
  for (const std::size_t tag : {12U, 13U, 14U, 15U, 16U})
    expect_authentic({.tag = tag});
  expect_authentic({.tag = 12, .say_length = false});
  expect_bad(forge::make(Envelope{.tag = 16, .say_length = false}));
  for (const std::size_t tag : {4U, 8U, 11U})
    EXPECT_EQ(opened(forge::make(Envelope{.tag = tag})).facts.result, LayerResult::unsupported);
}

TEST(SmimeEnvelope, ChaCha20Poly1305_IsAuthentic) {
  expect_authentic({.chacha = true});
  EXPECT_EQ(opened(forge::make(Envelope{.chacha = true})).facts.cipher, "chacha20-poly1305");
  EXPECT_EQ(opened(forge::make(Envelope{.chacha = true, .nonce = 8})).facts.result, LayerResult::unsupported);
}

TEST(SmimeEnvelope, EmptyAndPiecewiseContent_IsAuthentic) {
  expect_authentic({.content = ""});
  expect_authentic({.pieces = true});
}

TEST(SmimeEnvelope, AuthenticatedAttributes_AreAuthenticatedToo) {
  const std::string type = forge::content_type();
  const std::string other = forge::attribute("1.2.3.4", {forge::octets("an attribute")});
  expect_authentic({.auth_attributes = {type}});
  expect_authentic({.auth_attributes = {type, other}});
  expect_authentic({.auth_attributes = {other, type}});  // unsorted, but authenticated in DER
  const std::string der = forge::make(Envelope{.auth_attributes = {type, other}});
  std::string changed = der;
  changed[der.find("an attribute")] = 'A';
  expect_bad(changed);
  // Without them the tag does not fit.
  std::string without = forge::make(Envelope{.auth_attributes = {other}});
  const std::size_t at = without.find(forge::tlv(0xA1, other));
  ASSERT_NE(at, std::string::npos);
  without[at] = '\xA2';  // unauthAttrs, which must stand behind the mac: malformed
  expect_bad(without);
}

TEST(SmimeEnvelope, AuthenticatedContentTypeThatLies_IsBad) {
  expect_bad(forge::make(Envelope{.auth_attributes = {forge::content_type(forge::kSignedData)}}));
}

TEST(SmimeEnvelope, KeyBoundToItsAlgorithm_IsDerivedAsRfc9709Says) {
  // Appendix B.1 of RFC 9709.
  Envelope message{.tag = 12, .say_length = false, .aes128 = true};
  message.transported_key = unhex("c702e7d0a9e064b09ba55245fb733cf3").value();
  message.key = unhex("2124ffb29fac4e0fbbc7d5d87492bff3").value();
  message.nonce_octets = unhex("5c79058ba2f43447639d29e2").value();
  const auto derived = [](const std::string& inner) { return forge::algorithm("1.2.840.113549.1.9.16.3.31", inner); };
  message.wrap_algorithm = [&](const std::string& inner) {
    EXPECT_EQ(hex(inner), "301b0609608648016503040106300e040c5c79058ba2f43447639d29e2");
    return derived(inner);
  };
  expect_authentic(message);
  EXPECT_EQ(opened(forge::make(message)).facts.cipher, "aes-128-gcm");
  message.wrap_algorithm = nullptr;
  expect_bad(forge::make(message));
  message.wrap_algorithm = [&](const std::string& inner) { return derived(derived(inner)); };
  EXPECT_EQ(opened(forge::make(message)).facts.result, LayerResult::unsupported);
}

TEST(SmimeEnvelope, ContentOfAnotherType_IsNeverGood) {
  expect_bad(forge::make(Envelope{.type = forge::kSignedData}));
}

TEST(SmimeEnvelope, TamperedTag_IsBadAndSaysNoMoreThanThat) {
  std::string der = forge::make(Envelope{});
  der.back() = static_cast<char>(der.back() ^ 1);
  const Opened tag = opened(der);
  std::string key = forge::make(Envelope{});
  key[key.find(forge::algorithm(forge::kRsa, std::string("\x05\x00", 2))) + 40] ^= 1;  // inside the encrypted key
  const Opened transport = opened(key);
  EXPECT_EQ(tag.facts.result, LayerResult::bad);
  EXPECT_EQ(transport.facts.result, LayerResult::bad);
  EXPECT_EQ(tag.facts.why, transport.facts.why);
}

TEST(SmimeEnvelope, CipherOfTheOtherForm_IsUnsupported) {
  // AES-CBC where only authenticated ciphers may stand, and GCM where it would not be checked.
  std::string der = forge::make(Envelope{});
  const std::string gcm = forge::oid("2.16.840.1.101.3.4.1.46");
  der.replace(der.find(gcm), gcm.size(), forge::oid("2.16.840.1.101.3.4.1.42"));
  EXPECT_EQ(opened(der).facts.result, LayerResult::unsupported);
}

}  // namespace
}  // namespace mimeseal::test
