// SPDX-License-Identifier: MIT
// Each source of credentials against its stand-in; that they are good is shown by signing with them.
#include "mimeseal/aws/credentials.h"

#include <gmock/gmock.h>
#include <openssl/sha.h>

#include "aws_peer.h"

namespace mimeseal::aws {
namespace {

using mimeseal::test::write_file;
using test::http;
using test::https;
using test::json;
using test::Peer;
using test::requests;
using test::Setting;
using testing::HasSubstr;

constexpr const char* kRole = "arn:aws:iam::123456789012:role/mail";

json issued(const std::string& name, int seconds = 3600) {
  return {{"access_key_id", "ASIA" + name},
          {"secret_access_key", "s" + name},
          {"token", "t/" + name},
          {"expires_in", seconds}};
}

class Sources : public testing::Test {
 protected:
  Sources() {
    config["region"] = "eu-central-1";
    config["credentials"] = {{{"access_key_id", "AKID"}, {"secret_access_key", "secret"}}};
    config["roles"] = {{kRole, {{"issue", {issued("ONE", 1), issued("TWO")}}, {"external_id", "ext"}}},
                       {std::string(kRole) + "2", {{"issue", {issued("SECOND")}}}},
                       {std::string(kRole) + "-web", {{"issue", {issued("WEB")}}, {"web_identity_token", "jwt"}}}};
    config["imds"] = {{"role", "instance+role@x"}, {"issue", {issued("IMDS")}}};
    config["container"] = {{"path", "/creds"}, {"token", "Bearer x"}, {"issue", {issued("BOX", 1), issued("BOX2")}}};
    config["sso"] = {{"token", "ssotoken"}, {"account", "1"}, {"role", "r"}, {"issue", {issued("SSO")}}};
    std::filesystem::create_directories(setting.folder / ".aws/sso/cache");
  }

  void start(std::vector<std::string> options = {}) {
    options.push_back("--config=" + config.dump());
    peer.emplace("aws_services.py", options);
    setting.environment["AWS_ENDPOINT_URL_STS"] = https(*peer);
    setting.environment["AWS_ENDPOINT_URL_SSO"] = https(*peer) + "/";
    setting.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = http(*peer) + "/";
  }
  void configure(const std::string& text) { write_file(setting.folder / ".aws/config", text); }
  Credentials get() { return CredentialChain(setting.context, "eu-central-1").get().clone(); }
  std::string failure() {
    try {
      (void)get();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::refused);
      return join(error.details(), "\n");
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }

  json config;
  Setting setting;
  std::optional<Peer> peer;
};

TEST_F(Sources, APinIsMeantForTheServiceAndNotForSts) {
  configure("[default]\nrole_arn = " + std::string(kRole) + "2\ncredential_source = Environment\n");
  start();
  setting.sign_as("AKID", "secret");
  setting.environment["AWS_PROFILE"] = "default";
  setting.context.profile = "default";
  setting.context.tls.pin = std::string(64, '0');
  EXPECT_EQ(get().access_key_id, "ASIASECOND");
}

TEST_F(Sources, AssumedRolesAreChainedAndRenewed) {
  start();
  configure("[default]\nrole_arn = " + std::string(kRole) + "\nsource_profile = base\nexternal_id = ext\n" +
            "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = secret\n");
  CredentialChain chain(setting.context, "eu-central-1");
  EXPECT_EQ(chain.get().access_key_id, "ASIAONE");
  EXPECT_EQ(chain.get().access_key_id, "ASIATWO");  // the first ends in a second
  EXPECT_EQ(chain.get().access_key_id, "ASIATWO");
  EXPECT_EQ(requests(*peer).size(), 2U);
  // The role's own credentials take on the next one: the stand-in verifies their signature.
  configure("[default]\nrole_arn = " + std::string(kRole) +
            "2\nsource_profile = first\n[profile first]\nrole_arn = " + kRole +
            "\nexternal_id = ext\nsource_profile = base\n[profile base]\naws_access_key_id = AKID\n"
            "aws_secret_access_key = secret\n");
  EXPECT_EQ(get().access_key_id, "ASIASECOND");
}

TEST_F(Sources, ARoleThatIsDeniedTellsWhy) {
  start();
  configure("[default]\nrole_arn = " + std::string(kRole) +
            "\nsource_profile = default\naws_access_key_id = AKID\n"
            "aws_secret_access_key = secret\n");
  EXPECT_THAT(failure(), HasSubstr("AccessDenied"));
}

TEST_F(Sources, WebIdentity) {
  start();
  write_file(setting.folder / "token", "jwt\n");
  setting.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = (setting.folder / "token").string();
  setting.environment["AWS_ROLE_ARN"] = std::string(kRole) + "-web";
  EXPECT_EQ(get().access_key_id, "ASIAWEB");
  write_file(setting.folder / "token", "forged");
  EXPECT_THAT(failure(), HasSubstr("InvalidIdentityToken"));
}

TEST_F(Sources, SsoWithTheCachedToken) {
  start();
  configure(
      "[default]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-central-1\nsso_account_id = 1\n"
      "sso_role_name = r\n");
  const std::string url = "https://x.awsapps.com/start";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(url.data()), url.size(), digest);
  const std::string name = hex({reinterpret_cast<const char*>(digest), sizeof digest});
  const auto cache = [&](const char* token) {
    write_file(setting.folder / (".aws/sso/cache/" + name + ".json"),
               std::string(R"({"accessToken":")") + token + R"(","expiresAt":"2999-01-01T00:00:00Z"})");
  };
  cache("ssotoken");
  EXPECT_EQ(get().access_key_id, "ASIASSO");
  cache("old");
  EXPECT_THAT(failure(), HasSubstr("401"));
}

TEST_F(Sources, TheContainersEndpointWithItsToken) {
  start({"--fail=1:500", "--fates-for=http"});
  setting.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = http(*peer) + "/creds";
  setting.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer x";
  CredentialChain chain(setting.context);
  EXPECT_EQ(chain.get().access_key_id, "ASIABOX");
  EXPECT_EQ(chain.get().access_key_id, "ASIABOX2");
  setting.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer y";
  EXPECT_THAT(failure(), HasSubstr("401"));
}

TEST_F(Sources, TheInstancesMetadata) {
  start();
  setting.environment.erase("AWS_EC2_METADATA_DISABLED");
  const Credentials found = get();
  EXPECT_EQ(found.access_key_id, "ASIAIMDS");
  EXPECT_EQ(found.session_token.view(), "t/IMDS");
  EXPECT_TRUE(found.expiry);
  configure("[default]\nrole_arn = " + std::string(kRole) + "2\ncredential_source = Ec2InstanceMetadata\n");
  EXPECT_EQ(get().access_key_id, "ASIASECOND");
}

TEST_F(Sources, AnInstanceThatStallsCostsASecond) {
  start({"--stall=before-body", "--fates-for=http"});
  setting.environment.erase("AWS_EC2_METADATA_DISABLED");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THAT(failure(), HasSubstr("metadata service"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(Sources, ARefusedInstanceIsNotAskedWithoutAToken) {
  config["imds"]["disabled"] = true;
  start();
  setting.environment.erase("AWS_EC2_METADATA_DISABLED");
  EXPECT_THAT(failure(), HasSubstr("403"));
  EXPECT_EQ(requests(*peer).size(), 1U);
}

}  // namespace
}  // namespace mimeseal::aws
