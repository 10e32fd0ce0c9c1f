// SPDX-License-Identifier: MIT
#include "mail/html_text.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace mimeseal::mail {
namespace {

std::string text(std::string_view html, bool omit = false) {
  return html_to_text(html, 1U << 20U, omit);
}

TEST(HtmlText, ParagraphsBreaksAndEntities) {
  EXPECT_EQ(text("<p>Hello&nbsp;&amp; <b>good</b>\n bye</p><p>Line<br>next &#x263A; &unknown; &lt;tag&gt;</p>"),
            "Hello & good bye\n\nLine\nnext \u263A &unknown; <tag>\n");
}

TEST(HtmlText, ScriptsStylesCommentsAndTitles_AreNoText) {
  EXPECT_EQ(text("<html><head><title>t</title><style>p{}</style></head><body><!-- no "
                 "--><script>alert('</p>')</script>Yes</body></html>"),
            "Yes\n");
}

TEST(HtmlText, LinksShowWhereTheyLead) {
  EXPECT_EQ(text("<a href=\"http://evil.example/\">http://good.example/</a>"),
            "http://good.example/ <http://evil.example/>\n");
  EXPECT_EQ(text("<a href='http://a.example/'>http://a.example/</a>"), "http://a.example/\n");
  EXPECT_EQ(text("<a href=\"javascript:x()\">click</a>"), "click\n");
}

TEST(HtmlText, ImagesGiveTheirAlternativeAndLoadNothing) {
  EXPECT_EQ(text("<img src=\"http://x.example/t.png\" alt=\"A cat\"> <img src=x>"), "[A cat]\n");
}

TEST(HtmlText, ListsQuotesAndPreformatted) {
  EXPECT_EQ(text("<ul><li>one<li>two</ul><blockquote>said</blockquote><pre>a\n  b</pre>"),
            "* one\n* two\n\n> said\n\na\n  b\n");
}

TEST(HtmlText, LegacyDisplay_IsOmittedOnlyWhenAsked) {
  const std::string html =
      "<body><div class=\"x Header-Protection-Legacy-Display\"><pre>Subject: "
      "s</pre><div>more</div></div><p>Text</p></body>";
  EXPECT_EQ(text(html, true), "Text\n");
  EXPECT_EQ(text(html, false), "Subject: s\n\nmore\n\nText\n");
}

TEST(HtmlText, AnAttributeWithATagInIt_IsNoTag) {
  EXPECT_EQ(text("<p title=\"a > b <i>\">Text</p>"), "Text\n");
}

TEST(HtmlText, BrokenMarkup_IsText) {
  EXPECT_EQ(text("a < b and <3 and 5 > 4"), "a < b and <3 and 5 > 4\n");
  EXPECT_EQ(text("end <"), "end <\n");
  EXPECT_EQ(text("end <a href=\"x"), "end\n");
}

TEST(HtmlText, TheBodyBegins) {
  EXPECT_EQ(body_start("<html><!-- <body> --><body class=\"a>b\">X"),
            std::string("<html><!-- <body> --><body class=\"a>b\">").size());
  EXPECT_EQ(body_start("no body"), 0U);
}

TEST(HtmlText, HostileInput_TakesLinearTime) {
  for (const std::string_view piece :
       {"<", "<!--", "<a href=x>", "</a>", "&", "<div class='", "<p", "\"", "<script>", "</", "&#", "<br><li>"}) {
    std::string html;
    while (html.size() < (2U << 20U))
      html += piece;
    const std::clock_t begin = std::clock();  // of this process alone, however busy the machine
    static_cast<void>(html_to_text(html, 4U << 20U, true));
    static_cast<void>(body_start(html));
    EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC) << piece;
  }
}

}  // namespace
}  // namespace mimeseal::mail
