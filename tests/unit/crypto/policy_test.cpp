// SPDX-License-Identifier: MIT
#include "mimeseal/crypto/policy.h"

#include <gtest/gtest.h>

namespace mimeseal {
namespace {

TEST(Policy, EveryWordIsReadBackAsItIsWritten) {
  for (const auto* word : {"aes-128-gcm", "aes-192-gcm", "aes-256-gcm", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc"}) {
    ASSERT_TRUE(parse_cipher(word)) << word;
    EXPECT_EQ(to_string(*parse_cipher(word)), word);
  }
  for (const auto* word : {"sha256", "sha384", "sha512"})
    EXPECT_EQ(to_string(parse_digest(word).value()), word);
  for (const auto* word : {"pss", "pkcs1"})
    EXPECT_EQ(to_string(parse_rsa_signature(word).value()), word);
  for (const auto* word : {"oaep", "pkcs1"})
    EXPECT_EQ(to_string(parse_key_transport(word).value()), word);
  for (const auto* word : {"default", "compat", "bdew", "fips"})
    EXPECT_EQ(to_string(parse_profile(word).value()), word);
}

TEST(Policy, WeakOrUnknownWordsAreNotThere) {
  for (const auto* word : {"", "3des", "des-ede3-cbc", "rc2", "AES-256-GCM", "aes-256"})
    EXPECT_FALSE(parse_cipher(word));
  EXPECT_FALSE(parse_digest("sha1"));
  EXPECT_FALSE(parse_profile("standard"));
}

TEST(Policy, ProfilesGiveTheirOwnValues) {
  const auto resolved = [](Profile profile) {
    SmimePolicy policy;
    policy.profile = profile;
    return resolve(policy);
  };
  EXPECT_EQ(resolved(Profile::standard).cipher, Cipher::aes_256_gcm);
  EXPECT_EQ(resolved(Profile::standard).key_transport, KeyTransport::oaep);
  EXPECT_EQ(resolved(Profile::compat).cipher, Cipher::aes_256_cbc);
  EXPECT_EQ(resolved(Profile::compat).rsa_signature, RsaSignature::pkcs1);
  EXPECT_EQ(resolved(Profile::compat).key_transport, KeyTransport::pkcs1);
  EXPECT_EQ(resolved(Profile::bdew).cipher, Cipher::aes_128_gcm);
  EXPECT_EQ(resolved(Profile::bdew).rsa_signature, RsaSignature::pss);
  EXPECT_EQ(resolved(Profile::bdew).key_transport, KeyTransport::oaep);
  EXPECT_EQ(resolved(Profile::fips).key_transport, KeyTransport::oaep);
  for (const Profile profile : {Profile::standard, Profile::compat, Profile::bdew, Profile::fips}) {
    EXPECT_FALSE(resolved(profile).oaep_sha1);
    EXPECT_FALSE(resolved(profile).digest) << "the digest follows the key's strength";
  }
}

TEST(Policy, SingleOptionOverridesTheProfile) {
  SmimePolicy policy;
  policy.profile = Profile::bdew;
  policy.cipher = Cipher::aes_128_cbc;
  policy.digest = Digest::sha512;
  const SmimePolicy resolved = resolve(policy);
  EXPECT_EQ(resolved.cipher, Cipher::aes_128_cbc);
  EXPECT_EQ(resolved.digest, Digest::sha512);
  EXPECT_EQ(resolved.rsa_signature, RsaSignature::pss);
}

}  // namespace
}  // namespace mimeseal
