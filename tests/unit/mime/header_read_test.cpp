// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {
namespace {

using Strings = std::vector<std::string>;

std::string param(std::string_view raw, std::string_view name) {
  const ParameterizedValue value = parse_parameterized(raw);
  const std::string* found = value.find(name);
  return found == nullptr ? "(none)" : *found;
}

Strings codes(std::string_view raw) {
  Strings list;
  for (const std::string& problem : parse_parameterized(raw).problems)
    list.push_back(problem.substr(0, problem.find(':')));
  return list;
}

std::string date(std::string_view text) {
  const std::optional<Time> time = parse_date(text);
  return time ? format_rfc3339(*time) : "none";
}

TEST(HeaderField, Value_IsUnfoldedAndTrimmed) {
  EXPECT_EQ((HeaderField{"A", "  x\r\n\ty \r\n "}.value()), "x\ty");
  EXPECT_EQ((HeaderField{"A", ""}.value()), "");
  EXPECT_EQ((HeaderField{"A", " =?utf-8?Q?=C3=BC?=\r\n =?utf-8?Q?b?="}.decoded()),
            "\xC3\xBC"
            "b");
  EXPECT_EQ((HeaderField{"A", " raw \xFC"}.decoded()), "raw \xEF\xBF\xBD");
}

TEST(HeaderFields, AreFoundWithoutRegardToCase) {
  const HeaderFields fields = {{"From", " a"}, {"FROM", " b"}, {"To", " c"}};
  EXPECT_EQ(find_field(fields, "from"), fields.data());
  EXPECT_EQ(find_field(fields, "Cc"), nullptr);
  EXPECT_EQ(count_fields(fields, "from"), 2U);
  EXPECT_TRUE(is_structural("content-Anything"));
  EXPECT_TRUE(is_structural("mime-version"));
  EXPECT_FALSE(is_structural("Subject"));
}

TEST(DecodeWords, Rfc2047Examples) {
  EXPECT_EQ(decode_words("(=?ISO-8859-1?Q?a?=)"), "(a)");
  EXPECT_EQ(decode_words("(=?ISO-8859-1?Q?a?= b)"), "(a b)");
  EXPECT_EQ(decode_words("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)"), "(ab)");
  EXPECT_EQ(decode_words("(=?ISO-8859-1?Q?a?=  \r\n  =?ISO-8859-1?Q?b?=)"), "(ab)");
  EXPECT_EQ(decode_words("(=?ISO-8859-1?Q?a_b?=)"), "(a b)");
  EXPECT_EQ(decode_words("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)"), "(a b)");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?="), "Keld J\xC3\xB8rn Simonsen");
  EXPECT_EQ(decode_words("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
                         "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?="),
            "If you can read this you understand the example.");
}

TEST(DecodeWords, CharactersCutBetweenWords_AreJoined) {
  EXPECT_EQ(decode_words("=?utf-8?Q?=E2=82?= =?UTF-8?Q?=AC?="), "\xE2\x82\xAC");
  EXPECT_EQ(decode_words("=?utf-8?B?4g==?= =?utf-8?Q?=82=AC?="), "\xE2\x82\xAC");
}

TEST(DecodeWords, WhatIsNoWord_StaysAsItIs) {
  EXPECT_EQ(decode_words("=?x"), "=?x");
  EXPECT_EQ(decode_words("a =? b ?= c"), "a =? b ?= c");
  EXPECT_EQ(decode_words("=?utf-8?X?abc?="), "=?utf-8?X?abc?=");
  EXPECT_EQ(decode_words("=?utf-8?Q?abc"), "=?utf-8?Q?abc");
  EXPECT_EQ(decode_words("=?klingon?Q?abc?= d"), "=?klingon?Q?abc?= d");
  EXPECT_EQ(decode_words("=?utf-8?Q?a?= =?klingon?Q?b?= =?utf-8?Q?c?="), "a =?klingon?Q?b?= c");
  EXPECT_EQ(decode_words("=?utf-8*en?Q?a?="), "a");
  EXPECT_EQ(decode_words("=?utf-8?Q?\x3F="), "");
}

TEST(DecodeWords, CannotBreakALine) {
  const std::string decoded = decode_words("=?utf-8?Q?a=0D=0ABcc:_x=00?=");
  EXPECT_FALSE(has_crlf_or_nul(decoded));
  EXPECT_TRUE(is_utf8(decode_words("=?utf-8?Q?=FF=FE?= \xFF")));
}

TEST(Parameters, Plain) {
  const ParameterizedValue value =
      parse_parameterized(" Text/HTML ; Charset=\"UTF-8\" ;\r\n\tname=a.txt; x=\"q\\\"q\" ;");
  EXPECT_EQ(value.value, "text/html");
  EXPECT_EQ(value.parameters,
            (std::vector<std::pair<std::string, std::string>>{{"charset", "UTF-8"}, {"name", "a.txt"}, {"x", "q\"q"}}));
  EXPECT_EQ(value.problems, Strings{});
}

TEST(Parameters, CommentsAreNoText) {
  EXPECT_EQ(parse_parameterized("(a) text (b(c)) / (d) plain (e) ; (f) charset (g) = (h) us-ascii (i)").value,
            "text/plain");
  EXPECT_EQ(param("text/plain; charset=us-ascii (Plain text)", "charset"), "us-ascii");
  EXPECT_EQ(codes("text/plain; charset=us-ascii (Plain text)"), Strings{});
}

TEST(Parameters, Rfc2231) {
  EXPECT_EQ(param("message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub\"", "url"),
            "ftp://cs.utk.edu/pub");
  EXPECT_EQ(param("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title"),
            "This is ***fun***");
  EXPECT_EQ(
      param("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; "
            "title*2=\"isn't it!\"",
            "title"),
      "This is even more ***fun*** isn't it!");
  EXPECT_EQ(param("a/b; name*1*=%82%AC; name*0*=utf-8''%E2", "name"), "\xE2\x82\xAC");
  EXPECT_EQ(param("a/b; name*=iso-8859-1''%FC", "name"), "\xC3\xBC");
  EXPECT_EQ(param("a/b; name=x; name*=utf-8''y", "name"), "y");
  EXPECT_EQ(codes("a/b; name=x; name*=utf-8''y"), Strings{});
  std::string eleven = "a/b";
  for (int i = 10; i >= 0; --i)
    eleven += "; n*" + std::to_string(i) + "=" + static_cast<char>('a' + i);
  EXPECT_EQ(param(eleven, "n"), "abcdefghijk");
}

TEST(Parameters, WhatSendersMakeOfThem) {
  EXPECT_EQ(param("a/b; name=\"=?utf-8?Q?=C3=BC.pdf?=\"", "name"), "\xC3\xBC.pdf");
  EXPECT_EQ(param("a/b; name==?koi8-r?B?89DJ08/LLmRvYw==?=", "name"),
            "\xD0\xA1\xD0\xBF\xD0\xB8\xD1\x81\xD0\xBE\xD0\xBA.doc");
  EXPECT_EQ(param("multipart/mixed; boundary=----=_Part:1", "boundary"), "----=_Part:1");
  EXPECT_EQ(codes("multipart/mixed; boundary=----=_Part:1"), Strings{});
  EXPECT_EQ(param("attachment; filename=my report.pdf; size=3", "filename"), "my report.pdf");
  EXPECT_EQ(codes("attachment; filename=my report.pdf; size=3"), Strings{"ambiguous-parameter"});
  EXPECT_EQ(param("a/b; name=\"no end", "name"), "no end");
  EXPECT_EQ(codes("a/b; name=\"no end"), Strings{"ambiguous-parameter"});
}

TEST(Parameters, WhatTwoReadersCouldReadDifferently_IsAProblem) {
  EXPECT_EQ(codes("multipart/mixed; boundary=a; boundary=b"), Strings{"duplicate-parameter"});
  EXPECT_EQ(param("multipart/mixed; boundary=a; boundary=b", "boundary"), "a");
  EXPECT_EQ(codes("multipart/mixed; boundary=a; boundary*=utf-8''b"), Strings{"duplicate-parameter"});
  EXPECT_EQ(codes("multipart/mixed; boundary*0=a; boundary*0=b"), Strings{"duplicate-parameter"});
  EXPECT_EQ(codes("multipart/mixed; boundary*0=a; boundary*2=b"), Strings{"ambiguous-parameter"});
  EXPECT_EQ(codes("multipart/mixed; boundary*00=a"), Strings{"ambiguous-parameter"});
  EXPECT_EQ(codes("multipart/mixed; boundary=\"a\\b\""), Strings{"ambiguous-parameter"});
  EXPECT_EQ(codes("multipart/mixed; boundary=\"a\"b"), Strings{"ambiguous-parameter"});
  EXPECT_EQ(codes("multipart/mixed; boundary=a(b)"), Strings{"ambiguous-parameter"});
  EXPECT_EQ(codes("multipart/mixed boundary=a"), Strings{"ambiguous-parameter"});
  EXPECT_EQ(codes("text/plain; charset*=klingon''x"), Strings{"unknown-charset"});
}

TEST(Parameters, NothingThatCanBeRead_IsAnEmptyValue) {
  for (const char* raw : {"", " ", ";", "()", "\"text/html\"", "/x", "text/"})
    EXPECT_EQ(parse_parameterized(raw).value, "") << raw;
  EXPECT_EQ(parse_parameterized("inline").value, "inline");
}

TEST(Parameters, SetAndErase) {
  ParameterizedValue value = parse_parameterized("text/plain; a=1; b=2");
  value.set("A", "3");
  value.set("C", "4");
  value.erase("B");
  EXPECT_EQ(value.parameters, (std::vector<std::pair<std::string, std::string>>{{"a", "3"}, {"c", "4"}}));
}

TEST(ParseDate, Rfc5322Examples) {
  EXPECT_EQ(date("Fri, 21 Nov 1997 09:55:06 -0600"), "1997-11-21T15:55:06Z");
  EXPECT_EQ(date("Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 "
                 "(Newfoundland Time)"),
            "1969-02-14T03:02:00Z");
  EXPECT_EQ(date("21 Nov 97 09:55:06 GMT"), "1997-11-21T09:55:06Z");
  EXPECT_EQ(date("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600"), "1997-11-21T15:55:06Z");
  EXPECT_EQ(date("Wed, 11 Feb 98 11:51 CST"), "1998-02-11T17:51:00Z");
  EXPECT_EQ(date("1 Jan 49 00:00:00 Z"), "2049-01-01T00:00:00Z");
  EXPECT_EQ(date("1 Jan 101 00:00:00 +0000"), "2001-01-01T00:00:00Z");
  EXPECT_EQ(date("29 Feb 2024 00:00:00 -0000"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(date("31 Dec 2016 23:59:60 +0000"), "2017-01-01T00:00:00Z");
}

TEST(ParseDate, WhatIsNoDate_IsNothing) {
  for (const char* text :
       {"", "now", "Wed, 15 Dec 2010    59:10 -0500", "30 Feb 2024 00:00 +0000", "1 Jan 2024", "1 Jan 2024 24:00 +0000",
        "1 Jan 2024 00:60 +0000", "1 Foo 2024 00:00 +0000", "1 Jan 2024 00:00 +00", "1 Jan 2024 00:00 +0060",
        "1 Jan 99999 00:00 +0000", "0 Jan 2024 00:00 +0000", "Tue, 12 Oct 2010 16:21:05 *0500"}) {
    EXPECT_EQ(date(text), "none") << text;
  }
}

TEST(Charsets, KnownOnesBecomeUtf8_UnknownOnesDoNot) {
  EXPECT_EQ(charset_to_utf8("\xFC", "ISO-8859-1"), "\xC3\xBC");
  EXPECT_EQ(charset_to_utf8("\x80", "windows-1252"), "\xE2\x82\xAC");
  EXPECT_EQ(charset_to_utf8("\x1B$B$\"\x1B(B", "iso-2022-jp"), "\xE3\x81\x82");
  EXPECT_EQ(charset_to_utf8("+AOk-", "utf-7"), "\xC3\xA9");
  EXPECT_EQ(charset_to_utf8("x", "utf-8"), "x");
  EXPECT_EQ(charset_to_utf8("\xC3", "utf-8"), "\xEF\xBF\xBD");
  EXPECT_EQ(charset_to_utf8("\xC3\xBC", "us-ascii"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(charset_to_utf8("", "koi8-r"), "");
  for (const char* name :
       {"", "klingon", "ISO-2022-CN-EXT", "utf-8//IGNORE", "char", "wchar_t", "iso-8859-1//TRANSLIT"}) {
    EXPECT_EQ(charset_to_utf8("x", name), std::nullopt) << name;
  }
}

TEST(Charsets, Utf16_IsBigEndianUnlessItSaysOtherwise) {
  EXPECT_EQ(charset_to_utf8(std::string_view("\0x", 2), "utf-16"), "x");
  EXPECT_EQ(charset_to_utf8(std::string_view("\xFE\xFF\0x", 4), "utf-16"), "x");
  EXPECT_EQ(charset_to_utf8(std::string_view("\xFF\xFEx\0", 4), "utf-16"), "x");
  EXPECT_EQ(charset_to_utf8(std::string_view("\xD8\0", 2), "utf-16"), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace mimeseal
