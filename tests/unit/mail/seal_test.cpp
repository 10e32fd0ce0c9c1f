// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "mail_fixture.h"

namespace mimeseal::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Seal : public MailTest {};
class SealPgp : public MailTest {
 protected:
  SealPgp() : MailTest(Protocol::pgp) {}
};

std::vector<std::string> lines_of(const std::string& text) {
  return split(text, '\n');
}

void expect_fit_for_the_wire(const std::string& message) {
  EXPECT_TRUE(is_ascii(message));
  for (const std::string& line : lines_of(message)) {
    EXPECT_TRUE(line.empty() || line.back() == '\r') << line;
    EXPECT_LE(line.size(), 999U) << line;
  }
  EXPECT_TRUE(message.ends_with("\r\n"));
}

std::string header_of(const std::string& message) {
  return message.substr(0, message.find("\r\n\r\n") + 2);
}

TEST_F(Seal, Signed_IsMultipartSignedWithHpClear) {
  const std::string message = sealed(letter(), spec(true, false));
  expect_fit_for_the_wire(message);
  EXPECT_THAT(header_of(message), HasSubstr("multipart/signed"));
  EXPECT_THAT(header_of(message), HasSubstr("protocol=\"application/pkcs7-signature\""));
  EXPECT_THAT(header_of(message), HasSubstr("micalg=sha-256"));
  EXPECT_THAT(header_of(message), HasSubstr("Subject: Handling the Jones contract"));
  EXPECT_THAT(message, HasSubstr("smime.p7s"));

  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.state), "verified");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::clear);
  EXPECT_THAT(payload(opened), Not(HasSubstr("HP-Outer")));
  EXPECT_EQ(opened.text, "Please review.\n\n-- \nAlice\n");
  EXPECT_THAT(opened.problems, IsEmpty());
  EXPECT_THAT(opened.headers.mismatch, IsEmpty());
}

TEST_F(Seal, Opaque_IsSignedData) {
  SealSpec how = spec(true, false);
  how.opaque = true;
  const std::string message = sealed(letter(), how);
  EXPECT_THAT(header_of(message), HasSubstr("application/pkcs7-mime; smime-type=signed-data"));
  EXPECT_THAT(header_of(message), HasSubstr("smime.p7m"));
  EXPECT_EQ(to_string(open_octets(message).summary.state), "verified");
}

TEST_F(Seal, LegacyTypes_AreWrittenAndRead) {
  SealSpec how = spec(true, true);
  how.legacy_types = true;
  const std::string message = sealed(letter(), how);
  EXPECT_THAT(header_of(message), HasSubstr("application/x-pkcs7-mime"));
  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_THAT(payload(opened), HasSubstr("Please review."));
}

TEST_F(Seal, Encrypted_HidesTheSubjectAndSaysSoInside) {
  Draft draft = letter();
  draft.headers = {{"Keywords", "contract"}, {"X-Tool", "kept"}};
  const Sealed result = seal_draft(draft, spec(true, true));
  const std::string message = result.copies.front().message.str();
  expect_fit_for_the_wire(message);
  EXPECT_THAT(header_of(message), HasSubstr("Subject: [...]\r\n"));
  EXPECT_THAT(header_of(message), Not(HasSubstr("Keywords")));
  EXPECT_THAT(header_of(message), HasSubstr("authEnveloped-data"));
  EXPECT_THAT(message, Not(HasSubstr("Jones")));
  EXPECT_THAT(result.report.confidential, ElementsAre("Subject", "Keywords"));

  const Opened opened = open_octets(message);
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.headers.protection, HeaderProtection::cipher);
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
  EXPECT_THAT(opened.headers.confidential, ElementsAre("Subject", "Keywords"));
  EXPECT_EQ(opened.headers.hp_outer, opened.headers.outer);
  EXPECT_THAT(opened.headers.mismatch, IsEmpty());
  EXPECT_THAT(opened.problems, IsEmpty());
  // The legacy display element is in the payload and not in the reading view.
  EXPECT_THAT(payload(opened), HasSubstr("hp-legacy-display=1"));
  EXPECT_THAT(payload(opened), HasSubstr("\r\n\r\nSubject: Handling the Jones contract\r\n\r\nPlease review."));
  EXPECT_EQ(opened.text, "Please review.\n\n-- \nAlice\n");
  EXPECT_TRUE(opened.parts.front().legacy_display);
}

TEST_F(Seal, HtmlToo_GetsItsLegacyDisplayElement) {
  Draft draft = letter();
  draft.html = "<html><head><title>x</title></head><body>\n<p>Please <b>review</b>.</p></body></html>";
  const Opened opened = open_octets(sealed(draft, spec(true, true)));
  EXPECT_THAT(payload(opened), HasSubstr("header-protection-legacy-display"));
  ASSERT_EQ(opened.parts.size(), 2U);
  EXPECT_TRUE(opened.parts[0].legacy_display);
  EXPECT_TRUE(opened.parts[1].legacy_display);
  EXPECT_TRUE(opened.parts[0].is_body);
  EXPECT_FALSE(opened.parts[1].is_body);
}

TEST_F(Seal, AttachedText_GetsNoLegacyDisplayElement) {
  Draft draft = letter();
  draft.attachments.push_back({memory_input("First line.\n\nSecond.\n"), "notes.txt", "text/plain", "", false});
  const Opened opened = open_octets(sealed(draft, spec(true, true)));
  ASSERT_EQ(opened.parts.size(), 2U);
  EXPECT_TRUE(opened.parts[0].legacy_display);
  EXPECT_FALSE(opened.parts[1].legacy_display);
  EXPECT_EQ(opened.parts[1].filename, "notes.txt");
  EXPECT_EQ(opened.parts[1].sha256, hex(sha256("First line.\n\nSecond.\n")));
}

TEST_F(Seal, WithoutLegacyDisplay_TheTextIsAsItWas) {
  SealSpec how = spec(true, true);
  how.legacy_display = false;
  EXPECT_THAT(payload(open_octets(sealed(letter(), how))), Not(HasSubstr("hp-legacy-display")));
}

TEST_F(Seal, Shy_HidesNamesAndTheZone) {
  SealSpec how = spec(true, true);
  how.header_policy = HeaderPolicy::shy();
  const std::string message = sealed(letter(), how);
  EXPECT_THAT(header_of(message), HasSubstr("From: alice@example.net\r\n"));
  EXPECT_THAT(header_of(message), HasSubstr("To: bob@example.net\r\n"));
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.headers.from.front().name(), "Alice");
  EXPECT_THAT(opened.headers.confidential, testing::IsSupersetOf({"From", "To", "Subject"}));
}

TEST_F(Seal, Off_ProtectsNoHeader) {
  SealSpec how = spec(true, true);
  how.header_policy = HeaderPolicy::off();
  const std::string message = sealed(letter(), how);
  EXPECT_THAT(header_of(message), HasSubstr("Jones"));
  const Opened opened = open_octets(message);
  EXPECT_EQ(opened.headers.protection, HeaderProtection::none);
  EXPECT_THAT(payload(opened), Not(HasSubstr("Subject")));
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
}

TEST_F(Seal, ACallersOwnPolicy_MayDoWhatItLikesButNotWriteLines) {
  SealSpec how = spec(true, true);
  how.header_policy = {"mine", [](const HeaderField& f) -> std::optional<HeaderField> {
                         if (f.name == "To") return std::nullopt;
                         return f;
                       }};
  EXPECT_THAT(header_of(sealed(letter(), how)), Not(HasSubstr("\r\nTo:")));
  how.header_policy.outer = [](const HeaderField& f) -> std::optional<HeaderField> {
    return HeaderField{f.name, " a\r\nBcc: x@y"};
  };
  EXPECT_THROW(sealed(letter(), how), Error);
}

TEST_F(Seal, CompatibleHeaders_AreMarkedForOlderReaders) {
  SealSpec how = spec(true, true);
  how.compat_protected_headers = true;
  const Opened opened = open_octets(sealed(letter(), how));
  EXPECT_THAT(payload(opened), HasSubstr("protected-headers=v1"));
  EXPECT_EQ(opened.headers.protection, HeaderProtection::cipher);
}

TEST_F(Seal, BccFieldOfAMessage_IsInNoCopy) {
  Message message = compose(letter(), system_clock(), system_random());
  message.fields.push_back({"Bcc", " secret@example.net"});
  message.fields.push_back({"Resent-Bcc", " secret@example.net"});
  for (const auto& [sign, encrypt] : {std::pair(true, false), std::pair(true, true)}) {
    const std::string sealed = seal(message, spec(sign, encrypt)).copies.front().message.str();
    EXPECT_THAT(sealed, Not(HasSubstr("secret@example.net")));
    EXPECT_THAT(payload(open_octets(sealed)), Not(HasSubstr("secret@example.net")));
  }
}

TEST_F(Seal, BccRecipients_GetCopiesWithTheSamePayload) {
  SealSpec how = spec(true, true);
  how.bcc = {mailbox("carol@example.net"), mailbox("bob@example.net")};
  const Sealed result = seal_draft(letter(), how);
  ASSERT_EQ(result.copies.size(), 2U);  // Bob is named already
  EXPECT_THAT(result.copies[0].recipients, ElementsAre("bob@example.net"));
  EXPECT_THAT(result.copies[1].recipients, ElementsAre("carol@example.net"));
  EXPECT_EQ(result.copies[1].bcc, "carol@example.net");
  EXPECT_EQ(alice_.signatures, 1);
  EXPECT_EQ(alice_.encryptions, 2);
  const auto print = [&](const char* who) { return alice_.recipient_key(who, {}).key->info().fingerprint; };
  EXPECT_THAT(alice_.encrypted_to[0], ElementsAre(print("bob@example.net"), print("alice@example.net")));
  EXPECT_THAT(alice_.encrypted_to[1], ElementsAre(print("bob@example.net"), print("carol@example.net")));
  for (const SealedCopy& copy : result.copies) {
    EXPECT_THAT(copy.message.str(), Not(HasSubstr("Bcc")));
  }
  const Opened one = open_octets(result.copies[0].message.str());
  const Opened two = open_octets(result.copies[1].message.str());
  EXPECT_EQ(payload(one), payload(two));
  for (const RecipientReport& recipient : result.report.recipients)
    EXPECT_NE(recipient.address, "carol@example.net");
}

TEST_F(Seal, RecipientsWithoutKey_AreAllNamedBeforeAnythingIsMade) {
  SealSpec how = spec(true, true);
  how.recipients = {mailbox("bob@example.net"), mailbox("dave@example.net")};
  how.bcc = {mailbox("erin@example.net")};
  try {
    seal_draft(letter(), how);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::no_recipient);
    EXPECT_THAT(error.details(), ElementsAre(HasSubstr("dave@example.net: "), HasSubstr("erin@example.net: ")));
  }
  EXPECT_EQ(alice_.encryptions, 0);
  EXPECT_EQ(alice_.signatures, 0);
}

TEST_F(Seal, NobodyWhoCanSign_IsRefused) {
  Draft draft = letter();
  draft.from = {mailbox("zoe@example.net")};
  try {
    seal_draft(draft, spec(true, false));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::refused);
  }
}

TEST_F(Seal, EncryptedWithoutSignature_ComesWithAHint) {
  const Sealed result = seal_draft(letter(), spec(false, true));
  EXPECT_THAT(result.report.hints, ElementsAre(HasSubstr("5.3")));
  const Opened opened = open_octets(result.copies.front().message.str());
  EXPECT_EQ(to_string(opened.summary.state), "encrypted-unverified");
  EXPECT_EQ(to_string(opened.headers.fields.front().state), "unprotected");
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
}

TEST_F(Seal, TripleWrapped_IsSignedEncryptedSigned) {
  SealSpec how = spec(true, true);
  how.triple_wrap = true;
  const Opened opened = open_octets(sealed(letter(), how));
  ASSERT_EQ(opened.layers.size(), 3U);
  EXPECT_EQ(opened.layers[0].facts.type, LayerType::smime_signed);
  EXPECT_EQ(opened.layers[1].facts.type, LayerType::smime_auth_enveloped);
  EXPECT_EQ(opened.layers[2].facts.type, LayerType::smime_signed);
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.layers[2].path, "1.1.1");
}

TEST_F(Seal, Compressed_IsThePayloadAndStillProtected) {
  SealSpec how = spec(true, true);
  how.compress = true;
  const Opened opened = open_octets(sealed(letter(), how));
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
  EXPECT_EQ(opened.text, "Please review.\n\n-- \nAlice\n");
  EXPECT_TRUE(opened.parts.front().signed_);
  EXPECT_EQ(opened.layers.back().facts.type, LayerType::smime_compressed);
  EXPECT_FALSE(opened.layers.back().errant);
}

TEST_F(Seal, TraceFieldsOfAnAdoptedMessage_StayOutside) {
  const auto existing =
      adopt(memory_input(crlf("Received: from x\nFrom: alice@example.net\nTo: bob@example.net\nBcc: "
                              "carol@example.net\nSubject: Old\nDate: Sun, 22 Nov 2026 12:00:00 +0000\n\nHi\n")));
  const std::string message = seal(existing.message, spec(true, true)).copies.front().message.str();
  EXPECT_THAT(header_of(message), HasSubstr("Received: from x\r\n"));
  const Opened opened = open_octets(message);
  for (const HeaderField& field : opened.headers.protected_fields)
    EXPECT_NE(field.name, "Received");
  EXPECT_EQ(opened.headers.hp_outer, opened.headers.outer);
  EXPECT_THAT(payload(opened), Not(HasSubstr("carol")));
}

TEST_F(Seal, AnEncryptedPartInAnAdoptedMessage_IsNotSealedWithoutAWord) {
  const auto existing =
      adopt(memory_input(crlf("From: alice@example.net\nTo: bob@example.net\nSubject: Old\nDate: Sun, 22 Nov 2026 "
                              "12:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
                              "Hi\n--b\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
                              "AAAA\n--b--\n")));
  EXPECT_THAT(seal(existing.message, spec(true, true)).report.hints,
              ElementsAre(HasSubstr("without having been seen")));
}

TEST_F(SealPgp, Signed_IsMultipartSigned) {
  const std::string message = sealed(letter(), spec(true, false));
  expect_fit_for_the_wire(message);
  EXPECT_THAT(header_of(message), HasSubstr("protocol=\"application/pgp-signature\""));
  EXPECT_THAT(header_of(message), HasSubstr("micalg=pgp-sha256"));
  EXPECT_THAT(message, HasSubstr("signature.asc"));
  EXPECT_EQ(to_string(open_octets(message).summary.state), "verified");
}

TEST_F(SealPgp, SignedAndEncrypted_IsOneLayer) {
  const std::string message = sealed(letter(), spec(true, true));
  expect_fit_for_the_wire(message);
  EXPECT_THAT(message, HasSubstr("Content-Type: application/pgp-encrypted\r\n"));
  EXPECT_THAT(message, HasSubstr("\r\n\r\nVersion: 1\r\n"));
  const Opened opened = open_octets(message);
  ASSERT_EQ(opened.layers.size(), 1U);
  EXPECT_EQ(opened.layers[0].path, "1");
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.parts.front().path, "1.1");
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
}

TEST_F(SealPgp, Nested_IsASignedEntityInside) {
  SealSpec how = spec(true, true);
  how.nested = true;
  const Opened opened = open_octets(sealed(letter(), how));
  ASSERT_EQ(opened.layers.size(), 2U);
  EXPECT_EQ(opened.layers[1].facts.type, LayerType::pgp_signed);
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.parts.front().path, "1.1.1");
}

TEST_F(SealPgp, AttachedKeyAndAutocrypt_GoAlong) {
  SealSpec how = spec(true, true);
  how.attach_key = true;
  how.autocrypt = true;
  how.recipients = {mailbox("bob@example.net"), mailbox("carol@example.net")};
  how.bcc = {mailbox("mallory@example.net")};
  Draft draft = letter();
  draft.to = how.recipients;
  const std::string message = sealed(draft, how);
  EXPECT_THAT(header_of(message), HasSubstr("Autocrypt: addr=alice@example.net; keydata="));
  EXPECT_THAT(header_of(message), Not(HasSubstr("Gossip")));
  OpenSettings settings;
  settings.read_pgp_keys = [](const std::string& octets) {
    KeyInfo info;
    info.fingerprint = hex(sha256(octets)).substr(0, 8);
    return std::vector<KeyInfo>{info};
  };
  const Opened opened = open_octets(message, settings);
  const std::string inside = payload(opened);
  EXPECT_THAT(inside, HasSubstr("Autocrypt-Gossip: addr=bob@example.net"));
  EXPECT_THAT(inside, HasSubstr("Autocrypt-Gossip: addr=carol@example.net"));
  EXPECT_THAT(inside, Not(HasSubstr("mallory")));
  EXPECT_THAT(inside, HasSubstr("application/pgp-keys"));
  EXPECT_EQ(opened.attached_keys.size(), 4U);
  EXPECT_EQ(opened.text, "Please review.\n\n-- \nAlice\n");
}

TEST_F(SealPgp, APassphrase_StandsInForMissingKeys) {
  SealSpec how = spec(true, true);
  const SecretBytes passphrase("secret");
  how.symmetric = &passphrase;
  how.recipients = {mailbox("nobody@example.net")};
  EXPECT_NO_THROW(seal_draft(letter(), how));
}

TEST_F(SealPgp, WhatIsForSmimeAlone_IsRefused) {
  SealSpec how = spec(true, true);
  how.triple_wrap = true;
  EXPECT_THROW(seal_draft(letter(), how), Error);
}

}  // namespace
}  // namespace mimeseal::test
