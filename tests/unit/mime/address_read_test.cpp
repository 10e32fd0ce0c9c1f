// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "mimeseal/mime/mailbox.h"

namespace mimeseal {
namespace {

using Strings = std::vector<std::string>;

/// "name|address" of each mailbox.
Strings read(std::string_view text) {
  Strings list;
  for (const Mailbox& mailbox : parse_address_list(text).mailboxes)
    list.push_back(mailbox.name() + "|" + mailbox.address());
  return list;
}

bool clear(std::string_view text) {
  return parse_address_list(text).problems.empty();
}

TEST(AddressList, Rfc5322Examples) {
  EXPECT_EQ(read("\"Joe Q. Public\" <john.q.public@example.com>"), Strings{"Joe Q. Public|john.q.public@example.com"});
  EXPECT_EQ(read("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
            (Strings{"Mary Smith|mary@x.test", "|jdoe@example.org", "Who?|one@y.test"}));
  EXPECT_EQ(read("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
            (Strings{"|boss@nil.test", "Giant; \"Big\" Box|sysservices@example.net"}));
  EXPECT_EQ(read("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
            (Strings{"Ed Jones|c@a.test", "|joe@where.test", "John|jdoe@one.test"}));
  EXPECT_EQ(parse_address_list("A Group:Ed <c@a.test>;, x@y").groups, Strings{"A Group"});
  EXPECT_EQ(read("Undisclosed recipients:;"), Strings{});
  EXPECT_EQ(read("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"), Strings{"Pete|pete@silly.test"});
  EXPECT_EQ(read("Joe Q. Public <john.q.public@example.com>"), Strings{"Joe Q. Public|john.q.public@example.com"});
  EXPECT_EQ(read("Mary Smith <@node.test:mary@example.net>, , jdoe@test . example"),
            (Strings{"Mary Smith|mary@example.net", "|jdoe@test.example"}));
  EXPECT_TRUE(clear("Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test . example,"));
  EXPECT_TRUE(clear("A Group:Ed Jones <c@a.test>,joe@where.test;"));
}

TEST(AddressList, NamesAndComments) {
  EXPECT_EQ(read("a@b (John Doe)"), Strings{"John Doe|a@b"});
  EXPECT_EQ(read("=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_Doe?= <a@b>"), Strings{"J\xC3\xBCrgen Doe|a@b"});
  EXPECT_EQ(read("\"=?utf-8?Q?J=C3=BCrgen?=\" <a@b>"), Strings{"J\xC3\xBCrgen|a@b"});
  EXPECT_EQ(read("J\xC3\xBCrgen <j\xC3\xBCrgen@m\xC3\xBCller.example>"),
            Strings{"J\xC3\xBCrgen|j\xC3\xBCrgen@m\xC3\xBCller.example"});
  EXPECT_EQ(read("\"a@b.example\" <c@d.example>"), Strings{"a@b.example|c@d.example"});
  EXPECT_TRUE(clear("\"a@b.example\" <c@d.example>"));
  EXPECT_TRUE(clear("a@b.example <a@b.example>"));
}

TEST(AddressList, OddLocalParts) {
  EXPECT_EQ(read("\"john doe\"@x.example"), Strings{"|\"john doe\"@x.example"});
  EXPECT_EQ(read("\"john\".doe@x.example"), Strings{"|john.doe@x.example"});
  EXPECT_EQ(read("foo..bar.@docomo.example"), Strings{"|\"foo..bar.\"@docomo.example"});
  EXPECT_EQ(read("a@[192.0.2.1]"), Strings{"|a@[192.0.2.1]"});
}

TEST(AddressList, WhatTwoReadersCouldReadDifferently_IsAProblem) {
  for (const char* text : {"A <a@b> <c@d>",
                           "a@b <c@d>",
                           "a@b c@d",
                           "a@b@c",
                           "A <a@b",
                           "A a@b>",
                           "nobody",
                           "<>",
                           "A <>",
                           "\"A <a@b>",
                           "a@b (x",
                           "a@b; c@d",
                           "G: a@b",
                           "G: H: a@b;",
                           "<a@b>x",
                           "=?utf-8?Q?<a@b>?= <c@d>",
                           "a@b.",
                           "a@.b",
                           "a@",
                           "@b",
                           "a b@c",
                           "a@b c",
                           "A <a@b, C <c@d>",
                           "A <a@b>, C",
                           "\xFF@b",
                           "a@\xFF",
                           "a\\@b@c",
                           "<Undisclosed:@x.example;>",
                           "a@b<c@d>"}) {
    EXPECT_FALSE(clear(text)) << text;
  }
}

TEST(AddressList, Newlines_AreBlanks) {
  EXPECT_EQ(read("a@b,\r\n\t \r\n c@d"), (Strings{"|a@b", "|c@d"}));
  EXPECT_EQ(read("\"J.\r\n Doe\"\r\n <a@b>"), Strings{"J. Doe|a@b"});
}

TEST(Mailbox, Parse_TakesExactlyOne) {
  const std::optional<Mailbox> mailbox = Mailbox::parse("\"Doe, J.\" <j.doe@example.com>");
  ASSERT_TRUE(mailbox);
  EXPECT_EQ(mailbox->name(), "Doe, J.");
  EXPECT_EQ(mailbox->address(), "j.doe@example.com");
  EXPECT_EQ(mailbox->local_part(), "j.doe");
  EXPECT_EQ(mailbox->domain(), "example.com");
  EXPECT_TRUE(Mailbox::parse("a@b (c)"));
  for (const char* text : {"", "a", "a@b, c@d", "g: a@b;", "g:;", "a@b\r\nBcc: c@d", "a@b\n", "A <a@b> c", "a@b;"}) {
    EXPECT_FALSE(Mailbox::parse(text)) << text;
  }
  EXPECT_FALSE(Mailbox::parse(std::string_view("a@b\0", 4)));
}

TEST(Mailbox, Make_TakesOnlyAddresses) {
  EXPECT_TRUE(Mailbox::make("", "a@b"));
  EXPECT_TRUE(Mailbox::make("N", "\"a b\"@c.example"));
  EXPECT_TRUE(Mailbox::make("N", "\"a@b\"@c.example"));
  EXPECT_TRUE(Mailbox::make("N", "a@[IPv6:2001:db8::1]"));
  EXPECT_TRUE(Mailbox::make("N", "a@m\xC3\xBCller.example"));
  for (const char* address :
       {"",      "a",     "@",       "a@",   "@b",     "a@b@c",  "a..b@c",      ".a@c",        "a.@c",
        "a b@c", "a@b c", "a@b.",    "a@.b", "a@b..c", "<a@b>",  "a@b\r\nX: y", "\"a\r\n\"@b", "\"a@b",
        "a@[",   "a@[]",  "a@[x\\]", "a@b>", "a@b,c",  "\xFF@b", "a@b(c)"}) {
    EXPECT_FALSE(Mailbox::make("", address)) << address;
  }
  EXPECT_FALSE(Mailbox::make("a\nb", "a@b"));
  EXPECT_FALSE(Mailbox::make("", std::string_view("a\0@b", 4)));
}

TEST(Mailbox, WireAddress_HasALabels) {
  EXPECT_EQ(Mailbox::make("", "a@m\xC3\xBCller.example")->wire_address(), "a@xn--mller-kva.example");
  EXPECT_EQ(Mailbox::make("",
                          "a@stra\xC3\x9F"
                          "e.example")
                ->wire_address(),
            "a@xn--strae-oqa.example");
  EXPECT_EQ(Mailbox::make("", "A.b@EXAMPLE.com")->wire_address(), "A.b@example.com");
  EXPECT_EQ(Mailbox::make("", "a@[192.0.2.1]")->wire_address(), "a@[192.0.2.1]");
  EXPECT_EQ(Mailbox::make("",
                          "a@b\xE2\x84\x80"
                          "c")
                ->wire_address(),
            std::nullopt);  // U+2100 maps to "a/c"
  EXPECT_EQ(Mailbox::make("", "a@" + std::string(64, 'x') + ".example")->wire_address(), std::nullopt);
  EXPECT_EQ(Mailbox::make("",
                          "a@\xE2\x80\xAE"
                          "b.example")
                ->wire_address(),
            std::nullopt);  // a bidi control
}

TEST(SameAddress, ComparesWhatIsMeant) {
  EXPECT_TRUE(same_address("a@b.example", "A@B.EXAMPLE"));
  EXPECT_TRUE(same_address("\"a\"@b.example", "a@b.example"));
  EXPECT_TRUE(same_address("\"a\\b\"@c", "ab@c"));
  EXPECT_TRUE(same_address("a@m\xC3\xBCller.example", "a@xn--mller-kva.example"));
  EXPECT_TRUE(same_address("a@M\xC3\x9CLLER.example", "a@m\xC3\xBCller.example"));
  EXPECT_FALSE(same_address("a@b", "a@c"));
  EXPECT_FALSE(same_address("a@b", "b@b"));
  EXPECT_FALSE(same_address("a@b", ""));
  EXPECT_FALSE(same_address("a@b.example", "a@b.example.org"));
  EXPECT_FALSE(same_address("\"a@b\"@c", "a@b"));
}

}  // namespace
}  // namespace mimeseal
