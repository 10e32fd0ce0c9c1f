// SPDX-License-Identifier: MIT
// No message whose visible text was not signed by the address in From gets a good verdict; nothing leaks by being
// joined.
#include <gmock/gmock.h>

#include "mail_fixture.h"

namespace mimeseal::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Attack : public MailTest {
 protected:
  std::string signed_letter() { return sealed(letter(), spec(true, false)); }
  std::string plain_header(const std::string& type) {
    return "From: Alice <alice@example.net>\r\nTo: bob@example.net\r\nSubject: Fake\r\nDate: Sun, 22 Nov 2026 12:00:00 "
           "+0000\r\n"
           "Message-ID: <1@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: " +
           type + "\r\n";
  }
  static std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }
  static std::string structural_of(const std::string& message) {
    return message.substr(message.find("Content-Type:"), message.find("\r\n\r\n") - message.find("Content-Type:"));
  }
};

class AttackPgp : public MailTest {
 protected:
  AttackPgp() : MailTest(Protocol::pgp) {}
};

// Johnny, you are fired: ID binding.

TEST_F(Attack, AValidSignatureOfSomebodyElse_IsNotGood) {
  Draft draft = letter();
  draft.from = {mailbox("Alice <mallory@example.net>")};
  SealSpec how = spec(true, false);
  alice_.add("mallory@example.net", true);
  how.signers = {alice_.find_key(alice_.recipient_key("mallory@example.net", {}).key->info().fingerprint)};
  how.header_policy = HeaderPolicy::off();
  const std::string message = replaced(sealed(draft, how), "mallory@example.net", "alice@example.net");
  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.signed_), "unverified");
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_EQ(opened.layers[0].facts.signers[0].integrity, Integrity::good);
  EXPECT_EQ(opened.layers[0].facts.signers[0].from, FromMatch::mismatch);
  EXPECT_THAT(opened.layers[0].facts.signers[0].why, HasSubstr("alice@example.net"));
}

TEST_F(Attack, TwoFromFields_CannotBeGood) {
  const Opened opened = open_octets(replaced(signed_letter(), "From: Alice", "From: eve@example.org\r\nFrom: Alice"));
  EXPECT_NE(opened.summary.signed_, SignedState::good);
  EXPECT_TRUE(has_problem(opened, "duplicate-from"));
}

TEST_F(Attack, FromWithSeveralMailboxes_CannotBeGood) {
  Draft draft = letter();
  draft.from = {mailbox("alice@example.net"), mailbox("eve@example.org")};
  draft.sender = mailbox("alice@example.net");
  const Opened opened = open_octets(sealed(draft, spec(true, false)));
  EXPECT_NE(opened.summary.signed_, SignedState::good);
  EXPECT_EQ(opened.layers[0].facts.signers[0].from, FromMatch::mismatch);
}

TEST_F(Attack, AnAddressInADisplayName_IsNoSender) {
  SealSpec how = spec(true, false);
  how.header_policy = HeaderPolicy::off();
  const std::string message = replaced(sealed(letter(), how), "From: Alice <alice@example.net>",
                                       "From: \"alice@example.net\" <eve@example.org>");
  EXPECT_NE(open_octets(message).summary.signed_, SignedState::good);
}

TEST_F(Attack, DuplicatedSubject_CannotBeGood) {
  const Opened opened = open_octets(replaced(signed_letter(), "Subject:", "Subject: Other\r\nSubject:"));
  EXPECT_NE(opened.summary.signed_, SignedState::good);
}

TEST_F(Attack, DuplicateContentType_CannotBeGood) {
  const Opened opened =
      open_octets(replaced(signed_letter(), "MIME-Version: 1.0", "Content-Type: text/plain\r\nMIME-Version: 1.0"));
  EXPECT_NE(opened.summary.signed_, SignedState::good);
}

// Johnny, you are fired: MIME wrapping.

TEST_F(Attack, MultipartSignedWithThreeParts_IsNotVerified) {
  const std::string message = signed_letter();
  const std::size_t last = message.rfind("\r\n--");
  const std::size_t first = message.find("--=-signed");
  const std::string boundary = message.substr(first, message.find("\r\n", first) - first);
  const std::string changed =
      message.substr(0, last) + "\r\n" + boundary + "\r\n\r\nFake text\r\n" + message.substr(last + 2);
  const Opened opened = open_octets(changed);
  EXPECT_NE(opened.summary.signed_, SignedState::good);
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::unverified);
  EXPECT_TRUE(opened.layers[0].facts.signers.empty());
  EXPECT_TRUE(has_problem(opened, "signed-parts"));
  EXPECT_EQ(opened.parts.size(), 3U);
  EXPECT_EQ(opened.headers.protection, HeaderProtection::none);
}

TEST_F(Attack, ASignedPartBesideAnUnsignedOne_SignsNoMessage) {
  const std::string message = signed_letter();
  const std::string wrapped = plain_header("multipart/mixed; boundary=w") +
                              "\r\n--w\r\nContent-Type: text/plain\r\n\r\nFake text\r\n--w\r\n" +
                              structural_of(message) + "\r\n\r\n" + body_of(message) + "\r\n--w--\r\n";
  const Opened opened = open_octets(wrapped);
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_EQ(to_string(opened.summary.signed_), "none");
  ASSERT_EQ(opened.layers.size(), 1U);
  EXPECT_TRUE(opened.layers[0].errant);
  EXPECT_EQ(opened.layers[0].path, "1.2");
  EXPECT_EQ(opened.text, "Fake text");
  EXPECT_FALSE(opened.parts[0].signed_);
  EXPECT_TRUE(opened.parts[1].signed_);
  EXPECT_EQ(opened.headers.subject, "Fake");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::none);
}

TEST_F(Attack, AForwardedSignedMessage_LendsNothing) {
  const std::string wrapped = plain_header("multipart/mixed; boundary=w") +
                              "\r\n--w\r\n\r\nLook:\r\n--w\r\nContent-Type: message/rfc822\r\n\r\n" + signed_letter() +
                              "\r\n--w--\r\n";
  const Opened opened = open_octets(wrapped);
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_TRUE(opened.layers[0].errant);
  EXPECT_EQ(opened.layers[0].path, "1.2.1");
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::good);  // against the forwarded message's own From
  ASSERT_EQ(opened.parts.size(), 3U);
  EXPECT_EQ(opened.parts[1].path, "1.2") << "the forwarded message as a whole";
  EXPECT_FALSE(opened.parts[1].signed_) << "its header is not signed";
  EXPECT_EQ(opened.parts[2].path, "1.2.1.1");
  EXPECT_EQ(opened.text, "Look:");
}

TEST_F(Attack, ASignatureWithContentOfItsOwn_IsBad) {
  SealSpec opaque = spec(true, false);
  opaque.opaque = true;
  const std::string other = sealed(letter(), opaque);
  const std::string blob = body_of(other);
  const std::string message =
      plain_header("multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s") +
      "\r\n--s\r\n\r\nFake text\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n" +
      blob + "\r\n--s--\r\n";
  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.signed_), "bad");
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::bad);
  EXPECT_THAT(opened.text, HasSubstr("Fake text"));  // shown as any unsigned text is
}

TEST_F(Attack, ProtocolThatLies_IsNotVerified) {
  const Opened opened = open_octets(
      replaced(signed_letter(), "protocol=\"application/pkcs7-signature\"", "protocol=\"application/pgp-signature\""));
  EXPECT_NE(opened.summary.signed_, SignedState::good);
  EXPECT_TRUE(has_problem(opened, "signed-protocol"));
}

TEST_F(Attack, ChangedText_IsBadAndStillShown) {
  const Opened opened = open_octets(replaced(signed_letter(), "Please review.", "Please obey.."));
  EXPECT_EQ(to_string(opened.summary.signed_), "bad");
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_THAT(opened.text, HasSubstr("Please obey."));
  EXPECT_FALSE(opened.parts[0].signed_);
}

// EFAIL.

TEST_F(Attack, CbcWithoutSignature_IsKeptBack) {
  alice_.authenticated = false;
  const std::string message = sealed(letter(), spec(false, true));
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.payload, nullptr);
  EXPECT_TRUE(opened.text.empty());
  EXPECT_EQ(opened.headers.subject, "[...]");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::none);
  ASSERT_EQ(opened.parts.size(), 1U);
  EXPECT_EQ(opened.parts[0].type, "application/pkcs7-mime");
  EXPECT_FALSE(opened.parts[0].encrypted);
  EXPECT_TRUE(has_problem(opened, "withheld"));
  EXPECT_EQ(to_string(opened.summary.state), "encrypted-unverified");

  OpenSettings settings;
  settings.allow_unauthenticated = true;
  const Opened allowed = open_octets(message, settings);
  EXPECT_THAT(allowed.text, HasSubstr("Please review."));
  EXPECT_TRUE(has_problem(allowed, "unauthenticated"));
  EXPECT_EQ(allowed.layers[0].facts.result, LayerResult::unauthenticated);
}

TEST_F(Attack, CbcUnderAFittingSignature_IsReleased) {
  alice_.authenticated = false;
  const Opened opened = open_octets(sealed(letter(), spec(true, true)));
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::unauthenticated);
  EXPECT_THAT(opened.text, HasSubstr("Please review."));
}

TEST_F(Attack, CbcUnderABrokenSignature_IsKeptBack) {
  alice_.authenticated = false;
  SealSpec how = spec(true, true);
  SealSpec inner = spec(true, false);
  const std::string broken = replaced(sealed(letter(), inner), "Please review.", "Please obey..");
  EncryptSpec encrypt;
  encrypt.recipients = {alice_.recipient_key("bob@example.net", {}).key};
  StringSink out;
  alice_.encrypt(*view_source(broken.substr(broken.find("Content-Type:"))), out, encrypt);
  const std::string message = plain_header("application/pkcs7-mime; smime-type=enveloped-data") +
                              "Content-Transfer-Encoding: base64\r\n\r\n" + base64_encode(out.str()) + "\r\n";
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.payload, nullptr);
  EXPECT_TRUE(opened.text.empty());
  EXPECT_EQ(to_string(opened.summary.state), "encrypted-unverified");
  EXPECT_EQ(opened.parts.size(), 1U);
}

TEST_F(Attack, ASignatureOutsideOfTheCipher_ReleasesAndProvesNothing) {
  alice_.authenticated = false;
  SealSpec how = spec(true, true);
  how.triple_wrap = true;
  const std::string triple = sealed(letter(), how);
  // Encrypted only, then signed by Alice: she has signed ciphertext.
  EncryptSpec encrypt;
  encrypt.recipients = {alice_.recipient_key("bob@example.net", {}).key};
  for (const bool authenticated : {false, true}) {
    alice_.authenticated = authenticated;
    StringSink cipher;
    alice_.encrypt(*view_source("Content-Type: text/plain\r\n\r\nSecret of another\r\n"), cipher, encrypt);
    const std::string entity =
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
        base64_encode(cipher.str()) + "\r\n";
    SignSpec sign;
    sign.signers = {alice_.signing_key("alice@example.net", {}).key};
    sign.detached = false;
    StringSink signature;
    alice_.sign(*view_source(entity), signature, sign);
    const Opened opened =
        open_octets(plain_header("application/pkcs7-mime; smime-type=signed-data") +
                    "Content-Transfer-Encoding: base64\r\n\r\n" + base64_encode(signature.str()) + "\r\n");
    EXPECT_EQ(to_string(opened.summary.state), "encrypted-unverified");
    EXPECT_EQ(to_string(opened.summary.signed_), "unverified");
    EXPECT_EQ(opened.payload != nullptr, authenticated);
    EXPECT_TRUE(has_problem(opened, "signed-ciphertext"));
    for (const OpenedPart& part : opened.parts)
      EXPECT_FALSE(part.signed_);
  }
}

TEST_F(AttackPgp, EncryptedPartBetweenHtml_IsNeverJoined) {
  SealSpec how = spec(false, true);
  how.header_policy = HeaderPolicy::off();
  const std::string inner = sealed(letter(), how);
  const std::string entity = inner.substr(inner.find("Content-Type:"));
  const std::string message =
      "From: eve@example.org\r\nTo: bob@example.net\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: "
      "multipart/mixed; boundary=w\r\n\r\n"
      "--w\r\nContent-Type: text/html\r\n\r\n<img src='http://eve.example.org/\r\n--w\r\n" +
      entity + "\r\n--w\r\nContent-Type: text/html\r\n\r\n'>\r\n--w--\r\n";
  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_FALSE(opened.summary.encrypted);
  EXPECT_THAT(opened.text, Not(HasSubstr("Please review.")));
  ASSERT_EQ(opened.layers.size(), 1U);
  EXPECT_TRUE(opened.layers[0].errant);
  ASSERT_EQ(opened.parts.size(), 3U);
  EXPECT_EQ(opened.parts[1].path, "1.2.1");
  EXPECT_TRUE(opened.parts[1].encrypted);
  EXPECT_TRUE(reply_basis(opened).encrypt);
}

TEST_F(AttackPgp, AnErrantEncryptedBody_IsReadButNotQuoted) {
  SealSpec how = spec(false, true);
  how.header_policy = HeaderPolicy::off();
  const std::string inner = sealed(letter(), how);
  const std::string message =
      "From: eve@example.org\r\nTo: bob@example.net\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: "
      "multipart/mixed; boundary=w\r\n\r\n--w\r\n" +
      inner.substr(inner.find("Content-Type:")) + "\r\n--w\r\nContent-Type: text/plain\r\n\r\nMore\r\n--w--\r\n";
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.text, "Please review.\n\n-- \nAlice\n");
  EXPECT_TRUE(opened.text_errant);
  EXPECT_FALSE(reply_basis(opened).quote);
}

TEST_F(AttackPgp, BrokenIntegrity_ReleasesNothing) {
  std::string message = sealed(letter(), spec(true, true));
  const std::size_t armor = message.find("-----BEGIN PGP MESSAGE-----");
  const std::size_t end = message.find("-----END");
  std::string octets = *base64_decode(std::string_view(message).substr(armor + 27, end - armor - 27));
  octets.back() = static_cast<char>(octets.back() ^ 1);
  message = message.substr(0, armor + 27) + "\r\n\r\n" + base64_encode(octets) + "\r\n" + message.substr(end);
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::bad);
  EXPECT_EQ(opened.payload, nullptr);
  EXPECT_TRUE(opened.text.empty());
  EXPECT_EQ(opened.headers.subject, "[...]");
}

TEST_F(AttackPgp, InlinePgp_IsReportedAndDecryptedOnlyAsAPartByItself) {
  EncryptSpec encrypt;
  encrypt.recipients = {alice_.recipient_key("bob@example.net", {}).key};
  encrypt.signers = {alice_.signing_key("alice@example.net", {}).key};
  StringSink cipher;
  alice_.encrypt(*view_source("Secret"), cipher, encrypt);
  const std::string message = "From: alice@example.net\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nBefore\r\n" +
                              crlf(cipher.str()) + "After\r\n";
  const Opened closed = open_octets(message);
  EXPECT_TRUE(has_problem(closed, "inline-pgp"));
  EXPECT_EQ(closed.parts.size(), 1U);
  EXPECT_THAT(closed.layers, IsEmpty());
  OpenSettings settings;
  settings.inline_pgp = true;
  const Opened opened = open_octets(message, settings);
  ASSERT_EQ(opened.parts.size(), 2U);
  EXPECT_EQ(opened.parts[1].path, "1.1");
  EXPECT_TRUE(opened.parts[1].encrypted);
  EXPECT_FALSE(opened.parts[1].signed_);
  EXPECT_THAT(opened.text, Not(HasSubstr("Secret")));
  ASSERT_EQ(opened.layers.size(), 1U);
  EXPECT_TRUE(opened.layers[0].errant);
  EXPECT_THAT(opened.layers[0].facts.signers, IsEmpty());
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
}

TEST_F(AttackPgp, OnlyAWrongKeyHere_ShowsNothingButTheOutside) {
  MemoryEngine nobody(Protocol::pgp);
  OpenSettings settings;
  settings.engines = {&nobody};
  const Opened opened = open_message(memory_input(sealed(letter(), spec(true, true))), settings);
  EXPECT_EQ(opened.layers[0].facts.result, LayerResult::no_key);
  EXPECT_EQ(to_string(opened.summary.state), "encrypted-unverified");
  EXPECT_EQ(opened.payload, nullptr);
  ASSERT_EQ(opened.parts.size(), 1U);
  EXPECT_EQ(opened.parts[0].path, "1.2");
}

TEST_F(AttackPgp, LayersWithoutEnd_AreAnError) {
  Draft draft = letter();
  SealSpec how = spec(false, true);
  how.header_policy = HeaderPolicy::off();
  how.legacy_display = false;
  std::string entity = "Content-Type: text/plain\r\n\r\nDeep\r\n";
  for (int i = 0; i < 8; ++i) {
    EncryptSpec encrypt;
    encrypt.recipients = {alice_.recipient_key("bob@example.net", {}).key};
    StringSink cipher;
    alice_.encrypt(*view_source(entity), cipher, encrypt);
    entity = "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b" +
             std::to_string(i) + "x\r\n\r\n--b" + std::to_string(i) +
             "x\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b" + std::to_string(i) +
             "x\r\nContent-Type: application/octet-stream\r\n\r\n" + crlf(cipher.str()) + "\r\n--b" +
             std::to_string(i) + "x--\r\n";
  }
  OpenSettings settings;
  settings.max_layers = 8;
  EXPECT_EQ(open_octets("From: a@b.example\r\n" + entity, settings).text, "Deep\n");
  settings.max_layers = 7;
  EXPECT_THROW(open_octets("From: a@b.example\r\n" + entity, settings), Error);
}

// Layers of both protocols.

TEST_F(Attack, SmimeInsidePgp_IsOneEnvelope) {
  MemoryEngine alice_pgp(Protocol::pgp);
  MemoryEngine bob_pgp(Protocol::pgp);
  alice_pgp.add("bob@example.net", false);
  bob_pgp.add("bob@example.net", true);
  const std::string inner = signed_letter();
  EncryptSpec encrypt;
  encrypt.recipients = {alice_pgp.recipient_key("bob@example.net", {}).key};
  StringSink cipher;
  alice_pgp.encrypt(*view_source(inner.substr(inner.find("Content-Type:"))), cipher, encrypt);
  const std::string message = plain_header("multipart/encrypted; BOUNDARY=b; protocol=\"APPLICATION/PGP-ENCRYPTED\"") +
                              "\r\n--b\r\ncontent-type: APPLICATION/PGP-Encrypted\r\n\r\nVersion: "
                              "1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n" +
                              crlf(cipher.str()) + "--b--\r\n";
  OpenSettings settings;
  settings.engines = {&bob_pgp};
  const Opened opened = open_octets(message, settings);
  ASSERT_EQ(opened.layers.size(), 2U);
  EXPECT_EQ(opened.layers[0].facts.type, LayerType::pgp_encrypted);
  EXPECT_EQ(opened.layers[1].facts.type, LayerType::smime_signed);
  EXPECT_FALSE(opened.layers[1].errant);
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
}

TEST_F(Attack, BothLineEnds_VerifyAsTheyWereSigned) {
  // A mailbox that keeps LF: signed as CRLF, verified as CRLF.
  std::string message = signed_letter();
  std::erase(message, '\r');
  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.state), "verified");
  EXPECT_TRUE(has_problem(opened, "lf-line-ends"));
}

TEST_F(Attack, LineEndsOfADeliveringProgram_CastNoDoubt_ThoseInASignedPartDo) {
  const Opened delivered = open_octets("Return-Path: <alice@example.net>\n" + signed_letter() + "\n");
  EXPECT_EQ(to_string(delivered.summary.state), "verified");
  EXPECT_TRUE(has_problem(delivered, "bare-lf"));
  Draft draft = letter();
  draft.text = "one\r\ntwo\r\n";
  const Opened mixed = open_octets(replaced(sealed(draft, spec(true, false)), "one\r\n", "one\n"));
  EXPECT_NE(mixed.summary.signed_, SignedState::good);
  EXPECT_TRUE(has_problem(mixed, "bare-lf"));
}

// Header protection.

TEST_F(Attack, AForgedInnerFrom_ShowsTheOuterOne) {
  Draft draft = letter();
  draft.from = {mailbox("Boss <carol@example.net>")};
  SealSpec how = spec(false, true);
  const std::string message =
      replaced(sealed(draft, how), "From: Boss <carol@example.net>", "From: mallory@example.net");
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.headers.from.front().address(), "mallory@example.net");
  EXPECT_TRUE(has_problem(opened, "from-mismatch"));
  ASSERT_FALSE(opened.headers.mismatch.empty());
  EXPECT_EQ(opened.headers.mismatch.front().name, "From");
  EXPECT_FALSE(opened.headers.mismatch.front().by_relay);
  // A reply still goes where the sealed message says (RFC 9788, 4.4.4).
  EXPECT_EQ(reply_basis(opened).to.front().address(), "carol@example.net");
}

TEST_F(Attack, AChangedOuterFromUnderAGoodSignature_ShowsTheProtectedOne) {
  const Opened opened = open_octets(
      replaced(sealed(letter(), spec(true, true)), "From: Alice <alice@example.net>", "From: eve@example.org"));
  EXPECT_EQ(opened.headers.from.front().address(), "alice@example.net");
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.headers.mismatch.front().name, "From");
  EXPECT_FALSE(has_problem(opened, "from-mismatch"));
}

TEST_F(Attack, AnAddedCc_IsAMismatchAndGetsNoReply) {
  const Opened opened =
      open_octets(replaced(sealed(letter(), spec(true, true)), "To: ", "Cc: eve@example.org\r\nTo: "));
  EXPECT_TRUE(opened.headers.cc.empty());
  EXPECT_EQ(opened.headers.mismatch.front().name, "Cc");
  for (const Mailbox& mailbox : reply_basis(opened).cc)
    EXPECT_NE(mailbox.address(), "eve@example.org");
}

TEST_F(Attack, HpCipherInASignedMessage_IsStillOnlySigned) {
  // Alice signs an entity that says hp=cipher; nothing is encrypted.
  const std::string entity =
      "Content-Type: text/plain; hp=\"cipher\"\r\nSubject: Hidden?\r\nFrom: alice@example.net\r\n\r\nText\r\n";
  SignSpec sign;
  sign.signers = {alice_.signing_key("alice@example.net", {}).key};
  sign.detached = false;
  StringSink signature;
  alice_.sign(*view_source(entity), signature, sign);
  const Opened opened =
      open_octets(plain_header("application/pkcs7-mime; smime-type=signed-data") +
                  "Content-Transfer-Encoding: base64\r\n\r\n" + base64_encode(signature.str()) + "\r\n");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::clear);
  EXPECT_TRUE(opened.headers.confidential.empty());
  EXPECT_FALSE(opened.summary.encrypted);
  EXPECT_EQ(to_string(opened.headers.fields.front().state), "signed-only");
  EXPECT_TRUE(has_problem(opened, "hp-cipher-unencrypted"));
}

TEST_F(Attack, LegacyDisplayMarksOutsideOfAnEncryptedEnvelope_AreNotObeyed) {
  const std::string message = plain_header("text/plain; hp-legacy-display=1") + "\r\nSeen\r\n\r\nToo\r\n";
  EXPECT_EQ(open_octets(message).text, "Seen\n\nToo\n");
}

TEST_F(Attack, HpInAPlainMessage_IsIgnored) {
  const Opened opened = open_octets(plain_header("text/plain; hp=\"cipher\"") + "HP-Outer: Subject: x\r\n\r\nText\r\n");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::none);
  EXPECT_TRUE(opened.headers.hp_outer.empty());
}

}  // namespace
}  // namespace mimeseal::test
