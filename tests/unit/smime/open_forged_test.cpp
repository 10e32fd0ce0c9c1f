// SPDX-License-Identifier: MIT
// SignedData that is right in one place and wrong in another: the signature itself always fits.
#include <gtest/gtest.h>

#include "cms_forge.h"
#include "mimeseal/core/error.h"
#include "open_testing.h"
#include "support/smime_pki.h"

namespace mimeseal::test {
namespace {

using forge::Signed;

const std::string kNull("\x05\x00", 2);

OpenSpec now() {
  OpenSpec spec;
  spec.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return spec;
}

std::unique_ptr<Engine> judge_of_pki() {
  return engine({}, {smime_file("root.crt")});
}

SignerFacts judged(const Signed& message) {
  const auto judge = judge_of_pki();
  const Opened opened = open(*judge, forge::make(message), now());
  EXPECT_EQ(opened.content, message.content);
  return opened.facts.signers.empty() ? SignerFacts() : opened.facts.signers[0];
}

void expect_good(const Signed& message) {
  const SignerFacts signer = judged(message);
  EXPECT_EQ(signer.integrity, Integrity::good) << signer.why;
  EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
}

void expect_bad(const Signed& message, std::string_view word) {
  const SignerFacts signer = judged(message);
  EXPECT_EQ(signer.integrity, Integrity::bad);
  EXPECT_NE(signer.why.find(word), std::string::npos) << signer.why;
}

TEST(SmimeForged, PlainMessage_IsGood) {
  expect_good({});
}

TEST(SmimeForged, WithoutAttributes_IsGoodForDataOnly) {
  Signed message{.with_attributes = false};
  expect_good(message);
  message.type = "1.2.840.113549.1.9.16.1.4";
  expect_bad(message, "no signed attributes");
}

TEST(SmimeForged, ContentTypeAttribute_MustBeThereOnceAndRight) {
  Signed message;
  message.attributes = {forge::message_digest(message)};
  expect_bad(message, "content-type is missing");
  message.attributes = {forge::content_type(), forge::content_type(), forge::message_digest(message)};
  expect_bad(message, "exactly once");
  message.attributes = {forge::attribute(forge::kContentType, {forge::oid(forge::kData), forge::oid(forge::kData)}),
                        forge::message_digest(message)};
  expect_bad(message, "exactly once");
  message.attributes = {forge::content_type(forge::kSignedData), forge::message_digest(message)};
  expect_bad(message, "another type");
  message.attributes = {forge::attribute(forge::kContentType, {forge::octets("x")}), forge::message_digest(message)};
  expect_bad(message, "another type");
}

TEST(SmimeForged, MessageDigestAttribute_MustBeThereOnceAndRight) {
  Signed message;
  message.attributes = {forge::content_type()};
  expect_bad(message, "message-digest is missing");
  message.attributes = {forge::content_type(), forge::message_digest(message), forge::message_digest(message)};
  expect_bad(message, "exactly once");
  message.attributes = {forge::content_type(), forge::attribute(forge::kMessageDigest, {})};
  expect_bad(message, "exactly once");
  message.attributes = {forge::content_type(), forge::attribute(forge::kMessageDigest, {forge::octets("")})};
  expect_bad(message, "digest differs");
}

TEST(SmimeForged, InnerTypeThatLies_IsBad) {
  Signed message{.type = forge::kEnvelopedData};
  expect_bad(message, "another type");
}

TEST(SmimeForged, EmptyAttributes_AreBad) {
  Signed message;
  message.encode_attributes = [](const std::string&) { return forge::set({}); };
  EXPECT_EQ(judged(message).integrity, Integrity::bad);
}

TEST(SmimeForged, SigningTime_IsReportedButNeverTwo) {
  Signed message;
  const std::string time = forge::attribute(forge::kSigningTime, {forge::tlv(0x17, "210102030405Z")});
  message.attributes = {forge::content_type(), time, forge::message_digest(message)};
  EXPECT_EQ(judged(message).signed_at, at("2021-01-02T03:04:05Z"));
  message.attributes = {forge::content_type(), time, time, forge::message_digest(message)};
  expect_bad(message, "signing-time");
}

TEST(SmimeForged, AlgorithmProtection_MustFit) {
  Signed message;
  const auto protection = [&](const std::string& digest, const std::string& signature) {
    message.attributes = {forge::content_type(), forge::message_digest(message),
                          forge::attribute(forge::kAlgorithmProtection, {forge::sequence({digest, signature})})};
  };
  const std::string rsa = forge::tlv(0xA1, forge::oid(forge::kRsa) + kNull);
  protection(forge::algorithm(forge::kSha256), rsa);
  expect_good(message);
  protection(forge::algorithm(forge::kSha256, kNull), rsa);
  expect_good(message);
  protection(forge::algorithm(forge::kSha512), rsa);
  expect_bad(message, "protected");
  protection(forge::algorithm(forge::kSha256), forge::tlv(0xA1, forge::oid(forge::kEd25519)));
  expect_bad(message, "protected");
  protection(forge::algorithm(forge::kSha256), "");
  expect_bad(message, "protected");
  protection(forge::algorithm(forge::kSha256), rsa + forge::tlv(0xA2, forge::oid(forge::kRsa)));
  expect_bad(message, "protected");
}

TEST(SmimeForged, SigningCertificate_MustBeTheSigners) {
  Signed message;
  const std::string own = forge::certificate(smime_file("rsa.crt"));
  const std::string other = forge::certificate(smime_file("ca.crt"));
  const auto listed = [&](const char* oid, const std::string& id) {
    message.attributes = {forge::content_type(), forge::message_digest(message),
                          forge::attribute(oid, {forge::sequence({forge::sequence({id})})})};
  };
  const auto v2 = [](const std::string& der) { return forge::sequence({forge::octets(forge::digest("SHA256", der))}); };
  const auto v1 = [](const std::string& der) { return forge::sequence({forge::octets(forge::digest("SHA1", der))}); };
  listed(forge::kSigningCertificateV2, v2(own));
  expect_good(message);
  listed(forge::kSigningCertificateV2, v2(own) + v2(other));
  expect_good(message);
  listed(forge::kSigningCertificateV2, v2(other) + v2(own));
  expect_bad(message, "another signing certificate");
  listed(forge::kSigningCertificateV2, "");
  expect_bad(message, "another signing certificate");
  std::string many = v2(own);
  while (many.size() < 64U << 10U)
    many += v2(other);
  listed(forge::kSigningCertificateV2, many);
  expect_bad(message, "too long");
  listed(forge::kSigningCertificate, v1(own));
  expect_good(message);
  listed(forge::kSigningCertificate, v1(other));
  expect_bad(message, "another signing certificate");
  listed(forge::kSigningCertificateV2,
         forge::sequence({forge::algorithm(forge::kSha512), forge::octets(forge::digest("SHA512", own))}));
  expect_good(message);
}

TEST(SmimeForged, SigningCertificateOfAnotherIssuerOrNumber_IsBad) {
  Signed message;
  const std::string file = smime_file("rsa.crt");
  const auto listed = [&](const std::string& issuer, const std::string& serial) {
    const std::string named = forge::sequence({forge::sequence({forge::tlv(0xA4, issuer)}), serial});
    const std::string id = forge::sequence({forge::octets(forge::digest("SHA256", forge::certificate(file))), named});
    message.attributes = {forge::content_type(), forge::message_digest(message),
                          forge::attribute(forge::kSigningCertificateV2, {forge::sequence({forge::sequence({id})})})};
  };
  listed(forge::issuer(file), forge::serial(file));
  expect_good(message);
  listed(forge::issuer(file), forge::integer(1));
  expect_bad(message, "another signing certificate");
  listed(forge::issuer(smime_file("root.crt")), forge::serial(file));
  expect_bad(message, "another signing certificate");
}

TEST(SmimeForged, SignerIsFoundByIssuerAndNumberTogether) {
  // A certificate that stands first and has the same number, by another CA.
  const TempDir dir;
  const std::string number = hex(forge::serial(smime_file("rsa.crt")).substr(2));
  const std::string file = (dir / "other.crt").string();
  const auto made = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-keyout", (dir / "other.key").string(), "-subj", "/CN=other", "-days", "9", "-set_serial",
                         "0x" + number, "-out", file});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  expect_good({.certificates_before = forge::certificate(file)});
}

TEST(SmimeForged, KeyThatMayNotSign_IsNotForMailEvenWithoutAnchors) {
  const auto judge = engine({});
  const Opened opened = open(*judge, forge::make(Signed{.name = "encryptonly"}), now());
  ASSERT_EQ(opened.facts.signers.size(), 1U);
  EXPECT_EQ(opened.facts.signers[0].integrity, Integrity::good);
  EXPECT_EQ(opened.facts.signers[0].usage, Usage::not_for_mail);
}

TEST(SmimeForged, PssParameters_MustBeThoseOfTheSignature) {
  constexpr const char* kSha512For256 = "2.16.840.1.101.3.4.2.6";
  const auto with = [](const char* hash, unsigned salt, unsigned trailer) {
    Signed message{.pss = true};
    const std::string algorithm = forge::algorithm(hash, kNull);
    message.signature_algorithm = forge::algorithm(
        "1.2.840.113549.1.1.10",
        forge::sequence({forge::tlv(0xA0, algorithm),
                         forge::tlv(0xA1, forge::algorithm("1.2.840.113549.1.1.8", algorithm)),
                         forge::tlv(0xA2, forge::integer(salt)), forge::tlv(0xA3, forge::integer(trailer))}));
    return message;
  };
  expect_good(with(forge::kSha256, 32, 1));
  expect_bad(with(forge::kSha256, 20, 1), "does not fit");
  expect_bad(with(forge::kSha256, 32, 2), "trailer");
  expect_bad(with(kSha512For256, 32, 1), "digest algorithm is not the signer's");
}

TEST(SmimeForged, DigestThatWasNotAnnounced_IsComputedInAnotherPass) {
  Signed message;
  message.announced = forge::algorithm(forge::kSha512);
  expect_good(message);
  message.announced.clear();
  expect_good(message);
}

TEST(SmimeForged, UnsortedAttributes_AreReadAsTheyWereSigned) {
  Signed message;
  // Signed in DER's order, carried in another (RFC 5652, section 5.4, speaks of a separate encoding).
  message.attributes = {forge::content_type(), forge::message_digest(message)};
  message.encode_attributes = [&message](const std::string&) {
    return forge::set({message.attributes[1], message.attributes[0]});
  };
  expect_good(message);
  // Signed and carried in the wrong order, as some programs do.
  std::swap(message.attributes[0], message.attributes[1]);
  message.encode_attributes = nullptr;
  expect_good(message);
}

TEST(SmimeForged, AttributesInBer_AreEncodedAnew) {
  Signed message;
  message.encode_attributes = [](const std::string& attributes) {
    return forge::endless(0xA0, std::string_view(attributes).substr(2));
  };
  expect_good(message);
}

TEST(SmimeForged, SignatureAlgorithmOfAnotherDigest_IsBad) {
  Signed message;
  message.signature_algorithm = forge::algorithm("1.2.840.113549.1.1.13", kNull);  // sha512WithRSAEncryption
  expect_bad(message, "digest algorithm");
  message.signature_algorithm = forge::algorithm("1.2.840.113549.1.1.11", kNull);
  expect_good(message);
  message.signature_algorithm = forge::algorithm("1.2.840.10045.4.3.2");  // ecdsa-with-SHA256
  expect_bad(message, "does not fit the key");
  message.signature_algorithm = forge::algorithm("1.2.3.4");
  EXPECT_EQ(judged(message).integrity, Integrity::unsupported);
  message.signature_algorithm = forge::algorithm("1.2.840.113549.1.1.10");  // RSASSA-PSS without parameters
  expect_bad(message, "RSASSA-PSS");
}

TEST(SmimeForged, UnknownDigest_IsUnsupported) {
  Signed message;
  message.digest_algorithm = message.announced = forge::algorithm("1.2.3.4");
  const SignerFacts signer = judged(message);
  EXPECT_EQ(signer.integrity, Integrity::unsupported);
  EXPECT_EQ(judge(signer), Verdict::unverified);
}

TEST(SmimeForged, Ed25519_WithAndWithoutAttributes) {
  Signed message{.name = "ed25519"};
  message.digest_name = "SHA512";
  message.digest_algorithm = message.announced = forge::algorithm(forge::kSha512);
  message.signature_algorithm = forge::algorithm(forge::kEd25519);
  message.eddsa = true;
  expect_good(message);
  message.with_attributes = false;
  expect_good(message);
  message.signature_algorithm = forge::algorithm("1.3.101.113");  // Ed448
  expect_bad(message, "does not fit the key");
}

TEST(SmimeForged, EddsaWithAnotherDigestThanItsOwn_IsBad) {
  Signed message{.name = "ed25519"};
  message.signature_algorithm = forge::algorithm(forge::kEd25519);
  message.eddsa = true;
  expect_bad(message, "demands sha512");  // SHA-256: RFC 8419, section 3
  message.with_attributes = false;
  expect_bad(message, "demands sha512");
}

TEST(SmimeForged, ContentThatIsNoMail_IsBadHoweverWellItIsSigned) {
  for (const char* type : {"1.2.840.113549.1.9.16.1.4", forge::kSignedData, "1.2.3.4"}) {
    Signed message{.type = type};
    message.attributes = {forge::content_type(type), forge::message_digest(message)};
    const auto judge = judge_of_pki();
    const Opened opened = open(*judge, forge::make(message), now());
    EXPECT_EQ(opened.facts.result, LayerResult::bad) << type;
    EXPECT_NE(opened.facts.why.find("not mail"), std::string::npos) << opened.facts.why;
    ASSERT_EQ(opened.facts.signers.size(), 1U);
    EXPECT_EQ(opened.facts.signers[0].integrity, Integrity::bad) << type;
    message.detached = true;
    const LayerFacts facts = verify(*judge, message.content, forge::make(message), now());
    EXPECT_EQ(facts.result, LayerResult::bad) << type;
    ASSERT_EQ(facts.signers.size(), 1U);
    EXPECT_EQ(facts.signers[0].integrity, Integrity::bad) << type;
  }
}

TEST(SmimeForged, AttributesPassedOffAsContent_AreBad) {
  // What somebody signed as attributes, sent as a content without attributes: the signature fits it.
  Signed honest;
  Signed forged{.with_attributes = false};
  forged.content = forge::set({forge::content_type(), forge::message_digest(honest)});
  expect_bad(forged, "form of signed attributes");
}

TEST(SmimeForged, ContentInPiecesOfPieces_IsReadWhole) {
  Signed message;
  const std::string& content = message.content;
  message.encapsulated =
      forge::endless(0x24, forge::octets(content.substr(0, 5)) +
                               forge::tlv(0x24, forge::octets("") + forge::octets(content.substr(5, 3)) +
                                                    forge::endless(0x24, forge::octets(content.substr(8, 1)))) +
                               forge::octets(content.substr(9)));
  expect_good(message);
}

TEST(SmimeForged, TwoContents_AreBad) {
  Signed message;
  message.encapsulated = forge::octets(message.content) + forge::octets("another");
  const auto judge = judge_of_pki();
  const Opened opened = open(*judge, forge::make(message), now());
  EXPECT_EQ(opened.facts.result, LayerResult::bad);
  EXPECT_TRUE(opened.facts.signers.empty());
}

TEST(SmimeForged, DetachedWithContent_IsBadEvenWhenEqual) {
  const auto judge = judge_of_pki();
  Signed message;
  const LayerFacts facts = verify(*judge, message.content, forge::make(message), now());
  EXPECT_EQ(facts.result, LayerResult::bad);
  EXPECT_EQ(facts.signers.at(0).integrity, Integrity::bad);
  message.detached = true;
  EXPECT_EQ(verify(*judge, message.content, forge::make(message), now()).signers.at(0).integrity, Integrity::good);
  message.detached = false;
  message.encapsulated = forge::octets("");
  EXPECT_EQ(verify(*judge, message.content, forge::make(message), now()).result, LayerResult::bad);
}

TEST(SmimeForged, SomethingBehindTheStructure_IsBadUnlessPadding) {
  const auto judge = judge_of_pki();
  const std::string der = forge::make(Signed{});
  EXPECT_EQ(open(*judge, der + "\r\n", now()).facts.result, LayerResult::good);
  EXPECT_EQ(open(*judge, der + std::string(3, '\0'), now()).facts.result, LayerResult::good);
  const Opened opened = open(*judge, der + "Hello", now());
  EXPECT_EQ(opened.facts.result, LayerResult::bad);
  EXPECT_TRUE(opened.facts.signers.empty());
}

TEST(SmimeForged, NobodySigned_IsBadWhenThereIsContent) {
  const auto judge = judge_of_pki();
  const std::string content = forge::sequence({forge::oid(forge::kData), forge::tlv(0xA0, forge::octets("unsigned"))});
  const std::string der = forge::content_info(
      forge::kSignedData, forge::sequence({forge::integer(1), forge::set({}), content, forge::set({})}));
  EXPECT_EQ(open(*judge, der, now()).facts.result, LayerResult::bad);
  const std::string detached = forge::content_info(
      forge::kSignedData, forge::sequence({forge::integer(1), forge::set({}),
                                           forge::sequence({forge::oid(forge::kData)}), forge::set({})}));
  EXPECT_EQ(verify(*judge, "unsigned", detached, now()).result, LayerResult::bad);
}

TEST(SmimeForged, NoCmsAtAll_IsAnError) {
  const auto judge = judge_of_pki();
  for (const std::string& input : {std::string(), std::string("Hello"), std::string("\x30\x80", 2), forge::integer(1),
                                   forge::sequence({forge::integer(1)})}) {
    try {
      (void)open(*judge, input, now());
      ADD_FAILURE() << hex(input);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::malformed);
    }
  }
}

}  // namespace
}  // namespace mimeseal::test
