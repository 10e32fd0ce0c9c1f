// SPDX-License-Identifier: MIT
// What is sealed within a message, but not around it, decides nothing about it, and takes nothing else with it.
#include <gmock/gmock.h>

#include "mail_fixture.h"

namespace mimeseal::test {
namespace {

using testing::HasSubstr;

/// A letter in two parts: a text, and an errant layer with `inside` encrypted to Bob.
class Errant : public MailTest {
 protected:
  std::string encrypted_part(const std::string& inside) {
    EncryptSpec encrypt;
    encrypt.recipients = {alice_.recipient_key("bob@example.net", {}).key};
    StringSink cipher;
    alice_.encrypt(*view_source(inside), cipher, encrypt);
    return "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data\r\nContent-Transfer-Encoding: "
           "base64\r\n"
           "\r\n" +
           in_lines(base64_encode(cipher.str()));
  }
  static std::string letter_with(const std::vector<std::string>& parts) {
    std::string out =
        "Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\nContent-Type: text/plain\r\n\r\nHello\r\n";
    for (const std::string& part : parts)
      out += "--w\r\n" + part;
    return out + "--w--\r\n";
  }
  static const Problem* problem_at(const Opened& opened, std::string_view path) {
    for (const Problem& problem : opened.problems)
      if (problem.path == path) return &problem;
    return nullptr;
  }
  static constexpr const char* kHeader = "From: alice@example.net\r\nSubject: Hello\r\n";
};

TEST_F(Errant, MoreContentThanIsAllowed_IsAProblemOfThatPart) {
  const std::string big = "Content-Type: text/plain\r\n\r\n" + std::string(5000, 'x') + "\r\n";
  const std::string small = "Content-Type: text/plain\r\n\r\nSmall\r\n";
  const std::string message =
      kHeader + letter_with({encrypted_part(big), encrypted_part(small), encrypted_part("\r\nAnother\r\n")});
  OpenSettings settings;
  settings.max_payload = 1000;
  const Opened opened = open_octets(message, settings);
  ASSERT_EQ(opened.layers.size(), 3U);
  EXPECT_EQ(opened.layers[0].path, "1.2");
  EXPECT_TRUE(opened.layers[0].errant);
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::unsupported);
  EXPECT_EQ(opened.layers[1].facts.result, LayerResult::good);
  ASSERT_NE(problem_at(opened, "1.2"), nullptr);
  EXPECT_EQ(problem_at(opened, "1.2")->code, "layer-limit");
  EXPECT_EQ(opened.text, "Hello");
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
}

TEST_F(Errant, MorePartsOrHeadersInsideThanAreAllowed_AreAProblemOfThatPart) {
  std::string many = "Content-Type: multipart/mixed; boundary=m\r\n\r\n";
  for (int i = 0; i < 40; ++i)
    many += "--m\r\n\r\n" + std::to_string(i) + "\r\n";
  many += "--m--\r\n";
  std::string fields;
  for (int i = 0; i < 40; ++i)
    fields += "X-" + std::to_string(i) + ": x\r\n";
  for (const std::string& inside : {many, fields + "\r\nText\r\n"}) {
    OpenSettings settings;
    settings.scan.max_parts = 20;
    settings.scan.max_header_fields = 20;
    const Opened opened = open_octets(kHeader + letter_with({encrypted_part(inside)}), settings);
    ASSERT_EQ(opened.layers.size(), 1U);
    EXPECT_EQ(opened.layers[0].facts.result, LayerResult::unsupported);
    ASSERT_NE(problem_at(opened, "1.2"), nullptr);
    EXPECT_EQ(problem_at(opened, "1.2")->code, "layer-limit");
    ASSERT_EQ(opened.parts.size(), 2U);
    EXPECT_FALSE(opened.parts[1].encrypted);
  }
}

TEST_F(Errant, ALimitLeavesTheVerdictOfTheEnvelopeAsItWas) {
  const std::string big = "Content-Type: text/plain\r\n\r\n" + std::string(5000, 'x') + "\r\n";
  const std::string entity = "From: alice@example.net\r\nSubject: Hello\r\n" + letter_with({encrypted_part(big)});
  OpenSettings settings;
  settings.max_payload = entity.size() + 1000;
  const std::string good = wrapped(entity, false, kHeader);
  EXPECT_EQ(to_string(open_octets(good, settings).summary.state), "verified");
  const Opened forged = open_octets(wrapped(entity, false, "From: eve@example.net\r\nSubject: Hello\r\n"), settings);
  EXPECT_EQ(to_string(forged.summary.state), "unprotected");
  EXPECT_EQ(to_string(forged.summary.signed_), "unverified");
}

// What lies around the whole message is the message: there is nothing else that could be shown.
TEST_F(Errant, ALimitOfTheEnvelopeItself_IsAnErrorThatNamesThePart) {
  const std::string big = "Content-Type: text/plain\r\n\r\n" + std::string(5000, 'x') + "\r\n";
  OpenSettings settings;
  settings.max_payload = 1000;
  try {
    static_cast<void>(open_octets(kHeader + encrypted_part(big), settings));
    FAIL() << "a limit was passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::limit);
    EXPECT_EQ(error.where(), "part 1");
  }
}

// RFC 9787, 6.3: a forwarded message has a From of its own, and its signers are held against that.
TEST_F(Errant, WhatIsForwarded_IsHeldAgainstItsOwnFrom) {
  SealSpec how = spec(true, false);
  how.header_policy = HeaderPolicy::off();
  const std::string alices = sealed(letter(), how);
  const std::string forged = replaced(alices, "From: Alice <alice@example.net>", "From: eve@example.net");
  const auto forwarded = [&](const std::string& from, const std::string& message) {
    return open_octets("From: " + from + "\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n" +
                       letter_with({"Content-Type: message/rfc822\r\n\r\n" + message + "\r\n"}));
  };
  const Opened honest = forwarded("eve@example.net", alices);
  EXPECT_EQ(honest.layers.at(0).facts.signers.at(0).from, FromMatch::match);
  EXPECT_FALSE(honest.parts.at(1).signed_) << "the forwarded message as a whole, its header too";
  EXPECT_TRUE(honest.parts.at(2).signed_);
  EXPECT_FALSE(honest.parts.at(0).signed_);
  const Opened lie = forwarded("alice@example.net", forged);
  EXPECT_EQ(lie.layers.at(0).facts.signers.at(0).from, FromMatch::mismatch);
  EXPECT_FALSE(lie.parts.at(2).signed_);
  EXPECT_EQ(to_string(lie.summary.state), "unprotected");
}

// The problems of From stand at the message, not at the part: From is read as strictly for a part.
TEST_F(Errant, ASignedPartOfAMessageFromSeveral_IsNobodysMatch) {
  SealSpec how = spec(true, false);
  how.header_policy = HeaderPolicy::off();
  const std::string inner = sealed(letter(), how);
  const std::string rest =
      "\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + letter_with({inner.substr(inner.find("Content-Type:")) + "\r\n"});
  EXPECT_TRUE(open_octets("From: alice@example.net" + rest).parts.at(1).signed_);
  for (const char* from : {"alice@example.net, eve@example.net", "eve@example.net <alice@example.net>",
                           "all: alice@example.net;", "alice@example.net\r\nFrom: eve@example.net"}) {
    const Opened opened = open_octets("From: " + std::string(from) + rest);
    EXPECT_EQ(opened.layers.at(0).facts.signers.at(0).from, FromMatch::mismatch) << from;
    EXPECT_FALSE(opened.parts.at(1).signed_) << from;
  }
}

// RFC 9788, 4.5.3: the element is decoration of the author's own message; what others sealed is shown as it is.
TEST_F(Errant, ALegacyDisplayMarkInAnErrantLayer_IsNotObeyed) {
  const std::string marked = "Content-Type: text/plain; hp-legacy-display=1\r\n\r\nSeen\r\n\r\nToo\r\n";
  const auto text = [&](const std::string& part) {
    return open_octets(wrapped(std::string(kHeader) +
                                   "Content-Type: multipart/mixed; hp=\"cipher\"; boundary=w\r\n\r\n--w\r\n" + part +
                                   "--w--\r\n",
                               true, kHeader))
        .text;
  };
  EXPECT_EQ(text(marked), "Too");
  EXPECT_EQ(text(encrypted_part(marked)), "Seen\n\nToo\n");
}

// RFC 9787, 4.1.1.5: compression is no cryptographic layer, so what it holds stands in no envelope.
TEST_F(Errant, WhatIsCompressed_IsNoEnvelope) {
  SealSpec how = spec(true, true);
  how.header_policy = HeaderPolicy::off();
  const std::string inner = sealed(letter(), how);
  StringSink packed;
  alice_.compress(*view_source(inner.substr(inner.find("Content-Type:"))), packed);
  const Opened opened = open_octets(std::string(kHeader) +
                                    "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; "
                                    "smime-type=compressed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                                    in_lines(base64_encode(packed.str())));
  ASSERT_EQ(opened.layers.size(), 3U);
  EXPECT_TRUE(opened.layers[1].errant);
  EXPECT_TRUE(opened.layers[2].errant);
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_FALSE(opened.summary.encrypted);
  EXPECT_EQ(to_string(opened.summary.signed_), "none");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::none);
}

// RFC 2387, 3.2: the root of multipart/related is what its start names.
TEST(Related, TheStartParameterNamesTheTextThatIsShown) {
  const auto related = [](const std::string& start) {
    return "From: a@example.net\r\nContent-Type: multipart/related; boundary=r" + start +
           "\r\n\r\n--r\r\nContent-Type: text/plain\r\nContent-ID: <one@a>\r\n\r\nFirst\r\n--r\r\n"
           "Content-Type: text/html\r\nContent-ID: <two@a>\r\n\r\n<p>Second</p>\r\n--r--\r\n";
  };
  const auto text = [&](const std::string& start) {
    return open_message(memory_input(related(start)), OpenSettings()).text;
  };
  EXPECT_THAT(text(""), HasSubstr("First"));
  EXPECT_THAT(text("; start=\"<one@a>\""), HasSubstr("First"));
  EXPECT_THAT(text("; start=\"<two@a>\""), HasSubstr("Second"));
  EXPECT_THAT(text("; start=\"two@a\""), HasSubstr("Second"));
  EXPECT_THAT(text("; start=\"<nobody@a>\""), HasSubstr("First"));
}

// RFC 9788, 5.2.4: "if it does not descend via the first child of any of its multipart/mixed or multipart/related
// ancestors, it is not a Main Body Part and MUST NOT be modified".
TEST_F(Errant, ALegacyDisplayElement_IsInNoPartButTheMainBody) {
  const auto sealed_related = [&](const std::string& start) {
    const std::string message =
        "From: alice@example.net\r\nTo: bob@example.net\r\nSubject: Secret\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/related; boundary=r" +
        start +
        "\r\n\r\n--r\r\nContent-Type: text/plain\r\nContent-ID: <one@a>\r\n\r\nFirst\r\n--r\r\n"
        "Content-Type: text/html\r\nContent-ID: <two@a>\r\n\r\n<p>Second</p>\r\n--r--\r\n";
    const ExistingMessage existing = adopt(memory_input(message));
    return open_octets(seal(existing.message, spec(true, true)).copies.front().message.str());
  };
  const Opened first = sealed_related("");
  ASSERT_EQ(first.parts.size(), 2U);
  EXPECT_TRUE(first.parts[0].legacy_display);
  EXPECT_FALSE(first.parts[1].legacy_display);
  const Opened second = sealed_related("; start=\"<two@a>\"");
  EXPECT_FALSE(second.parts[0].legacy_display);
  EXPECT_FALSE(second.parts[1].legacy_display);
  EXPECT_THAT(second.text, HasSubstr("Second"));
}

}  // namespace
}  // namespace mimeseal::test
