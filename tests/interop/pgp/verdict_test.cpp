// SPDX-License-Identifier: MIT
// What is said about a signer: trust, dates, revocation, algorithms, usage.
#include "fixture.h"

namespace mimeseal {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

/// A signature by gpg at a time of our choice.
std::string signed_by(const std::string& who, const std::string& when = {}, const std::vector<std::string>& more = {}) {
  const Gnupg peer({pgp_key(who + ".sec.asc")});
  std::vector<std::string> arguments = more;
  if (!when.empty()) arguments.insert(arguments.end(), {"--faked-system-time", when});
  arguments.insert(arguments.end(), {"--armor", "--detach-sign", "--output", "-", peer.file("t", kText)});
  const Finished made = peer.gpg(arguments);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return made.out;
}

TEST(PgpVerdict, ExpiredKey_IsValidAtItsTimeAndExpiredToday) {
  const std::string signature = signed_by("expired", "20200601T120000!");
  const auto engine = pgp::make_engine(files({}, {}, {"expired"}));
  const SignerFacts then = verify(*engine, kText, signature, at("2020-07-01"));
  EXPECT_EQ(verdict(then), Verdict::good) << then.why;
  EXPECT_EQ(then.signed_at, at("2020-06-01T12:00:00Z"));
  EXPECT_EQ(then.judged_at, at("2020-07-01"));
  const SignerFacts today = verify(*engine, kText, signature);
  EXPECT_EQ(today.integrity, Integrity::good) << today.why;
  EXPECT_EQ(today.validity, Validity::expired);
  EXPECT_THAT(today.why, HasSubstr("2021-01-01"));
  const SignerFacts before_signing = verify(*engine, kText, signature, at("2020-05-01"));
  EXPECT_EQ(before_signing.validity, Validity::not_yet_valid) << before_signing.why;
  const SignerFacts before_key = verify(*engine, kText, signature, at("2019-05-01"));
  EXPECT_EQ(before_key.validity, Validity::not_yet_valid) << before_key.why;
}

TEST(PgpVerdict, SignatureThatExpires_IsExpiredAfterItsTime) {
  const std::string signature = signed_by("alice", "", {"--default-sig-expire", "2d"});
  const auto engine = pgp::make_engine(files({}, {}, {"alice"}));
  EXPECT_EQ(verdict(verify(*engine, kText, signature)), Verdict::good);
  EXPECT_EQ(verify(*engine, kText, signature, now() + std::chrono::days(3)).validity, Validity::expired);
}

TEST(PgpVerdict, SignatureThatHasExpiredToday_WasValidThen) {
  const std::string signature = signed_by("expired", "20200601T120000!", {"--default-sig-expire", "2d"});
  const auto engine = pgp::make_engine(files({}, {}, {"expired"}));
  EXPECT_EQ(verdict(verify(*engine, kText, signature, at("2020-06-02"))), Verdict::good);
  EXPECT_EQ(verify(*engine, kText, signature, at("2020-06-20")).validity, Validity::expired);
  EXPECT_EQ(verify(*engine, kText, signature).integrity, Integrity::good);
}

TEST(PgpVerdict, SignatureOfTheFuture_IsNotYetValid) {
  const std::string signature = signed_by("alice", "20400101T000000!");
  const auto engine = pgp::make_engine(files({}, {}, {"alice"}));
  const SignerFacts today = verify(*engine, kText, signature);
  EXPECT_EQ(today.integrity, Integrity::good) << today.why;
  EXPECT_EQ(today.validity, Validity::not_yet_valid);
  EXPECT_EQ(verdict(verify(*engine, kText, signature, at("2040-06-01"))), Verdict::good);
}

TEST(PgpVerdict, RevokedKey_IsNeverTrusted) {
  const Gnupg peer({pgp_key("revoked-before.sec.asc")});
  const Finished made = peer.gpg({"--armor", "--detach-sign", "--output", "-", peer.file("t", kText)});
  const auto engine = pgp::make_engine(files({}, {}, {"revoked"}));
  const SignerFacts facts = verify(*engine, kText, made.out);
  EXPECT_EQ(facts.integrity, Integrity::good) << facts.why;
  EXPECT_EQ(facts.trust, Trust::revoked);
  EXPECT_EQ(verdict(facts), Verdict::unverified);
}

TEST(PgpVerdict, WeakAlgorithms_AreNamed) {
  const auto engine = pgp::make_engine(files({}, {}, {"alice", "short", "dsa"}));
  EXPECT_EQ(verify(*engine, kText, signed_by("short")).algorithm, Algorithm::weak);
  EXPECT_EQ(verify(*engine, kText, signed_by("dsa")).algorithm, Algorithm::weak);
  const SignerFacts strong = verify(*engine, kText, signed_by("alice"));
  EXPECT_EQ(strong.algorithm, Algorithm::ok);
}

TEST(PgpVerdict, Sha1_IsWeakAndMd5IsNotEvenJudged) {
  const auto engine = pgp::make_engine(files({}, {}, {"rita"}));
  const SignerFacts sha1 = verify(*engine, kText, signed_by("rita", "", {"--digest-algo", "SHA1"}));
  EXPECT_EQ(sha1.integrity, Integrity::good) << sha1.why;
  EXPECT_EQ(sha1.digest, "sha1");
  EXPECT_EQ(sha1.algorithm, Algorithm::weak);
  EXPECT_EQ(verdict(sha1), Verdict::unverified);
  const SignerFacts md5 =
      verify(*engine, kText, signed_by("rita", "", {"--digest-algo", "MD5", "--allow-weak-digest-algos"}));
  EXPECT_NE(md5.integrity, Integrity::good);
  EXPECT_EQ(md5.algorithm, Algorithm::weak);
  EXPECT_EQ(verdict(md5), Verdict::unverified);
}

TEST(PgpVerdict, TrustFile_IsBelievedForAllItsUserIds) {
  const auto engine = pgp::make_engine(files({}, {}, {"alice"}));
  const SignerFacts facts = verify(*engine, kText, signed_by("alice"));
  EXPECT_THAT(facts.addresses, UnorderedElementsAre("alice@pgp.example", "Alice.Other@pgp.example"));
}

TEST(PgpVerdict, Keyring_BelievesByValidity) {
  const Gnupg ring({pgp_key("alice.pub.asc")});
  const std::string signature = signed_by("alice");
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  {
    const auto engine = pgp::make_engine(options);
    const SignerFacts unknown = verify(*engine, kText, signature);
    EXPECT_EQ(unknown.integrity, Integrity::good) << unknown.why;
    EXPECT_EQ(unknown.trust, Trust::unknown);
    ring.trust(ring.fingerprint("alice@pgp.example"), 6);
    const SignerFacts known = verify(*engine, kText, signature);  // the same engine sees what changed
    EXPECT_EQ(known.trust, Trust::trusted) << known.why;
    EXPECT_EQ(verdict(known), Verdict::good);
  }
  ring.trust(ring.fingerprint("alice@pgp.example"), 2);
  options.trust_model = pgp::TrustModel::always;
  EXPECT_EQ(verify(*pgp::make_engine(options), kText, signature).trust, Trust::trusted);
}

TEST(PgpVerdict, KeyringAndTrustFile_WorkTogether) {
  const Gnupg ring({pgp_key("alice.pub.asc")});
  pgp::EngineOptions options = files({}, {"alice"});
  options.gnupg_home = ring.home();
  ring.trust(ring.fingerprint("alice@pgp.example"), 6);
  // Known as a recipient's file, believed because the keyring says so.
  EXPECT_EQ(verify(*pgp::make_engine(options), kText, signed_by("alice")).trust, Trust::trusted);
}

TEST(PgpVerdict, DisabledKeyOfTheKeyring_IsNotTrusted) {
  const Gnupg ring({pgp_key("alice.pub.asc")});
  const std::string id = ring.fingerprint("alice@pgp.example");
  ring.trust(id, 6);
  ring.gpg({"--command-fd", "0", "--edit-key", id}, "disable\nsave\n");
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  const SignerFacts facts = verify(*engine, kText, signed_by("alice"));
  EXPECT_EQ(facts.integrity, Integrity::good) << facts.why;
  EXPECT_EQ(facts.trust, Trust::untrusted) << facts.why;
  const KeyChoice choice = engine->recipient_key("alice@pgp.example", now());
  EXPECT_FALSE(choice.key);
  EXPECT_THAT(choice.why, HasSubstr("disabled"));
}

TEST(PgpChoice, EachReasonAgainstAKeyIsNamed) {
  const auto engine = pgp::make_engine(files({}, {"alice", "expired", "revoked", "signonly", "subexp"}));
  EXPECT_THAT(engine->recipient_key("expired@pgp.example", now()).why, HasSubstr("expired on 2021-01-01"));
  EXPECT_TRUE(engine->recipient_key("expired@pgp.example", at("2020-06-01")).key);
  EXPECT_THAT(engine->recipient_key("revoked@pgp.example", now()).why, HasSubstr(": revoked"));
  EXPECT_THAT(engine->recipient_key("signonly@pgp.example", now()).why, HasSubstr("not for encryption"));
  EXPECT_THAT(engine->recipient_key("subexp@pgp.example", now()).why, HasSubstr("subkey for encryption expired"));
  EXPECT_THAT(engine->recipient_key("nobody@pgp.example", now()).why, HasSubstr("nobody@pgp.example"));
  EXPECT_FALSE(engine->recipient_key("", now()).key);
  EXPECT_FALSE(engine->recipient_key("a@b\r\nc", now()).key);
  const KeyChoice found = engine->recipient_key("ALICE.other@PGP.example", now());
  ASSERT_TRUE(found.key) << found.why;
  EXPECT_THAT(found.why, HasSubstr("alice.pub.asc"));
}

TEST(PgpChoice, KeyringNeedsValidityUnlessTheKeyIsNamed) {
  const Gnupg ring({pgp_key("alice.pub.asc")});
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  EXPECT_THAT(pgp::make_engine(options)->recipient_key("alice@pgp.example", now()).why, HasSubstr("validity"));
  options.trust_model = pgp::TrustModel::always;
  EXPECT_TRUE(pgp::make_engine(options)->recipient_key("alice@pgp.example", now()).key);
  options.trust_model = pgp::TrustModel::validity;
  options.recipient_keys = {ring.fingerprint("alice@pgp.example")};
  EXPECT_TRUE(pgp::make_engine(options)->recipient_key("alice@pgp.example", now()).key);
  options.recipient_keys.clear();
  ring.trust(ring.fingerprint("alice@pgp.example"), 6);
  EXPECT_TRUE(pgp::make_engine(options)->recipient_key("alice@pgp.example", now()).key);
}

TEST(PgpChoice, SigningKey_IsTheIdentityForTheAddress) {
  const auto engine = pgp::make_engine(files({"alice", "rita"}));
  EXPECT_EQ(engine->signing_key("rita@pgp.example", now()).key->info().addresses.front(), "rita@pgp.example");
  EXPECT_THAT(engine->signing_key("", now()).key->info().addresses, Contains("alice@pgp.example"));
  const KeyChoice none = engine->signing_key("bob@pgp.example", now());
  EXPECT_FALSE(none.key);
  EXPECT_EQ(none.rejected.size(), 2U);
  EXPECT_THAT(pgp::make_engine(files({"expired"}))->signing_key("", now()).why, HasSubstr("expired"));
  EXPECT_THAT(pgp::make_engine(files({"revoked"}))->signing_key("", now()).why, HasSubstr(": revoked"));
  EXPECT_FALSE(pgp::make_engine({})->signing_key("", now()).key);
}

TEST(PgpKeys, ListedShownAndExported) {
  const auto engine = pgp::make_engine(files({"alice"}, {"rita"}, {"subs"}));
  const std::vector<KeyPtr> all = engine->keys();
  ASSERT_EQ(all.size(), 2U);
  const KeyPtr alice = signer(*engine, "alice@pgp.example");
  EXPECT_EQ(alice->info().algorithm, "Ed25519");
  EXPECT_TRUE(alice->info().has_secret && alice->info().can_sign && alice->info().can_encrypt);
  EXPECT_FALSE(alice->info().not_after);
  const KeyPtr rita = recipient(*engine, "rita@pgp.example");
  EXPECT_EQ(rita->info().algorithm, "RSA-2048");
  EXPECT_FALSE(rita->info().has_secret);
  std::string upper = alice->info().fingerprint;
  for (char& c : upper)
    c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(engine->find_key(upper), alice);
  EXPECT_EQ(engine->find_key("0x" + upper), alice);
  EXPECT_EQ(engine->find_key(std::string(40, '0')), nullptr);
  EXPECT_EQ(engine->find_key("alice"), nullptr);

  const std::string whole = engine->export_public(*alice, "");
  EXPECT_THAT(pgp::read_keys(whole).at(0).addresses.size(), 2U);
  const std::string one = engine->export_public(*alice, "alice.other@pgp.example");
  const std::vector<KeyInfo> kept = pgp::read_keys(one);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_THAT(kept[0].addresses, ElementsAre("Alice.Other@pgp.example"));
  EXPECT_EQ(kept[0].fingerprint, alice->info().fingerprint);
  EXPECT_TRUE(kept[0].can_encrypt);
  EXPECT_FALSE(kept[0].has_secret);
  EXPECT_TRUE(error_of([&] { static_cast<void>(engine->export_public(*alice, "x@y.example")); }));
  StringSink out;
  engine->export_keys({alice, rita}, out);
  EXPECT_EQ(pgp::read_keys(out.str()).size(), 2U);
  const Gnupg peer;
  peer.import(peer.file("both.asc", out.str()));
  peer.import(peer.file("one.asc", one));
}

TEST(PgpKeys, MaterialIsRead_WhateverStateItsKeysAreIn) {
  for (const char* who : {"alice", "rita", "subs", "dsa", "short", "expired", "subexp", "revoked", "signonly"}) {
    const std::vector<KeyInfo> keys = pgp::read_keys(read_file(pgp_key(std::string(who) + ".pub.asc")));
    ASSERT_EQ(keys.size(), 1U) << who;
    EXPECT_THAT(keys[0].addresses, Contains(std::string(who) + "@pgp.example"));
    EXPECT_FALSE(keys[0].user_ids.empty());
    EXPECT_EQ(keys[0].revoked, std::string(who) == "revoked");
    EXPECT_EQ(keys[0].not_after.has_value(), std::string(who) == "expired");
  }
}

TEST(PgpKeys, BadFilesAreNamed) {
  const TempDir folder;
  write_file(folder / "text.txt", "no key at all");
  const auto code = [](const pgp::EngineOptions& options) {
    const auto error = error_of([&] { static_cast<void>(pgp::make_engine(options)); });
    return error ? error->code() : Errc::internal;
  };
  pgp::EngineOptions options;
  options.recipient_keys = {(folder / "missing").string()};
  EXPECT_EQ(code(options), Errc::no_input);
  options.recipient_keys = {(folder / "text.txt").string()};
  EXPECT_EQ(code(options), Errc::malformed);
  options.recipient_keys = {folder.path().string()};
  EXPECT_FALSE(error_of([&] { static_cast<void>(pgp::make_engine(options)); }));
  options = {};
  options.identities = {pgp_key("alice.pub.asc")};
  EXPECT_EQ(code(options), Errc::refused);
  options.identities = {"nothing like that"};
  EXPECT_EQ(code(options), Errc::no_input);
  options = {};
  options.gnupg_home = (folder / "missing").string();
  EXPECT_EQ(code(options), Errc::no_input);
  const Gnupg empty;
  options.gnupg_home = empty.home();
  options.identities = {"alice@pgp.example"};
  EXPECT_EQ(code(options), Errc::refused);
}

TEST(PgpKeys, FolderOfRecipients_IsReadWhole) {
  pgp::EngineOptions options;
  const TempDir folder;
  for (const char* name : {"alice", "rita", "subs"}) {
    write_file(folder / (std::string(name) + ".asc"), read_file(pgp_key(std::string(name) + ".pub.asc")));
  }
  write_file(folder / "README", "certificates, notes");
  options.recipient_keys = {folder.path().string()};
  EXPECT_EQ(pgp::make_engine(options)->keys().size(), 3U);
}

}  // namespace
}  // namespace mimeseal
