// SPDX-License-Identifier: MIT
// One rule for From (RFC 9788, sections 4.2 and 4.4): what is shown is what signers are held against.
#include <gmock/gmock.h>

#include "mail_fixture.h"

namespace mimeseal::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class From : public MailTest {
 protected:
  static std::vector<std::string> shown(const Opened& opened) {
    std::vector<std::string> out;
    for (const Mailbox& one : opened.headers.from)
      out.push_back(one.address());
    return out;
  }
  static std::string state_of_from(const Opened& opened) {
    for (const ShownField& field : opened.headers.fields)
      if (iequals(field.name, "From")) return std::string(to_string(field.state));
    return "not shown";
  }
  static std::string letter_of(const std::string& from, const std::string& hp) {
    return from + "Subject: Hello\r\nContent-Type: text/plain; " + hp + "\r\n\r\nText\r\n";
  }
};

TEST_F(From, NotProtected_TheOneOutsideIsShownAndTheSignerIsHeldAgainstIt) {
  for (const std::string hp : {"hp=\"clear\"", "protected-headers=\"v1\""}) {
    const std::string entity = letter_of("", hp);
    const Opened alices = open_octets(wrapped(entity, false, "From: alice@example.net\r\nSubject: Hello\r\n"));
    EXPECT_THAT(shown(alices), ElementsAre("alice@example.net")) << hp;
    EXPECT_EQ(state_of_from(alices), "unprotected");
    EXPECT_EQ(alices.layers[0].facts.signers[0].from, FromMatch::match);
    EXPECT_EQ(to_string(alices.summary.state), "verified");
    const Opened eves = open_octets(wrapped(entity, false, "From: eve@example.net\r\nSubject: Hello\r\n"));
    EXPECT_THAT(shown(eves), ElementsAre("eve@example.net"));
    EXPECT_EQ(eves.layers[0].facts.signers[0].from, FromMatch::mismatch);
    EXPECT_EQ(to_string(eves.summary.signed_), "unverified");
  }
}

TEST_F(From, NotProtectedInAnEncryptedMessage_IsTheOneOutside) {
  const Opened opened = open_octets(
      wrapped(letter_of("", "protected-headers=\"v1\""), true, "From: alice@example.net\r\nSubject: ...\r\n"));
  EXPECT_THAT(shown(opened), ElementsAre("alice@example.net"));
  EXPECT_EQ(state_of_from(opened), "unprotected");
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_THAT(opened.headers.confidential, ElementsAre("Subject"));
}

TEST_F(From, NeitherInsideNorOutside_NobodyIsAMatch) {
  const Opened opened = open_octets(wrapped(letter_of("", "hp=\"clear\""), false, "Subject: Hello\r\n"));
  EXPECT_THAT(opened.headers.from, IsEmpty());
  EXPECT_EQ(opened.layers[0].facts.signers[0].from, FromMatch::mismatch);
  EXPECT_EQ(to_string(opened.summary.signed_), "unverified");
}

TEST_F(From, Protected_TheSignerIsHeldAgainstTheProtectedOne) {
  const std::string entity = letter_of("From: alice@example.net\r\n", "hp=\"clear\"");
  const Opened opened = open_octets(wrapped(entity, false, "From: eve@example.net\r\nSubject: Hello\r\n"));
  EXPECT_THAT(shown(opened), ElementsAre("alice@example.net"));
  EXPECT_EQ(state_of_from(opened), "signed-only");
  EXPECT_EQ(opened.layers[0].facts.signers[0].from, FromMatch::match);
  EXPECT_EQ(to_string(opened.summary.state), "verified");
}

// The signer vouches for the address outside, which is shown; but the author sealed another one.
TEST_F(From, AnotherOneSealedThanTheSigners_IsNobodysMatch) {
  const std::string entity = letter_of("From: carol@example.net\r\n", "hp=\"clear\"");
  const Opened opened = open_octets(wrapped(entity, false, "From: alice@example.net\r\nSubject: Hello\r\n"));
  EXPECT_THAT(shown(opened), ElementsAre("alice@example.net"));
  EXPECT_EQ(state_of_from(opened), "unprotected");
  EXPECT_EQ(opened.layers[0].facts.signers[0].from, FromMatch::mismatch);
  EXPECT_EQ(to_string(opened.summary.signed_), "unverified");
  EXPECT_TRUE(has_problem(opened, "from-mismatch"));
}

// The key is for the address inside, and fits, but nobody vouches for it: the address outside is shown, and the signer
// does not match that.
TEST_F(From, AnUntrustedSignersOwn_IsNotShownAndNoMatch) {
  MemoryEngine bob(Protocol::smime);
  bob.add("bob@example.net", true);
  bob.add("alice@example.net", false, false);
  const std::string entity = letter_of("From: alice@example.net\r\n", "hp=\"clear\"");
  OpenSettings settings;
  settings.engines = {&bob};
  const Opened opened =
      open_message(memory_input(wrapped(entity, false, "From: eve@example.net\r\nSubject: Hello\r\n")), settings);
  EXPECT_THAT(shown(opened), ElementsAre("eve@example.net"));
  const SignerFacts& signer = opened.layers[0].facts.signers[0];
  EXPECT_EQ(signer.integrity, Integrity::good);
  EXPECT_EQ(signer.from, FromMatch::mismatch);
}

// Likewise for what is signed by itself within a message that is encrypted and not signed.
TEST_F(From, AnErrantSignersOwn_SignsNoPartOfAMessageThatShowsAnother) {
  SealSpec how = spec(true, false);
  how.header_policy = HeaderPolicy::off();
  const std::string inner = sealed(letter(), how);
  const std::string signed_part = inner.substr(inner.find("Content-Type:"));
  const std::string entity =
      "From: alice@example.net\r\nSubject: Hello\r\nHP-Outer: From: alice@example.net\r\n"
      "Content-Type: multipart/mixed; boundary=w; hp=\"cipher\"\r\n\r\n--w\r\n" +
      signed_part + "\r\n--w\r\nContent-Type: text/plain\r\n\r\nMore\r\n--w--\r\n";
  EncryptSpec encrypt;
  encrypt.recipients = {alice_.recipient_key("bob@example.net", {}).key};
  StringSink cipher;
  alice_.encrypt(*view_source(entity), cipher, encrypt);
  const std::string rest =
      "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=authEnveloped-data\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n" +
      base64_encode(cipher.str()) + "\r\n";
  const Opened honest = open_octets("From: alice@example.net\r\nSubject: Hello\r\n" + rest);
  ASSERT_EQ(honest.layers.size(), 2U);
  EXPECT_EQ(honest.layers[1].facts.signers.at(0).from, FromMatch::match);
  EXPECT_TRUE(honest.parts[0].signed_);
  const Opened other = open_octets("From: eve@example.net\r\nSubject: Hello\r\n" + rest);
  EXPECT_THAT(shown(other), ElementsAre("eve@example.net"));
  EXPECT_EQ(other.layers[1].facts.signers.at(0).from, FromMatch::mismatch);
  EXPECT_EQ(other.layers[1].facts.result, LayerResult::unverified);
  EXPECT_FALSE(other.parts[0].signed_);
}

}  // namespace
}  // namespace mimeseal::test
