// SPDX-License-Identifier: MIT
#include "mimeseal/mime/entity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/scan.h"
#include "support/fixed.h"
#include "support/wire_check.h"

namespace mimeseal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string frozen(const Entity& entity) {
  test::FixedRandom random;
  return entity.freeze({}, random).str();
}

std::string body(const Entity& entity) {
  test::FixedRandom random;
  return entity.freeze_parts(random).body.str();
}

InputPtr input(std::string octets) {
  return memory_input(std::move(octets));
}

Entity read(const std::string& octets) {
  const InputPtr from = input(octets);
  const PartIndex index = scan(*from);
  return Entity::from_input(from, index.root);
}

std::string replaced_line_ends(std::string text) {
  std::erase(text, '\r');
  return text;
}

TEST(EntityText, PlainAscii_Is7bitWithCrlf) {
  const Entity text = Entity::text("plain", "one\ntwo\r\nthree");
  EXPECT_EQ(frozen(text), "Content-Type: text/plain; charset=us-ascii\r\n\r\none\r\ntwo\r\nthree\r\n");
  EXPECT_EQ(text.transfer_encoding(), "7bit");
}

TEST(EntityText, FewUmlauts_AreQuotedPrintable_ManyAreBase64) {
  const Entity few = Entity::text("plain", "Schöne Grüße aus Wasserburg am Inn\n");
  EXPECT_EQ(few.transfer_encoding(), "quoted-printable");
  EXPECT_THAT(body(few), HasSubstr("Sch=C3=B6ne Gr=C3=BC=C3=9Fe"));
  EXPECT_EQ(Entity::text("plain", "日本語日本語日本語\n").transfer_encoding(), "base64");
}

TEST(EntityText, WhatRelaysChange_IsEncoded) {
  for (const char* text : {"ends in a blank \n", "ends in a tab\t\n", "-- \nme\n", "a\nFrom here\n", "From here\n",
                           "a\rb\n", "\x1b[31mred\n", "\x7f\n"}) {
    const Entity entity = Entity::text("plain", text);
    EXPECT_NE(entity.transfer_encoding(), "7bit") << text;
    EXPECT_EQ(test::wire_faults(frozen(entity)), "") << text;
    EXPECT_EQ(entity.decoded_text(1000), text);
  }
}

TEST(EntityText, LinesOver998_AreEncoded) {
  EXPECT_EQ(Entity::text("plain", std::string(998, 'a') + "\n").transfer_encoding(), "7bit");
  const Entity longer = Entity::text("plain", std::string(999, 'a') + "\n");
  EXPECT_EQ(longer.transfer_encoding(), "quoted-printable");
  EXPECT_EQ(test::wire_faults(frozen(longer)), "");
}

TEST(EntityText, IllFormedUtf8_IsRefused) {
  EXPECT_THROW((void)Entity::text("plain", "\xfc"), Error);
  Entity text = Entity::text("plain", "x");
  EXPECT_THROW(text.set_text("\xfc"), Error);
}

TEST(EntityText, RandomTexts_KeepTheRulesAndComeBack) {
  static const std::vector<std::string> kPieces = {"a",       "word ", " ",      "\t",   "\n",   "\r\n", "ü",
                                                   "😀",       "From ", ".",      "\n.",  "\n\n", "=",    "--",
                                                   "\nFrom ", "--=_",  "\n--=_", "\x01", "x y z"};
  test::FixedRandom random(5);
  for (int i = 0; i < 1500; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(200); n != 0; --n) {
      const std::string& piece = kPieces[random.below(kPieces.size())];
      const std::uint64_t repeat = random.below(40) == 0 ? 300 : 1;
      for (std::uint64_t k = 0; k < repeat; ++k)
        text += piece;
    }
    const Entity entity = Entity::text("plain", text);
    ASSERT_EQ(test::wire_faults(frozen(entity)), "") << text;
    std::string want;
    for (std::size_t k = 0; k < text.size(); ++k)
      if (!(text[k] == '\r' && k + 1 < text.size() && text[k + 1] == '\n')) want += text[k];
    if (!want.empty() && want.back() != '\n') want += '\n';
    ASSERT_EQ(entity.decoded_text(UINT64_MAX), want);
    if (entity.transfer_encoding() == "quoted-printable") {
      for (const std::string& line : split(body(entity), '\n')) {
        ASSERT_LE(line.size(), 77U);
        ASSERT_FALSE(line.starts_with("."));
      }
    }
  }
}

TEST(EntityText, SetText_KeepsTheOtherParameters) {
  Entity text = Entity::text("plain", "abc");
  ParameterizedValue type = text.content_type();
  type.set("hp-legacy-display", "1");
  text.set_content_type(type);
  text.set_text("für dich, nicht für mich, für niemand sonst");
  EXPECT_EQ(*text.content_type().find("charset"), "utf-8");
  EXPECT_EQ(*text.content_type().find("hp-legacy-display"), "1");
  EXPECT_EQ(text.decoded_text(100), "für dich, nicht für mich, für niemand sonst\n");
  EXPECT_THROW((void)text.decoded_text(10), Error);
}

TEST(EntityFile, IsBase64_AndAMessageIs7bit) {
  ParameterizedValue pdf;
  pdf.value = "application/pdf";
  EXPECT_EQ(frozen(Entity::file(input("%PDF"), pdf)),
            "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n");
  ParameterizedValue message;
  message.value = "message/rfc822";
  EXPECT_EQ(frozen(Entity::file(input("Subject: x\r\n\r\ny\r\n"), message)),
            "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n");
  for (const char* bad : {"Subject: x\n\ny\n", "Subject: x\r\n\r\n\xfc\r\n"})
    EXPECT_THROW((void)Entity::file(input(bad), message), Error) << bad;
  EXPECT_THROW((void)Entity::file(input(std::string(999, 'x') + "\r\n"), message), Error);
}

TEST(EntityMultipart, BoundariesDiffer_EvenWithARandomThatStandsStill) {
  class Still final : public Random {
   public:
    void fill(std::span<char> into) override { std::fill(into.begin(), into.end(), '\0'); }
  };
  Still still;
  std::vector<Entity> inner;
  inner.push_back(Entity::text("plain", "a"));
  inner.push_back(Entity::text("html", "b"));
  std::vector<Entity> outer;
  outer.push_back(Entity::multipart("alternative", std::move(inner)));
  outer.push_back(Entity::text("plain", "c"));
  const Entity mixed = Entity::multipart("mixed", std::move(outer));
  const std::string first = mixed.freeze({}, still).str();
  EXPECT_EQ(test::wire_faults(first), "");

  // A part that holds all of that, with the very same boundaries: others are made.
  ParameterizedValue type;
  type.value = "text/plain";
  std::vector<Entity> again;
  again.push_back(mixed.clone());
  again.push_back(Entity::leaf(type, "7bit", Rope(first)));
  const std::string second = Entity::multipart("mixed", std::move(again)).freeze({}, still).str();
  const InputPtr from = input(second);
  const PartIndex index = scan(*from);
  ASSERT_EQ(index.root.children.size(), 2U);
  EXPECT_EQ(index.root.children[0].children.size(), 2U);
  const Part& copy = index.root.children[1];
  EXPECT_EQ(second.substr(copy.body_begin, copy.body_end - copy.body_begin), first);
}

TEST(EntityMultipart, FrozenTwice_HasOtherBoundaries) {
  std::vector<Entity> parts;
  parts.push_back(Entity::text("plain", "a"));
  const Entity mixed = Entity::multipart("mixed", std::move(parts));
  test::FixedRandom random;
  EXPECT_NE(mixed.freeze({}, random).str(), mixed.freeze({}, random).str());
}

TEST(EntityMultipart, ChildrenCanBeReplaced) {
  std::vector<Entity> parts;
  parts.push_back(Entity::text("plain", "old"));
  parts.push_back(Entity::text("plain", "kept"));
  Entity mixed = Entity::multipart("mixed", std::move(parts));
  Entity copy = mixed.clone();
  mixed.replace_child(0, Entity::text("plain", "new"));
  EXPECT_THAT(body(mixed), HasSubstr("new"));
  EXPECT_THAT(body(mixed), Not(HasSubstr("old")));
  EXPECT_THAT(body(copy), HasSubstr("old"));
  EXPECT_EQ(mixed.child_count(), 2U);
  EXPECT_THROW((void)mixed.child(2), Error);
}

TEST(EntityFields, WhatFollowsFromTheBody_CannotBeSet) {
  Entity text = Entity::text("plain", "a");
  EXPECT_THROW(text.set_field({"Content-Transfer-Encoding", " base64"}), Error);
  ParameterizedValue mixed;
  mixed.value = "multipart/mixed";
  EXPECT_THROW(text.set_content_type(mixed), Error);
  EXPECT_THROW((void)Entity::leaf(mixed, "7bit", Rope("x")), Error);
  text.set_field(token_field("Content-ID", "<a@b>"));
  text.set_field(token_field("content-id", "<c@d>"));
  EXPECT_THAT(frozen(text), Not(HasSubstr("<a@b>")));
  EXPECT_THAT(frozen(text), HasSubstr("<c@d>"));
}

const std::string kForeign =
    "From: a@example.com\r\nMIME-Version: 1.0 (odd)\r\nContent-Type:  MULTIPART/mixed;\r\n\tboundary=\"b 1\" ; "
    "x=y\r\n\r\n"
    "preamble\r\n"
    "--b 1  \r\nX-Own: kept\r\nContent-Type: text/plain;charset=\"iso-8859-1\"\r\n"
    "Content-Transfer-Encoding: QUOTED-printable\r\n\r\nGr=FC=DFe =\r\nweiter \r\n\r\n"
    "--b 1\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\nAwQ=\r\n"
    "--b 1--\r\nepilogue\r\n";

TEST(EntityFromInput, Unmodified_IsWrittenAsItWas) {
  test::FixedRandom random;
  const Entity entity = read(kForeign);
  const Entity::Frozen parts = entity.freeze_parts(random);
  ASSERT_EQ(parts.structural.size(), 1U);
  EXPECT_EQ(parts.structural[0].raw, "  MULTIPART/mixed;\r\n\tboundary=\"b 1\" ; x=y");
  EXPECT_EQ(parts.body.str(), kForeign.substr(kForeign.find("\r\n\r\n") + 4));
}

TEST(EntityFromInput, RootParametersCanBeAdded_TheBodyStays) {
  Entity entity = read(kForeign);
  ParameterizedValue type = entity.content_type();
  type.set("hp", "cipher");
  entity.set_content_type(type);
  EXPECT_EQ(body(entity), kForeign.substr(kForeign.find("\r\n\r\n") + 4));
  EXPECT_EQ(*entity.content_type().find("boundary"), "b 1");
}

TEST(EntityFromInput, ChangedChild_LeavesItsSiblingsAsTheyWere) {
  Entity entity = read(kForeign);
  EXPECT_EQ(entity.child(0).decoded_text(100), "Grüße weiter\n");
  entity.child(0).set_text("neu");
  const std::string out = frozen(entity);
  EXPECT_THAT(out, HasSubstr("X-Own: kept\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nneu\r\n"));
  EXPECT_THAT(out, HasSubstr("\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                             "AAEC\r\nAwQ=\r\n--"));
  const InputPtr again = input(out);
  EXPECT_EQ(scan(*again).root.children.size(), 2U);
  EXPECT_EQ(test::wire_faults(out), "");
}

TEST(EntityFromInput, EightBitLeaves_AreEncoded_ButNeverInsideWhatWasSigned) {
  const std::string eight =
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "--o\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSchöne Grüße aus "
      "Wasserburg\r\n"
      "--o\r\nContent-Type: application/x-any\r\nContent-Transfer-Encoding: binary\r\n\r\nü\n\r\n"
      "--o--\r\n";
  Entity entity = read(eight);
  EXPECT_EQ(entity.child(0).transfer_encoding(), "quoted-printable");
  EXPECT_EQ(entity.child(1).transfer_encoding(), "base64");
  EXPECT_EQ(entity.child(0).decoded_text(100), "Schöne Grüße aus Wasserburg");
  const std::string out = frozen(entity);
  EXPECT_EQ(test::wire_faults(out), "");
  EXPECT_THAT(out, HasSubstr("w7wK"));  // "ü\n" to the octet
  EXPECT_THAT(out, Not(HasSubstr("8bit")));

  const std::string inner =
      "Content-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\r\n\r\n"
      "--s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n"
      "--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n";
  const std::string signed_inside =
      "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nüber\r\n--o\r\n" + inner + "\r\n--o--\r\n";
  const std::string kept = frozen(read(signed_inside));
  EXPECT_THAT(kept, HasSubstr(inner));
  EXPECT_THAT(kept, Not(HasSubstr("über")));
}

/// No line that is written ends in a blank or begins with "From ".
void expect_sturdy(const std::string& octets) {
  for (const std::string& line : split(octets, '\n')) {
    const std::string_view text = std::string_view(line).substr(0, line.find('\r'));
    EXPECT_FALSE(text.ends_with(' ') || text.ends_with('\t') || text.starts_with("From ")) << octets;
  }
}

TEST(EntityProtectLines, BlanksAtLineEndsAndFromLines_AreEncoded) {
  for (const std::string text : {"one \r\n", "one\t\r\n", "one ", "x\r\nFrom here\r\n", "From here", "-- \r\nme\r\n",
                                 "\t\r\n", "a \r\n", " \r\n"}) {
    Entity entity = read("Content-Type: text/plain\r\n\r\n" + text);
    entity.protect_lines();
    expect_sturdy(frozen(entity));
    EXPECT_EQ(entity.decoded_text(1000).substr(0, 3), replaced_line_ends(text).substr(0, 3)) << text;
  }
  const std::string sturdy = "Content-Type: text/plain\r\n\r\na\r\nFrom\r\n From x\r\n\r\nxFrom y\r\n";
  Entity entity = read(sturdy);
  entity.protect_lines();
  EXPECT_EQ(frozen(entity), sturdy);
}

TEST(EntityProtectLines, FragileLineAtAnyPlaceOfALargeBody_IsFound) {
  for (std::size_t size :
       {65'530U, 65'531U, 65'532U, 65'533U, 65'534U, 65'535U, 65'536U, 65'537U, 131'070U, 131'072U}) {
    std::string text;
    while (text.size() + 72 < size)
      text += std::string(70, 'x') + "\r\n";
    text += std::string(size - text.size(), 'y');
    for (const std::string end : {" \r\nz\r\n", "\r\nFrom here\r\n", "\t"}) {
      Entity entity = read("Content-Type: text/plain\r\n\r\n" + text + end);
      entity.protect_lines();
      expect_sturdy(frozen(entity));
    }
  }
}

TEST(EntityProtectLines, PartsFieldsAndPreambles_ButNotWhatOthersSignedOrAMessageInside) {
  const std::string inner =
      "Content-Type: multipart/signed; protocol=\"x/y\"; boundary=s\r\n\r\n--s\r\n\r\nkept "
      "\r\n--s\r\n\r\nsig\r\n--s--\r\n";
  const std::string message = "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nalso kept \r\n";
  Entity entity = read(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble \r\n--b\r\nContent-Type: text/plain; \r\n "
      "charset=utf-8 \r\n"
      "\r\nmine \r\n--b\r\n" +
      inner + "\r\n--b\r\n" + message + "\r\n--b--\r\n");
  entity.protect_lines();
  const std::string octets = frozen(entity);
  EXPECT_THAT(octets, HasSubstr(inner));
  EXPECT_THAT(octets, HasSubstr(message));
  EXPECT_THAT(octets, Not(HasSubstr("preamble")));
  EXPECT_THAT(octets, HasSubstr("mine=20"));
  EXPECT_THAT(octets, HasSubstr("Content-Type: text/plain;\r\n charset=utf-8\r\n"));
}

TEST(EntityFromInput, BareLineFeeds_BecomeCrlf) {
  std::string unix = kForeign;
  for (std::size_t at; (at = unix.find("\r\n")) != std::string::npos;)
    unix.erase(at, 1);
  EXPECT_EQ(body(read(unix)), kForeign.substr(kForeign.find("\r\n\r\n") + 4));
}

TEST(EntityFromInput, AMessageInside_IsReachedAndKept) {
  const std::string outer =
      "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
      "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n\r\n--o--\r\n";
  Entity entity = read(outer);
  ASSERT_EQ(entity.child(0).child_count(), 1U);
  EXPECT_EQ(frozen(entity), outer);
  entity.child(0).child(0).set_text("bye");
  EXPECT_THAT(frozen(entity), HasSubstr("Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nMIME-Version: 1.0\r\n"));
}

TEST(EntityFromInput, EightBitInAMessageInside_IsEncodedThere) {
  const std::string outer =
      "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n"
      "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: inner\r\nX-Kept: yes\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
      "Wasserf\xc3\xa4lle und so weiter\r\n\r\n--o--\r\n";
  const std::string out = frozen(read(outer));
  EXPECT_EQ(test::wire_faults(out), "");
  EXPECT_THAT(out, HasSubstr("Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nX-Kept: yes\r\n"));
  EXPECT_THAT(out, HasSubstr("Wasserf=C3=A4lle"));
}

TEST(EntityFromInput, FieldsOfPartsThatTheWireDoesNotTake_AreWrittenAnew) {
  const std::string outer =
      "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: text/plain\r\n"
      "Content-Disposition: attachment; filename=\"f\xc3\xbcr.txt\"\r\nX-Long: " +
      std::string(2000, 'x') + "\r\n\r\nhello\r\n--o--\r\n";
  Entity entity = read(outer);
  EXPECT_EQ(*entity.child(0).disposition().find("filename"), "f\xc3\xbcr.txt");
  const std::string out = frozen(entity);
  EXPECT_EQ(test::wire_faults(out), "");
  EXPECT_THAT(out, HasSubstr("filename*=utf-8''f%C3%BCr.txt"));
  EXPECT_THAT(out, HasSubstr("\r\n\r\nhello\r\n"));
}

TEST(EntityFreeze, AFieldThatWouldBecomeTwo_IsRefused) {
  test::FixedRandom random;
  const Entity text = Entity::text("plain", "x");
  for (const char* raw : {" a\r\nBcc: b", " a\nBcc: b", " a\rb", " a\r\n", " a\r"})
    EXPECT_THROW((void)text.freeze({{"Subject", raw}}, random), Error) << raw;
  EXPECT_NO_THROW((void)text.freeze({{"Subject", " a\r\n b"}}, random));
}

TEST(EntityFromInput, DeepNesting_NeitherCrashesNorIsChanged) {
  std::string message;
  std::string close;
  for (int i = 0; i < 60; ++i) {
    const std::string b = "b" + std::to_string(i) + "x";
    message += "Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n";
    close = "\r\n--" + b + "--\r\n" + close;
  }
  message += "\r\nhello" + close;
  EXPECT_EQ(frozen(read(message)), message);
}

}  // namespace
}  // namespace mimeseal
