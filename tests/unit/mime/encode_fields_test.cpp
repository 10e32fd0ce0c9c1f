// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"
#include "support/fixed.h"
#include "support/wire_check.h"

namespace mimeseal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string wire(const HeaderField& field) {
  return field.name + ":" + field.raw + "\r\n";
}

Mailbox mailbox(std::string name, std::string_view address) {
  return Mailbox::make(std::move(name), address).value();
}

Errc code_of(const std::function<void()>& work, std::string* where = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (where != nullptr) *where = error.where();
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return Errc::internal;
}

TEST(UnstructuredField, PlainAscii_StaysAsItIs) {
  EXPECT_EQ(unstructured_field("Subject", "Hello, world").raw, " Hello, world");
  EXPECT_EQ(unstructured_field("Subject", "").raw, "");
}

TEST(UnstructuredField, Umlaut_IsQWhenShorter_EmojiIsB) {
  EXPECT_EQ(unstructured_field("Subject", "Wasserfälle").raw, " =?utf-8?q?Wasserf=C3=A4lle?=");
  EXPECT_EQ(unstructured_field("Subject", "😀😀").raw, " =?utf-8?b?8J+YgPCfmIA=?=");
}

TEST(UnstructuredField, OnlyWordsThatNeedIt_AreEncoded) {
  EXPECT_EQ(unstructured_field("Subject", "Re: für dich today").raw, " Re: =?utf-8?q?f=C3=BCr?= dich today");
}

TEST(UnstructuredField, NeighbouringEncodedWords_KeepTheirBlanks) {
  const HeaderField field = unstructured_field("Subject", "für  ärger da");
  EXPECT_EQ(field.raw, " =?utf-8?b?ZsO8ciAgw6RyZ2Vy?= da");
}

TEST(UnstructuredField, LongAscii_FoldsAtBlanksAt78) {
  std::string text;
  for (int i = 0; i < 60; ++i)
    text += "word" + std::to_string(i) + (i == 59 ? "" : " ");
  const HeaderField field = unstructured_field("Subject", text);
  EXPECT_EQ(test::header_faults(wire(field)), "");
  std::string unfolded = field.raw;
  for (std::size_t at; (at = unfolded.find("\r\n")) != std::string::npos;)
    unfolded.erase(at, 2);
  EXPECT_EQ(unfolded, " " + text);
}

TEST(UnstructuredField, LongWordInSubject_IsCutIntoEncodedWords_ButAUrlInAnotherFieldIsNot) {
  const std::string url = "https://example.com/" + std::string(200, 'a');
  const HeaderField subject = unstructured_field("Subject", url);
  EXPECT_EQ(test::header_faults(wire(subject)), "");
  EXPECT_THAT(subject.raw, HasSubstr("=?utf-8?"));
  EXPECT_EQ(unstructured_field("List-Unsubscribe", "<" + url + ">").raw, " <" + url + ">");
}

TEST(UnstructuredField, WordOver998_NeverMakesALongerLine) {
  EXPECT_EQ(test::header_faults(wire(unstructured_field("X-Long", std::string(5000, 'x')))), "");
  EXPECT_EQ(test::header_faults(wire(unstructured_field("Subject", "a" + std::string(5000, ' ') + "b"))), "");
}

TEST(UnstructuredField, WhatLooksEncoded_IsReadBackAsItWas) {
  const std::string text = "=?utf-8?q?not_really?= here";
  const HeaderField field = unstructured_field("Subject", text);
  EXPECT_THAT(field.raw, Not(HasSubstr("not_really?= here")));
  EXPECT_EQ(field.decoded(), text);
}

TEST(UnstructuredField, LineEndsAndNul_AreRefusedNamingTheField) {
  using namespace std::string_view_literals;
  for (const std::string_view bad : {"a\rb"sv, "a\nb"sv, "a\r\nBcc: x@y"sv, "a\0b"sv}) {
    std::string where;
    EXPECT_EQ(code_of([&] { (void)unstructured_field("Subject", bad); }, &where), Errc::usage);
    EXPECT_EQ(where, "Subject");
  }
}

TEST(UnstructuredField, WhatIsNoFieldName_IsRefused) {
  for (const char* bad : {"", "Sub ject", "Subject:", "Süb", "A\nB", "A\tB"})
    EXPECT_EQ(code_of([&] { (void)unstructured_field(bad, "x"); }), Errc::usage) << bad;
}

TEST(UnstructuredField, IllFormedUtf8_IsRefused) {
  EXPECT_EQ(code_of([] { (void)unstructured_field("Subject", "\xff\xfe"); }), Errc::usage);
}

/// Any text, made of what is likely to hurt.
std::string random_text(test::FixedRandom& random, std::size_t longest) {
  static const std::vector<std::string> kPieces = {"a",
                                                   "Z",
                                                   "0",
                                                   " ",
                                                   "  ",
                                                   "\t",
                                                   "ü",
                                                   "ß",
                                                   "日本",
                                                   "😀",
                                                   "👩‍👩‍👧",
                                                   "=?",
                                                   "?=",
                                                   "=?utf-8?q?x?=",
                                                   "\"",
                                                   "\\",
                                                   "(",
                                                   ")",
                                                   ",",
                                                   ";",
                                                   ":",
                                                   "@",
                                                   "<",
                                                   ">",
                                                   ".",
                                                   "From ",
                                                   "\x01",
                                                   "\x7f",
                                                   "_",
                                                   "=",
                                                   "é",
                                                   "word",
                                                   "xyz",
                                                   "--",
                                                   "'",
                                                   "%",
                                                   "*",
                                                   "/",
                                                   "[",
                                                   "]",
                                                   "\u202e",
                                                   "lengthyword",
                                                   "&",
                                                   "#",
                                                   "+",
                                                   "!",
                                                   "~",
                                                   "{"};
  std::string out;
  const std::size_t length = random.below(longest);
  while (out.size() < length) {
    const std::string& piece = kPieces[random.below(kPieces.size())];
    const std::uint64_t repeat = random.below(20) == 0 ? random.below(120) : 1;
    for (std::uint64_t i = 0; i < repeat; ++i)
      out += piece;
  }
  return out;
}

TEST(UnstructuredField, RandomTexts_KeepTheRulesAndComeBack) {
  test::FixedRandom random(42);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random, i % 10 == 0 ? 3000 : 200);
    for (const char* name : {"Subject", "X-Other"}) {
      const HeaderField field = unstructured_field(name, text);
      ASSERT_EQ(test::header_faults(wire(field)), "") << text;
      const std::string want =
          std::string_view(name) == "Subject" && !trim(text).empty() ? text : std::string(trim(text));
      ASSERT_EQ(field.decoded(), want) << field.raw;
    }
  }
}

TEST(MailboxField, Names_AreAtomsQuotedStringsOrEncodedWords) {
  EXPECT_EQ(mailbox_field("To", {mailbox("", "a@example.com")}).raw, " a@example.com");
  EXPECT_EQ(mailbox_field("To", {mailbox("Ann Lee", "a@example.com")}).raw, " Ann Lee <a@example.com>");
  EXPECT_EQ(mailbox_field("To", {mailbox("Lee, Ann \"A\"", "a@example.com")}).raw,
            " \"Lee, Ann \\\"A\\\"\" <a@example.com>");
  EXPECT_EQ(mailbox_field("To", {mailbox("boss@example.org", "a@example.com")}).raw,
            " \"boss@example.org\" <a@example.com>");
  EXPECT_EQ(mailbox_field("To", {mailbox("Jürgen (Wasserwerk)", "a@example.com")}).raw,
            " =?utf-8?q?J=C3=BCrgen_=28Wasserwerk=29?= <a@example.com>");
}

TEST(MailboxField, Domains_AreALabels_LocalPartsBeyondAsciiAreRaw) {
  EXPECT_EQ(mailbox_field("To", {mailbox("", "a@bücher.example")}).raw, " a@xn--bcher-kva.example");
  EXPECT_EQ(mailbox_field("To", {mailbox("", "jürgen@bücher.example")}).raw, " jürgen@xn--bcher-kva.example");
}

TEST(MailboxField, ManyMailboxes_FoldBetweenThem) {
  std::vector<Mailbox> many;
  for (int i = 0; i < 50; ++i)
    many.push_back(mailbox("Näme " + std::to_string(i), "user" + std::to_string(i) + "@example.com"));
  const HeaderField field = mailbox_field("Cc", many);
  EXPECT_EQ(test::header_faults(wire(field)), "");
  const AddressList back = parse_address_list(field.value());
  EXPECT_EQ(back.mailboxes, many);
  EXPECT_TRUE(back.problems.empty());
}

TEST(MailboxField, RandomNames_KeepTheRulesAndComeBack) {
  test::FixedRandom random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string name(trim(random_text(random, i % 20 == 0 ? 600 : 60)));
    const std::optional<Mailbox> who = Mailbox::make(name, "someone@example.com");
    ASSERT_TRUE(who) << name;
    const HeaderField field = mailbox_field("From", {*who, mailbox("", "b@example.com")});
    ASSERT_EQ(test::header_faults(wire(field)), "") << name;
    const AddressList back = parse_address_list(field.value());
    ASSERT_EQ(back.mailboxes.size(), 2U) << field.raw;
    ASSERT_EQ(back.mailboxes[0].name(), who->name()) << field.raw;
    ASSERT_EQ(back.mailboxes[0].address(), "someone@example.com");
  }
}

TEST(MailboxField, NoMailbox_IsRefused) {
  EXPECT_EQ(code_of([] { (void)mailbox_field("To", {}); }), Errc::usage);
}

TEST(DateField, IsUtcAndSeenTheSameByTheReader) {
  const Time time{std::chrono::seconds(1'795'348'800)};
  EXPECT_EQ(date_field("Date", time).raw, " Sun, 22 Nov 2026 12:00:00 +0000");
  EXPECT_EQ(parse_date(format_date(time)), time);
  EXPECT_EQ(format_date(Time{std::chrono::seconds(951'827'696)}), "Tue, 29 Feb 2000 12:34:56 +0000");
  EXPECT_EQ(code_of([] { (void)format_date(Time{std::chrono::seconds(400'000'000'000)}); }), Errc::usage);
}

TEST(TokenField, FoldsAtBlanks_RefusesOtherThanAscii) {
  std::string ids;
  for (int i = 0; i < 20; ++i)
    ids += "<0123456789abcdef" + std::to_string(i) + "@mail.example.com> ";
  EXPECT_EQ(test::header_faults(wire(token_field("References", ids))), "");
  EXPECT_EQ(code_of([] { (void)token_field("X", "ü"); }), Errc::usage);
  EXPECT_EQ(code_of([] { (void)token_field("X", std::string(1200, 'a')); }), Errc::usage);
}

TEST(ParameterizedField, TokensQuotedStringsAndRfc2231) {
  const auto raw = [](std::string name, std::string value) {
    return ParameterizedValue{"attachment", {{std::move(name), std::move(value)}}, {}}.field("Content-Disposition").raw;
  };
  EXPECT_EQ(raw("filename", "a.pdf"), " attachment; filename=a.pdf");
  EXPECT_EQ(raw("filename", "a b\"c.pdf"), " attachment; filename=\"a b\\\"c.pdf\"");
  EXPECT_EQ(raw("filename", ""), " attachment; filename=\"\"");
  EXPECT_EQ(raw("filename", "Grüße 1.pdf"), " attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe%201.pdf");
}

TEST(ParameterizedField, LongNames_AreContinuedWithoutCuttingACharacter) {
  std::string name;
  for (int i = 0; i < 60; ++i)
    name += "ü😀";
  const HeaderField field = ParameterizedValue{"attachment", {{"filename", name}}, {}}.field("Content-Disposition");
  EXPECT_EQ(test::header_faults(wire(field)), "");
  EXPECT_THAT(field.raw, HasSubstr("filename*0*=utf-8''"));
  EXPECT_EQ(*parse_parameterized(field.raw).find("filename"), name);
}

TEST(ParameterizedField, ALongBoundaryIsNotCut) {
  const std::string boundary(70, 'b');
  EXPECT_THAT((ParameterizedValue{"multipart/mixed", {{"boundary", boundary}}, {}}.field("Content-Type").raw),
              HasSubstr("boundary=" + boundary));
}

TEST(ParameterizedField, RandomNames_KeepTheRulesAndComeBack) {
  test::FixedRandom random(99);
  for (int i = 0; i < 3000; ++i) {
    const std::string name = random_text(random, i % 20 == 0 ? 900 : 80);
    const ParameterizedValue value{"attachment", {{"filename", name}, {"x", "y"}}, {}};
    const HeaderField field = value.field("Content-Disposition");
    ASSERT_EQ(test::header_faults(wire(field)), "") << name;
    const ParameterizedValue back = parse_parameterized(field.raw);
    ASSERT_NE(back.find("filename"), nullptr) << field.raw;
    ASSERT_EQ(*back.find("filename"), name) << field.raw;
    ASSERT_TRUE(back.problems.empty()) << field.raw << back.problems.front();
  }
}

TEST(ParameterizedField, BadNamesTypesAndValues_AreRefused) {
  const auto code = [](const char* value, const char* name, const char* text) {
    return code_of([&] { (void)ParameterizedValue{value, {{name, text}}, {}}.field("Content-Type"); });
  };
  EXPECT_EQ(code("text/plain", "charset", "a\r\nb"), Errc::usage);
  EXPECT_EQ(code("text/plain", "a b", "x"), Errc::usage);
  EXPECT_EQ(code("text/plain; x=y", "a", "x"), Errc::usage);
  EXPECT_EQ(code("", "a", "x"), Errc::usage);
  EXPECT_EQ(code("text/pla in", "a", "x"), Errc::usage);
  EXPECT_EQ(code("text/plain", "a", "\xff"), Errc::usage);
}

}  // namespace
}  // namespace mimeseal
