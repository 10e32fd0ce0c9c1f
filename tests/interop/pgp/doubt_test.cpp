// SPDX-License-Identifier: MIT
// Keys that are half good: one user id of two is believed, a subkey is revoked, a use was taken back, the keyring's own
// configuration looks away.
#include "fixture.h"

namespace mimeseal {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOther = "Alice Example <Alice.Other@pgp.example>";

std::string detached(const Gnupg& peer, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = more;
  arguments.insert(arguments.end(), {"--armor", "--detach-sign", "--output", "-", peer.file("t", kText)});
  const Finished made = peer.gpg(arguments);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return made.out;
}

pgp::EngineOptions of_ring(const Gnupg& ring) {
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  return options;
}

TEST(PgpDoubt, OnlyTheCertifiedUserId_IsBelieved) {
  const Gnupg ring({pgp_key("rita.sec.asc"), pgp_key("alice.pub.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  const Finished done = ring.gpg({"--yes", "--default-key", ring.fingerprint("rita@pgp.example"), "--quick-sign-key",
                                  ring.fingerprint("alice@pgp.example"), "alice@pgp.example"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto engine = pgp::make_engine(of_ring(ring));
  const SignerFacts facts = verify(*engine, kText, detached(Gnupg({pgp_key("alice.sec.asc")})));
  EXPECT_EQ(facts.trust, Trust::trusted) << facts.why;
  EXPECT_THAT(facts.addresses, ElementsAre("alice@pgp.example"));
  EXPECT_EQ(facts.who, "alice <alice@pgp.example>");
  EXPECT_TRUE(engine->recipient_key("alice@pgp.example", now()).key);
  EXPECT_THAT(engine->recipient_key("alice.other@pgp.example", now()).why, HasSubstr("validity"));
}

TEST(PgpDoubt, RevokedUserId_NamesNobody) {
  const Gnupg owner({pgp_key("alice.sec.asc")});
  const Finished done = owner.gpg({"--quick-revoke-uid", owner.fingerprint("alice@pgp.example"), kOther});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const TempDir folder;
  write_file(folder / "alice.asc", owner.gpg({"--export"}).out);
  pgp::EngineOptions options;
  options.trust = options.recipient_keys = {(folder / "alice.asc").string()};
  const auto engine = pgp::make_engine(options);
  const SignerFacts facts = verify(*engine, kText, detached(owner));
  EXPECT_EQ(facts.trust, Trust::trusted) << facts.why;
  EXPECT_THAT(facts.addresses, ElementsAre("alice@pgp.example"));
  EXPECT_FALSE(engine->recipient_key("alice.other@pgp.example", now()).key);
  EXPECT_THAT(engine->keys().at(0)->info().user_ids, ElementsAre("alice <alice@pgp.example>"));
}

TEST(PgpDoubt, SignatureOfARevokedSubkey_IsNotTrusted) {
  const Gnupg owner({pgp_key("subs.sec.asc")});
  const std::string signature = detached(owner);
  const Finished done = owner.gpg({"--command-fd", "0", "--edit-key", owner.fingerprint("subs@pgp.example")},
                                  "key 1\nrevkey\ny\n0\n\ny\nsave\n");
  ASSERT_THAT(owner.gpg({"--with-colons", "--list-keys"}).out, HasSubstr("sub:r:")) << done.err;
  const TempDir folder;
  write_file(folder / "subs.asc", owner.gpg({"--export"}).out);
  pgp::EngineOptions options;
  options.trust = {(folder / "subs.asc").string()};
  const SignerFacts facts = verify(*pgp::make_engine(options), kText, signature);
  EXPECT_EQ(facts.trust, Trust::revoked) << facts.why;
  EXPECT_EQ(verdict(facts), Verdict::unverified);
}

TEST(PgpDoubt, KeyThatMayNoLongerSign_IsNotForMail) {
  const Gnupg owner({pgp_key("rita.sec.asc")});
  const std::string signature = detached(owner);
  const Finished done = owner.gpg({"--command-fd", "0", "--edit-key", owner.fingerprint("rita@pgp.example")},
                                  "change-usage\nS\nQ\nsave\n");
  const TempDir folder;
  write_file(folder / "rita.asc", owner.gpg({"--export"}).out);
  pgp::EngineOptions options;
  options.trust = {(folder / "rita.asc").string()};
  const auto engine = pgp::make_engine(options);
  const SignerFacts facts = verify(*engine, kText, signature);
  EXPECT_EQ(facts.usage, Usage::not_for_mail) << facts.why << done.err;
  EXPECT_NE(verdict(facts), Verdict::good);
}

TEST(PgpDoubt, KeyringThatIgnoresBrokenMdc_ReleasesNothingForIt) {
  const Gnupg ring({pgp_key("rita.sec.asc")});
  ring.file("gpg.conf", "ignore-mdc-error\n");
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  const Finished made = ring.gpg({"-r", "rita@pgp.example", "--encrypt"}, std::string(kText));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto engine = pgp::make_engine(of_ring(ring));
  EXPECT_EQ(open(*engine, made.out).facts.result, LayerResult::good);
  std::string broken = made.out;
  broken.back() = static_cast<char>(broken.back() ^ 1);
  const Read read = open(*engine, broken);
  EXPECT_EQ(read.facts.result, LayerResult::bad);
  EXPECT_FALSE(read.facts.authenticated);
  EXPECT_THAT(read.facts.why, HasSubstr("integrity"));
}

TEST(PgpDoubt, MarginallyValidKey_IsNeitherSealedToNorBelieved) {
  // One introducer of marginal trust, where gpg asks for three.
  const Gnupg ring({pgp_key("rita.sec.asc"), pgp_key("subs.sec.asc"), pgp_key("alice.pub.asc")});
  const auto sign_key = [&](const char* who, const char* whom) {
    const Finished done =
        ring.gpg({"--yes", "--default-key", ring.fingerprint(who), "--quick-sign-key", ring.fingerprint(whom)});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  };
  sign_key("rita@pgp.example", "subs@pgp.example");
  sign_key("subs@pgp.example", "alice@pgp.example");
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  ring.trust(ring.fingerprint("subs@pgp.example"), 4);
  const auto engine = pgp::make_engine(of_ring(ring));
  EXPECT_THAT(engine->recipient_key("alice@pgp.example", now()).why, HasSubstr("marginal"));
  EXPECT_EQ(verify(*engine, kText, detached(Gnupg({pgp_key("alice.sec.asc")}))).trust, Trust::unknown);
}

TEST(PgpDoubt, KeyNeverToBeTrusted_SaysSo) {
  const Gnupg ring({pgp_key("rita.sec.asc"), pgp_key("alice.pub.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  ring.trust(ring.fingerprint("alice@pgp.example"), 2);
  EXPECT_NE(verify(*pgp::make_engine(of_ring(ring)), kText, detached(Gnupg({pgp_key("alice.sec.asc")}))).trust,
            Trust::trusted);
}

}  // namespace
}  // namespace mimeseal
