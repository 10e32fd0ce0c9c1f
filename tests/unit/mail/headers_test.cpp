// SPDX-License-Identifier: MIT
// Header protection read: states, mismatches, older schemes, replies.
#include <gmock/gmock.h>

#include "mail_fixture.h"

namespace mimeseal::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Headers : public MailTest {};

TEST_F(Headers, DateAndMessageIdThroughSes_AreNoTampering) {
  std::string message = sealed(letter(), spec(true, true));
  const std::size_t id = message.find("Message-ID: ");
  message.replace(id, message.find("\r\n", id) - id, "Message-ID: <0102018f@eu-west-1.amazonses.com>");
  const std::size_t date = message.find("Date: ");
  message.replace(date, message.find("\r\n", date) - date, "Date: Sun, 22 Nov 2026 12:00:07 +0000");
  const Opened opened = open_octets(message);
  ASSERT_EQ(opened.headers.mismatch.size(), 2U);
  for (const Mismatch& mismatch : opened.headers.mismatch)
    EXPECT_TRUE(mismatch.by_relay) << mismatch.name;
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.headers.date, "2026-11-22T12:00:00Z");
}

TEST_F(Headers, AListsTagInTheSubject_IsNoTampering) {
  const std::string tagged =
      replaced(sealed(letter(), spec(true, false)), "Subject: Handling", "Subject: [lawyers] Handling");
  const Opened opened = open_octets(tagged);
  ASSERT_EQ(opened.headers.mismatch.size(), 1U);
  EXPECT_TRUE(opened.headers.mismatch[0].by_relay);
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
}

TEST_F(Headers, AnotherSubjectOutside_IsTampering) {
  const Opened opened =
      open_octets(replaced(sealed(letter(), spec(true, false)), "Subject: Handling", "Subject: Rejecting"));
  ASSERT_EQ(opened.headers.mismatch.size(), 1U);
  EXPECT_EQ(opened.headers.mismatch[0].name, "Subject");
  EXPECT_FALSE(opened.headers.mismatch[0].by_relay);
  EXPECT_EQ(opened.headers.subject, "Handling the Jones contract");
}

TEST_F(Headers, ADateOfYearsAgo_IsTampering) {
  std::string message = sealed(letter(), spec(true, true));
  const std::size_t date = message.find("Date: ");
  message.replace(date, message.find("\r\n", date) - date, "Date: Sun, 22 Nov 2020 12:00:07 +0000");
  EXPECT_FALSE(open_octets(message).headers.mismatch.at(0).by_relay);
}

TEST_F(Headers, ReceivedAndOtherTrace_AreNoMismatchAndNotShown) {
  const Opened opened = open_octets("Received: from a by b\r\nX-Spam: no\r\nList-Id: <l.example.net>\r\n" +
                                    sealed(letter(), spec(true, true)));
  EXPECT_THAT(opened.headers.mismatch, IsEmpty());
  std::vector<std::string> names;
  for (const ShownField& field : opened.headers.fields)
    names.push_back(field.name);
  EXPECT_THAT(names, Not(testing::Contains("Received")));
  EXPECT_THAT(names, testing::Contains("List-Id"));
  EXPECT_EQ(to_string(opened.headers.fields.back().state), "unprotected");
}

TEST_F(Headers, FoldedAnew_TheyAreTheSame) {
  const Opened opened = open_octets(
      replaced(sealed(letter(), spec(true, false)), "Subject: Handling the", "Subject:\r\n Handling\r\n\tthe"));
  EXPECT_THAT(opened.headers.mismatch, IsEmpty());
}

TEST_F(Headers, StatesPerField) {
  const Opened opened = open_octets(sealed(letter(), spec(true, true)));
  for (const ShownField& field : opened.headers.fields) {
    EXPECT_EQ(to_string(field.state), field.name == "Subject" ? "signed-and-encrypted" : "signed-only") << field.name;
  }
  const Opened unsigned_one = open_octets(sealed(letter(), spec(false, true)));
  for (const ShownField& field : unsigned_one.headers.fields) {
    EXPECT_EQ(to_string(field.state), field.name == "Subject" ? "encrypted-only" : "unprotected") << field.name;
  }
}

TEST_F(Headers, HpClearInAnEncryptedMessage_HidesNothing) {
  const std::string entity =
      "From: alice@example.net\r\nSubject: Hello\r\nHP-Outer: Subject: [...]\r\nContent-Type: text/plain; "
      "hp=\"clear\"\r\n\r\nText\r\n";
  const Opened opened = open_octets(wrapped(entity, true, "From: alice@example.net\r\nSubject: Hello\r\n"));
  EXPECT_EQ(opened.headers.protection, HeaderProtection::clear);
  EXPECT_THAT(opened.headers.confidential, IsEmpty());
  EXPECT_THAT(opened.headers.hp_outer, IsEmpty());
  EXPECT_TRUE(has_problem(opened, "hp-clear-encrypted"));
  EXPECT_TRUE(has_problem(opened, "hp-outer-misplaced"));
  for (const ShownField& field : opened.headers.fields)
    EXPECT_EQ(to_string(field.state), "signed-only");
}

TEST_F(Headers, Rfc8551Wrapping_IsReadByTheOuterHeader) {
  const std::string entity =
      "Content-Type: message/rfc822\r\n\r\nFrom: alice@example.net\r\nSubject: Hidden\r\nContent-Type: "
      "text/plain\r\n\r\nText\r\n";
  const Opened opened = open_octets(wrapped(entity, true, "From: alice@example.net\r\nSubject: ...\r\n"));
  EXPECT_EQ(opened.headers.protection, HeaderProtection::cipher);
  EXPECT_EQ(opened.headers.subject, "Hidden");
  EXPECT_THAT(opened.headers.confidential, ElementsAre("Subject"));
  EXPECT_THAT(opened.headers.hp_outer, IsEmpty());
  EXPECT_EQ(opened.text, "Text\n");
  EXPECT_EQ(to_string(opened.summary.state), "confidential");
  EXPECT_EQ(opened.parts.front().path, "1.1.1.1");
  EXPECT_THAT(payload(opened), testing::StartsWith("Content-Type: message/rfc822"));
}

TEST_F(Headers, AMessageInAMessageWithHp_IsNoWrapping) {
  const std::string entity =
      "From: alice@example.net\r\nSubject: Forward\r\nContent-Type: message/rfc822; hp=\"clear\"\r\n\r\n"
      "From: eve@example.org\r\nSubject: Inner\r\n\r\nText\r\n";
  const Opened opened = open_octets(wrapped(entity, false, "From: alice@example.net\r\nSubject: Forward\r\n"));
  EXPECT_EQ(opened.headers.subject, "Forward");
  EXPECT_EQ(opened.headers.from.front().address(), "alice@example.net");
}

TEST_F(Headers, ProtectedHeadersV1_AreRead) {
  const std::string entity =
      "From: alice@example.net\r\nSubject: Hidden\r\nContent-Type: multipart/mixed; boundary=b; "
      "protected-headers=\"v1\"\r\n\r\n"
      "--b\r\nContent-Type: text/plain; protected-headers=\"v1\"\r\n\r\nSubject: Hidden\r\n--b\r\nContent-Type: "
      "text/plain\r\n\r\n"
      "Text\r\n--b--\r\n";
  const Opened opened = open_octets(wrapped(entity, true, "From: alice@example.net\r\nSubject: ...\r\n"));
  EXPECT_EQ(opened.headers.subject, "Hidden");
  EXPECT_THAT(opened.headers.confidential, ElementsAre("Subject"));
  EXPECT_EQ(opened.text, "Text");
  EXPECT_TRUE(opened.parts.front().legacy_display);
}

TEST_F(Headers, AListsFooter_IsSaidAndNotJoined) {
  SealSpec how = spec(true, false);
  how.header_policy = HeaderPolicy::off();
  const std::string inner = sealed(letter(), how);
  const Opened opened = open_octets(
      "From: alice@example.net\r\nList-Id: <l.example.net>\r\nSubject: [l] Hi\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n" +
      inner.substr(inner.find("Content-Type:")) +
      "\r\n--w\r\nContent-Type: text/plain\r\n\r\nFooter of the list\r\n--w--\r\n");
  EXPECT_EQ(to_string(opened.summary.state), "unprotected");
  EXPECT_TRUE(has_problem(opened, "mailing-list-footer"));
  EXPECT_EQ(opened.text, "Please review.\n\n-- \nAlice\n");
  EXPECT_TRUE(opened.parts[0].signed_);
  EXPECT_FALSE(opened.parts[1].signed_);
}

// Policies (section 3.2).

TEST(HeaderPolicyShy, GroupsAndOddDates_AreLeftAlone) {
  const HeaderPolicy shy = HeaderPolicy::shy();
  const HeaderField group{"To", " friends: A <a@b.example>;"};
  EXPECT_EQ(shy.outer(group), group);
  EXPECT_EQ(shy.outer({"Date", " Sat, 20 Feb 2021 10:12:02 -0500"})->value(), "Sat, 20 Feb 2021 15:12:02 +0000");
  const HeaderField odd{"Date", " some day"};
  EXPECT_EQ(shy.outer(odd), odd);
  EXPECT_FALSE(shy.outer({"Keywords", " x"}));
  EXPECT_EQ(shy.outer({"Subject", " x"})->value(), "[...]");
}

TEST(HeaderPolicyNames, AreThoseOfTheTool) {
  for (const char* name : {"baseline", "shy", "no-confidentiality", "off"})
    EXPECT_EQ(HeaderPolicy::by_name(name)->name, name);
  EXPECT_FALSE(HeaderPolicy::by_name("other"));
}

}  // namespace
}  // namespace mimeseal::test
