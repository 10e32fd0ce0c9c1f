// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "unit/mime/scan_helpers.h"

namespace mimeseal {
namespace {

using test::crlf;
using test::scan_text;
using test::Scanned;
using Strings = std::vector<std::string>;

TEST(Scan, PlainMessage_HasHeaderAndBodyByOffset) {
  const std::string message = "From: a@b\r\nSubject: x\r\n y\r\n\r\nbody\r\n";
  const Scanned scanned = scan_text(message);
  const Part& root = scanned.index.root;
  EXPECT_EQ(root.path, "1");
  EXPECT_EQ(root.header_begin, 0U);
  EXPECT_EQ(root.body_begin, message.find("body"));
  EXPECT_EQ(root.body_end, message.size());
  ASSERT_EQ(root.fields.size(), 2U);
  EXPECT_EQ(root.fields[1].raw, " x\r\n y");
  EXPECT_EQ(root.fields[1].value(), "x y");
  EXPECT_EQ(root.fields[1].wire(), "Subject: x\r\n y\r\n");
  EXPECT_EQ(root.content_type.value, "text/plain");
  ASSERT_NE(root.content_type.find("charset"), nullptr);
  EXPECT_EQ(*root.content_type.find("charset"), "us-ascii");
  EXPECT_EQ(root.transfer_encoding, "7bit");
  EXPECT_EQ(scanned.problems(), Strings{});
}

TEST(Scan, EmptyAndHeaderOnlyInputs_HaveEmptyBodies) {
  EXPECT_EQ(scan_text("").body("1"), "");
  EXPECT_EQ(scan_text("\r\n").body("1"), "");
  EXPECT_EQ(scan_text("Subject: x").index.root.fields.size(), 1U);
  EXPECT_EQ(scan_text("Subject: x\r\n").body("1"), "");
  EXPECT_EQ(scan_text("\r\nonly a body").body("1"), "only a body");
}

TEST(Scan, SignedPart_IsExactlyWhatRfc1847Signs) {
  const std::string signed_part = crlf("Content-Type: text/plain\n\nText\nwith a last line\n");
  const std::string message =
      crlf("Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"\n\npreamble\n--b\n") +
      signed_part + crlf("\n--b\nContent-Type: application/pgp-signature\n\nsig\n--b--\n\nepilogue\n");
  const Scanned scanned = scan_text(message);
  EXPECT_EQ(scanned.whole("1.1"), signed_part);
  EXPECT_EQ(scanned.body("1.2"), "sig");
  EXPECT_EQ(scanned.problems(), Strings{});
}

TEST(Scan, SignedMultipart_EndsBeforeTheLineEndOfTheOuterBoundary) {
  const std::string inner = crlf(
      "Content-Type: multipart/mixed; boundary=inner\n\n--inner\n\none\n--inner\n\ntwo\n--inner--\n\nan epilogue is "
      "signed too\n");
  const Scanned scanned = scan_text(crlf("Content-Type: multipart/signed; boundary=outer\n\n--outer\n") + inner +
                                    crlf("\n--outer\n\nsig\n--outer--\n"));
  EXPECT_EQ(scanned.whole("1.1"), inner);
  EXPECT_EQ(scanned.body("1.1.1"), "one");
  EXPECT_EQ(scanned.body("1.1.2"), "two");
  EXPECT_EQ(scanned.problems(), Strings{});
}

TEST(Scan, EmptyParts_LieWithinTheirParent) {
  const Scanned scanned = scan_text(
      crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b\nContent-Type: text/html\n\n--b--\n"));
  ASSERT_EQ(scanned.index.root.children.size(), 3U);
  EXPECT_EQ(scanned.body("1.1"), "");
  EXPECT_EQ(scanned.body("1.2"), "");
  EXPECT_EQ(scanned.body("1.3"), "");
  EXPECT_EQ(scanned.part("1.3").content_type.value, "text/html");
}

TEST(Scan, NestedMessage_IsOneLevelDown) {
  const Scanned scanned =
      scan_text(crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: "
                     "inner\n\ntext\n--b--\n"));
  EXPECT_EQ(scanned.part("1.1").children.size(), 1U);
  EXPECT_EQ(find_field(scanned.part("1.1.1").fields, "subject")->value(), "inner");
  EXPECT_EQ(scanned.body("1.1.1"), "text");
  EXPECT_EQ(scanned.body("1.1"), "Subject: inner\r\n\r\ntext");
  EXPECT_EQ(scanned.problems(), Strings{});
}

TEST(Scan, DigestParts_AreMessagesUnlessTheySayOtherwise) {
  const Scanned scanned =
      scan_text(crlf("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b\nContent-Type: "
                     "text/plain\n\n2\n--b--\n"));
  EXPECT_EQ(scanned.part("1.1").content_type.value, "message/rfc822");
  EXPECT_EQ(scanned.body("1.1.1"), "1");
  EXPECT_EQ(scanned.part("1.2").content_type.value, "text/plain");
  EXPECT_TRUE(scanned.part("1.2").children.empty());
}

TEST(Scan, Names_ComeFromDispositionThenType) {
  const Scanned scanned = scan_text(crlf(
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b; name=\"one\"\nContent-ID: <id@x>\n\n1\n"
      "--b\nContent-Type: a/b; name=\"one\"\nContent-Disposition: attachment; "
      "filename*=utf-8''%C3%BC.pdf\n\n2\n--b--\n"));
  EXPECT_EQ(scanned.part("1.1").filename, "one");
  EXPECT_EQ(scanned.part("1.1").content_id, "id@x");
  EXPECT_EQ(scanned.part("1.2").filename, "\xC3\xBC.pdf");
  EXPECT_EQ(scanned.part("1.2").disposition.value, "attachment");
}

TEST(Scan, MboxLine_IsSkipped) {
  const Scanned scanned = scan_text("From me@x Thu Jan  1 00:00:00 1970\nSubject: x\n\nbody\n");
  EXPECT_EQ(scanned.index.root.fields.size(), 1U);
  EXPECT_EQ(scanned.index.root.header_begin, 35U);
  EXPECT_EQ(scanned.problems(), Strings{"lf-line-ends@1"});
}

TEST(Scan, MboxLineWithinAMessage_IsOdd) {
  const Scanned scanned = scan_text("Content-Type: message/rfc822\r\n\r\nFrom me\r\nSubject: x\r\n\r\nbody\r\n");
  EXPECT_EQ(scanned.body("1.1"), "body\r\n");
  EXPECT_EQ(scanned.problems(), Strings{"bad-header-line@1.1"});
}

/// `openssl cms -sign` writes LF around the signed part, which has CRLF.
TEST(Scan, LineEndsCountPartByPart) {
  const std::string head = "Content-Type: multipart/signed; boundary=b\n\npreamble\n";
  const std::string signed_part = "--b\nA: b\r\n\r\nx\r\n";
  EXPECT_EQ(scan_text(head + signed_part + "\n--b\nC: d\n\ny\n\n--b--\n\n").problems(),
            (Strings{"lf-line-ends@1", "lf-line-ends@1.2"}));
  EXPECT_EQ(scan_text(head + "--b\nA: b\r\n\r\nx\ny\r\n\n--b--\n").problems(),
            (Strings{"bare-lf@1.1", "lf-line-ends@1"}));
  EXPECT_EQ(scan_text(head + "--b\nA: b\n\r\nx\r\n--b--\r\n").problems(), (Strings{"bare-lf@1", "bare-lf@1.1"}));
  // The line end before a boundary is not the part's.
  EXPECT_EQ(scan_text(head + "--b\nA: b\r\n\r\nx\n--b--\n").problems(), Strings{"lf-line-ends@1"});
}

TEST(Scan, PartThatIsTextFromItsFirstLineOn_IsNoDoubt_UnlessFieldsFollow) {
  const auto part = [](const std::string& text) {
    return scan_text("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + text + "\r\n--b--\r\n");
  };
  EXPECT_EQ(part("Hello, it is 12: 30").problems(), Strings{"no-header@1.1"});
  EXPECT_EQ(part("Hello\r\nthere\r\n\r\nA: b").body("1.1"), "Hello\r\nthere\r\n\r\nA: b");
  EXPECT_FALSE(is_ambiguous("no-header"));
  EXPECT_EQ(part("Hello\r\nContent-Type: text/html\r\n\r\n<b>").problems(), Strings{"bad-header-line@1.1"});
  EXPECT_EQ(part(" folded\r\n\r\nx").problems(), Strings{"bad-header-line@1.1"});
}

TEST(Scan, LfThroughout_IsHarmless_MixedIsNot) {
  EXPECT_EQ(scan_text("A: b\n\nx\n").problems(), Strings{"lf-line-ends@1"});
  EXPECT_FALSE(is_ambiguous("lf-line-ends"));
  EXPECT_EQ(scan_text("A: b\r\n\r\nx\ny\r\n").problems(), Strings{"bare-lf@1"});
  EXPECT_TRUE(is_ambiguous("bare-lf"));
  EXPECT_EQ(scan_text("A: b\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\nAAAA\r\n").problems(), Strings{});
  EXPECT_EQ(scan_text("A: b\r\nContent-Transfer-Encoding: binary\r\n\r\nx\ny\r\n\0z").problems(), Strings{});
}

TEST(Scan, OddOctetsInLines_AreProblems) {
  EXPECT_EQ(scan_text("A: b\r\n\r\nx\ry\r\n").problems(), Strings{"bare-cr@1"});
  EXPECT_EQ(scan_text(std::string("A: b\r\n\r\nx\0y\r\n", 13)).problems(), Strings{"nul@1"});
  EXPECT_EQ(scan_text("A: b\r\n\r\n" + std::string(998, 'x') + "\r\n").problems(), Strings{});
  EXPECT_EQ(scan_text("A: b\r\n\r\n" + std::string(999, 'x') + "\r\n").problems(), Strings{"overlong-line@1"});
  EXPECT_EQ(scan_text("A: b\r\n\r\n" + std::string(999, 'x')).problems(), Strings{"overlong-line@1"});
  EXPECT_EQ(scan_text("A: " + std::string(999, 'x') + "\r\n\r\n").problems(), Strings{"overlong-line@1"});
}

TEST(Scan, HeaderOddities_AreReadAndReported) {
  const Scanned scanned = scan_text("Subject : x\r\nno field\r\n continued\r\nDate: now\r\n \r\nX: y\r\n\r\nbody");
  EXPECT_EQ(scanned.problems(), (Strings{"bad-header-line@1", "blank-before-colon@1", "blank-header-line@1"}));
  ASSERT_EQ(scanned.index.root.fields.size(), 3U);
  EXPECT_EQ(scanned.index.root.fields[0].name, "Subject");
  EXPECT_EQ(scanned.index.root.fields[1].raw, " now\r\n ");
  EXPECT_EQ(scanned.body("1"), "body");
}

TEST(Scan, FieldsThatMayStandOnce_AreReportedTwice_AndTheFirstCounts) {
  const Scanned scanned =
      scan_text(crlf("From: a@b\nfrom: c@d\nSubject: 1\nSubject: 2\nContent-Type: text/html\nContent-Type: "
                     "text/plain\nReceived: x\nReceived: y\n\n"));
  EXPECT_EQ(scanned.problems(), (Strings{"duplicate-content-type@1", "duplicate-from@1", "duplicate-subject@1"}));
  EXPECT_EQ(scanned.index.root.content_type.value, "text/html");
}

TEST(Scan, From_MustBeOneClearMailbox) {
  EXPECT_EQ(scan_text("From: a@b, c@d\r\n\r\n").problems(), Strings{"several-from@1"});
  EXPECT_EQ(scan_text("From: A <a@b> <c@d>\r\n\r\n").problems(), Strings{"ambiguous-from@1"});
  EXPECT_EQ(scan_text("From: nobody\r\n\r\n").problems(), Strings{"ambiguous-from@1"});
  EXPECT_EQ(scan_text("From:\r\n\r\n").problems(), Strings{"ambiguous-from@1"});
  EXPECT_EQ(scan_text("From: \"c@d\" <a@b>\r\n\r\n").problems(), Strings{});
}

TEST(Scan, Multiparts_ThatAreNoneOrDoNotEnd_AreReported) {
  EXPECT_EQ(scan_text("Content-Type: multipart/mixed\r\n\r\nx").problems(), Strings{"missing-boundary@1"});
  EXPECT_EQ(scan_text("Content-Type: multipart/mixed; boundary=b\r\n\r\nx").problems(), Strings{"missing-parts@1"});
  EXPECT_EQ(scan_text("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx").problems(),
            Strings{"unclosed-multipart@1"});
  EXPECT_EQ(scan_text("Content-Type: multipart/mixed; boundary=\"b \"\r\n\r\n--b \r\n\r\nx\r\n--b --\r\n").problems(),
            Strings{"bad-boundary@1"});
  EXPECT_EQ(
      scan_text(
          crlf("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n"))
          .problems(),
      Strings{"encoded-multipart@1"});
  EXPECT_EQ(
      scan_text(crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n--b--\n")).problems(),
      Strings{"missing-blank-line@1.1"});
}

TEST(Scan, BoundaryLines_MayHaveBlanksButNothingElse) {
  EXPECT_EQ(scan_text(crlf("Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\nx\n--b-- \n")).problems(),
            Strings{});
  const Scanned scanned = scan_text(crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--bc\n\ny\n--b--\n"));
  EXPECT_EQ(scanned.problems(), Strings{"ambiguous-boundary@1"});
  EXPECT_EQ(scanned.index.root.children.size(), 2U);
}

TEST(Scan, LongerBoundaryWins) {
  const Scanned scanned = scan_text(
      crlf("Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: multipart/mixed; boundary=\"b-1\"\n\n"
           "--b-1\n\nx\n--b-1--\n--b\n\ny\n--b--\n"));
  EXPECT_EQ(scanned.body("1.1.1"), "x");
  EXPECT_EQ(scanned.body("1.2"), "y");
  EXPECT_EQ(scanned.problems(), Strings{"ambiguous-boundary@1.1"});
}

TEST(Scan, SlicesOfAnInput_KeepItsOffsets) {
  const InputPtr input = memory_input("junk--A: b\r\n\r\nbody--junk");
  const PartIndex index = scan(*input, 6, 18, {}, "1.2");
  EXPECT_EQ(index.root.path, "1.2");
  EXPECT_EQ(index.root.header_begin, 6U);
  EXPECT_EQ(read_range(*input, index.root.body_begin, index.root.body_end, 100), "body");
}

TEST(Scan, ContentTypeThatCannotBeRead_IsPlainText) {
  for (const char* type : {"text", "text/", "/plain", "\"text/html\"", ";x=y", "=?utf-8?q?text/html?="}) {
    SCOPED_TRACE(type);
    const Scanned scanned = scan_text(std::string("Content-Type: ") + type + "\r\n\r\nx");
    EXPECT_EQ(scanned.index.root.content_type.value, "text/plain");
    EXPECT_EQ(scanned.problems().back(), "bad-content-type@1");
  }
}

TEST(Scan, FindPart_FindsOnlyWhatIsThere) {
  const Scanned scanned = scan_text(crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\ny\n--b--\n"));
  const Part& root = scanned.index.root;
  EXPECT_EQ(find_part(root, "1"), &root);
  EXPECT_EQ(find_part(root, "1.2"), &root.children[1]);
  for (const char* path : {"", "2", "1.3", "1.0", "1.01", "1.", "1.1.1", "11", "1.x", "1.99999999999999999999"}) {
    EXPECT_EQ(find_part(root, path), nullptr) << path;
  }
}

TEST(Scan, BoundariesAcrossWindows_AreFound) {
  // Boundaries and line ends at every place around the window's size.
  for (std::size_t size = 131'072 - 160; size < 131'072 + 40; ++size) {
    const std::string head = "Content-Type: multipart/mixed; boundary=bound\r\n\r\n--bound\r\n\r\n";
    const std::string filler(size - head.size(), 'x');
    const Scanned scanned = scan_text(head + filler + "\r\n--bound\r\n\r\nsecond\r\n--bound--\r\n");
    ASSERT_EQ(scanned.index.root.children.size(), 2U) << size;
    ASSERT_EQ(scanned.part("1.1").body_end, head.size() + filler.size()) << size;
    ASSERT_EQ(scanned.body("1.2"), "second") << size;
    ASSERT_EQ(scanned.problems(), Strings{"overlong-line@1.1"}) << size;
  }
}

}  // namespace
}  // namespace mimeseal
