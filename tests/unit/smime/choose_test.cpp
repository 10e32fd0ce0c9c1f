// SPDX-License-Identifier: MIT
#include "smime/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smime/capabilities.h"

namespace mimeseal::smime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Time day(int days) {
  return Time(std::chrono::hours(24 * days));
}
constexpr int kToday = 20'000;

Candidate candidate(const std::string& name, int from, int until) {
  Candidate made;
  made.info.name = name;
  made.info.fingerprint = name;
  made.info.addresses = {"bob@example.org"};
  made.info.can_sign = made.info.can_encrypt = true;
  made.info.not_before = day(from);
  made.info.not_after = day(until);
  made.strength = 112;
  return made;
}

TEST(Choose, NoCertificateForTheAddress_SaysSo) {
  const Chosen chosen = choose({candidate("a", 0, 30'000)}, Purpose::encrypt, "carol@example.org", day(kToday));
  EXPECT_FALSE(chosen.index);
  EXPECT_THAT(chosen.why, HasSubstr("no certificate for carol@example.org was found"));
}

TEST(Choose, EachReasonIsNamed) {
  std::vector<Candidate> all{candidate("expired", 0, 100), candidate("future", 25'000, 30'000),
                             candidate("signer", 0, 30'000), candidate("weak", 0, 30'000),
                             candidate("revoked", 0, 30'000)};
  all[2].info.can_encrypt = false;
  all[3].info.obstacle = "its key is too weak";
  all[4].info.revoked = true;
  const Chosen chosen = choose(all, Purpose::encrypt, "bob@example.org", day(kToday));
  EXPECT_FALSE(chosen.index);
  EXPECT_THAT(chosen.rejected,
              ElementsAre(HasSubstr("expired on 1970-04-11T00:00:00Z"), HasSubstr("not valid before 2038"),
                          HasSubstr("not for encrypting"), HasSubstr("too weak"), HasSubstr("revoked")));
  EXPECT_THAT(chosen.why, HasSubstr("expired on"));
}

TEST(Choose, WhatThePolicyExcludes_GivesWayAndSaysWhy) {
  std::vector<Candidate> all{candidate("excluded", 2, 30'000), candidate("old", 1, 30'000)};
  all[0].info.has_secret = true;
  all[0].excluded = "not approved";
  EXPECT_EQ(choose(all, Purpose::encrypt, "bob@example.org", day(kToday)).index, 1U);
  EXPECT_EQ(choose(all, Purpose::sign, "bob@example.org", day(kToday)).index, 0U) << "it is about encrypting";
  all.pop_back();
  all[0].info.not_after = day(100);
  const Chosen chosen = choose(all, Purpose::encrypt, "bob@example.org", day(kToday));
  EXPECT_FALSE(chosen.index);
  EXPECT_THAT(chosen.why, HasSubstr("not approved")) << "a renewed one would be excluded too";
}

TEST(Choose, OwnBeforeNewestBeforeStrongest) {
  std::vector<Candidate> all{candidate("own", 1, 30'000), candidate("newest", 3, 30'000),
                             candidate("strong", 2, 30'000), candidate("plain", 2, 30'000)};
  all[0].own = true;
  all[2].strength = 128;
  EXPECT_EQ(choose(all, Purpose::encrypt, "bob@example.org", day(kToday)).index, 0U);
  all[0].own = false;
  Chosen chosen = choose(all, Purpose::encrypt, "bob@example.org", day(kToday));
  EXPECT_EQ(chosen.index, 1U);
  EXPECT_THAT(chosen.why, HasSubstr("the newest of 4"));
  EXPECT_EQ(chosen.rejected.size(), 3U);
  all.erase(all.begin() + 1);
  chosen = choose(all, Purpose::encrypt, "bob@example.org", day(kToday));
  EXPECT_EQ(chosen.index, 1U);
  EXPECT_THAT(chosen.why, HasSubstr("the strongest"));
}

TEST(Choose, DoesNotDependOnTheOrder) {
  std::vector<Candidate> all{candidate("a", 1, 30'000), candidate("b", 1, 30'000), candidate("c", 1, 100)};
  std::vector<std::string> winners;
  do {
    winners.push_back(all[*choose(all, Purpose::encrypt, "bob@example.org", day(kToday)).index].info.name);
  } while (std::next_permutation(all.begin(), all.end(),
                                 [](const auto& x, const auto& y) { return x.info.name < y.info.name; }));
  EXPECT_THAT(winners, testing::Each("a"));
}

TEST(Choose, SigningNeedsThePrivateKey) {
  std::vector<Candidate> all{candidate("other", 1, 30'000)};
  EXPECT_FALSE(choose(all, Purpose::sign, "bob@example.org", day(kToday)).index);
  all[0].info.has_secret = true;
  EXPECT_TRUE(choose(all, Purpose::sign, "", day(kToday)).index);
}

TEST(MatchesAddress, IgnoresCaseQuotesAndHowTheDomainIsWritten) {
  EXPECT_TRUE(matches_address("Bob@Example.ORG", "bob@example.org"));
  EXPECT_TRUE(matches_address("\"bob\"@example.org", "bob@example.org"));
  EXPECT_TRUE(matches_address("grün@bücher.test", "grün@xn--bcher-kva.test"));
  EXPECT_FALSE(matches_address("bob@example.org", "bob@example.com"));
  EXPECT_FALSE(matches_address("bob@example.org", "rob@example.org"));
  EXPECT_FALSE(matches_address("", ""));
  EXPECT_FALSE(matches_address("bob", "bob"));
  EXPECT_FALSE(matches_address("GRÜN@x.test", "grün@x.test")) << "only ASCII case is ignored";
}

TEST(ChooseCipher, AskedForWinsOverEverything) {
  SmimePolicy policy;
  policy.cipher = Cipher::aes_192_cbc;
  EXPECT_EQ(choose_cipher(policy, {{"bob", {Cipher::aes_256_gcm}}}).value, "aes-192-cbc");
}

TEST(ChooseCipher, UnknownRecipientsGetTheProfilesChoice) {
  EXPECT_EQ(choose_cipher({}, {}).value, "aes-256-gcm");
  EXPECT_EQ(choose_cipher({}, {{"bob", {Cipher::aes_128_cbc, Cipher::aes_256_gcm}}}).value, "aes-256-gcm");
}

TEST(ChooseCipher, GivesWayToWhatAllCanRead_AndNamesWhoCannot) {
  const std::vector<Capabilities> known{{"bob", {Cipher::aes_256_gcm, Cipher::aes_128_gcm, Cipher::aes_128_cbc}},
                                        {"carol", {Cipher::aes_256_cbc, Cipher::aes_128_cbc}}};
  const Choice choice = choose_cipher({}, known);
  EXPECT_EQ(choice.value, "aes-128-cbc");
  EXPECT_THAT(choice.why, HasSubstr("carol"));
  SmimePolicy bdew;
  bdew.profile = Profile::bdew;
  EXPECT_EQ(choose_cipher(bdew, known).value, "aes-128-gcm") << "a named rule does not bend";
}

TEST(ChooseCipher, ListWithoutAnyAes_GetsNothingWeaker) {
  const Choice choice = choose_cipher({}, {{"old", {}}});
  EXPECT_EQ(choice.value, "aes-128-cbc");
  EXPECT_THAT(choice.why, testing::StartsWith("the certificate of old names no cipher of ours;"));
}

TEST(ChooseCipher, ListsWithNothingInCommon_AreEachToldAsTheyAre) {
  const Choice choice = choose_cipher({}, {{"carol", {Cipher::aes_256_cbc, Cipher::aes_192_cbc}},
                                           {"dave", {Cipher::aes_256_gcm}, "the signed message"},
                                           {"old", {}}});
  EXPECT_EQ(choice.value, "aes-128-cbc");
  EXPECT_EQ(
      choice.why,
      "none is in all lists: the certificate of carol names aes-256-cbc, aes-192-cbc; the signed message of "
      "dave names aes-256-gcm; the certificate of old names no cipher of ours; every S/MIME 3.2 reader has this one");
}

/// The certificates of RFC 9216 say how keys are agreed on, and nothing of ciphers.
TEST(ChooseCipher, AListThatSpeaksOfNoCipherLeavesThemUnknown) {
  const auto list = [](std::initializer_list<const char*> oids) {
    std::string inner;
    for (const char* oid : oids) {
      const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> object(OBJ_txt2obj(oid, 1), &ASN1_OBJECT_free);
      std::string der(static_cast<std::size_t>(i2d_ASN1_OBJECT(object.get(), nullptr)), '\0');
      auto* at = reinterpret_cast<unsigned char*>(der.data());
      i2d_ASN1_OBJECT(object.get(), &at);
      inner += std::string{'\x30', static_cast<char>(der.size())} + der;
    }
    return std::string{'\x30', static_cast<char>(inner.size())} + inner;
  };
  EXPECT_EQ(ciphers_in(list({"1.2.840.113549.1.9.16.3.19"})), std::nullopt);
  EXPECT_EQ(ciphers_in(list({"1.2.840.113549.3.7"})), std::vector<Cipher>{}) << "3DES alone: none of ours";
  EXPECT_EQ(ciphers_in(list({"1.2.840.113549.1.9.16.3.19", "2.16.840.1.101.3.4.1.46"})),
            std::vector<Cipher>{Cipher::aes_256_gcm});
}

}  // namespace
}  // namespace mimeseal::smime
