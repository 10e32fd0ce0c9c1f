// SPDX-License-Identifier: MIT
// Servers that others wrote: Postfix, and aiosmtpd speaking as Amazon SES does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/smtp/support.h"

namespace mimeseal::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

nlohmann::json facts_of(const Peer::Stored& message) {
  return nlohmann::json::parse(message.facts);
}

/// What Postfix puts before a message it delivers: Return-Path, Delivered-To and Received, none of which is ours.
bool ends_with_message(const std::string& stored, const std::string& message) {
  std::string with_lf;
  for (const char c : message)
    if (c != '\r') with_lf += c;
  return stored.ends_with(message) || stored.ends_with(with_lf);
}

TEST(SmtpPostfix, TakesAllExtensionsOverBothKindsOfTls) try {
  Peer peer("postfix_server.py", {"--refuse-rcpt=gone@example.org"});
  const std::string message =
      "From: a@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.x\r\nGr\xC3\xBC\xC3\x9F\xE2\x82\xAC\r\n" +
      std::string(990, 'x') + "\r\n";
  for (const bool implicit : {false, true}) {
    const std::string url = implicit ? "smtps://localhost:" + std::to_string(peer.number("smtps_port"))
                                     : "smtp://localhost:" + std::to_string(peer.port());
    SenderOptions options = options_for();
    options.timeout = std::chrono::seconds(20);
    const auto sender = smtp::make_sender(parse_sender_url(url), options);
    Envelope envelope = make_envelope("a@example.org", {"b@example.org", "c@example.org"});
    envelope.notify = "FAILURE";
    envelope.ret = "HDRS";
    envelope.envid = "x+1";
    const Outcome outcome = submit(*sender, envelope, message);
    ASSERT_EQ(outcome.exit, 0) << outcome.error;
    EXPECT_THAT(outcome.receipt.message_id, ::testing::Not(IsEmpty()));
    const Outcome utf8 = submit(*sender, make_envelope("a@example.org", {"j\xC3\xBCrgen@example.org"}), message);
    EXPECT_EQ(utf8.exit, 0) << utf8.error << (utf8.error.empty() ? utf8.receipt.recipients[0].reply : "");
    const Outcome refused =
        submit(*sender, make_envelope("a@example.org", {"b@example.org", "gone@example.org"}), message);
    EXPECT_EQ(refused.exit, 2);
    EXPECT_EQ(refused.receipt.recipients.at(1).result, Delivery::refused);
  }
  for (const auto& one : peer.messages(4))
    EXPECT_TRUE(ends_with_message(one.content, message)) << one.content;
} catch (const PeerSkipped& why) {
  GTEST_SKIP() << why.what();
}

TEST(SmtpPostfix, WithoutChunkingAndWithoutPipelining) try {
  for (const char* discard : {"CHUNKING", "CHUNKING,PIPELINING"}) {
    Peer peer("postfix_server.py", {"--discard=" + std::string(discard), "--refuse-rcpt=gone@example.org"});
    SenderOptions options = options_for();
    options.timeout = std::chrono::seconds(20);
    const auto sender = sender_for(peer, options);
    EXPECT_EQ(submit(*sender, make_envelope("a@example.org", {"b@example.org", "gone@example.org"}), sample()).exit, 2);
    for (int i = 0; i < 3; ++i) {
      const Outcome outcome = submit(*sender, make_envelope("a@example.org", {"b@example.org"}), sample());
      EXPECT_EQ(outcome.exit, 0) << outcome.error;
    }
    const auto stored = peer.messages(3);
    EXPECT_THAT(stored, SizeIs(3));
    for (const auto& one : stored)
      EXPECT_TRUE(ends_with_message(one.content, sample())) << one.content;
  }
} catch (const PeerSkipped& why) {
  GTEST_SKIP() << why.what();
}

TEST(SmtpSes, SignsInAndReadsTheId) {
  Peer peer("smtp_server.py", {"--ses", "--user=AKIDEXAMPLE", "--password=correct horse", "--require-auth"});
  const auto sender = sender_for(peer, options_for("AKIDEXAMPLE"));
  const Outcome outcome = submit(*sender, make_envelope("a@example.org", {"b@example.org"}), sample());
  ASSERT_EQ(outcome.exit, 0) << outcome.error;
  EXPECT_THAT(outcome.receipt.message_id, HasSubstr("0102019"));
  EXPECT_EQ(peer.messages(1).at(0).content, sample());
  const Outcome wrong = submit(*sender_for(peer, options_for("AKIDEXAMPLE", "wrong horse")),
                               make_envelope("a@example.org", {"b@example.org"}), sample());
  EXPECT_EQ(wrong.exit, 77);
  EXPECT_THAT(wrong.error, HasSubstr("Authentication Credentials Invalid"));
}

TEST(SmtpSes, ThrottlingIsTryAgainLater) {
  Peer peer("smtp_server.py", {"--ses", "--throttle=1"});
  const auto sender = sender_for(peer, options_for());
  const Outcome outcome = submit(*sender, make_envelope("a@example.org", {"b@example.org"}), sample());
  EXPECT_EQ(outcome.exit, 75);
  EXPECT_THAT(outcome.receipt.recipients.at(0).reply, HasSubstr("Maximum sending rate exceeded"));
  EXPECT_EQ(submit(*sender, make_envelope("a@example.org", {"b@example.org"}), sample()).exit, 0);
}

TEST(SmtpSes, RefusedRecipientAmongOthers) {
  Peer peer("smtp_server.py", {"--refuse-rcpt=gone@example.org", "--defer-rcpt=busy@example.org"});
  const auto sender = sender_for(peer, options_for());
  Envelope envelope = make_envelope("a@example.org", {"b@example.org", "gone@example.org", "busy@example.org"});
  EXPECT_EQ(submit(*sender, envelope, sample()).exit, 2);
  EXPECT_THAT(peer.messages(), IsEmpty());
  envelope.partial = true;
  const Outcome outcome = submit(*sender, envelope, sample());
  EXPECT_EQ(outcome.exit, 3);
  EXPECT_EQ(outcome.receipt.recipients.at(1).result, Delivery::refused);
  EXPECT_EQ(outcome.receipt.recipients.at(2).result, Delivery::deferred);
  EXPECT_EQ(facts_of(peer.messages(1).at(0)).at("rcpt").size(), 1U);
}

}  // namespace
}  // namespace mimeseal::test
