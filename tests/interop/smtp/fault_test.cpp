// SPDX-License-Identifier: MIT
// A fault at every step of the dialogue, and what the tool's exit code says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/smtp/support.h"

namespace mimeseal::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Case {
  const char* fault;
  int exit;
  const char* words = "";  ///< in the error or the first recipient's reply
};

const char* const kPlain = "8BITMIME,SIZE 52428800,AUTH PLAIN LOGIN";
const char* const kPipelining = "PIPELINING,8BITMIME,AUTH PLAIN LOGIN";
const char* const kChunking = "PIPELINING,CHUNKING,8BITMIME,AUTH PLAIN LOGIN";

std::size_t accepted_messages(const Peer& peer) {
  std::size_t count = 0;
  for (const auto& one : peer.messages())
    if (nlohmann::json::parse(one.facts).at("accepted").get<bool>()) ++count;
  return count;
}

const Case kStalls[] = {
    {"connect:stall", 69, "no answer in time"},   {"banner:stall", 69, "no answer in time"},
    {"handshake:stall", 69, "no answer in time"}, {"mail:stall", 75, "no reply within"},
    {"rcpt:stall", 75, "no reply within"},        {"data:stall", 75, "no reply within"},
    {"dot:stall", 4, "no reply within"},          {"quit:stall", 0},
};

const Case kCases[] = {
    {"connect:hangup", 69},
    {"connect:rst", 69},
    {"banner:hangup", 69},
    {"banner:cut:2", 69},
    {"banner:reply:421 4.3.2 busy", 75, "busy"},
    {"banner:close:421 4.3.2 busy", 75, "busy"},
    {"banner:reply:554 5.7.1 no mail from you", 2, "no mail from you"},
    {"banner:garbage", 76, "no SMTP"},
    {"banner:raw:HTTP/1.1 400 Bad Request\\r\\n\\r\\n", 76, "no SMTP"},
    {"banner:long:100000", 0},
    {"banner:multi:500", 0},
    {"ehlo:hangup", 69},
    {"ehlo:reply:502 5.5.1 what", 76, "EHLO"},
    {"ehlo:reply:421 later", 75},
    {"ehlo:garbage", 76, "no SMTP"},
    {"ehlo:reply:250 peer.example", 76, "offers no STARTTLS"},
    {"starttls:reply:454 4.7.0 TLS not available", 75, "TLS not available"},
    {"starttls:reply:502 5.5.1 no", 76, "does not begin TLS"},
    {"starttls:hangup", 69},
    {"starttls:extra:250 injected", 76, "ahead of the TLS handshake"},
    {"handshake:raw:250-injected\\r\\n250 AUTH PLAIN\\r\\n", 76, "TLS"},
    {"handshake:hangup", 76},
    {"ehlo2:hangup", 69},
    {"ehlo2:reply:421 later", 75},
    {"ehlo2:reply:250 peer.example", 77, "no AUTH"},
    {"ehlo2:garbage", 76, "no SMTP"},
    {"auth:reply:504 5.5.4 no such", 77, "no such"},
    {"auth-final:reply:535 5.7.8 bad credentials", 77, "bad credentials"},
    {"auth-final:reply:535 5.7.8 your password correct horse is bad", 77, "your password *** is bad"},
    {"auth-final:reply:454 4.7.0 try later", 75, "try later"},
    {"auth-final:reply:250 welcome", 77},
    {"auth-final:hangup", 69},
    {"auth-final:close:421 4.7.0 slow down", 75, "slow down"},
    {"mail:reply:550 5.7.1 not you", 2, "not you"},
    {"mail:reply:451 4.3.0 later", 75, "later"},
    {"mail:close:421 4.3.0 going", 75, "going"},
    {"mail:hangup", 69},
    {"mail:rst", 69},
    {"mail:garbage", 76, "no SMTP"},
    {"mail:reply:354 what", 76},
    {"rcpt:reply:550 5.1.1 unknown", 2, "unknown"},
    {"rcpt:reply:450 4.2.1 busy", 75, "busy"},
    {"rcpt:close:421 4.3.0 going", 75, "going"},
    {"rcpt:hangup", 69},
    {"rcpt:garbage", 76},
    {"dot:reply:554 5.6.0 spam", 2, "spam"},
    {"dot:reply:451 4.3.0 disk full", 75, "disk full"},
    {"dot:close:421 4.3.0 going", 75, "going"},
    {"dot:hangup", 4, "closed the connection"},
    {"dot:rst", 4},
    {"dot:cut:2", 4},
    {"dot:garbage", 4},
    {"dot:reply:354 again", 4},
    {"dot:long:100000", 4},
    {"after-dot:hangup", 0},
};

/// Only where DATA is said.
const Case kDataCases[] = {{"data:reply:554 5.7.0 no", 2, "no"},
                           {"data:reply:451 4.3.0 later", 75, "later"},
                           {"data:close:421 4.3.0 going", 75, "going"},
                           {"data:hangup", 69},
                           {"data:reply:250 what", 76}};

/// "mail:hangup" becomes "mail@7:hangup": one server plays all cases, each on a connection of its own.
std::string on_connection(std::string fault, std::size_t number) {
  return fault.insert(fault.find(':'), "@" + std::to_string(number));
}

void play(const std::vector<Case>& cases, const char* offers, std::chrono::seconds timeout) {
  std::vector<std::string> arguments{"--ehlo-tls=" + std::string(offers), "--user=me", "--password=correct horse"};
  for (std::size_t i = 0; i < cases.size(); ++i)
    arguments.push_back("--fault=" + on_connection(cases[i].fault, i + 1));
  Peer peer("smtp_script.py", arguments);
  SenderOptions options = options_for("me");
  options.timeout = timeout;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& fault = cases[i];
    SCOPED_TRACE(fault.fault);
    const Outcome outcome =
        submit(*sender_for(peer, options), make_envelope("a@example.org", {"b@example.org"}), sample());
    EXPECT_EQ(outcome.exit, fault.exit) << outcome.error;
    const std::string words = outcome.error.empty() ? outcome.receipt.recipients.at(0).reply : outcome.error;
    EXPECT_THAT(words, HasSubstr(fault.words));
    EXPECT_THAT(words, Not(HasSubstr("correct horse")));
    for (const auto& one : peer.messages()) {
      const auto facts = nlohmann::json::parse(one.facts);
      if (facts.at("session") != i + 1) continue;
      EXPECT_EQ(one.content, sample());
      EXPECT_TRUE(!facts.at("accepted").get<bool>() || fault.exit == 0 || fault.exit == 4);
    }
  }
  EXPECT_THAT(violations(peer), IsEmpty());
}

class SmtpFaults : public ::testing::TestWithParam<const char*> {};

TEST_P(SmtpFaults, EachHasItsExitCodeAndWords) {
  std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  if (GetParam() != kChunking) cases.insert(cases.end(), std::begin(kDataCases), std::end(kDataCases));
  play(cases, GetParam(), std::chrono::seconds(30));
}

INSTANTIATE_TEST_SUITE_P(All, SmtpFaults, ::testing::Values(kPipelining, kChunking, kPlain), [](const auto& test) {
  return test.param == kPlain ? "plain" : test.param == kChunking ? "chunking" : "pipelining";
});

TEST(SmtpFault, SilenceEndsInTime) {
  play({std::begin(kStalls), std::end(kStalls)}, kPipelining, std::chrono::seconds(2));
}

TEST(SmtpFault, PlaintextInPlaceOfTheHandshake_IsNoTls) {
  Peer peer("smtp_script.py", {"--fault=handshake:skip"});
  const Outcome outcome =
      submit(*sender_for(peer, options_for()), make_envelope("a@example.org", {"b@example.org"}), sample());
  EXPECT_EQ(outcome.exit, 76);
  EXPECT_THAT(peer.messages(), IsEmpty());
}

/// So large that the connection breaks while octets are still to be written.
std::string large() {
  std::string text = "Subject: large\r\n\r\n";
  while (text.size() < 24U << 20U)
    text += "0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
  return text;
}

struct LargeCase {
  const char* fault;
  const char* offers;
  int exit;
  const char* words = "";
};
/// The test's name in ctest, the same in every run.
void PrintTo(const LargeCase& test, std::ostream* out) {
  *out << (*test.fault == '\0' ? "no fault" : test.fault) << " with " << test.offers;
}

class SmtpLarge : public ::testing::TestWithParam<LargeCase> {};

TEST_P(SmtpLarge, BreakInTheMiddleIsNeverUnknown) {
  const LargeCase& test = GetParam();
  std::vector<std::string> arguments{"--ehlo-tls=" + std::string(test.offers)};
  if (*test.fault != '\0') arguments.push_back("--fault=" + std::string(test.fault));
  Peer peer("smtp_script.py", arguments);
  const auto sender = sender_for(peer, options_for());
  const std::string message = large();
  const Outcome outcome = submit(*sender, make_envelope("a@example.org", {"b@example.org"}), message);
  EXPECT_EQ(outcome.exit, test.exit) << outcome.error;
  EXPECT_THAT(outcome.error.empty() ? outcome.receipt.recipients.at(0).reply : outcome.error, HasSubstr(test.words));
  EXPECT_THAT(violations(peer), IsEmpty());
  EXPECT_EQ(accepted_messages(peer), test.exit == 0 ? 1U : 0U);
  if (test.exit == 0) {
    EXPECT_TRUE(peer.messages(1).at(0).content == message);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SmtpLarge,
    ::testing::Values(LargeCase{"", kPipelining, 0}, LargeCase{"", kChunking, 0}, LargeCase{"", "CHUNKING,8BITMIME", 0},
                      LargeCase{"body-middle[4096]:hangup", kPlain, 69}, LargeCase{"body-middle[4096]:rst", kPlain, 69},
                      LargeCase{"body-middle[4096]:close:552 5.3.4 too big", kPlain, 2, "too big"},
                      LargeCase{"bdat[1]:reply:552 5.3.4 too big", kChunking, 2, "too big"},
                      LargeCase{"bdat[1]:reply:452 4.3.1 full", kChunking, 75, "full"},
                      LargeCase{"bdat[1]:reply:552 5.3.4 too big", "CHUNKING,8BITMIME", 2, "too big"},
                      LargeCase{"bdat[1]:hangup", kChunking, 69}, LargeCase{"bdat[1]:rst", "CHUNKING,8BITMIME", 69}));

TEST(SmtpFault, PartialRefusalWithoutPermission_NobodyGetsIt) {
  for (const char* offers : {kPlain, kPipelining, kChunking}) {
    Peer peer("smtp_script.py", {"--fault=rcpt[1]@1/1:reply:550 5.1.1 unknown", "--ehlo-tls=" + std::string(offers)});
    const auto sender = sender_for(peer, options_for());
    const Envelope envelope = make_envelope("a@example.org", {"b@example.org", "c@example.org", "d@example.org"});
    const Outcome outcome = submit(*sender, envelope, sample());
    EXPECT_EQ(outcome.exit, 2) << outcome.error;
    const auto& got = outcome.receipt.recipients;
    ASSERT_THAT(got, SizeIs(3));
    EXPECT_EQ(got[1].result, Delivery::refused);
    EXPECT_EQ(got[1].code, 550);
    EXPECT_EQ(got[1].reply, "unknown");
    for (const std::size_t i : {0U, 2U}) {
      EXPECT_EQ(got[i].result, Delivery::refused);
      EXPECT_EQ(got[i].code, 0);
      EXPECT_EQ(got[i].reply, "not sent: another recipient was refused");
    }
    EXPECT_THAT(peer.messages(), IsEmpty());
    // And the sender is good for the next message.
    EXPECT_EQ(submit(*sender, envelope, sample()).exit, 0);
    EXPECT_THAT(violations(peer), IsEmpty());
  }
}

TEST(SmtpFault, PartialRefusalWithPermission_OthersGetIt) {
  for (const char* offers : {kPlain, kPipelining, kChunking}) {
    Peer peer("smtp_script.py", {"--fault=rcpt[1]:reply:550 5.1.1 unknown", "--ehlo-tls=" + std::string(offers)});
    Envelope envelope = make_envelope("a@example.org", {"b@example.org", "c@example.org", "d@example.org"});
    envelope.partial = true;
    const Outcome outcome = submit(*sender_for(peer, options_for()), envelope, sample());
    EXPECT_EQ(outcome.exit, 3);
    EXPECT_EQ(outcome.receipt.recipients.at(0).result, Delivery::accepted);
    EXPECT_EQ(outcome.receipt.recipients.at(1).result, Delivery::refused);
    EXPECT_EQ(outcome.receipt.recipients.at(2).result, Delivery::accepted);
    EXPECT_EQ(peer.messages(1).at(0).content, sample());
    EXPECT_THAT(violations(peer), IsEmpty());
  }
}

TEST(SmtpFault, DeferralWithoutPermission_IsTryAgainLater) {
  Peer peer("smtp_script.py", {"--fault=rcpt[0]:reply:450 4.2.1 greylisted"});
  const Outcome outcome = submit(*sender_for(peer, options_for()),
                                 make_envelope("a@example.org", {"b@example.org", "c@example.org"}), sample());
  EXPECT_EQ(outcome.exit, 75);
  EXPECT_EQ(outcome.receipt.recipients.at(1).result, Delivery::deferred);
  EXPECT_THAT(peer.messages(), IsEmpty());
}

TEST(SmtpFault, DeadAtReset_StillSaysWhatWasRefused) {
  Peer peer("smtp_script.py", {"--fault=rcpt[0]:reply:550 5.1.1 unknown", "--fault=rset:hangup"});
  const Outcome outcome =
      submit(*sender_for(peer, options_for()), make_envelope("a@example.org", {"b@example.org"}), sample());
  EXPECT_EQ(outcome.exit, 2) << outcome.error;
  EXPECT_EQ(outcome.receipt.recipients.at(0).enhanced, "5.1.1");
}

TEST(SmtpFault, UnknownIsRepeatedOnlyWhenAllowed) {
  Peer peer("smtp_script.py", {"--fault=dot@1:hangup"});
  const auto sender = sender_for(peer, options_for());
  Envelope envelope = make_envelope("a@example.org", {"b@example.org"});
  EXPECT_EQ(submit(*sender, envelope, sample()).exit, 4);
  EXPECT_THAT(peer.messages(), SizeIs(1));

  Peer again("smtp_script.py", {"--fault=dot@1:hangup"});
  envelope.retry_unknown = true;
  const Outcome outcome = submit(*sender_for(again, options_for()), envelope, sample());
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(again.messages(2), SizeIs(2));
}

/// What the second try meets says nothing about the first one, whose message may still arrive.
TEST(SmtpFault, UnknownStaysUnknownWhenTheSecondTryFails) {
  for (const char* second :
       {"mail@2:reply:550 5.7.1 no", "rcpt@2:reply:450 4.2.1 later", "connect@2:hangup", "dot@2:reply:554 5.6.0 no"}) {
    Peer peer("smtp_script.py", {"--fault=dot@1:hangup", "--fault=" + std::string(second)});
    Envelope envelope = make_envelope("a@example.org", {"b@example.org"});
    envelope.retry_unknown = true;
    const Outcome outcome = submit(*sender_for(peer, options_for()), envelope, sample());
    EXPECT_EQ(outcome.exit, 4) << second << ": " << outcome.error;
    ASSERT_THAT(outcome.receipt.recipients, SizeIs(1)) << second;
    EXPECT_EQ(outcome.receipt.recipients[0].result, Delivery::unknown) << second;
    EXPECT_THAT(outcome.receipt.recipients[0].reply, HasSubstr("after the last octet")) << second;
    EXPECT_THAT(dialogue(peer, "connect", "event"), SizeIs(2)) << second;
  }
}

TEST(SmtpFault, NobodyListens_IsUnavailable) {
  const auto sender = smtp::make_sender(parse_sender_url("smtp://127.0.0.1:1"), options_for());
  const Outcome outcome = submit(*sender, make_envelope("a@example.org", {"b@example.org"}), sample());
  EXPECT_EQ(outcome.exit, 69);
}

}  // namespace
}  // namespace mimeseal::test
