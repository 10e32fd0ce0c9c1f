// SPDX-License-Identifier: MIT
#include "aws/answer.h"

#include <gtest/gtest.h>

#include "aws/process.h"
#include "aws/shared_files.h"
#include "aws/uri.h"

namespace mimeseal::aws {
namespace {

TEST(Answer, HostileJsonIsRefused) {
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  EXPECT_FALSE(parse_json(R"({"a":1,"a":2})"));
  EXPECT_FALSE(parse_json(R"({"a":)"));
  EXPECT_FALSE(parse_json("\"" + std::string(5U << 20U, 'x') + "\""));
  EXPECT_TRUE(parse_json(R"({"a":"[[[[\"{{{","b":[{"a":1},{"a":2}]})"));
}

TEST(Answer, ASecretIsTakenOutOfTheJson) {
  auto json = parse_json(R"({"k":"SECRETMARKER"})");
  EXPECT_EQ(take_secret(*json, "k").view(), "SECRETMARKER");
  EXPECT_EQ(json->dump().find("SECRETMARKER"), std::string::npos);
}

TEST(Answer, XmlTextFindsLeavesAndDecodesEntities) {
  const std::string xml = "<R xmlns=\"x\"><CodeX>no</CodeX><Code>a&amp;b&lt;&#x20AC;&#39;&bad;</Code><E/></R>";
  EXPECT_EQ(xml_text(xml, "Code"), "a&b<\xE2\x82\xAC'&bad;");
  EXPECT_EQ(xml_text(xml, "E"), "");
  EXPECT_FALSE(xml_text(xml, "None"));
  EXPECT_FALSE(xml_text("<Code", "Code"));
  EXPECT_FALSE(xml_text("<Code>x", "Code"));
}

TEST(Answer, ErrorsAreReadFromHeaderJsonAndXml) {
  net::HttpResponse response;
  response.body = R"({"__type":"com.amazonaws.ses#MessageRejected","message":"no\u001b[2J\nsecond"})";
  EXPECT_EQ(service_error(response).code, "MessageRejected");
  EXPECT_EQ(service_error(response).message, "no\\x1B[2J");
  response.headers = {{"x-amzn-errortype", "TooManyRequestsException:http://internal.amazon.com/coral/"}};
  EXPECT_EQ(service_error(response).code, "TooManyRequestsException");
  response = {};
  response.body =
      "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
  EXPECT_EQ(service_error(response).code, "Throttling");
  EXPECT_EQ(service_error(response).message, "Rate exceeded");
}

TEST(Answer, ExpiryTimesOfEveryTool) {
  const auto expected = parse_rfc3339("2026-11-22T12:00:00Z");
  for (const char* text : {"2026-11-22T12:00:00Z", "2026-11-22T12:00:00UTC", "2026-11-22T12:00:00.123Z",
                           "2026-11-22T12:00:00+00:00", "2026-11-22T12:00:00", "2026-11-22T13:00:00+0100"})
    EXPECT_EQ(parse_expiry(text), expected) << text;
  EXPECT_FALSE(parse_expiry("soon"));
}

TEST(Answer, EncodedWordsAreDecodedInLinearTime) {
  EXPECT_EQ(decode_encoded_words("a =?UTF-8?Q?=C3=BC_x?= =?utf-8?B?IQ==?= b"), "a \xC3\xBC x! b");
  EXPECT_EQ(decode_encoded_words("=?x?Q?y?="), "=?x?Q?y?=");
  std::string many;
  for (int i = 0; i < 200'000; ++i)
    many += "=?";
  EXPECT_EQ(decode_encoded_words(many).size(), many.size());
}

TEST(SharedFiles, SectionsNestedMembersAndComments) {
  const auto sections = parse_sections(
      "# c\n[default]\nregion = eu-west-1 # here\n\n[ profile  \"mail\" ]\naws_secret_access_key=a#b;c\ns3 =\n  x = 1\n"
      "junk\n[services s]\nsesv2 =\n  endpoint_url = https://e\nb = c\n");
  EXPECT_EQ(sections.at("default").get("region"), "eu-west-1");
  EXPECT_EQ(sections.at("profile mail").get("aws_secret_access_key"), "a#b;c");
  EXPECT_EQ(sections.at("profile mail").get("s3.x"), "1");
  EXPECT_EQ(sections.at("services s").get("sesv2.endpoint_url"), "https://e");
  EXPECT_EQ(sections.at("services s").get("b"), "c");
}

TEST(Process, CommandsAreSplitAsAShellQuotesThem) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_command(R"(/a/b "c d" 'e"f' g\ h "x\"y" '')"), (Words{"/a/b", "c d", "e\"f", "g h", "x\"y", ""}));
  EXPECT_EQ(split_command("a 'b"), Words{});
  EXPECT_EQ(split_command("a $HOME;b|c"), (Words{"a", "$HOME;b|c"}));
}

TEST(Process, OutputIsBoundedAndTimeIsUp) {
  EXPECT_EQ(run_program({"sh", "-c", "echo x; exit 3"}, std::chrono::seconds(20)).exit_code, 3);
  EXPECT_TRUE(run_program({"sh", "-c", "yes"}, std::chrono::seconds(20)).too_large);
  EXPECT_TRUE(run_program({"sh", "-c", "sleep 60"}, std::chrono::milliseconds(100)).timed_out);
  EXPECT_TRUE(run_program({"sh", "-c", "exec >&-; sleep 60"}, std::chrono::milliseconds(200)).timed_out);
  EXPECT_EQ(run_program({"/no/such/program"}, std::chrono::seconds(20)).exit_code, 127);
}

TEST(Uri, IsTakenApart) {
  const auto parts = split_url("HTTPS://Host:443/a?b=c");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->host, "host");
  EXPECT_EQ(parts->path, "/a");
  EXPECT_EQ(parts->query, "b=c");
  EXPECT_EQ(split_url("https://h:8443")->host, "h:8443");
  EXPECT_EQ(host_alone("[::1]:80"), "::1");
  for (const char* bad :
       {"ftp://h", "https://", "https://u@h/", "https://h/ x", "https://h/#f", "https://h/\n", "h",
        "https://h:", "https://h:0", "https://h:70000", "https://h:1x", "https://[::1", "https://[::1]x"})
    EXPECT_FALSE(split_url(bad)) << bad;
}

}  // namespace
}  // namespace mimeseal::aws
