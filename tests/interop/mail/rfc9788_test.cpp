// SPDX-License-Identifier: MIT
// The samples of RFC 9788 give what the RFC says of them: headers, HP-Outer, what was confidential, legacy display,
// payload.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/smime/engine.h"
#include "support/process.h"

namespace mimeseal {
namespace {

const std::string kData = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/";

using Json = nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Json cases() {
  std::ifstream in(kData + "ietf-rfc9788/MANIFEST.json");
  return Json::parse(in)["cases"];
}

std::unique_ptr<Engine> bob() {
  smime::EngineOptions options;
  options.identities = {kData + "ietf-rfc9216/bob.p12"};
  options.passphrase = [](const std::string&) { return SecretBytes("bob"); };
  options.trust = {kData + "ietf-rfc9216/ca.rsa.crt"};
  return smime::make_engine(options);
}

Opened opened(const std::string& path, Engine& engine) {
  OpenSettings settings;
  settings.engines = {&engine};
  settings.at = *parse_rfc3339("2026-01-01");
  return open_message(file_input(kData + "ietf-rfc9788/" + path), settings);
}

Pairs pairs(const Json& list) {
  Pairs out;
  for (const Json& entry : list)
    out.emplace_back(entry[0], entry[1]);
  return out;
}

Pairs split_pairs(const Json& list) {
  Pairs out;
  for (const Json& entry : list) {
    const std::string text = entry;
    const std::size_t colon = text.find(':');
    out.emplace_back(text.substr(0, colon), std::string(trim(text.substr(colon + 1))));
  }
  return out;
}

Pairs pairs(const HeaderFields& fields) {
  Pairs out;
  for (const HeaderField& field : fields)
    out.emplace_back(field.name, field.decoded());
  return out;
}

class Rfc9788 : public testing::TestWithParam<Json> {};

TEST_P(Rfc9788, GivesWhatTheRfcSays) {
  const Json& sample = GetParam();
  const auto engine = bob();
  const std::string path = sample["path"];
  const Opened result = opened(path, *engine);
  for (const Problem& problem : result.problems)
    ADD_FAILURE() << problem.code << " " << problem.path << " " << problem.why;

  EXPECT_EQ(result.headers.outer, pairs(sample["outer_headers"]));
  EXPECT_EQ(pairs(result.headers.protected_fields), pairs(sample["protected_headers"]));
  EXPECT_EQ(result.headers.hp_outer, split_pairs(sample["hp_outer"]));
  EXPECT_EQ(result.headers.confidential, sample["confidential_headers"].get<std::vector<std::string>>());
  EXPECT_TRUE(result.headers.mismatch.empty());

  std::size_t legacy = 0;
  for (const OpenedPart& part : result.parts)
    legacy += part.legacy_display ? 1 : 0;
  EXPECT_EQ(legacy, sample["legacy_display_parts"].get<std::size_t>());
  EXPECT_EQ(result.text.find("Subject:"), std::string::npos);
  EXPECT_NE(result.text.find("This is the"), std::string::npos);

  ASSERT_NE(result.payload, nullptr);
  const std::string payload = read_range(*result.payload, result.payload_begin, result.payload_end, 1U << 20U);
  EXPECT_EQ(hex(sha256(payload)), sample["payload_sha256"].get<std::string>());

  const std::string kind = sample["class"];
  const bool encrypted = kind.find("encrypt") != std::string::npos;
  const bool is_signed = encrypted || kind.find("signed") != std::string::npos;
  EXPECT_EQ(result.summary.encrypted, encrypted);
  EXPECT_EQ(to_string(result.summary.signed_), is_signed ? "good" : "none");
  EXPECT_EQ(to_string(result.summary.state), encrypted ? "confidential" : is_signed ? "verified" : "unprotected");
  for (const ShownField& field : result.headers.fields) {
    const auto& hidden = result.headers.confidential;
    const bool is_hidden = std::find(hidden.begin(), hidden.end(), field.name) != hidden.end();
    const bool has_hp = !sample["protected_headers"].empty();
    EXPECT_EQ(to_string(field.state), !has_hp     ? "unprotected"
                                      : is_hidden ? "signed-and-encrypted"
                                                  : "signed-only")
        << field.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, Rfc9788, testing::ValuesIn(cases().get<std::vector<Json>>()),
                         [](const testing::TestParamInfo<Json>& sample) {
                           std::string name = sample.param["path"];
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
                           return name;
                         });

// One octet changed anywhere: never a good verdict on what is shown.
TEST(Rfc9788Tampered, OneFlippedOctet_IsNeverGoodUnlessNothingSignedChanged) {
  const auto engine = bob();
  for (const std::string name :
       {"smime-multipart-hp.eml", "smime-one-part-hp.eml", "smime-signed-enc-hp-baseline.eml"}) {
    const std::string whole = test::read_file(kData + "ietf-rfc9788/" + name);
    const Opened untouched = opened(name, *engine);
    for (std::size_t at = 0; at < whole.size(); at += 41) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ 1U);
      OpenSettings settings;
      settings.engines = {engine.get()};
      settings.at = *parse_rfc3339("2026-01-01");
      const Opened result = open_message(memory_input(changed), settings);
      if (result.summary.signed_ != SignedState::good) continue;
      EXPECT_EQ(result.text, untouched.text) << name << " at " << at;
      EXPECT_EQ(result.headers.subject, untouched.headers.subject) << name << " at " << at;
      EXPECT_EQ(result.headers.from, untouched.headers.from) << name << " at " << at;
    }
  }
}

}  // namespace
}  // namespace mimeseal
