// SPDX-License-Identifier: MIT
// AWS's own cases (testdata/aws-sigv4), and what they do not hold.
#include "mimeseal/aws/sigv4.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "mimeseal/aws/ses.h"
#include "mimeseal/core/text.h"
#include "support/process.h"

namespace mimeseal::aws {
namespace {

using mimeseal::test::read_file;

const std::filesystem::path kCases = std::filesystem::path(MIMESEAL_SOURCE_DIR) / "testdata/aws-sigv4";

struct Parsed {
  SigV4Request request;
  std::string body;
};

/// "GET /path?query HTTP/1.1", header lines (a folded one goes on), an empty line, the body.
Parsed parse_request(std::string text) {
  std::erase(text, '\r');
  Parsed parsed;
  const std::size_t first = text.find('\n');
  const std::string line = text.substr(0, first);
  const std::size_t method_end = line.find(' ');
  const std::string target = line.substr(method_end + 1, line.rfind(' ') - method_end - 1);
  parsed.request.method = line.substr(0, method_end);
  parsed.request.path = target.substr(0, target.find('?'));
  if (target.find('?') != std::string::npos) parsed.request.query = target.substr(target.find('?') + 1);
  std::size_t at = first == std::string::npos ? text.size() : first + 1;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string header = text.substr(at, end - at);
    at = end + 1;
    if (header.empty()) break;
    if (header.front() == ' ' || header.front() == '\t') {
      parsed.request.headers.back().second += "\n" + header;
    } else {
      parsed.request.headers.emplace_back(header.substr(0, header.find(':')), header.substr(header.find(':') + 1));
    }
  }
  if (at < text.size()) parsed.body = text.substr(at);
  return parsed;
}

class SigV4Suite : public testing::TestWithParam<std::string> {};

TEST_P(SigV4Suite, EveryStepIsAsPublished) {
  const auto folder = kCases / GetParam();
  const auto context = nlohmann::json::parse(read_file(folder / "context.json"));
  Parsed parsed = parse_request(read_file(folder / "request.txt"));
  parsed.request.payload_sha256 = hex(sha256(parsed.body));
  const auto& keys = context["credentials"];
  SigV4Rules rules;
  rules.region = context["region"];
  rules.service = context["service"];
  rules.time = *parse_rfc3339(context["timestamp"].get<std::string>());
  rules.normalize_path = context["normalize"];
  rules.content_sha256 = context.value("sign_body", false);
  rules.sign_session_token = !context.value("omit_session_token", false);

  const SigV4Result result =
      sign(parsed.request, rules, keys["access_key_id"].get<std::string>(),
           SecretBytes(keys["secret_access_key"].get<std::string>()), SecretBytes(keys.value("token", "")));

  const auto published = [&](const char* name) {
    std::string text = read_file(folder / name);
    std::erase(text, '\r');
    return std::string(trim(text));
  };
  EXPECT_EQ(result.canonical_request, published("header-canonical-request.txt"));
  EXPECT_EQ(result.string_to_sign, published("header-string-to-sign.txt"));
  EXPECT_EQ(result.signature, published("header-signature.txt"));
  EXPECT_NE(published("header-signed-request.txt").find("Authorization:" + result.authorization), std::string::npos);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases))
    if (entry.is_directory()) names.push_back(entry.path().filename());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Aws, SigV4Suite, testing::ValuesIn(case_names()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

SigV4Result signed_with(SigV4Request request, bool s3 = false) {
  request.payload_sha256 = kEmptySha256;
  SigV4Rules rules;
  rules.region = "us-east-1";
  rules.service = s3 ? "s3" : "service";
  rules.time = *parse_rfc3339("2015-08-30T12:36:00Z");
  rules.normalize_path = rules.double_encode = !s3;
  rules.content_sha256 = s3;
  return sign(request, rules, "AKIDEXAMPLE", SecretBytes("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), SecretBytes());
}

std::string line_of(const SigV4Result& result, std::size_t number) {
  return split(result.canonical_request, '\n')[number];
}

TEST(SigV4, PathsAreNormalizedAndEncodedOnceMore_ButNotForS3) {
  const auto path = [](const char* text, bool s3 = false) {
    return line_of(signed_with({"GET", text, "", {{"Host", "h"}}, ""}, s3), 1);
  };
  EXPECT_EQ(path("/a/./b/../c//d/"), "/a/c/d/");
  EXPECT_EQ(path("/.."), "/");
  EXPECT_EQ(path(""), "/");
  EXPECT_EQ(path("/a%20b"), "/a%2520b");
  EXPECT_EQ(path("/\xE1\x88\xB4"), "/%E1%88%B4");
  EXPECT_EQ(path("/example space/"), "/example%20space/");
  EXPECT_EQ(path("/a//b/../c%20d", true), "/a//b/../c%20d");
}

TEST(SigV4, TheQueryIsDecodedEncodedAndSorted) {
  const auto query = [](const char* text) { return line_of(signed_with({"GET", "/", text, {{"Host", "h"}}, ""}), 2); };
  EXPECT_EQ(query("Param-3=Value3&Param=Value2&%E1%88%B4=Value1"), "%E1%88%B4=Value1&Param=Value2&Param-3=Value3");
  EXPECT_EQ(query("Param1=value2&Param1=Value1&Param1"), "Param1=&Param1=Value1&Param1=value2");
  EXPECT_EQ(query("a=b+c&d=%2f%20"), "a=b%2Bc&d=%2F%20");
}

TEST(SigV4, AHeaderThatComesTwiceIsJoined_AFoldIsASpace) {
  const auto result = signed_with({"GET", "/", "", {{"Host", "h"}, {"X-A", " b\n   c "}, {"x-a", "a"}}, ""});
  EXPECT_NE(result.canonical_request.find("\nx-a:b c,a\n"), std::string::npos);
}

TEST(SigV4, S3SignsThePayloadHash) {
  const auto result = signed_with({"GET", "/", "", {{"Host", "h"}}, ""}, true);
  EXPECT_NE(result.authorization.find("SignedHeaders=host;x-amz-content-sha256;x-amz-date"), std::string::npos);
}

TEST(SigV4, ATokenThatIsNotSignedIsStillSent) {
  SigV4Request request{"POST", "/", "", {{"Host", "h"}}, std::string(kEmptySha256)};
  SigV4Rules rules;
  rules.region = rules.service = "x";
  rules.sign_session_token = false;
  const auto result = sign(request, rules, "A", SecretBytes("s"), SecretBytes("token"));
  EXPECT_EQ(result.canonical_request.find("token"), std::string::npos);
  EXPECT_EQ(result.added_headers.front().first, "X-Amz-Date");
  EXPECT_EQ(result.added_headers[1], (std::pair<std::string, std::string>("X-Amz-Security-Token", "token")));
}

TEST(SmtpPassword, IsWhatAwsPublishes) {
  EXPECT_EQ(smtp_password(SecretBytes("some+secret+key"), "eu-central-1").view(),
            "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2");
  EXPECT_EQ(smtp_password(SecretBytes("another+secret+key"), "us-west-1").view(),
            "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF");
}

TEST(SmtpPassword, TemporaryCredentialsMakeNone) {
  const Credentials temporary{"ASIA", SecretBytes("s"), SecretBytes("t"), {}, "test"};
  try {
    (void)smtp_password(temporary, "us-west-1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::refused);
  }
}

}  // namespace
}  // namespace mimeseal::aws
