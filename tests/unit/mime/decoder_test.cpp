// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "mimeseal/core/text.h"
#include "unit/mime/scan_helpers.h"

namespace mimeseal {
namespace {

using test::scan_text;
using test::Scanned;

/// Gives its octets in pieces of one size.
class Pieces final : public Source {
 public:
  Pieces(std::string octets, std::size_t piece) : octets_(std::move(octets)), piece_(piece) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), piece_, octets_.size() - at_});
    std::copy_n(octets_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
  }
  void rewind() override { at_ = 0; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return octets_.size(); }

 private:
  std::string octets_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

std::string from_base64(const std::string& text, std::size_t piece = 1000) {
  return read_all(*base64_decoder(std::make_unique<Pieces>(text, piece)));
}

std::string from_qp(const std::string& text, std::size_t piece = 1000) {
  return read_all(*quoted_printable_decoder(std::make_unique<Pieces>(text, piece)));
}

Scanned encoded(const std::string& encoding, const std::string& body) {
  return scan_text("Content-Transfer-Encoding: " + encoding + "\r\n\r\n" + body);
}

std::vector<std::string> problems_of(const std::string& encoding, const std::string& body) {
  std::vector<Problem> problems;
  (void)encoded(encoding, body).decoded("1", &problems);
  std::vector<std::string> codes;
  for (const Problem& problem : problems)
    codes.push_back(problem.code);
  return codes;
}

TEST(Base64Decoder, LinesOfAnyLength_InPiecesOfAnySize) {
  std::string octets;
  for (int i = 0; i < 100'003; ++i)
    octets += static_cast<char>(i * 131 % 251);
  const std::string one_line = base64_encode(octets);
  for (const std::size_t width : {1U, 4U, 75U, 76U, 77U, 1000U}) {
    std::string lines;
    for (std::size_t at = 0; at < one_line.size(); at += width)
      lines += one_line.substr(at, width) + "\r\n";
    for (const std::size_t piece : {1U, 3U, 4096U, 1'000'000U}) {
      ASSERT_EQ(from_base64(lines, piece), octets) << width << " " << piece;
    }
  }
}

TEST(Base64Decoder, Ends_AsPaddingSays) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("YQ=="), "a");
  EXPECT_EQ(from_base64("YWI="), "ab");
  EXPECT_EQ(from_base64("YWJj"), "abc");
  EXPECT_EQ(from_base64("YQ=\r\n=\r\n"), "a");
  for (const char* clean : {"", "YQ==", "YWI=\r\n", "YWJj\n", " Y W J j "}) {
    EXPECT_EQ(problems_of("base64", clean), std::vector<std::string>{}) << clean;
  }
}

TEST(Base64Decoder, EveryOctetAtEveryPlace_IsReadByTheSameRule) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string line(76, 'Q');
  for (std::size_t i = 0; i < line.size(); ++i)
    line[i] = kDigits[(i * 7) % kDigits.size()];
  for (std::size_t place = 0; place < line.size(); ++place) {
    for (int octet = 0; octet < 256; ++octet) {
      if (octet == '=') continue;
      std::string text = line;
      text[place] = static_cast<char>(octet);
      // What is no digit is as if it were not there.
      std::string meant = text;
      if (kDigits.find(text[place]) == std::string_view::npos) meant.erase(place, 1);
      meant.append((4 - meant.size() % 4) % 4, '=');
      ASSERT_EQ(from_base64(text), *base64_decode(meant)) << place << " " << octet;
    }
  }
}

TEST(Base64Decoder, WhatIsNotBase64_IsSkippedAndReportedOnce) {
  EXPECT_EQ(from_base64("YW*Jj"), "abc");
  EXPECT_EQ(from_base64("YWI"), "ab");
  EXPECT_EQ(from_base64("YQ=="
                        "YWJj"),
            "a");
  for (const char* bad : {"YW*Jj!", "YWI", "YQ", "Y", "YQ=", "YQ===", "YWJj=", "=", "YQ==YQ==", "YWJj\xFF"}) {
    EXPECT_EQ(problems_of("base64", bad), std::vector<std::string>{"bad-base64"}) << bad;
  }
}

TEST(Decoders, Rewind_GivesTheSameAgain_AndReportsOnce) {
  for (const char* encoding : {"base64", "quoted-printable"}) {
    const Scanned message = encoded(encoding, "YW=*Jj =");
    std::vector<Problem> problems;
    const std::unique_ptr<Source> body = decoded_body(message.input, message.index.root, &problems);
    const std::string first = read_all(*body);
    body->rewind();
    EXPECT_EQ(read_all(*body), first);
    EXPECT_EQ(problems.size(), 1U);
  }
}

TEST(QuotedPrintableDecoder, Rfc2045Rules) {
  EXPECT_EQ(from_qp("a=3Db"), "a=b");
  EXPECT_EQ(from_qp("a=3db=c3=BC"), "a=b\xC3\xBC");
  EXPECT_EQ(from_qp("soft=\r\nbreak"), "softbreak");
  EXPECT_EQ(from_qp("soft= \t\r\nbreak"), "softbreak");
  EXPECT_EQ(from_qp("soft=\nbreak"), "softbreak");
  EXPECT_EQ(from_qp("trailing \t \r\nnext"), "trailing\r\nnext");
  EXPECT_EQ(from_qp("kept=20\r\nnext"), "kept \r\nnext");
  EXPECT_EQ(from_qp("kept=20 \r\nnext"), "kept \r\nnext");
  EXPECT_EQ(from_qp("=0D=0A \r\n"), "\r\n\r\n");
  EXPECT_EQ(from_qp("a b\tc\r\n\r\n"), "a b\tc\r\n\r\n");
  EXPECT_EQ(from_qp("end="), "end");
  EXPECT_EQ(from_qp("end=\r\n"), "end");
  EXPECT_EQ(from_qp("blanks at the end  "), "blanks at the end  ");
  EXPECT_EQ(from_qp(""), "");
}

TEST(QuotedPrintableDecoder, BadEscapes_StayAndAreReported) {
  EXPECT_EQ(from_qp("a=zz b"), "a=zz b");
  EXPECT_EQ(from_qp("a=4"), "a=4");
  EXPECT_EQ(from_qp("=="), "=");
  EXPECT_EQ(from_qp("=\r="), "=\r");
  for (const char* bad : {"a=zz", "a=4", "=4\r\n", "==41"}) {
    EXPECT_EQ(problems_of("quoted-printable", bad), std::vector<std::string>{"bad-quoted-printable"}) << bad;
  }
  EXPECT_EQ(problems_of("quoted-printable", "a=41 =\r\nb=\r\n"), std::vector<std::string>{});
}

TEST(QuotedPrintableDecoder, PiecesOfAnySize_GiveTheSame) {
  const std::string text =
      "soft= \t\r\nbreak  \r\n=C3=BC=20 \t\r\n=zz =4 \r x\r\n" + std::string(5000, ' ') + "\r\nend  =";
  const std::string whole = from_qp(text, 1'000'000);
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 64U})
    EXPECT_EQ(from_qp(text, piece), whole) << piece;
}

TEST(DecodedText, CharsetsBecomeUtf8_AndLineEndsLf) {
  EXPECT_EQ(scan_text("Content-Type: text/plain; charset=iso-8859-15\r\n\r\n\xA4 \xFC\r\nx\ry\n").text("1"),
            "\xE2\x82\xAC \xC3\xBC\nx\ny\n");
  EXPECT_EQ(scan_text("Content-Type: text/plain; charset=UTF-8\r\n\r\n\xEF\xBB\xBFx").text("1"), "x");
}

TEST(DecodedText, WhatIsNotOfItsCharset_IsReplacedAndReported) {
  std::vector<Problem> problems;
  EXPECT_EQ(scan_text("Content-Type: text/plain; charset=utf-8\r\n\r\na\xFFz").text("1", &problems), "a\xEF\xBF\xBDz");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "invalid-utf8");
  problems.clear();
  EXPECT_EQ(scan_text("\r\n\xC3\xBC").text("1", &problems), "\xC3\xBC");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "undeclared-charset");
  problems.clear();
  EXPECT_EQ(scan_text("Content-Type: text/plain; charset=klingon\r\n\r\nx").text("1", &problems), "x");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "unknown-charset");
}

TEST(DecodedText, CharsetsThatHideAnotherText_AreReported) {
  std::vector<Problem> problems;
  EXPECT_EQ(scan_text("Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-").text("1", &problems), "<");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "switching-charset");
  EXPECT_EQ(scan_text("Subject: =?utf-7?Q?+ADw-?=\r\n\r\n").problems(), std::vector<std::string>{"bad-encoded-word@1"});
}

TEST(DecodedText, Limit_CutsBetweenCharacters) {
  const Scanned message = scan_text("Content-Type: text/plain; charset=utf-8\r\n\r\na\xC3\xBC\xC3\xBC");
  std::vector<Problem> problems;
  EXPECT_EQ(decoded_text(message.input, message.index.root, 4, &problems), "a\xC3\xBC");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "text-cut");
  problems.clear();
  EXPECT_EQ(decoded_text(message.input, message.index.root, 5, &problems), "a\xC3\xBC\xC3\xBC");
  EXPECT_TRUE(problems.empty());
  const Scanned large = scan_text("Content-Type: text/plain; charset=utf-8\r\n\r\n" + std::string(1'000'000, 'x'));
  EXPECT_EQ(decoded_text(large.input, large.index.root, 1000).size(), 1000U);
}

}  // namespace
}  // namespace mimeseal
