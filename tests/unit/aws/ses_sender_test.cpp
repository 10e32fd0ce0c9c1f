// SPDX-License-Identifier: MIT
// What becomes of a message for each thing that SES or the network may do, without a network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aws/answer.h"
#include "aws/ses_body.h"
#include "aws/uri.h"
#include "aws_testing.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/send/sender.h"

namespace mimeseal::aws {
namespace {

using test::Answer;
using test::breaks_off;
using test::World;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kMessage = "From: a@example.org\r\nTo: b@example.org\r\n\r\n\xFF\xFE~~~???\r\n";
const Answer kAccepted{200, R"({"MessageId":"id-1"})", {}, {}};

Answer refusal(int status, const std::string& code, const std::string& words = "as the test wished") {
  return {status, R"({"message":")" + words + "\"}", {{"x-amzn-errortype", code}}, {}};
}

Envelope envelope() {
  return make_envelope("a@example.org", {"b@example.org", "c@example.org"});
}

Receipt submit(World& world, const Envelope& to, const std::string& url = "ses://eu-west-1") {
  const auto sender = make_ses_sender(parse_sender_url(url), world.context);
  const auto message = view_source(kMessage);
  return sender->submit(to, *message);
}

Error failure_of(World& world, const Envelope& to, const std::string& url = "ses://eu-west-1",
                 const std::string& message = kMessage) {
  try {
    const auto sender = make_ses_sender(parse_sender_url(url), world.context);
    const auto source = view_source(message);
    (void)sender->submit(to, *source);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Errc::internal, ""};
}

TEST(SesSender, TheWholeRequestIsSigned_TheMessageArrivesAsItIs) {
  World world;
  world.answers = {kAccepted};
  Envelope to = envelope();
  to.tags = {{"campaign", "x_1-y"}};
  const Receipt receipt =
      submit(world, to, "ses://eu-west-1?configuration-set=s&tenant=t&list=l&topic=p&feedback=f@example.org");
  ASSERT_EQ(receipt.recipients.size(), 2U);
  EXPECT_EQ(receipt.recipients[1], (RecipientReceipt{"c@example.org", Delivery::accepted, 200, "", "OK", "id-1"}));
  EXPECT_EQ(receipt.message_id, "id-1");
  EXPECT_EQ(receipt.bytes, kMessage.size());
  EXPECT_EQ(receipt.sender, "ses://eu-west-1");

  const test::Seen& seen = world.asked.at(0);
  EXPECT_EQ(seen.request.url, "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails");
  const auto json = nlohmann::json::parse(seen.body);
  EXPECT_EQ(json["Destination"], nlohmann::json::parse(R"({"ToAddresses":["b@example.org","c@example.org"]})"));
  EXPECT_EQ(json["FromEmailAddress"], "a@example.org");
  EXPECT_EQ(json["EmailTags"], nlohmann::json::parse(R"([{"Name":"campaign","Value":"x_1-y"}])"));
  EXPECT_EQ(json["ConfigurationSetName"], "s");
  EXPECT_EQ(json["TenantName"], "t");
  EXPECT_EQ(json["FeedbackForwardingEmailAddress"], "f@example.org");
  EXPECT_EQ(json["ListManagementOptions"], nlohmann::json::parse(R"({"ContactListName":"l","TopicName":"p"})"));
  EXPECT_EQ(base64_decode(json["Content"]["Raw"]["Data"].get<std::string>()), kMessage);
  EXPECT_THAT(seen.header("Authorization"), HasSubstr("Credential=AKIDEXAMPLE/20261122/eu-west-1/ses/aws4_request, "
                                                      "SignedHeaders=content-type;host;x-amz-date, Signature="));
}

TEST(SesSender, Version1IsAForm) {
  World world;
  world.answers = {{200, "<SendRawEmailResponse><SendRawEmailResult><MessageId>id-2</MessageId>", {}, {}}};
  Envelope to = envelope();
  to.tags = {{"n", "v"}};
  const Receipt receipt = submit(world, to, "ses://eu-west-1?api=v1&configuration-set=s");
  EXPECT_EQ(receipt.message_id, "id-2");
  const std::string& body = world.asked.at(0).body;
  EXPECT_EQ(uri_decode(body),
            "Action=SendRawEmail&Version=2010-12-01&Source=a@example.org&Destinations.member.1=b@example.org"
            "&Destinations.member.2=c@example.org&Tags.member.1.Name=n&Tags.member.1.Value=v&ConfigurationSetName=s"
            "&RawMessage.Data=" +
                base64_encode(kMessage));
  EXPECT_EQ(body.find_first_of("+/ "), std::string::npos);
}

TEST(SesSender, ThrottlingIsRetriedWithGrowingPauses_ThenDeferred) {
  World world;
  world.environment["AWS_MAX_ATTEMPTS"] = "8";
  for (int i = 0; i < 8; ++i)
    world.answers.push_back(refusal(429, "TooManyRequestsException", "slow"));
  const Receipt receipt = submit(world, envelope());
  EXPECT_EQ(receipt.recipients[0],
            (RecipientReceipt{"b@example.org", Delivery::deferred, 429, "TooManyRequestsException", "slow", ""}));
  EXPECT_EQ(exit_code(receipt), 75);
  EXPECT_THAT(world.pauses, ElementsAre(1000, 2000, 4000, 8000, 16000, 20000, 20000));
}

TEST(SesSender, Version1SaysThrottlingAt400) {
  World world;
  const Answer throttling{400, "<ErrorResponse><Error><Code>Throttling</Code><Message>m</Message></Error>", {}, {}};
  world.answers = {throttling, {200, "<MessageId>x</MessageId>", {}, {}}};
  EXPECT_EQ(exit_code(submit(world, envelope(), "ses://eu-west-1?api=v1")), 0);
  EXPECT_EQ(world.asked.size(), 2U);
}

TEST(SesSender, WhatBrokeBeforeTheLastOctetIsRetried) {
  World world;
  world.answers = {breaks_off(false), breaks_off(false, Errc::temporary), kAccepted};
  EXPECT_EQ(exit_code(submit(world, envelope())), 0);
  EXPECT_EQ(world.asked.size(), 3U);
  EXPECT_EQ(world.asked[0].body, world.asked[2].body);
}

TEST(SesSender, WhatNeverGoesThroughIsCertainlyWithNobody) {
  World world;
  EXPECT_EQ(failure_of(world, envelope()).code(), Errc::unavailable);
  EXPECT_EQ(world.asked.size(), 3U);
}

TEST(SesSender, TlsFailuresAreNotRetried) {
  World world;
  world.answers = {breaks_off(false, Errc::protocol)};
  EXPECT_EQ(failure_of(world, envelope()).code(), Errc::protocol);
  EXPECT_EQ(world.asked.size(), 1U);
}

class AfterTheLastOctet : public testing::TestWithParam<Answer> {};

TEST_P(AfterTheLastOctet, TheOutcomeIsUnknownAndNotRepeated) {
  World world;
  world.answers = {GetParam(), kAccepted};
  const Receipt receipt = submit(world, envelope());
  EXPECT_EQ(receipt.recipients[0].result, Delivery::unknown);
  EXPECT_EQ(exit_code(receipt), 4);
  EXPECT_EQ(world.asked.size(), 1U);
}

TEST_P(AfterTheLastOctet, ItIsRepeatedWhenAskedFor) {
  World world;
  world.answers = {GetParam(), kAccepted};
  Envelope to = envelope();
  to.retry_unknown = true;
  EXPECT_EQ(exit_code(submit(world, to)), 0);
  EXPECT_EQ(world.asked.size(), 2U);
}

TEST_P(AfterTheLastOctet, WhatComesThenDoesNotMakeItCertain) {
  for (const Answer& then : {refusal(400, "MessageRejected"), refusal(403, "AccessDeniedException"),
                             refusal(429, "TooManyRequestsException"), breaks_off(false, Errc::protocol)}) {
    World world;
    world.environment["AWS_MAX_ATTEMPTS"] = "2";
    world.answers = {GetParam(), then};
    Envelope to = envelope();
    to.retry_unknown = true;
    EXPECT_EQ(exit_code(submit(world, to)), 4);
  }
}

INSTANTIATE_TEST_SUITE_P(All, AfterTheLastOctet,
                         testing::Values(breaks_off(true), breaks_off(true, Errc::temporary),
                                         refusal(500, "InternalFailure"), refusal(502, ""), refusal(503, "Unavailable"),
                                         refusal(504, "")));

TEST(SesSender, RefusalsAreTheServersOwnWords) {
  for (const auto& [status, code] :
       std::vector<std::pair<int, std::string>>{{400, "MessageRejected"},
                                                {400, "MailFromDomainNotVerifiedException"},
                                                {400, "AccountSuspendedException"},
                                                {400, "SendingPausedException"},
                                                {400, "LimitExceededException"},
                                                {400, "BadRequestException"},
                                                {404, "NotFoundException"},
                                                {413, "RequestEntityTooLarge"}}) {
    World world;
    world.answers = {refusal(status, code, "words")};
    const Receipt receipt = submit(world, envelope());
    EXPECT_EQ(receipt.recipients[1], (RecipientReceipt{"c@example.org", Delivery::refused, status, code, "words", ""}));
    EXPECT_EQ(exit_code(receipt), 2);
    EXPECT_EQ(world.asked.size(), 1U);
  }
}

TEST(SesSender, CredentialsThatAreRefusedAreAnError) {
  for (const Answer& answer : {refusal(403, "SignatureDoesNotMatch", "Signature expired: x"), refusal(401, ""),
                               refusal(400, "UnrecognizedClientException")}) {
    World world;
    world.answers = {answer};
    const Error error = failure_of(world, envelope());
    EXPECT_EQ(error.code(), Errc::refused);
    EXPECT_EQ(world.asked.size(), 1U);
  }
}

TEST(SesSender, RedirectionIsNotFollowed) {
  World world;
  world.answers = {{307, "", {{"location", "https://evil.example/"}}, {}}};
  EXPECT_EQ(failure_of(world, envelope()).code(), Errc::config);
  EXPECT_EQ(world.asked.size(), 1U);
}

TEST(SesSender, TlsTowardsTheReceiversIsVerifiedFirst) {
  Envelope to = envelope();
  to.require_tls = true;
  World none;
  EXPECT_EQ(failure_of(none, to).code(), Errc::protocol);
  EXPECT_TRUE(none.asked.empty());

  World optional;
  optional.answers = {{200, R"({"DeliveryOptions":{"TlsPolicy":"OPTIONAL"}})", {}, {}}};
  EXPECT_EQ(failure_of(optional, to, "ses://eu-west-1?configuration-set=s").code(), Errc::protocol);
  EXPECT_EQ(optional.asked.size(), 1U);

  World silent;
  silent.answers = {{200, "{}", {}, {}}};
  EXPECT_EQ(failure_of(silent, to, "ses://eu-west-1?configuration-set=s").code(), Errc::protocol);

  World missing;
  missing.answers = {refusal(404, "NotFoundException")};
  EXPECT_EQ(failure_of(missing, to, "ses://eu-west-1?configuration-set=s").code(), Errc::config);

  World require;
  require.answers = {{200, R"({"DeliveryOptions":{"TlsPolicy":"REQUIRE"}})", {}, {}}, kAccepted};
  EXPECT_EQ(exit_code(submit(require, to, "ses://eu-west-1?configuration-set=s")), 0);
  EXPECT_EQ(require.asked[0].request.url, "https://email.eu-west-1.amazonaws.com/v2/email/configuration-sets/s");
}

TEST(SesSender, WhatSesCannotTakeIsSaidBeforeAnythingIsSent) {
  World world;
  const auto kind = [&](const std::function<void(Envelope&)>& change) {
    Envelope to = envelope();
    change(to);
    return failure_of(world, to).code();
  };
  EXPECT_EQ(kind([](Envelope& to) { to.tags = {{"to", "b@example.org"}}; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.tags = {{"a b", "c"}}; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.tags = {{"a", ""}}; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.tags = {{"a", std::string(257, 'x')}}; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.tags = {{"a", "b\r\nc"}}; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.tags = {{"a", "b"}, {"a", "c"}}; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.notify = "NEVER"; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.envid = "x"; }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.from.clear(); }), Errc::usage);
  EXPECT_EQ(kind([](Envelope& to) { to.recipients.assign(51, "b@example.org"); }), Errc::limit);
  EXPECT_EQ(kind([](Envelope& to) { to.recipients = {"\xC3\xBC@example.org"}; }), Errc::unsupported);
  const Envelope to = envelope();
  EXPECT_EQ(failure_of(world, to, "ses://eu-west-1", std::string(1000, 'x') + "\r\n").code(), Errc::limit);
  EXPECT_EQ(failure_of(world, to, "ses://eu-west-1", "").code(), Errc::malformed);
  EXPECT_EQ(failure_of(world, to, "ses://eu-west-1", "Content-Type: a/b; name=x.exe\r\n\r\n").code(),
            Errc::unsupported);
  EXPECT_TRUE(world.asked.empty());
}

TEST(SesSender, SizesAreCountedInBase64) {
  World world;
  std::string line(76, 'x');
  line += "\r\n";
  const auto lines = [&](std::uint64_t octets) {
    std::string text;
    text.reserve(octets);
    while (text.size() + line.size() <= octets)
      text += line;
    text.append(octets - text.size(), 'y');
    return text;
  };
  const std::uint64_t v1 = (10U << 20U) / 4 * 3;
  EXPECT_EQ(failure_of(world, envelope(), "ses://eu-west-1?api=v1", lines(v1 + 1)).code(), Errc::limit);
  EXPECT_EQ(failure_of(world, envelope(), "ses://eu-west-1", lines((40U << 20U) / 4 * 3 + 1)).code(), Errc::limit);
  EXPECT_TRUE(world.asked.empty());
  world.answers = {kAccepted};
  const auto sender = make_ses_sender(parse_sender_url("ses://eu-west-1"), world.context);
  const std::string exact = lines((40U << 20U) / 4 * 3);
  const auto source = view_source(exact);
  EXPECT_EQ(exit_code(sender->submit(envelope(), *source)), 0);
  EXPECT_GT(world.asked.at(0).body.size(), 40U << 20U);
}

TEST(SesSender, EndedCredentialsAreRenewedOnce) {
  World world;
  world.answers = {refusal(403, "ExpiredTokenException"), kAccepted};
  EXPECT_EQ(exit_code(submit(world, envelope())), 0);
  EXPECT_TRUE(world.pauses.empty());
  world.answers = {refusal(403, "ExpiredTokenException"), refusal(403, "ExpiredTokenException")};
  EXPECT_EQ(failure_of(world, envelope()).code(), Errc::refused);
}

TEST(SesSender, NoCredentialInTraceErrorOrReceipt) {
  World world;
  world.environment["AWS_SESSION_TOKEN"] = "TOKENMARKER";
  world.answers = {refusal(429, "TooManyRequestsException"), refusal(403, "SignatureDoesNotMatch")};
  const Error error = failure_of(world, envelope());
  std::string all = world.trace + error.what() + error.where() + error.hint() + error.cause();
  for (const std::string& line : error.details())
    all += line;
  EXPECT_THAT(all, Not(HasSubstr("SECRETMARKER")));
  EXPECT_THAT(all, Not(HasSubstr("TOKENMARKER")));
  EXPECT_THAT(all, Not(HasSubstr("Signature=")));
  EXPECT_THAT(world.trace, HasSubstr("> POST https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails ("));
  EXPECT_THAT(world.trace, HasSubstr("< 429 TooManyRequestsException"));
}

TEST(SesSender, AMadeUpNumberOfAttemptsIsAFaultOfTheConfiguration) {
  World world;
  world.environment["AWS_MAX_ATTEMPTS"] = "many";
  EXPECT_EQ(failure_of(world, envelope()).code(), Errc::config);
}

TEST(SesBody, EveryLengthMakesGoodBase64InEveryPass) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 49151U, 49152U, 49153U, 98304U, 100000U}) {
    std::string message(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      message[i] = static_cast<char>(i * 7);
    for (const BodyForm form : {BodyForm::json, BodyForm::form}) {
      const auto source = view_source(message);
      SesBody body("<", *source, ">", form);
      NullSink seen;
      body.measure(seen, UINT64_MAX, "");
      EXPECT_EQ(seen.count(), size);
      for (int pass = 0; pass < 2; ++pass) {
        body.rewind();
        const std::string all = read_all(body);
        EXPECT_EQ(all.size(), *body.size());
        EXPECT_EQ(hex(sha256(all)), body.sha256());
        EXPECT_EQ(form == BodyForm::json ? all : uri_decode(all), "<" + base64_encode(message) + ">");
      }
    }
  }
}

TEST(SesClient, QuotaAndPolicyInBothVersions) {
  World world;
  world.answers = {
      {200,
       R"({"SendQuota":{"Max24HourSend":200.0,"MaxSendRate":1.0,"SentLast24Hours":7.0},"SendingEnabled":true,)"
       R"("ProductionAccessEnabled":false,"EnforcementStatus":"HEALTHY"})",
       {},
       {}},
      {200, R"({"DeliveryOptions":{"TlsPolicy":"REQUIRE"}})", {}, {}},
      {200, "{}", {}, {}}};
  SesClient client({.region = "eu-west-1"}, world.context);
  const SesQuota quota = client.quota();
  EXPECT_EQ(quota.sent_24_hour, 7);
  EXPECT_EQ(quota.production_access, false);
  EXPECT_EQ(client.tls_policy("a b"), TlsDelivery::require);
  client.set_tls_policy("s", TlsDelivery::require);
  EXPECT_EQ(world.asked[1].request.url, "https://email.eu-west-1.amazonaws.com/v2/email/configuration-sets/a%20b");
  EXPECT_EQ(world.asked[2].request.method, "PUT");
  EXPECT_EQ(world.asked[2].body, R"({"TlsPolicy":"REQUIRE"})");

  world.answers = {
      {200,
       "<Max24HourSend>-1.0</Max24HourSend><MaxSendRate>1</MaxSendRate><SentLast24Hours>0</SentLast24Hours>",
       {},
       {}},
      {200, "<DescribeConfigurationSetResult><TlsPolicy>Optional</TlsPolicy>", {}, {}},
      {400, "<Error><Code>ConfigurationSetDoesNotExist</Code><Message>m</Message></Error>", {}, {}}};
  SesClient old({.region = "eu-west-1", .api = SesApi::v1}, world.context);
  EXPECT_EQ(old.quota().max_24_hour, -1);
  EXPECT_EQ(old.tls_policy("s"), TlsDelivery::optional);
  try {
    old.set_tls_policy("s", TlsDelivery::optional);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::config);
  }
  EXPECT_THAT(world.asked.back().body, HasSubstr("&DeliveryOptions.TlsPolicy=Optional"));
}

TEST(SesClient, CallsThatMayBeRepeatedAre) {
  World world;
  world.answers = {refusal(500, ""), breaks_off(true), refusal(503, "")};
  SesClient client({.region = "eu-west-1"}, world.context);
  try {
    (void)client.quota();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::temporary);
  }
  EXPECT_EQ(world.asked.size(), 3U);
}

}  // namespace
}  // namespace mimeseal::aws
