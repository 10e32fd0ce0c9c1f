// SPDX-License-Identifier: MIT
// ses: URLs, regions and endpoints.
#include <gtest/gtest.h>

#include "aws_testing.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "support/process.h"

namespace mimeseal::aws {
namespace {

using test::World;

Errc kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Errc::internal;
}

std::string endpoint(const std::string& url, World& world) {
  return resolve_ses(ses_settings(parse_sender_url(url)), world.context).endpoint;
}

TEST(SesPlace, TheRegionMakesTheEndpoint) {
  World world;
  EXPECT_EQ(endpoint("ses://eu-central-1", world), "https://email.eu-central-1.amazonaws.com");
  EXPECT_EQ(endpoint("ses://us-east-1?fips=1", world), "https://email-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(endpoint("ses://eu-west-1?dualstack=1", world), "https://email.eu-west-1.api.aws");
  EXPECT_EQ(endpoint("ses://cn-north-1", world), "https://email.cn-north-1.amazonaws.com.cn");
  world.environment["AWS_USE_FIPS_ENDPOINT"] = "true";
  EXPECT_EQ(endpoint("ses://us-gov-west-1", world), "https://email-fips.us-gov-west-1.amazonaws.com");
}

TEST(SesPlace, FipsIsNotMadeUpAndExcludesCustomEndpoints) {
  World world;
  EXPECT_EQ(kind_of([&] { endpoint("ses://eu-central-1?fips=1", world); }), Errc::config);
  EXPECT_EQ(kind_of([&] { endpoint("ses://us-east-1?fips=1&endpoint=https://localhost:1", world); }), Errc::config);
  world.environment["AWS_ENDPOINT_URL"] = "https://localhost:1";
  EXPECT_EQ(kind_of([&] { endpoint("ses://us-east-1?fips=1", world); }), Errc::config);
}

TEST(SesPlace, EndpointsInTheirOrder) {
  World world;
  mimeseal::test::TempDir folder;
  mimeseal::test::write_file(folder / "config",
                             "[default]\nservices = s\nendpoint_url = https://profile\n[services s]\nsesv2 =\n"
                             "  endpoint_url = https://services/\n");
  world.environment["AWS_CONFIG_FILE"] = (folder / "config").string();
  EXPECT_EQ(endpoint("ses://eu-west-1", world), "https://services");
  EXPECT_EQ(endpoint("ses://eu-west-1?api=v1", world), "https://profile");
  world.environment["AWS_ENDPOINT_URL"] = "https://global";
  EXPECT_EQ(endpoint("ses://eu-west-1", world), "https://global");
  world.environment["AWS_ENDPOINT_URL_SESV2"] = "https://service";
  EXPECT_EQ(endpoint("ses://eu-west-1", world), "https://service");
  EXPECT_EQ(endpoint("ses://eu-west-1?endpoint=https://url:8443", world), "https://url:8443");
  world.environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(endpoint("ses://eu-west-1", world), "https://email.eu-west-1.amazonaws.com");
}

TEST(SesPlace, EndpointsAreHttps) {
  World world;
  for (const char* bad : {"http://localhost", "https://", "localhost", "https://u:p@h", "https://h?x=1"})
    EXPECT_EQ(kind_of([&] { (void)resolve_ses({.region = "eu-west-1", .endpoint = bad}, world.context); }), Errc::usage)
        << bad;
  world.environment["AWS_ENDPOINT_URL"] = "http://localhost";
  EXPECT_EQ(kind_of([&] { endpoint("ses://eu-west-1", world); }), Errc::config);
}

TEST(SesPlace, TheRegionComesFromTheEnvironmentOrTheProfile) {
  World world;
  EXPECT_EQ(kind_of([&] { (void)resolve_ses({}, world.context); }), Errc::config);
  mimeseal::test::TempDir folder;
  mimeseal::test::write_file(folder / "config", "[profile mail]\nregion = eu-north-1\n");
  world.environment["AWS_CONFIG_FILE"] = (folder / "config").string();
  EXPECT_EQ(resolve_ses({.profile = "mail"}, world.context).region, "eu-north-1");
  world.environment["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(resolve_ses({}, world.context).region, "eu-west-2");
  world.environment["AWS_REGION"] = "eu-west-3";
  EXPECT_EQ(resolve_ses({}, world.context).region, "eu-west-3");
  world.environment["AWS_REGION"] = "x.evil.example/";
  EXPECT_EQ(kind_of([&] { (void)resolve_ses({}, world.context); }), Errc::config);
}

TEST(SesUrl, ParametersAreKnownAndWellFormed) {
  const SesSettings settings = ses_settings(parse_sender_url(
      "ses://eu-west-1?configuration-set=s&tenant=t&list=l&topic=p&feedback=f%40example.org&profile=mail"));
  EXPECT_EQ(settings.configuration_set, "s");
  EXPECT_EQ(settings.feedback, "f@example.org");
  EXPECT_EQ(settings.profile, "mail");
  for (const char* bad :
       {"ses://eu-west-1?region=x", "ses://eu-west-1?api=v3", "ses://eu-west-1?fips=maybe", "ses://eu-west-1?topic=p",
        "ses://eu-west-1?api=v1&tenant=t", "ses://eu-west-1?configuration-set=", "ses://eu-west-1?tenant=a%22b",
        "ses://eu-west-1?feedback=nobody", "ses://eu-west-1:443", "ses://eu-west-1/x", "ses://eu_west_1"})
    EXPECT_EQ(kind_of([&] { (void)ses_settings(parse_sender_url(bad)); }), Errc::usage) << bad;
}

TEST(SesProbe, LooksAtHttpsAndBothKindsOfSmtp) {
  World world;
  std::vector<std::string> targets;
  for (const char* url : {"ses://eu-west-1", "ses://us-east-1?fips=1", "ses://ca-central-1?fips=1",
                          "ses://eu-west-1?endpoint=https://localhost:8443"})
    for (const SenderUrl& target : ses_probe_targets(parse_sender_url(url), world.context))
      targets.push_back(target.display());
  EXPECT_EQ(targets, (std::vector<std::string>{
                         "https://email.eu-west-1.amazonaws.com", "smtp://email-smtp.eu-west-1.amazonaws.com:587",
                         "smtps://email-smtp.eu-west-1.amazonaws.com:465", "https://email-fips.us-east-1.amazonaws.com",
                         "smtp://email-smtp-fips.us-east-1.amazonaws.com:587",
                         "smtps://email-smtp-fips.us-east-1.amazonaws.com:465",
                         "https://email-fips.ca-central-1.amazonaws.com", "https://localhost:8443"}));
}

}  // namespace
}  // namespace mimeseal::aws
