// SPDX-License-Identifier: MIT
#include "mimeseal/mime/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "support/fixed.h"
#include "support/wire_check.h"

namespace mimeseal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Mailbox mailbox(std::string name, std::string_view address) {
  return Mailbox::make(std::move(name), address).value();
}

Draft simple() {
  Draft draft;
  draft.from = {mailbox("Ann", "ann@example.com")};
  draft.to = {mailbox("", "bob@example.org")};
  draft.subject = "Hello";
  draft.text = "Hi Bob\n";
  return draft;
}

std::string composed(const Draft& draft) {
  const test::FixedClock clock;
  test::FixedRandom random;
  return freeze(compose(draft, clock, random), random).str();
}

/// The types of the tree: "mixed(alternative(plain html) pdf)".
std::string tree(const Entity& entity) {
  const std::string type = entity.content_type().value;
  std::string out = type.substr(type.find('/') + 1);
  if (entity.child_count() == 0) return out;
  out += '(';
  for (std::size_t i = 0; i < entity.child_count(); ++i)
    out += (i == 0 ? "" : " ") + tree(entity.child(i));
  return out + ')';
}

std::string tree(const Draft& draft) {
  const test::FixedClock clock;
  test::FixedRandom random;
  return tree(compose(draft, clock, random).body);
}

Attachment attachment(std::string name, std::string octets = "x") {
  Attachment out;
  out.content = memory_input(std::move(octets));
  out.filename = std::move(name);
  return out;
}

Attachment picture() {
  Attachment out = attachment("a.png");
  out.inline_part = true;
  out.content_id = "logo";
  return out;
}

/// The field that the error names.
std::string refused(const Draft& draft) {
  try {
    (void)composed(draft);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::usage) << error.what();
    return error.where();
  }
  return "nothing was refused";
}

TEST(Compose, SimpleMessage_LooksLikeThis) {
  EXPECT_EQ(composed(simple()),
            "From: Ann <ann@example.com>\r\nTo: bob@example.org\r\nSubject: Hello\r\n"
            "Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <91bef87171c3e08549cb679a74876f2a@example.com>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nHi Bob\r\n");
}

TEST(Compose, UsesAsFewLevelsAsItNeeds) {
  Draft draft = simple();
  EXPECT_EQ(tree(draft), "plain");
  draft.html = "<p>Hi</p>";
  EXPECT_EQ(tree(draft), "alternative(plain html)");
  draft.attachments = {attachment("a.pdf")};
  EXPECT_EQ(tree(draft), "mixed(alternative(plain html) pdf)");
  draft.attachments.push_back(picture());
  EXPECT_EQ(tree(draft), "mixed(alternative(plain related(html png)) pdf)");
  draft.text.reset();
  EXPECT_EQ(tree(draft), "mixed(related(html png) pdf)");
  draft.html.reset();
  EXPECT_EQ(tree(draft), "mixed(pdf png)");
  draft.attachments.pop_back();
  EXPECT_EQ(tree(draft), "pdf");
  draft.attachments.clear();
  EXPECT_EQ(tree(draft), "plain");
}

TEST(Compose, WholeDraft_KeepsTheRulesOfTheWire) {
  Draft draft = simple();
  draft.from = {mailbox("Jürgen Groß", "jg@bücher.example"), mailbox("", "two@example.com")};
  draft.sender = mailbox("", "office@example.com");
  draft.reply_to = {mailbox("List", "list@example.com")};
  draft.cc = {mailbox("日本", "cc@example.com")};
  draft.bcc = {mailbox("", "hidden@example.net")};
  draft.subject = "Grüße 😀 aus Wasserburg, mit einem langen Betreff, der über eine Zeile hinausgeht";
  draft.headers = {{"X-Priority", "1"}, {"List-Unsubscribe", "<mailto:u@example.com>"}};
  draft.html = "<p>" + std::string(2000, 'x') + "</p>";
  draft.in_reply_to = "<one@example.com>";
  draft.references = {"<zero@example.com>", "<one@example.com>"};
  draft.attachments = {attachment("Rechnung für März – 日本 😀.pdf", std::string(10000, '\0')), picture()};
  const std::string out = composed(draft);
  EXPECT_EQ(test::wire_faults(out), "");
  EXPECT_THAT(out, Not(HasSubstr("hidden@example.net")));
  EXPECT_THAT(out, HasSubstr("jg@xn--bcher-kva.example"));
  EXPECT_THAT(out, HasSubstr("Content-ID: <logo>\r\n"));
  EXPECT_THAT(out, HasSubstr("type=\"text/html\""));

  const InputPtr input = memory_input(out);
  const PartIndex index = scan(*input);
  std::vector<std::string> names;
  for (const HeaderField& field : index.root.fields)
    names.push_back(field.name);
  EXPECT_EQ(join(names, " "),
            "From Sender Reply-To To Cc Subject Date Message-ID In-Reply-To References X-Priority List-Unsubscribe "
            "MIME-Version Content-Type");
  EXPECT_EQ(find_field(index.root.fields, "subject")->decoded(), draft.subject);
  EXPECT_EQ(index.root.children[1].filename, draft.attachments[0].filename);
  ASSERT_EQ(index.problems.size(), 1U);
  EXPECT_EQ(index.problems.front().code, "several-from");
}

TEST(Compose, MissingPeopleOrSender_AreRefusedByName) {
  Draft draft = simple();
  draft.from.clear();
  EXPECT_EQ(refused(draft), "From");
  draft.from = {mailbox("", "a@example.com"), mailbox("", "b@example.com")};
  EXPECT_EQ(refused(draft), "Sender");
  draft = simple();
  draft.to.clear();
  EXPECT_THAT(composed(draft), StartsWith("From:"));
}

TEST(Compose, TheSenderWhoIsTheAuthor_IsNotNamedTwice) {
  Draft draft = simple();
  draft.sender = draft.from.front();
  EXPECT_THAT(composed(draft), Not(HasSubstr("Sender:")));
}

TEST(Compose, HeadersThatAreNotAllowed_AreRefusedByName) {
  for (const char* name : {"Bcc", "resent-bcc", "Content-Type", "content-foo", "MIME-Version", "HP-Outer"}) {
    Draft draft = simple();
    draft.headers = {{name, "x"}};
    EXPECT_EQ(refused(draft), name);
  }
  Draft draft = simple();
  draft.headers = {{"X-A", "x\r\nBcc: y@example.com"}};
  EXPECT_EQ(refused(draft), "X-A");
  draft.headers = {{"X A", "x"}};
  EXPECT_EQ(refused(draft), "X A");
}

TEST(Compose, UniqueHeaders_AreTakenOnceAndReadAsWhatTheyAre) {
  for (const char* name : {"From", "To", "Subject", "subject"}) {
    Draft draft = simple();
    draft.headers = {{name, "x@example.com"}};
    EXPECT_EQ(refused(draft), name);
  }
  Draft draft = simple();
  draft.headers = {{"References", "<a@b> <c@d>"},
                   {"In-Reply-To", "<c@d>"},
                   {"Reply-To", "Jürgen <j@example.com>"},
                   {"Date", "Mon, 2 Feb 2026 10:00:00 +0200"},
                   {"message-id", "<own@example.com>"}};
  const std::string out = composed(draft);
  EXPECT_THAT(out, HasSubstr("References: <a@b> <c@d>\r\n"));
  EXPECT_THAT(out, HasSubstr("In-Reply-To: <c@d>\r\n"));
  EXPECT_THAT(out, HasSubstr("Reply-To: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\n"));
  EXPECT_THAT(out, HasSubstr("Date: Mon, 02 Feb 2026 08:00:00 +0000\r\n"));
  EXPECT_THAT(out, HasSubstr("Message-ID: <own@example.com>\r\n"));
  draft.headers.emplace_back("references", "<e@f>");
  EXPECT_EQ(refused(draft), "references");
}

TEST(Compose, IdsThatAreNone_AreRefused) {
  Draft draft = simple();
  draft.message_id = "no brackets@example.com";
  EXPECT_EQ(refused(draft), "Message-ID");
  draft = simple();
  draft.references = {"<a@b> <c@d>"};
  EXPECT_EQ(refused(draft), "References");
  draft = simple();
  draft.attachments = {picture()};
  draft.attachments[0].content_id = "a b";
  EXPECT_EQ(refused(draft), "a.png");
}

TEST(Compose, AttachedMessage_StaysAMessageWhenTheWireLetsIt) {
  Draft draft = simple();
  draft.attachments = {attachment("a.eml", "Subject: x\n\ny\n")};
  EXPECT_THAT(composed(draft), HasSubstr("Content-Type: message/rfc822\r\nContent-Disposition: attachment; "
                                         "filename=a.eml\r\n\r\nSubject: x\r\n\r\ny\r\n"));
  draft.attachments = {attachment("a.eml", "Subject: x\n\n\xc3\xbc\n")};
  EXPECT_THAT(composed(draft),
              HasSubstr("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64"));
  draft.attachments[0].media_type = "message/rfc822";
  EXPECT_EQ(refused(draft), "memory");
}

TEST(Compose, MediaTypesAndNamesOfAttachments_AreChecked) {
  Draft draft = simple();
  draft.attachments = {attachment("a.bin")};
  draft.attachments[0].media_type = "nonsense";
  EXPECT_EQ(refused(draft), "a.bin");
  draft.attachments = {attachment("a\r\nb")};
  EXPECT_EQ(refused(draft), "Content-Disposition");
  draft.attachments = {attachment("/home/me/secret/a.txt")};
  EXPECT_THAT(composed(draft), Not(HasSubstr("secret")));
}

TEST(MediaTypeOf, KnowsEndingsInAnyCase) {
  EXPECT_EQ(media_type_of("report.PDF"), "application/pdf");
  EXPECT_EQ(media_type_of("a.b.docx"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
  EXPECT_EQ(media_type_of("7z"), "application/octet-stream");
  EXPECT_EQ(media_type_of("x.7z"), "application/x-7z-compressed");
  EXPECT_EQ(media_type_of("x.zst"), "application/zstd");
  for (const char* unknown : {"", ".", "a.", "a.unknown", "smime.p7m"})
    EXPECT_EQ(media_type_of(unknown), "application/octet-stream") << unknown;
}

TEST(MakeMessageId, IsUnguessableAndNamesTheDomain) {
  const Mailbox from = mailbox("", "a@bücher.example");
  const std::string one = make_message_id(from, system_random());
  EXPECT_THAT(one, ::testing::EndsWith("@xn--bcher-kva.example>"));
  EXPECT_NE(one, make_message_id(from, system_random()));
  EXPECT_GE(one.find('@'), 33U);
}

ExistingMessage adopted(std::string octets) {
  return adopt(memory_input(std::move(octets)));
}

const std::string kMessage =
    "Return-Path: <r@example.com>\r\nReceived: by x;\r\n\tMon, 2 Feb 2026 10:00:00 +0200\r\nFrom: Ann "
    "<ann@example.com>\r\n"
    "To: b@example.org,\r\n c@example.org\r\nBcc: =?utf-8?q?D=C3=B6?= <d@example.net>\r\nResent-Bcc: e@example.net\r\n"
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello \r\n";

TEST(Adopt, BlanksAtTheEndsOfHeaderLines_AreLeftOut) {
  const ExistingMessage existing =
      adopted("From: a@b.example \r\nSubject: one \r\n two\t\r\n \t \r\n three\r\nComments: \r\n\r\nx\r\n");
  EXPECT_EQ(find_field(existing.message.fields, "From")->raw, " a@b.example");
  EXPECT_EQ(find_field(existing.message.fields, "Subject")->raw, " one\r\n two\r\n three");
  EXPECT_EQ(find_field(existing.message.fields, "Comments")->raw, "");
}

TEST(Adopt, FieldsAreKeptAsTheyAre_BccIsTakenOut) {
  const ExistingMessage existing = adopted(kMessage);
  std::vector<std::string> names;
  for (const HeaderField& field : existing.message.fields)
    names.push_back(field.name);
  EXPECT_EQ(join(names, " "), "Return-Path Received From To Subject");
  EXPECT_EQ(find_field(existing.message.fields, "Subject")->raw, " =?iso-8859-1?q?Gr=FC=DFe?=");
  EXPECT_EQ(existing.to.size(), 2U);
  ASSERT_EQ(existing.bcc.size(), 2U);
  EXPECT_EQ(existing.bcc[0], mailbox("Dö", "d@example.net"));
  test::FixedRandom random;
  const std::string out = freeze(existing.message, random).str();
  EXPECT_THAT(out, Not(HasSubstr("example.net")));
  EXPECT_THAT(out, HasSubstr("MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello \r\n"));
}

TEST(Adopt, MailboxLineIsDropped_LineFeedsBecomeCrlf) {
  std::string unix = "From ann@example.com Mon Feb  2 10:00:00 2026\n" + kMessage;
  for (std::size_t at; (at = unix.find("\r\n")) != std::string::npos;)
    unix.erase(at, 1);
  test::FixedRandom random;
  const std::string a = freeze(adopted(unix).message, random).str();
  const std::string b = freeze(adopted(kMessage).message, random).str();
  EXPECT_EQ(a, b);
}

TEST(Adopt, RawUtf8InTheHeader_IsEncoded) {
  const ExistingMessage existing =
      adopted("From: Jürgen <j@example.com>\r\nSubject: Grüße\r\nContent-Type: text/plain; name=\"ü\"\r\n\r\nx\r\n");
  test::FixedRandom random;
  const std::string out = freeze(existing.message, random).str();
  EXPECT_EQ(test::wire_faults(out), "");
  EXPECT_THAT(out, HasSubstr("From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nSubject: =?utf-8?b?"));
}

TEST(Adopt, WhatCannotBeSealedForSure_IsMalformed) {
  for (const char* bad :
       {"", "no header\r\n", "Subject: x\r\n\r\nno author\r\n",
        "From: a@example.com\r\nFrom: b@example.com\r\n\r\nx\r\n", "From: a@example.com\r\nTo: (\r\n\r\nx\r\n",
        "From: a@example.com\r\nBcc: what is this\r\n\r\nx\r\n",
        "From: a@example.com\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx\r\n"}) {
    try {
      (void)adopted(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::malformed) << bad;
    }
  }
}

}  // namespace
}  // namespace mimeseal
