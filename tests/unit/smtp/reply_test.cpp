// SPDX-License-Identifier: MIT
#include "smtp/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"
#include "smtp/offers.h"

namespace mimeseal::smtp {
namespace {

using ::testing::ElementsAre;

std::vector<Reply> parse(std::string_view octets, std::size_t step) {
  ReplyParser parser("host");
  std::vector<Reply> all;
  for (std::size_t at = 0; at < octets.size(); at += step) {
    parser.feed(octets.substr(at, step));
    while (auto reply = parser.next())
      all.push_back(*reply);
  }
  return all;
}

TEST(ReplyParser, GivesTheSameHoweverItIsCut) {
  const std::string_view octets = "220 hello\r\n250-a.example\r\n250-SIZE 5\r\n250 DSN\r\n250\r\n354-go\r\n354 on\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, octets.size()}) {
    const auto replies = parse(octets, step);
    ASSERT_EQ(replies.size(), 4U);
    EXPECT_EQ(replies[0].code, 220);
    EXPECT_THAT(replies[1].lines, ElementsAre("a.example", "SIZE 5", "DSN"));
    EXPECT_THAT(replies[2].lines, ElementsAre(""));
    EXPECT_EQ(replies[3].words(), "go on");
  }
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const char* bad : {"hello\r\n", "99 x\r\n", "2x0 x\r\n", "600 x\r\n", "099 x\r\n", "250_x\r\n", "\r\n",
                          "250-a\r\n251 b\r\n", "HTTP", "\x16\x03\x01"})
    EXPECT_THROW((void)parse(bad, 1), Error) << bad;
}

TEST(ReplyParser, HasLimits) {
  EXPECT_THROW((void)parse("250 " + std::string(9000, 'x') + "\r\n", 100), Error);
  EXPECT_THROW((void)parse("250 " + std::string(9000, 'x'), 100), Error);
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += "250-" + std::string(1000, 'x') + "\r\n";
  EXPECT_THROW((void)parse(many, 4096), Error);
}

TEST(Reply, EnhancedCodeStandsApartFromTheWords) {
  const auto reply = parse("550-5.1.1 no such\r\n550 5.1.1 user \x1B[31m here\r\n", 99).at(0);
  EXPECT_EQ(reply.enhanced(), "5.1.1");
  EXPECT_EQ(reply.words(), "no such user \\x1B[31m here");
  EXPECT_EQ(parse("550 4.1.1 other class\r\n", 99).at(0).enhanced(), "");
  EXPECT_EQ(parse("250 2.10 x\r\n", 99).at(0).enhanced(), "");
  EXPECT_EQ(parse("250 2.0.0\r\n", 99).at(0).enhanced(), "2.0.0");
}

TEST(Reply, IdIsFoundInTheWordsOfManyServers) {
  const auto id = [](const std::string& words) { return id_in(parse("250 " + words + "\r\n", 99).at(0)); };
  EXPECT_EQ(id("2.0.0 Ok: queued as 4XyZ12"), "4XyZ12");
  EXPECT_EQ(id("Ok 010201900000001-00000000-0000-4000-8000-000000000001-000000"),
            "010201900000001-00000000-0000-4000-8000-000000000001-000000");
  EXPECT_EQ(id("OK id=1rAbCd-0001-Xy"), "1rAbCd-0001-Xy");
  EXPECT_EQ(id("2.0.0 3AB12345678 Message accepted for delivery"), "3AB12345678");
  EXPECT_EQ(id("2.0.0 Ok"), "");
  EXPECT_EQ(id("OK"), "");
  EXPECT_EQ(id("Message accepted"), "");
}

TEST(Offers, AreReadInAnyCase) {
  Reply ehlo{250,
             {"host PIPELINING", "pipelining", "SIZE 1000", "AUTH PLAIN login", "8bitmime",
              "LIMITS RCPTMAX=5 MAILMAX=7", "CHUNKING", "X-UNKNOWN y"}};
  const Offers offers = offers_in(ehlo);
  EXPECT_TRUE(offers.pipelining && offers.chunking && offers.eight_bit && offers.size);
  EXPECT_FALSE(offers.smtputf8 || offers.dsn || offers.require_tls);
  EXPECT_EQ(offers.size_limit, 1000U);
  EXPECT_EQ(offers.most_recipients, 5U);
  EXPECT_EQ(offers.most_messages, 7U);
  EXPECT_THAT(offers.auth, ElementsAre("PLAIN", "LOGIN"));
  EXPECT_EQ(offers_in(Reply{250, {"host"}}), Offers{});
  EXPECT_EQ(offers_in(Reply{250, {"host", "SIZE 99999999999999999999999", "LIMITS RCPTMAX=-1", ""}}).size_limit, 0U);
}

}  // namespace
}  // namespace mimeseal::smtp
