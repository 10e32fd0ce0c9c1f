// SPDX-License-Identifier: MIT
#include "mail/wrap.h"

#include <gtest/gtest.h>

namespace mimeseal::mail {
namespace {

/// RFC 8551, section 3.5.3.2, has the names with a hyphen; OpenSSL's have none.
TEST(Micalg, SmimeNamesEachDigestAsTheTableOfRfc8551) {
  EXPECT_EQ(micalg(Protocol::smime, {"sha256"}), "sha-256");
  EXPECT_EQ(micalg(Protocol::smime, {"SHA384"}), "sha-384");
  EXPECT_EQ(micalg(Protocol::smime, {"sha512"}), "sha-512");
  EXPECT_EQ(micalg(Protocol::smime, {"sha1"}), "sha-1");
  EXPECT_EQ(micalg(Protocol::smime, {"sha3-256"}), "sha3-256");
  EXPECT_EQ(micalg(Protocol::smime, {"shake256"}), "shake256");
}

TEST(Micalg, SeveralDigestsStandOnceEachInOrder) {
  EXPECT_EQ(micalg(Protocol::smime, {"sha384", "sha256", "sha384"}), "sha-384,sha-256");
}

TEST(Micalg, OpenPgpHasExactlyOneInLowerCase) {
  EXPECT_EQ(micalg(Protocol::pgp, {"SHA512"}), "pgp-sha512");
}

}  // namespace
}  // namespace mimeseal::mail
