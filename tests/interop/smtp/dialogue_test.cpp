// SPDX-License-Identifier: MIT
// Whole submissions against the scripted server, in three chunkings of its replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/smtp/support.h"

namespace mimeseal::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kEverything =
    "PIPELINING,SIZE 52428800,8BITMIME,SMTPUTF8,DSN,CHUNKING,ENHANCEDSTATUSCODES,REQUIRETLS";

/// Every line that begins with dots, lines of 998 octets, and UTF-8.
std::string awkward() {
  std::string text = "From: a@example.org\r\nSubject: awkward\r\n\r\n";
  for (int i = 0; i < 40; ++i)
    text += std::string(static_cast<std::size_t>(i), '.') + "\r\n";
  text += std::string(998, 'x') + "\r\n." + std::string(997, 'y') + "\r\n";
  text += "Grüße an die Welt \xF0\x9F\x98\x80\r\n";
  while (text.size() < 200'000)
    text += ".line\r\n..\r\nnot a dot. at the begin\r\n";
  return text + ".\r\n";
}

struct Offer {
  const char* name;
  std::string list;
};

class SmtpDialogue : public ::testing::TestWithParam<Offer> {};

TEST_P(SmtpDialogue, ArrivesByteIdenticalAndKeepsTheRules) {
  const std::string big = awkward();
  const Envelope envelope = make_envelope("a@example.org", {"b@example.org", "c@example.net"});
  for (const std::string chunking : {"whole", "line", "byte"}) {
    for (const bool implicit : {false, true}) {
      SCOPED_TRACE(chunking + (implicit ? ", implicit TLS" : ", STARTTLS"));
      Peer peer("smtp_script.py", {"--chunking=" + chunking, "--chunk-pause-ms=0", "--ehlo-tls=" + GetParam().list,
                                   std::string("--tls=") + (implicit ? "implicit" : "starttls")});
      const auto sender = sender_for(peer, options_for(), implicit);
      for (const std::string& message : {sample(), big}) {
        const Outcome outcome = submit(*sender, envelope, message);
        ASSERT_EQ(outcome.error, "");
        ASSERT_THAT(outcome.receipt.recipients, SizeIs(2));
        for (const auto& one : outcome.receipt.recipients)
          EXPECT_EQ(one.result, Delivery::accepted) << one.reply;
        EXPECT_THAT(outcome.receipt.tls.version, "1.3");
        EXPECT_THAT(outcome.receipt.tls.peer, HasSubstr("localhost"));
        EXPECT_THAT(outcome.receipt.tls.fingerprint, SizeIs(64));
        EXPECT_EQ(outcome.receipt.bytes, message.size());
      }
      const auto stored = peer.messages(2);
      ASSERT_THAT(stored, SizeIs(2));
      EXPECT_TRUE(stored[0].content == sample());
      EXPECT_TRUE(stored[1].content == big);
      EXPECT_THAT(violations(peer), IsEmpty());
      EXPECT_THAT(dialogue(peer, "connect", "event"), SizeIs(1));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SmtpDialogue,
                         ::testing::Values(Offer{"everything", kEverything}, Offer{"plain", "8BITMIME"},
                                           Offer{"pipelining", "PIPELINING,8BITMIME,SIZE"},
                                           Offer{"chunking", "CHUNKING,8BITMIME"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace mimeseal::test
