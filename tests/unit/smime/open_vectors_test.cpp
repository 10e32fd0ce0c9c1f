// SPDX-License-Identifier: MIT
// Other people's messages: each gives the facts that its makers say are right.
#include <gtest/gtest.h>

#include "open_testing.h"

namespace mimeseal::test {
namespace {

using testing::TestWithParam;

constexpr const char* kRfc4134Time = "2010-01-01";
constexpr const char* kThunderbirdTime = "@1775000000";
constexpr const char* kNow = "2026-11-22";

std::string thunderbird(std::string_view name) {
  return vector_file(std::string("thunderbird-smime/smime/alice.") + std::string(name) + ".eml");
}

std::unique_ptr<Engine> bob() {
  return engine({data_path("thunderbird-smime/keys/Bob.p12")}, {data_path("thunderbird-smime/keys/TestCA.pem")});
}

std::unique_ptr<Engine> carls_friend(const char* key = "BobPrivRSAEncrypt.key.pem",
                                     const char* certificate = "BobRSASignByCarl.crt.pem") {
  return engine({data_path(std::string("ietf-rfc4134/") + key), data_path(std::string("ietf-rfc4134/") + certificate)},
                {data_path("ietf-rfc4134/ca.pem")});
}

void expect_good_but_weak(const SignerFacts& signer, std::string_view who) {
  EXPECT_EQ(signer.integrity, Integrity::good) << signer.why;
  EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
  EXPECT_EQ(signer.validity, Validity::valid) << signer.why;
  EXPECT_EQ(signer.algorithm, Algorithm::weak);
  EXPECT_EQ(signer.who, who);
}

TEST(SmimeVectors, Rfc4134OpaqueSignatures_AreIntactAndWeak) {
  const auto friends = carls_friend();
  for (const auto& [name, who] :
       {std::pair("4.1.bin", "CN=AliceDSS"), {"4.2.bin", "CN=AliceRSA"}, {"4.7.bin", "CN=AliceDSS"}}) {
    SCOPED_TRACE(name);
    const Opened opened = open(*friends, vector_file(std::string("ietf-rfc4134/") + name), spec_at(kRfc4134Time));
    EXPECT_EQ(opened.facts.type, LayerType::smime_signed);
    EXPECT_EQ(opened.facts.result, LayerResult::good) << opened.facts.why;
    EXPECT_EQ(opened.content, vector_file("ietf-rfc4134/ExContent.bin"));
    ASSERT_EQ(opened.facts.signers.size(), 1U);
    expect_good_but_weak(opened.facts.signers[0], who);
  }
}

TEST(SmimeVectors, Rfc4134WithAllAttributes_IsIntact) {
  const auto friends = carls_friend();
  const Opened opened = open(*friends, vector_file("ietf-rfc4134/4.5.bin"), spec_at(kRfc4134Time));
  ASSERT_EQ(opened.facts.signers.size(), 1U);
  expect_good_but_weak(opened.facts.signers[0], "CN=AliceRSA");
  EXPECT_EQ(opened.content, vector_file("ietf-rfc4134/ExContent.bin"));
}

TEST(SmimeVectors, Rfc4134Detached_IsIntactOnlyWithItsContent) {
  const auto friends = carls_friend();
  const std::string signature = vector_file("ietf-rfc4134/4.3.bin");
  const LayerFacts facts =
      verify(*friends, vector_file("ietf-rfc4134/ExContent.bin"), signature, spec_at(kRfc4134Time));
  ASSERT_EQ(facts.signers.size(), 1U);
  expect_good_but_weak(facts.signers[0], "CN=AliceDSS");
  const LayerFacts other = verify(*friends, "another content", signature, spec_at(kRfc4134Time));
  EXPECT_EQ(other.signers.at(0).integrity, Integrity::bad);
  // Taken for a whole layer, it has no content.
  const Opened opened = open(*friends, signature, spec_at(kRfc4134Time));
  EXPECT_EQ(opened.facts.result, LayerResult::bad);
  EXPECT_EQ(opened.facts.signers.at(0).integrity, Integrity::bad);
}

TEST(SmimeVectors, Rfc4134Message49_HasTwoSigners) {
  const auto friends = carls_friend();
  const Opened opened = open(*friends, body_of(vector_file("ietf-rfc4134/4.9.eml")), spec_at(kRfc4134Time));
  EXPECT_FALSE(opened.facts.signers.empty());
  for (const SignerFacts& signer : opened.facts.signers)
    EXPECT_EQ(signer.integrity, Integrity::good) << signer.why;
  EXPECT_EQ(opened.content.substr(0, 12), "\r\nThis is so");
}

TEST(SmimeVectors, Rfc4134TripleDes_IsReadOnlyWhenLegacyIsAllowed) {
  const auto friends = carls_friend();
  const std::string message = vector_file("ietf-rfc4134/5.1.bin");
  const Opened refused = open(*friends, message, spec_at(kRfc4134Time));
  EXPECT_EQ(refused.facts.result, LayerResult::unsupported);
  EXPECT_EQ(refused.facts.cipher, "des-ede3-cbc");
  EXPECT_NE(refused.facts.why.find("des-ede3-cbc"), std::string::npos);
  EXPECT_EQ(refused.content, "");
  const Opened opened = open(*friends, message, spec_at(kRfc4134Time, true));
  EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
  EXPECT_EQ(opened.content, vector_file("ietf-rfc4134/ExContent.bin"));
  EXPECT_FALSE(opened.facts.authenticated);
}

TEST(SmimeVectors, Rfc4134Message53_IsRead) {
  const auto friends = carls_friend();
  const Opened opened = open(*friends, body_of(vector_file("ietf-rfc4134/5.3.eml")), spec_at(kRfc4134Time, true));
  EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
  EXPECT_NE(opened.content.find("This is some sample content."), std::string::npos);
}

TEST(SmimeVectors, Rfc4134OtherForms_AreNamedAndNotOpened) {
  const auto friends = carls_friend();
  for (const char* name : {"3.1.bin", "3.2.bin", "6.0.bin", "7.1.bin", "7.2.bin"}) {
    SCOPED_TRACE(name);
    const Opened opened = open(*friends, vector_file(std::string("ietf-rfc4134/") + name), spec_at(kRfc4134Time));
    EXPECT_EQ(opened.facts.result, LayerResult::unsupported);
    EXPECT_NE(opened.facts.why, "");
    EXPECT_EQ(opened.content, "");
  }
}

TEST(SmimeVectors, Rfc8591Signed_IsIntactAndUntrusted) {
  const auto nobody = engine({});
  const Opened opened = open(*nobody, vector_file("ietf-rfc8591/10.1_signed_with_cert.der"), spec_at("2018-06-01"));
  ASSERT_EQ(opened.facts.signers.size(), 1U);
  EXPECT_EQ(opened.facts.signers[0].integrity, Integrity::good) << opened.facts.signers[0].why;
  EXPECT_EQ(opened.facts.signers[0].trust, Trust::unknown);
  EXPECT_EQ(opened.facts.signers[0].validity, Validity::valid);
  EXPECT_EQ(opened.facts.certificates.size(), 1U);
  const auto others = engine({}, {data_path("ietf-rfc4134/ca.pem")});
  const Opened judged = open(*others, vector_file("ietf-rfc8591/10.1_signed_with_cert.der"), spec_at("2020-06-01"));
  EXPECT_EQ(judged.facts.signers[0].trust, Trust::untrusted);
  EXPECT_EQ(judged.facts.signers[0].validity, Validity::expired);
}

TEST(SmimeVectors, Rfc8591AuthEnveloped_NamesItsRecipient) {
  const auto friends = carls_friend();
  const Opened opened = open(*friends, vector_file("ietf-rfc8591/10.3_authenveloped.der"), spec_at(kNow));
  EXPECT_EQ(opened.facts.type, LayerType::smime_auth_enveloped);
  EXPECT_EQ(opened.facts.result, LayerResult::no_key);
  EXPECT_EQ(opened.facts.cipher, "aes-128-gcm");
  EXPECT_EQ(opened.facts.recipients, std::vector<std::string>{"CN=Alice,O=example.com/83f50bb70bd5c40e"});
}

TEST(SmimeVectors, OpensslWithoutAttribute_IsBad) {
  const auto nobody = engine({});
  for (const auto& [name, word] : {std::pair("no_ct_attr", "content-type"), {"no_md_attr", "message-digest"}}) {
    SCOPED_TRACE(name);
    const std::string der = vector_file(std::string("openssl/80-test_cms_data/") + name + ".cms");
    const Opened opened = open(*nobody, der, spec_at("2015-01-01"));
    ASSERT_EQ(opened.facts.signers.size(), 1U);
    EXPECT_EQ(opened.facts.signers[0].integrity, Integrity::bad);
    EXPECT_NE(opened.facts.signers[0].why.find(word), std::string::npos) << opened.facts.signers[0].why;
  }
}

TEST(SmimeVectors, OpensslMalformedRsa_DoesNotDecrypt) {
  const auto ours = engine({data_path("nss-interop/Fran.p12")});
  const Opened opened = open(*ours, vector_file("openssl/80-test_cms_data/rsa-malformed.der"), spec_at(kNow, true));
  EXPECT_NE(opened.facts.result, LayerResult::good);
  EXPECT_NE(opened.facts.result, LayerResult::unauthenticated);
}

TEST(SmimeVectors, NssInterop_DecryptsWithItsOddParameters) {
  const auto fran = engine({data_path("nss-interop/Fran.p12"), data_path("nss-interop/Fran-ec.p12")});
  for (const char* name : {"fran-ec_ossl-aes128-sha1", "fran-ec_ossl-aes256-sha512", "fran-oaep-label_ossl",
                           "fran-oaep-sha256hash-sha256mgf_ossl", "fran-oaep-sha256hash_ossl", "fran-oaep_ossl"}) {
    SCOPED_TRACE(name);
    const Opened opened = open(*fran, vector_file(std::string("nss-interop/") + name + ".env"), spec_at(kNow, true));
    EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
    EXPECT_NE(opened.content.find("This is a test message to Fran."), std::string::npos) << opened.content;
    EXPECT_EQ(opened.facts.recipients.size(), 1U);
  }
}

/// Bouncy Castle's samples come with a key and no certificate: one is made that is as the message names it.
std::unique_ptr<Engine> bouncy_castle(const TempDir& dir, const char* key, const std::vector<std::string>& words) {
  const std::string pem = (dir / "key.pem").string();
  const std::string certificate = (dir / "certificate.pem").string();
  EXPECT_EQ(
      run({"openssl", "pkey", "-inform", "DER", "-in", data_path(std::string("bouncycastle-cms/") + key), "-out", pem})
          .exit_code,
      0);
  std::vector<std::string> make{"openssl", "req", "-x509", "-new", "-key", pem, "-out", certificate};
  make.insert(make.end(), words.begin(), words.end());
  EXPECT_EQ(run(make).exit_code, 0);
  return engine({pem, certificate});
}

TEST(SmimeVectors, BouncyCastleGcmWithLongNonceAndDefaultTag_IsAuthentic) {
  const TempDir dir;
  const auto reader = bouncy_castle(dir, "authEnveloped-sample1.key.der",
                                    {"-subj", "/CN=sample", "-addext", "subjectKeyIdentifier=01"});
  const std::string message = vector_file("bouncycastle-cms/authEnveloped-sample1.der");
  const Opened opened = open(*reader, message, spec_at(kNow));
  EXPECT_EQ(opened.facts.result, LayerResult::good) << opened.facts.why;
  EXPECT_TRUE(opened.facts.authenticated);
  EXPECT_EQ(opened.content, "auth-enveloped data");
  EXPECT_EQ(opened.facts.recipients, std::vector<std::string>{"01"});
}

TEST(SmimeVectors, BouncyCastleKeyAgreement_Decrypts) {
  const TempDir dir;
  const auto reader =
      bouncy_castle(dir, "ecKeyAgree.key.der", {"-subj", "/CN=Admin-MDSE/O=4BCT-2ID", "-set_serial", "1"});
  for (const auto& [name, cipher] :
       {std::pair("ecKeyAgree-AES128.der", "aes-128-cbc"), {"ecKeyAgree-AES256.der", "aes-256-cbc"}}) {
    const Opened opened = open(*reader, vector_file(std::string("bouncycastle-cms/") + name), spec_at(kNow));
    EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
    EXPECT_EQ(opened.facts.cipher, cipher);
    EXPECT_EQ(opened.content, "PKI-C CMS EnvelopedData Sample");
  }
}

TEST(SmimeVectors, OpensslEcdhOfOldVersion_Decrypts) {
  const auto reader = engine({data_path("openssl/smime-certs/smec3.pem")});
  const Opened opened =
      open(*reader, body_of(vector_file("openssl/80-test_cms_data/ciphertext_from_1_1_1.cms")), spec_at(kNow, true));
  EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
  EXPECT_EQ(opened.facts.recipients.size(), 2U);
}

TEST(SmimeVectors, BouncyCastleCompressed_Unpacks) {
  const auto nobody = engine({});
  const Opened opened = open(*nobody, vector_file("bouncycastle-cms/compressedData.der"), spec_at(kNow));
  EXPECT_EQ(opened.facts.type, LayerType::smime_compressed);
  EXPECT_EQ(opened.facts.result, LayerResult::good) << opened.facts.why;
  EXPECT_EQ(opened.content, vector_file("bouncycastle-cms/compressedData.expected.bin"));
}

TEST(SmimeVectors, BcMailValid_IsIntactTrustedAndWeak) {
  const auto judge = engine({}, {data_path("bc-mail/validator.root.crt")});
  const SignedMessage message = split_signed(vector_file("bc-mail/validator.validMail.eml"));
  const LayerFacts facts = verify(*judge, message.content, message.signature, spec_at("@1157362574"));
  ASSERT_EQ(facts.signers.size(), 1U);
  const SignerFacts& signer = facts.signers[0];
  EXPECT_EQ(signer.integrity, Integrity::good) << signer.why;
  EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
  EXPECT_EQ(signer.validity, Validity::valid) << signer.why;
  EXPECT_EQ(signer.usage, Usage::ok) << signer.why;
  EXPECT_EQ(signer.algorithm, Algorithm::weak);
  EXPECT_EQ(signer.digest, "sha1");
  EXPECT_EQ(signer.addresses, std::vector<std::string>{"arminha@student.ethz.ch"});
  EXPECT_EQ(signer.signed_at, at("2006-09-04T09:36:14Z"));
}

TEST(SmimeVectors, BcMailExpired_SaysTrustedAndExpired) {
  const auto judge = engine({}, {data_path("bc-mail/validator.root.crt")});
  const SignedMessage message = split_signed(vector_file("bc-mail/validator.expired.eml"));
  const LayerFacts facts = verify(*judge, message.content, message.signature, spec_at("@1157101715"));
  ASSERT_EQ(facts.signers.size(), 1U);
  EXPECT_EQ(facts.signers[0].integrity, Integrity::good) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].trust, Trust::trusted) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].validity, Validity::expired);
}

TEST(SmimeVectors, BcMailWithoutAddress_VouchesForNobody) {
  const auto judge = engine({}, {data_path("bc-mail/validator.root.crt")});
  const SignedMessage message = split_signed(vector_file("bc-mail/validator.noEmail.eml"));
  const LayerFacts facts = verify(*judge, message.content, message.signature, spec_at("@1156777376"));
  ASSERT_EQ(facts.signers.size(), 1U);
  EXPECT_EQ(facts.signers[0].integrity, Integrity::good) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].trust, Trust::trusted) << facts.signers[0].why;
  EXPECT_TRUE(facts.signers[0].addresses.empty());
}

TEST(SmimeVectors, BcMailSoftBreak_IsIntact) {
  const auto judge = engine({}, {data_path("bc-mail/validator.root.crt")});
  const SignedMessage message = split_signed(vector_file("bc-mail/qp-soft-break.eml"));
  const LayerFacts facts = verify(*judge, message.content, message.signature, spec_at("@1184673600"));
  ASSERT_EQ(facts.signers.size(), 1U);
  EXPECT_EQ(facts.signers[0].integrity, Integrity::good) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].trust, Trust::untrusted);
}

TEST(SmimeVectors, ThunderbirdDetached_GivesTheMakersVerdict) {
  const auto reader = bob();
  const SignedMessage good = split_signed(thunderbird("dsig.SHA512.multipart"));
  LayerFacts facts = verify(*reader, good.content, good.signature, spec_at(kThunderbirdTime));
  ASSERT_EQ(facts.signers.size(), 1U);
  EXPECT_EQ(facts.signers[0].integrity, Integrity::good) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].trust, Trust::trusted) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].algorithm, Algorithm::ok) << facts.signers[0].why;
  EXPECT_EQ(facts.signers[0].digest, "sha512");
  EXPECT_EQ(facts.signers[0].addresses, std::vector<std::string>{"Alice@example.com"});
  EXPECT_EQ(facts.signers[0].why, "");

  const SignedMessage sha1 = split_signed(thunderbird("dsig.SHA1.multipart"));
  facts = verify(*reader, sha1.content, sha1.signature, spec_at(kThunderbirdTime));
  EXPECT_EQ(facts.signers.at(0).integrity, Integrity::good) << facts.signers[0].why;
  EXPECT_EQ(facts.signers.at(0).algorithm, Algorithm::weak);

  const SignedMessage bad = split_signed(thunderbird("dsig.SHA512.multipart.bad"));
  facts = verify(*reader, bad.content, bad.signature, spec_at(kThunderbirdTime));
  EXPECT_EQ(facts.signers.at(0).integrity, Integrity::bad);
}

TEST(SmimeVectors, ThunderbirdMismatchedContent_IsBadAndSaysWhy) {
  const auto reader = bob();
  const SignedMessage message = split_signed(thunderbird("dsig.SHA512.multipart.mismatch-econtent"));
  const LayerFacts facts = verify(*reader, message.content, message.signature, spec_at(kThunderbirdTime));
  EXPECT_EQ(facts.result, LayerResult::bad);
  EXPECT_NE(facts.why.find("content of its own"), std::string::npos);
  EXPECT_EQ(facts.signers.at(0).integrity, Integrity::bad);
  // The same text as the content it carries: still two contents for one signature.
  const Opened inner = open(*reader, message.signature, spec_at(kThunderbirdTime));
  const LayerFacts same = verify(*reader, inner.content, message.signature, spec_at(kThunderbirdTime));
  EXPECT_EQ(same.result, LayerResult::bad);
}

TEST(SmimeVectors, ThunderbirdEnveloped_DecryptsUnauthenticated) {
  const auto reader = bob();
  const Opened opened = open(*reader, body_of(thunderbird("env")), spec_at(kThunderbirdTime));
  EXPECT_EQ(opened.facts.type, LayerType::smime_enveloped);
  EXPECT_EQ(opened.facts.result, LayerResult::unauthenticated) << opened.facts.why;
  EXPECT_EQ(opened.facts.cipher, "aes-128-cbc");
  EXPECT_NE(opened.content.find("message from Alice to Bob"), std::string::npos);
  EXPECT_EQ(opened.facts.decrypted_by, reader->keys().at(0)->info().fingerprint);
}

TEST(SmimeVectors, ThunderbirdOpaqueSigned_HasGoodSigners) {
  const auto reader = bob();
  for (const char* name : {"sig.SHA512.opaque", "plain.sig.SHA512.opaque.dave.sig.SHA512.opaque",
                           "env.sig.SHA512.opaque.dave.sig.SHA512.opaque"}) {
    SCOPED_TRACE(name);
    const Opened opened = open(*reader, body_of(thunderbird(name)), spec_at(kThunderbirdTime));
    ASSERT_FALSE(opened.facts.signers.empty());
    for (const SignerFacts& signer : opened.facts.signers) {
      EXPECT_EQ(signer.integrity, Integrity::good) << signer.why;
      EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
    }
  }
}

}  // namespace
}  // namespace mimeseal::test
