// SPDX-License-Identifier: MIT
// Against the stand-in for SES, which verifies SigV4, keeps the octets and breaks off where it is told to.
#include "mimeseal/aws/ses.h"

#include <gmock/gmock.h>

#include "aws_peer.h"
#include "mimeseal/send/sender.h"

namespace mimeseal::aws {
namespace {

using test::https;
using test::json;
using test::Peer;
using test::requests;
using test::Setting;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kOptions = {"--credentials=AKID:SECRETMARKER", "--region=eu-central-1",
                                           "--config-set=strict=REQUIRE", "--config-set=loose"};

std::vector<std::string> with(std::vector<std::string> more) {
  more.insert(more.begin(), kOptions.begin(), kOptions.end());
  return more;
}

/// 8-bit, dots, long lines: whatever must arrive as it is.
std::string message(std::size_t lines = 3) {
  std::string text = "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n\r\n.\r\n..\r\n\xC3\xBC\xFF+/=%&\r\n";
  for (std::size_t i = 0; i < lines; ++i)
    text += std::string(900 + i % 90, static_cast<char>('!' + i % 90)) + "\r\n";
  return text;
}

Envelope envelope() {
  return make_envelope("a@example.org", {"b@example.org", "c+d@example.org"});
}

class Ses : public testing::Test {
 protected:
  explicit Ses() { setting.sign_as("AKID", "SECRETMARKER"); }

  std::unique_ptr<Sender> sender(const Peer& peer, const std::string& more = {}) {
    return make_ses_sender(parse_sender_url("ses://eu-central-1?endpoint=" + https(peer) + more), setting.context);
  }
  static Receipt submit(Sender& sender, const std::string& text, const Envelope& to = envelope()) {
    const auto source = view_source(text);
    return sender.submit(to, *source);
  }

  Setting setting;
};

TEST_F(Ses, BothVersionsTakeTheOctetsAsTheyAre) {
  for (const char* api : {"&api=v2", "&api=v1"}) {
    const Peer peer("ses_server.py", with({}));
    const auto ses = sender(peer, std::string(api) + "&configuration-set=strict");
    Envelope to = envelope();
    to.tags = {{"campaign", "spring"}};
    for (const std::size_t lines : {0U, 3U, 5000U}) {
      const Receipt receipt = submit(*ses, message(lines), to);
      ASSERT_EQ(exit_code(receipt), 0);
      EXPECT_FALSE(receipt.message_id.empty());
      EXPECT_EQ(receipt.tls.version, "1.3");
      EXPECT_FALSE(receipt.tls.peer.empty());
    }
    const auto stored = peer.messages(3);
    ASSERT_EQ(stored.size(), 3U);
    EXPECT_EQ(stored[0].content, message(0));
    EXPECT_EQ(stored[2].content, message(5000));
    const json facts = json::parse(stored[2].facts);
    EXPECT_EQ(facts["mail_from"], "a@example.org");
    EXPECT_EQ(facts["rcpt"][1]["address"], "c+d@example.org");
    EXPECT_EQ(facts["tags"], json::parse(R"([["campaign","spring"]])"));
    EXPECT_EQ(facts["configuration_set"], "strict");
    EXPECT_EQ(facts["connection"], json::parse(stored[0].facts)["connection"]);  // kept
  }
}

TEST_F(Ses, AllThatTheUrlSaysReachesSes) {
  const Peer peer("ses_server.py", with({}));
  const auto ses = sender(peer, "&tenant=t&list=l&topic=p&feedback=f@example.org");
  ASSERT_EQ(exit_code(submit(*ses, message())), 0);
  const json facts = json::parse(peer.messages(1)[0].facts);
  EXPECT_EQ(facts["tenant"], "t");
  EXPECT_EQ(facts["feedback"], "f@example.org");
  EXPECT_EQ(facts["list_management"], json::parse(R"({"ContactListName":"l","TopicName":"p"})"));
}

TEST_F(Ses, WrongKeysAreRefused_TheSecretStaysSecret) {
  const Peer peer("ses_server.py", with({}));
  setting.sign_as("AKID", "WRONGMARKER");
  const auto ses = sender(peer);
  try {
    (void)submit(*ses, message());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::refused);
    EXPECT_THAT(std::string(error.what()), HasSubstr("SignatureDoesNotMatch"));
    EXPECT_THAT(setting.trace + error.what() + error.where() + error.hint(), Not(HasSubstr("WRONGMARKER")));
  }
  EXPECT_TRUE(peer.messages().empty());
}

TEST_F(Ses, ThrottlingIsRetriedInBothVersions) {
  for (const char* api : {"&api=v2", "&api=v1"}) {
    const std::string fate = api == std::string("&api=v1") ? "--fail=2:400:Throttling" : "--fail=2:429";
    const Peer peer("ses_server.py", with({fate}));
    EXPECT_EQ(exit_code(submit(*sender(peer, api), message())), 0);
    EXPECT_EQ(requests(peer).size(), 3U);
    EXPECT_EQ(peer.messages(1).size(), 1U);
  }
}

TEST_F(Ses, ThrottlingWithoutEndIsDeferred) {
  const Peer peer("ses_server.py", with({"--fail=9:429"}));
  EXPECT_EQ(exit_code(submit(*sender(peer), message())), 75);
}

TEST_F(Ses, WhatBreaksBeforeTheLastOctetIsRetried) {
  for (const char* fate : {"--hangup=connect:1", "--reset=connect:1", "--hangup=before-body:1", "--hangup=mid-body:1",
                           "--reset=mid-body:1"}) {
    const Peer peer("ses_server.py", with({fate}));
    // Larger than what the kernel takes before the server reads: else the last octet may be gone, and the rest is
    // unknown.
    const Receipt receipt = submit(*sender(peer), message(20'000));
    EXPECT_EQ(exit_code(receipt), 0) << fate;
    EXPECT_EQ(peer.messages(1).size(), 1U);
    EXPECT_EQ(setting.pauses, 1) << fate;
    setting.pauses = 0;
  }
}

class SesUnknown : public Ses, public testing::WithParamInterface<const char*> {};

TEST_P(SesUnknown, IsNeverRepeated_OnAFreshOrAKeptConnection) {
  if (std::string(GetParam()).starts_with("--stall")) setting.context.timeout = std::chrono::seconds(5);
  for (const bool kept : {false, true}) {
    // An honest first answer, so that the second message goes over a kept connection.
    std::vector<std::string> options;
    if (kept) options.emplace_back("--fail=1:400:MessageRejected");
    options.emplace_back(GetParam());
    const Peer peer("ses_server.py", with(options));
    const auto ses = sender(peer);
    if (kept) {
      EXPECT_EQ(exit_code(submit(*ses, message())), 2);
    }
    const Receipt receipt = submit(*ses, message());
    EXPECT_EQ(exit_code(receipt), 4) << kept;
    EXPECT_EQ(receipt.recipients[0].result, Delivery::unknown);
    // Once more, and then it is stored: had it been repeated, it would lie there already.
    const bool was_stored = std::string(GetParam()).find("mid-answer") != std::string::npos;
    EXPECT_EQ(peer.messages().size(), was_stored ? 1U : 0U) << kept;
    EXPECT_EQ(setting.pauses, 0);
  }
}

TEST_P(SesUnknown, IsRepeatedWhenAskedFor) {
  if (std::string(GetParam()).starts_with("--stall")) setting.context.timeout = std::chrono::seconds(5);
  const Peer peer("ses_server.py", with({GetParam()}));
  Envelope to = envelope();
  to.retry_unknown = true;
  EXPECT_EQ(exit_code(submit(*sender(peer), message(), to)), 0);
}

INSTANTIATE_TEST_SUITE_P(All, SesUnknown,
                         testing::Values("--fail=1:500", "--fail=1:503", "--hangup=after-body:1",
                                         "--reset=after-body:1", "--stall=after-body:1", "--hangup=mid-answer:1",
                                         "--reset=mid-answer:1", "--stall=mid-answer:1"));

TEST_F(Ses, RefusalsBringItsWords) {
  const Peer peer("ses_server.py", with({"--unverified=a@example.org"}));
  const Receipt receipt = submit(*sender(peer), message());
  EXPECT_EQ(exit_code(receipt), 2);
  EXPECT_EQ(receipt.recipients[0].enhanced, "MessageRejected");
  EXPECT_THAT(receipt.recipients[0].reply, HasSubstr("not verified"));
  EXPECT_EQ(exit_code(submit(*sender(peer, "&configuration-set=none"), message(),
                             make_envelope("b@example.org", {"c@example.org"}))),
            2);
}

TEST_F(Ses, CertificatesAreChecked) {
  const auto cert = [](const char* name) {
    const auto& folder = mimeseal::test::test_ca();
    return with({"--cert=" + (folder / (std::string(name) + ".pem")).string(),
                 "--key=" + (folder / (std::string(name) + ".key")).string()});
  };
  for (const char* name : {"other", "expired", "rogue", "selfsigned"}) {
    const Peer peer("ses_server.py", cert(name));
    const auto ses = sender(peer);
    EXPECT_EQ(test::kind_of([&] { (void)submit(*ses, message()); }), Errc::protocol) << name;
    EXPECT_TRUE(peer.messages().empty());
  }
}

TEST_F(Ses, OldTlsIsRefused) {
  const Peer peer("ses_server.py", with({"--tls-min=1.1", "--tls-max=1.1"}));
  const auto ses = sender(peer);
  EXPECT_EQ(test::kind_of([&] { (void)submit(*ses, message()); }), Errc::protocol);
}

TEST_F(Ses, QuotaInBothVersions) {
  const Peer peer("ses_server.py", with({"--quota=50000,14,7", "--sandbox", "--enforcement=PROBATION"}));
  SesClient v2({.region = "eu-central-1", .endpoint = https(peer)}, setting.context);
  const SesQuota quota = v2.quota();
  EXPECT_EQ(quota.max_24_hour, 50000);
  EXPECT_EQ(quota.max_per_second, 14);
  EXPECT_EQ(quota.sent_24_hour, 7);
  EXPECT_EQ(quota.production_access, false);
  EXPECT_EQ(quota.enforcement, "PROBATION");
  SesClient v1({.region = "eu-central-1", .endpoint = https(peer), .api = SesApi::v1}, setting.context);
  EXPECT_EQ(v1.quota().max_24_hour, 50000);
  EXPECT_FALSE(v1.quota().sending_enabled);
}

TEST_F(Ses, TheTlsPolicyIsReadSetAndDemanded) {
  const Peer peer("ses_server.py", with({}));
  Envelope to = envelope();
  to.require_tls = true;
  const auto strict = sender(peer, "&configuration-set=strict");
  EXPECT_EQ(exit_code(submit(*strict, message(), to)), 0);
  const auto loose = sender(peer, "&configuration-set=loose");
  EXPECT_EQ(test::kind_of([&] { (void)submit(*loose, message(), to); }), Errc::protocol);
  for (const SesApi api : {SesApi::v2, SesApi::v1}) {
    SesClient client({.region = "eu-central-1", .endpoint = https(peer), .api = api}, setting.context);
    EXPECT_EQ(client.tls_policy("loose"), TlsDelivery::optional);
    client.set_tls_policy("loose", TlsDelivery::require);
    EXPECT_EQ(client.tls_policy("loose"), TlsDelivery::require);
    client.set_tls_policy("loose", TlsDelivery::optional);
    EXPECT_EQ(test::kind_of([&] { (void)client.tls_policy("none"); }), Errc::config);
  }
  EXPECT_EQ(peer.messages().size(), 1U);
}

TEST_F(Ses, WithoutCredentialsNothingIsSent) {
  const Peer peer("ses_server.py", with({}));
  setting.environment.erase("AWS_ACCESS_KEY_ID");
  setting.environment.erase("AWS_SECRET_ACCESS_KEY");
  const auto ses = sender(peer);
  EXPECT_EQ(test::kind_of([&] { (void)submit(*ses, message()); }), Errc::refused);
  EXPECT_TRUE(requests(peer).empty());
}

}  // namespace
}  // namespace mimeseal::aws
