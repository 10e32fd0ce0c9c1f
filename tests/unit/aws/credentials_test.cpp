// SPDX-License-Identifier: MIT
// Where credentials come from, in which order, and what is told when there are none.
#include "mimeseal/aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/uri.h"
#include "aws_testing.h"
#include "mimeseal/core/error.h"
#include "support/process.h"

namespace mimeseal::aws {
namespace {

using mimeseal::test::TempDir;
using mimeseal::test::write_file;
using test::Answer;
using test::breaks_off;
using test::World;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string kRoleAnswer =
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</"
    "AccessKeyId><SecretAccessKey>SECRETMARKER"
    "</SecretAccessKey><SessionToken>t+/=</SessionToken><Expiration>2026-11-22T13:00:00Z</Expiration></Credentials>";
const std::string kJsonAnswer =
    R"({"Code":"Success","AccessKeyId":"ASIAJSON","SecretAccessKey":"SECRETMARKER","Token":"tok","SessionToken":"tok",)"
    R"("Expiration":"2026-11-22T13:00:00Z","Version":1})";

/// A home with the two files, and no keys in the environment.
class Home : public World {
 public:
  explicit Home(const std::string& config = {}, const std::string& credentials = {}) {
    environment = {{"HOME", folder.path().string()}, {"AWS_EC2_METADATA_DISABLED", "true"}};
    std::filesystem::create_directories(folder / ".aws/sso/cache");
    if (!config.empty()) write_file(folder / ".aws/config", config);
    if (!credentials.empty()) write_file(folder / ".aws/credentials", credentials);
  }

  Credentials get() { return CredentialChain(context, "eu-west-1").get().clone(); }

  /// What the failure says: what() and the details.
  std::string failure() {
    try {
      (void)get();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::refused);
      std::string all = error.what();
      for (const std::string& line : error.details())
        all += "\n" + line;
      EXPECT_THAT(all, Not(HasSubstr("SECRETMARKER")));
      return all;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  TempDir folder;
};

TEST(Credentials, TheEnvironmentComesFirst) {
  Home home("[default]\naws_access_key_id=C\naws_secret_access_key=x\n");
  home.environment["AWS_ACCESS_KEY_ID"] = "AKID";
  home.environment["AWS_SECRET_ACCESS_KEY"] = "secret";
  home.environment["AWS_SESSION_TOKEN"] = "token";
  const Credentials found = home.get();
  EXPECT_EQ(found.access_key_id, "AKID");
  EXPECT_EQ(found.secret.view(), "secret");
  EXPECT_EQ(found.session_token.view(), "token");
  EXPECT_TRUE(home.asked.empty());
}

TEST(Credentials, AProfileThatWasNamedTurnsTheEnvironmentOff) {
  Home home("[profile mail]\naws_access_key_id=PROFILE\naws_secret_access_key=x\n");
  home.environment["AWS_ACCESS_KEY_ID"] = "AKID";
  home.environment["AWS_SECRET_ACCESS_KEY"] = "secret";
  home.context.profile = "mail";
  EXPECT_EQ(home.get().access_key_id, "PROFILE");
}

TEST(Credentials, HalfAPairIsAnError) {
  Home home;
  home.environment["AWS_ACCESS_KEY_ID"] = "AKID";
  EXPECT_THAT(home.failure(), HasSubstr("AWS_SECRET_ACCESS_KEY is not set"));
  Home file({}, "[default]\naws_secret_access_key=SECRETMARKER\n");
  EXPECT_THAT(file.failure(), HasSubstr("aws_access_key_id is missing"));
}

TEST(Credentials, TheCredentialsFileComesBeforeTheConfigFile) {
  Home home("[default]\naws_access_key_id=CONFIG\naws_secret_access_key=x\ncredential_process=/no/such\n",
            "[default]\naws_access_key_id=FILE\naws_secret_access_key=y\naws_session_token=z\n");
  const Credentials found = home.get();
  EXPECT_EQ(found.access_key_id, "FILE");
  EXPECT_EQ(found.session_token.view(), "z");
}

TEST(Credentials, ProfilesAreChosenByTheEnvironment) {
  Home home("[profile a]\naws_access_key_id=A\naws_secret_access_key=x\n",
            "[b]\naws_access_key_id=B\naws_secret_access_key=y\n");
  home.environment["AWS_PROFILE"] = "a";
  EXPECT_EQ(home.get().access_key_id, "A");
  home.environment["AWS_PROFILE"] = "b";
  EXPECT_EQ(home.get().access_key_id, "B");
  home.environment["AWS_PROFILE"] = "none";
  EXPECT_THAT(home.failure(), HasSubstr("profile 'none': is neither in"));
}

TEST(Credentials, AProgramGivesThem) {
  Home home;
  const auto program = home.folder / "give me";
  const auto config = [&](const std::string& script) {
    write_file(program, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    write_file(home.folder / ".aws/config",
               "[default]\ncredential_process = \"" + program.string() + "\" --for 'a b'\n");
  };
  config(R"([ "$2" = "a b" ] && echo ')" + kJsonAnswer + "'");
  const Credentials found = home.get();
  EXPECT_EQ(found.access_key_id, "ASIAJSON");
  EXPECT_EQ(found.session_token.view(), "tok");
  EXPECT_EQ(found.expiry, parse_rfc3339("2026-11-22T13:00:00Z"));
  config("echo SECRETMARKER; exit 3");
  EXPECT_THAT(home.failure(), HasSubstr("ended with 3"));
  config("echo SECRETMARKER");
  EXPECT_THAT(home.failure(), HasSubstr("wrote no JSON object"));
  config(R"(echo '{"Version":2}')");
  EXPECT_THAT(home.failure(), HasSubstr("Version 1"));
  config(R"(echo '{"Version":1,"SecretAccessKey":"SECRETMARKER"}')");
  EXPECT_THAT(home.failure(), HasSubstr("no AccessKeyId"));
  std::filesystem::remove(program);
  EXPECT_THAT(home.failure(), HasSubstr("cannot be run"));
}

TEST(Credentials, ARoleIsTakenOnWithAnotherProfilesKeys) {
  Home home(
      "[default]\nrole_arn = arn:one\nsource_profile = middle\nrole_session_name = me\nexternal_id = e x\n"
      "duration_seconds = 900\n[profile middle]\nrole_arn = arn:two\nsource_profile = base\n",
      "[base]\naws_access_key_id=BASE\naws_secret_access_key=SECRETMARKER\n");
  std::string second = kRoleAnswer;
  second.replace(second.find("ASIAROLE"), 8, "ASIASECOND");
  home.answers = {{200, second, {}, {}}, {200, kRoleAnswer, {}, {}}};
  const Credentials found = home.get();
  EXPECT_EQ(found.access_key_id, "ASIAROLE");
  EXPECT_EQ(found.session_token.view(), "t+/=");
  ASSERT_EQ(home.asked.size(), 2U);
  EXPECT_EQ(home.asked[0].request.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_THAT(home.asked[0].body, HasSubstr("RoleArn=arn%3Atwo"));
  EXPECT_THAT(home.asked[0].header("Authorization"), HasSubstr("Credential=BASE/20261122/eu-west-1/sts/"));
  EXPECT_THAT(home.asked[1].body,
              HasSubstr("RoleArn=arn%3Aone&RoleSessionName=me&DurationSeconds=900&ExternalId=e%20x"));
  EXPECT_THAT(home.asked[1].header("Authorization"), HasSubstr("Credential=ASIASECOND/"));
  EXPECT_EQ(home.asked[1].header("X-Amz-Security-Token"), "t+/=");
}

TEST(Credentials, ARolesSourceMayBeTheEnvironmentOrItself) {
  Home home("[default]\nrole_arn = arn:one\ncredential_source = Environment\n");
  home.context.profile = "default";
  home.environment["AWS_ACCESS_KEY_ID"] = "AKID";
  home.environment["AWS_SECRET_ACCESS_KEY"] = "x";
  home.answers = {{200, kRoleAnswer, {}, {}}};
  EXPECT_EQ(home.get().access_key_id, "ASIAROLE");
  Home self("[default]\nrole_arn = arn:one\nsource_profile = default\naws_access_key_id=A\naws_secret_access_key=b\n");
  self.answers = {{200, kRoleAnswer, {}, {}}};
  EXPECT_EQ(self.get().access_key_id, "ASIAROLE");
}

TEST(Credentials, RolesThatCannotBeTakenOn) {
  EXPECT_THAT(
      Home("[default]\nrole_arn=r\nsource_profile=a\n[profile a]\nrole_arn=r\nsource_profile=default\n").failure(),
      HasSubstr("leads back to itself"));
  EXPECT_THAT(Home("[default]\nrole_arn=r\nsource_profile=a\n").failure(), HasSubstr("no source_profile 'a'"));
  EXPECT_THAT(Home("[default]\nrole_arn=r\n").failure(), HasSubstr("one of source_profile and credential_source"));
  EXPECT_THAT(Home("[default]\nrole_arn=r\ncredential_source=Moon\n").failure(), HasSubstr("not Moon"));
  EXPECT_THAT(Home("[default]\nrole_arn=r\nsource_profile=default\nmfa_serial=m\n").failure(), HasSubstr("MFA"));
  Home denied(
      "[default]\nrole_arn=r\nsource_profile=default\naws_access_key_id=A\naws_secret_access_key=SECRETMARKER\n");
  denied.answers = {{403, "<Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>", {}, {}}};
  EXPECT_THAT(denied.failure(), HasSubstr("assume role r: answered 403 AccessDenied: not authorized"));
  EXPECT_EQ(denied.asked.size(), 1U);
}

TEST(Credentials, WebIdentityOfTheEnvironmentAndOfAProfile) {
  Home home("[profile web]\nrole_arn = arn:web\nweb_identity_token_file = ~/token\n");
  write_file(home.folder / "token", "ey.J\n");
  home.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = (home.folder / "token").string();
  home.environment["AWS_ROLE_ARN"] = "arn:pod";
  home.answers = {{500, "", {}, {}}, {200, kRoleAnswer, {}, {}}, {200, kRoleAnswer, {}, {}}};
  EXPECT_EQ(home.get().access_key_id, "ASIAROLE");
  EXPECT_THAT(home.asked[1].body, HasSubstr("Action=AssumeRoleWithWebIdentity&"));
  EXPECT_THAT(home.asked[1].body, HasSubstr("RoleArn=arn%3Apod&"));
  EXPECT_THAT(home.asked[1].body, HasSubstr("&WebIdentityToken=ey.J"));
  EXPECT_EQ(home.asked[1].header("Authorization"), "");
  home.context.profile = "web";
  EXPECT_EQ(home.get().access_key_id, "ASIAROLE");
  EXPECT_THAT(home.asked[2].body, HasSubstr("RoleArn=arn%3Aweb"));
  std::filesystem::remove(home.folder / "token");
  EXPECT_THAT(home.failure(), HasSubstr("the token cannot be read"));
}

TEST(Credentials, SsoReadsTheCachedToken) {
  Home home(
      "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n"
      "[sso-session corp]\nsso_region = eu-north-1\nsso_start_url = https://x\n");
  EXPECT_THAT(home.failure(), HasSubstr("aws sso login"));
  // The file is named after the SHA-1 of the session.
  const auto path = home.folder / ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
  write_file(path, R"({"accessToken":"TOKENMARKER","expiresAt":"2026-11-22T11:00:00Z"})");
  EXPECT_THAT(home.failure(), HasSubstr("ended at 2026-11-22T11:00:00Z"));
  write_file(path, R"({"accessToken":"TOKENMARKER","expiresAt":"2026-11-22T13:00:00UTC"})");
  home.answers = {{200,
                   R"({"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"t",)"
                   R"("expiration":1795352400000}})",
                   {},
                   {}}};
  const Credentials found = home.get();
  EXPECT_EQ(found.access_key_id, "ASIASSO");
  EXPECT_EQ(found.expiry, parse_rfc3339("2026-11-22T13:00:00Z"));
  EXPECT_EQ(home.asked.at(0).request.url,
            "https://portal.sso.eu-north-1.amazonaws.com/federation/credentials?account_id=1&role_name=r");
  EXPECT_EQ(home.asked.at(0).header("x-amz-sso_bearer_token"), "TOKENMARKER");
}

TEST(Credentials, TheContainersEndpointIsHttpsOrNear) {
  Home home;
  home.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://evil.example/creds";
  EXPECT_THAT(home.failure(), HasSubstr("neither https: nor on this machine"));
  home.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1.evil.example/creds";
  EXPECT_THAT(home.failure(), HasSubstr("neither https: nor on this machine"));
  EXPECT_TRUE(home.asked.empty());
  home.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://[fd00:ec2::23]/creds";
  write_file(home.folder / "token", "Bearer x\n");
  home.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = (home.folder / "token").string();
  home.answers = {breaks_off(true), {200, kJsonAnswer, {}, {}}};
  EXPECT_EQ(home.get().access_key_id, "ASIAJSON");
  EXPECT_EQ(home.asked.at(1).header("Authorization"), "Bearer x");
  home.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  home.answers = {{200, kJsonAnswer, {}, {}}};
  EXPECT_EQ(home.get().access_key_id, "ASIAJSON");
  EXPECT_EQ(home.asked.back().request.url, "http://169.254.170.2/v2/x");
}

TEST(Credentials, TheInstanceIsAskedLastWithATokenAndOnce) {
  Home home;
  home.environment.erase("AWS_EC2_METADATA_DISABLED");
  home.answers = {{200, "TOKENMARKER", {}, {}}, {200, "role\n", {}, {}}, {200, kJsonAnswer, {}, {}}};
  EXPECT_EQ(home.get().access_key_id, "ASIAJSON");
  ASSERT_EQ(home.asked.size(), 3U);
  EXPECT_EQ(home.asked[0].request.method, "PUT");
  EXPECT_EQ(home.asked[0].request.url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(home.asked[0].request.timeout, std::chrono::seconds(1));
  EXPECT_EQ(home.asked[2].header("X-aws-ec2-metadata-token"), "TOKENMARKER");
  home.asked.clear();
  home.answers = {{404, "", {}, {}}};
  EXPECT_THAT(home.failure(), HasSubstr("metadata service: answered 404"));
  EXPECT_EQ(home.asked.size(), 1U);
}

TEST(Credentials, WithoutAnyTheErrorTellsWhatWasTried) {
  const std::string said = Home().failure();
  for (const char* place : {"the environment: AWS_ACCESS_KEY_ID is not set", "web identity (environment)",
                            "profile 'default': is not in", "the container's endpoint", "AWS_EC2_METADATA_DISABLED"})
    EXPECT_THAT(said, HasSubstr(place));
}

TEST(Credentials, TemporaryOnesAreRenewedBeforeTheyEnd) {
  Home home;
  home.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/x";
  const auto issued = [](const char* id, const char* expiry) {
    return Answer{200,
                  std::string(R"({"AccessKeyId":")") + id + R"(","SecretAccessKey":"s","Token":"t","Expiration":")" +
                      expiry + "\"}",
                  {},
                  {}};
  };
  home.answers = {issued("ONE", "2026-11-22T13:00:00Z"), issued("TWO", "2026-11-22T14:00:00Z")};
  CredentialChain chain(home.context);
  EXPECT_EQ(chain.get().access_key_id, "ONE");
  home.clock.time += std::chrono::minutes(54);
  EXPECT_EQ(chain.get().access_key_id, "ONE");
  home.clock.time += std::chrono::minutes(2);
  EXPECT_EQ(chain.get().access_key_id, "TWO");
  // Renewing fails: what is still good is used, until it has ended.
  home.clock.time += std::chrono::minutes(60);
  home.environment["AWS_MAX_ATTEMPTS"] = "1";
  EXPECT_EQ(chain.get().access_key_id, "TWO");
  home.clock.time += std::chrono::minutes(10);
  EXPECT_THROW((void)chain.get(), Error);
  home.answers = {issued("THREE", "2026-11-22T16:00:00Z"), issued("FOUR", "2026-11-22T16:00:00Z")};
  EXPECT_EQ(chain.get().access_key_id, "THREE");
  chain.forget();
  EXPECT_EQ(chain.get().access_key_id, "FOUR");
}

TEST(Credentials, LineEndsInThemNeverReachAHeader) {
  Home home;
  home.environment["AWS_ACCESS_KEY_ID"] = "AKID\r\nX-Evil: 1";
  home.environment["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_THAT(home.failure(), HasSubstr("holds a character"));
  home.environment["AWS_ACCESS_KEY_ID"] = "AKID";
  home.environment["AWS_SESSION_TOKEN"] = "t\r\nX-Evil: 1";
  EXPECT_THAT(home.failure(), HasSubstr("line end"));
}

}  // namespace
}  // namespace mimeseal::aws
