// SPDX-License-Identifier: MIT
#include "mimeseal/crypto/verdict.h"

#include <gtest/gtest.h>

namespace mimeseal {
namespace {

SignerFacts all_good() {
  SignerFacts facts;
  facts.integrity = Integrity::good;
  facts.trust = Trust::trusted;
  facts.validity = Validity::valid;
  facts.from = FromMatch::match;
  return facts;
}

TEST(Judge, OnlyAllGoodFactsAreGood) {
  EXPECT_EQ(judge(all_good()), Verdict::good);
  EXPECT_EQ(judge(SignerFacts()), Verdict::unverified);
}

TEST(Judge, EveryOtherValueOfEveryFactTakesTheGoodAway) {
  const auto with = [](auto change) {
    SignerFacts facts = all_good();
    change(facts);
    return judge(facts);
  };
  for (const auto value : {Integrity::no_key, Integrity::unsupported}) {
    EXPECT_EQ(with([value](auto& facts) { facts.integrity = value; }), Verdict::unverified);
  }
  for (const auto value : {Trust::untrusted, Trust::revoked, Trust::unknown}) {
    EXPECT_EQ(with([value](auto& facts) { facts.trust = value; }), Verdict::unverified);
  }
  for (const auto value : {Validity::expired, Validity::not_yet_valid, Validity::unknown}) {
    EXPECT_EQ(with([value](auto& facts) { facts.validity = value; }), Verdict::unverified);
  }
  EXPECT_EQ(with([](auto& facts) { facts.from = FromMatch::mismatch; }), Verdict::unverified);
  EXPECT_EQ(with([](auto& facts) { facts.algorithm = Algorithm::weak; }), Verdict::unverified);
  EXPECT_EQ(with([](auto& facts) { facts.usage = Usage::not_for_mail; }), Verdict::unverified);
}

TEST(Judge, OctetsThatDoNotFitAreBadWhateverElseIsGood) {
  SignerFacts facts = all_good();
  facts.integrity = Integrity::bad;
  EXPECT_EQ(judge(facts), Verdict::bad);
}

TEST(LayerResult, IsThatOfTheWorstSigner) {
  SignerFacts bad = all_good();
  bad.integrity = Integrity::bad;
  EXPECT_EQ(layer_result({}), LayerResult::bad);
  EXPECT_EQ(layer_result({all_good(), all_good()}), LayerResult::good);
  EXPECT_EQ(layer_result({all_good(), SignerFacts()}), LayerResult::unverified);
  EXPECT_EQ(layer_result({all_good(), SignerFacts(), bad}), LayerResult::bad);
}

TEST(VerdictWords, AreThoseOfTheReport) {
  EXPECT_EQ(to_string(Integrity::no_key), "no-key");
  EXPECT_EQ(to_string(Validity::not_yet_valid), "not-yet-valid");
  EXPECT_EQ(to_string(Usage::not_for_mail), "not-for-mail");
  EXPECT_EQ(to_string(LayerType::smime_auth_enveloped), "smime-auth-enveloped");
  EXPECT_EQ(to_string(LayerResult::unauthenticated), "unauthenticated");
}

}  // namespace
}  // namespace mimeseal
