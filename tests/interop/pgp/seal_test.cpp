// SPDX-License-Identifier: MIT
// What we make, read by gpg; what gpg makes, read by us.
#include "fixture.h"

namespace mimeseal {
namespace {

using namespace test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PgpSign : public testing::TestWithParam<const char*> {};

TEST_P(PgpSign, DetachedSignature_IsGoodForGpg) {
  const std::string who = GetParam();
  const auto engine = pgp::make_engine(files({who}));
  StringSink out;
  const SignResult result =
      engine->sign(*view_source(kText), out, {.signers = {signer(*engine, who + "@pgp.example")}, .at = now()});
  EXPECT_THAT(result.digests, ElementsAre(StartsWith("sha")));
  EXPECT_NE(result.digests.front(), "sha1");
  EXPECT_THAT(out.str(), StartsWith("-----BEGIN PGP SIGNATURE-----\r\n\r\n"));
  const Gnupg peer({pgp_key(who + ".pub.asc")});
  const Finished done = peer.gpg_status({"--verify", peer.file("s.asc", out.str()), peer.file("t", kText)});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("GOODSIG"));
}

TEST_P(PgpSign, DetachedSignatureOfGpg_IsGoodWithTrustedKeyAlone) {
  const std::string who = GetParam();
  const Gnupg peer({pgp_key(who + ".sec.asc")});
  const Finished made = peer.gpg({"--armor", "--detach-sign", "--output", "-", peer.file("t", kText)});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto trusting = pgp::make_engine(files({}, {}, {who}));
  const SignerFacts good = verify(*trusting, kText, made.out);
  EXPECT_EQ(good.integrity, Integrity::good) << good.why;
  EXPECT_EQ(good.trust, Trust::trusted) << good.why;
  EXPECT_EQ(good.validity, Validity::valid) << good.why;
  EXPECT_THAT(good.addresses, Contains(who + "@pgp.example"));
  EXPECT_EQ(good.fingerprint.size(), 40U);
  EXPECT_EQ(good.judged_at - *good.signed_at < std::chrono::minutes(1), true);
  const auto knowing = pgp::make_engine(files({}, {who}));
  const SignerFacts known = verify(*knowing, kText, made.out);
  EXPECT_EQ(known.integrity, Integrity::good) << known.why;
  EXPECT_EQ(known.trust, Trust::unknown);
  EXPECT_EQ(verdict(known), Verdict::unverified);
  const auto ignorant = pgp::make_engine(files({}, {"signonly"}));
  EXPECT_EQ(verify(*ignorant, kText, made.out).integrity, Integrity::no_key);
  const auto empty = pgp::make_engine({});
  EXPECT_EQ(verify(*empty, kText, made.out).integrity, Integrity::no_key);
}

INSTANTIATE_TEST_SUITE_P(Keys, PgpSign, testing::Values("alice", "rita", "subs"));

TEST(PgpSign, KeyThatCanOnlyDoSha1_IsNotSignedWith) {
  const auto engine = pgp::make_engine(files({"dsa"}));
  const auto error = error_of([&] { sign(*engine, {signer(*engine, "dsa@pgp.example")}, kText); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::unsupported);
}

TEST(PgpSign, TextSignature_SurvivesOtherLineEnds) {
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const std::string signature = sign(*engine, {signer(*engine, "alice@pgp.example")}, "one\r\ntwo\r\n", true, true);
  EXPECT_EQ(verdict(verify(*engine, "one\r\ntwo\r\n", signature)), Verdict::good);
  EXPECT_EQ(verdict(verify(*engine, "one\ntwo\n", signature)), Verdict::good);
  EXPECT_EQ(verdict(verify(*engine, "one\ntwp\n", signature)), Verdict::bad);
}

TEST(PgpSign, SeveralSigners_EachHasItsDigestAndItsVerdict) {
  const auto engine = pgp::make_engine(files({"alice", "rita"}, {}, {"alice", "rita"}));
  StringSink out;
  const std::vector<KeyPtr> signers{signer(*engine, "rita@pgp.example"), signer(*engine, "alice@pgp.example")};
  const SignResult result = engine->sign(*view_source(kText), out, {.signers = signers, .at = now()});
  EXPECT_EQ(result.digests.size(), 2U);
  const LayerFacts facts = engine->verify(*view_source(kText), out.str(), {.at = now()});
  ASSERT_EQ(facts.signers.size(), 2U) << facts.why;
  EXPECT_EQ(verdict(facts.signers[0]), Verdict::good) << facts.signers[0].why;
  EXPECT_EQ(verdict(facts.signers[1]), Verdict::good) << facts.signers[1].why;
  EXPECT_NE(facts.signers[0].fingerprint, facts.signers[1].fingerprint);
}

TEST(PgpSign, SignerNamedTwice_SignsOnce) {
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const KeyPtr alice = signer(*engine, "alice@pgp.example");
  EXPECT_EQ(verdict(verify(*engine, kText, sign(*engine, {alice, alice}, kText))), Verdict::good);
}

TEST(PgpSign, OpaqueMessage_OpensHereAndInGpg) {
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const std::string message = sign(*engine, {signer(*engine, "alice@pgp.example")}, kText, false);
  const Read read = open(*engine, message);
  EXPECT_EQ(read.facts.type, LayerType::pgp_signed);
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  ASSERT_EQ(read.facts.signers.size(), 1U);
  EXPECT_EQ(verdict(read.facts.signers[0]), Verdict::good) << read.facts.signers[0].why;
  EXPECT_EQ(read.text, kText);
  const Gnupg peer({pgp_key("alice.pub.asc")});
  EXPECT_EQ(peer.gpg({"--decrypt"}, message).out, kText);
}

TEST(PgpSign, PassphraseOfTheKey_IsAskedForByName) {
  pgp::EngineOptions options = files({"bob"}, {}, {"bob"});
  std::vector<std::string> asked;
  options.passphrase = [&](const std::string& what) {
    asked.push_back(what);
    return SecretBytes(kBobsPassphrase);
  };
  const auto engine = pgp::make_engine(options);
  const std::string signature = sign(*engine, {signer(*engine, "bob@pgp.example")}, kText);
  EXPECT_EQ(verdict(verify(*engine, kText, signature)), Verdict::good);
  EXPECT_THAT(asked, ElementsAre(HasSubstr("bob@pgp.example")));
}

TEST(PgpSign, WrongPassphrase_IsRefusedNamingTheKeyAndNotTheSecret) {
  pgp::EngineOptions options = files({"bob"});
  options.passphrase = passphrase("SECRET-GUESS");
  const auto engine = pgp::make_engine(options);
  const auto error = error_of([&] { sign(*engine, {signer(*engine, "bob@pgp.example")}, kText); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::refused);
  const std::string all = std::string(error->what()) + error->where() + error->hint() + error->cause();
  EXPECT_THAT(all, HasSubstr("bob@pgp.example"));
  EXPECT_THAT(all, Not(HasSubstr("SECRET-GUESS")));
}

TEST(PgpSign, MissingPassphrase_IsRefused) {
  const auto engine = pgp::make_engine(files({"bob"}));
  const auto error = error_of([&] { sign(*engine, {signer(*engine, "bob@pgp.example")}, kText); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::refused) << error->what() << error->cause();
}

TEST(PgpSign, KeyOfTheKeyring_SignsByAddressAndFingerprint) {
  const Gnupg ring({pgp_key("alice.sec.asc"), pgp_key("rita.sec.asc")});
  for (const std::string& name :
       {std::string("alice@pgp.example"), ring.fingerprint("alice@pgp.example"), std::string()}) {
    pgp::EngineOptions options;
    options.gnupg_home = ring.home();
    if (!name.empty()) options.identities = {name};
    options.trust = {pgp_key("alice.pub.asc")};
    const auto engine = pgp::make_engine(options);
    const std::string signature = sign(*engine, {signer(*engine, "alice@pgp.example")}, kText);
    EXPECT_EQ(verdict(verify(*engine, kText, signature)), Verdict::good) << name;
  }
}

TEST(PgpSign, KeysOfFileAndKeyringTogether_MakeOneSignaturePart) {
  const Gnupg ring({pgp_key("rita.sec.asc")});
  pgp::EngineOptions options = files({"alice"}, {}, {"alice", "rita"});
  options.gnupg_home = ring.home();
  options.identities.push_back("rita@pgp.example");
  const auto engine = pgp::make_engine(options);
  const std::string signature =
      sign(*engine, {signer(*engine, "alice@pgp.example"), signer(*engine, "rita@pgp.example")}, kText);
  const LayerFacts facts = engine->verify(*view_source(kText), signature, {.at = now()});
  ASSERT_EQ(facts.signers.size(), 2U) << facts.why;
  EXPECT_EQ(verdict(facts.signers[0]), Verdict::good) << facts.signers[0].why;
  EXPECT_EQ(verdict(facts.signers[1]), Verdict::good) << facts.signers[1].why;
}

TEST(PgpSign, KeysOfFileAndKeyringTogether_SignOneMessage) {
  const Gnupg ring({pgp_key("rita.sec.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  pgp::EngineOptions options = files({"alice", "subs"}, {}, {"alice", "rita", "subs"});
  options.gnupg_home = ring.home();
  options.identities.push_back("rita@pgp.example");
  const auto engine = pgp::make_engine(options);
  const std::vector<KeyPtr> signers{signer(*engine, "alice@pgp.example"), signer(*engine, "rita@pgp.example"),
                                    signer(*engine, "subs@pgp.example")};
  const Gnupg peer({pgp_key("alice.sec.asc"), pgp_key("rita.pub.asc"), pgp_key("subs.pub.asc")});
  // Around the size of a chunk, where lengths go wrong.
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'529}, std::size_t{65'530},
                                 std::size_t{65'531}, std::size_t{131'066}, std::size_t{300'000}}) {
    const std::string text(size, 'x');
    StringSink out;
    const EncryptResult result = engine->encrypt(
        *view_source(text), out, {.recipients = {signers[0], signers[1]}, .signers = signers, .at = now()});
    EXPECT_THAT(result.digests, testing::SizeIs(3));
    EXPECT_EQ(result.cipher, "aes256");
    for (const std::string& message : {out.str(), sign(*engine, signers, text, false)}) {
      const Read read = open(*engine, message);
      EXPECT_EQ(read.text, text);
      EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
      ASSERT_EQ(read.facts.signers.size(), 3U) << size;
      for (const SignerFacts& one : read.facts.signers)
        EXPECT_EQ(verdict(one), Verdict::good) << one.why;
      const Finished done = peer.gpg_status({"--decrypt"}, message);
      EXPECT_EQ(done.exit_code, 0) << done.err;
      EXPECT_EQ(done.out, text);
      std::size_t good = 0;
      for (std::size_t at = done.err.find("GOODSIG"); at != std::string::npos; at = done.err.find("GOODSIG", at + 1))
        ++good;
      EXPECT_EQ(good, 3U) << done.err;
    }
  }
}

class PgpEncrypt : public testing::TestWithParam<const char*> {};

TEST_P(PgpEncrypt, MessageForAKeyFile_OpensInGpg) {
  const std::string who = GetParam();
  const auto engine = pgp::make_engine(files({}, {who}));
  StringSink out;
  const EncryptResult result = engine->encrypt(*view_source(kText), out,
                                               {.recipients = {recipient(*engine, who + "@pgp.example")}, .at = now()});
  EXPECT_EQ(result.type, LayerType::pgp_encrypted);
  EXPECT_EQ(result.cipher, "aes256");
  EXPECT_THAT(out.str(), Not(HasSubstr("MARKER")));
  const Gnupg peer({pgp_key(who + ".sec.asc")});
  const Finished done = peer.gpg({"--passphrase", std::string(kBobsPassphrase), "--decrypt"}, out.str());
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, kText);
}

TEST_P(PgpEncrypt, MessageOfGpg_OpensHere) {
  const std::string who = GetParam();
  const Gnupg peer({pgp_key(who + ".pub.asc")});
  const Finished made =
      peer.gpg({"--armor", "--trust-model", "always", "-r", who + "@pgp.example", "--encrypt"}, std::string(kText));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  pgp::EngineOptions options = files({who});
  options.passphrase = passphrase(kBobsPassphrase);
  const auto engine = pgp::make_engine(options);
  const Read read = open(*engine, made.out);
  EXPECT_EQ(read.facts.type, LayerType::pgp_encrypted);
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  EXPECT_TRUE(read.facts.authenticated);
  EXPECT_EQ(read.facts.cipher, "aes256");
  EXPECT_EQ(read.facts.recipients.size(), 1U);
  EXPECT_EQ(read.facts.decrypted_by, signer(*engine, who + "@pgp.example")->info().fingerprint);
  EXPECT_TRUE(read.facts.signers.empty());
  EXPECT_EQ(read.text, kText);
}

INSTANTIATE_TEST_SUITE_P(Keys, PgpEncrypt, testing::Values("alice", "bob", "rita", "subs", "dsa"));

TEST(PgpEncrypt, SignedAndEncrypted_IsOneMessageWithItsSigner) {
  const auto engine = pgp::make_engine(files({"alice"}, {"rita"}));
  StringSink out;
  const EncryptResult result = engine->encrypt(*view_source(kText), out,
                                               {.recipients = {recipient(*engine, "rita@pgp.example")},
                                                .signers = {signer(*engine, "alice@pgp.example")},
                                                .at = now()});
  EXPECT_EQ(result.digests.size(), 1U);
  const auto reader = pgp::make_engine(files({"rita"}, {}, {"alice"}));
  const Read read = open(*reader, out.str());
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  ASSERT_EQ(read.facts.signers.size(), 1U);
  EXPECT_EQ(verdict(read.facts.signers[0]), Verdict::good) << read.facts.signers[0].why;
  EXPECT_EQ(read.text, kText);
}

TEST(PgpEncrypt, HiddenRecipients_AreNotNamedAndCanRead) {
  const auto engine = pgp::make_engine(files({}, {"alice", "rita"}));
  StringSink out;
  engine->encrypt(*view_source(kText), out,
                  {.recipients = {recipient(*engine, "rita@pgp.example"), recipient(*engine, "alice@pgp.example")},
                   .hidden = true,
                   .at = now()});
  const auto reader = pgp::make_engine(files({"alice"}));
  const Read read = open(*reader, out.str());
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  EXPECT_THAT(read.facts.recipients, ElementsAre("0000000000000000", "0000000000000000"));
  EXPECT_EQ(read.text, kText);
}

TEST(PgpEncrypt, Passphrase_OpensWithIt) {
  const auto engine = pgp::make_engine({});
  const SecretBytes secret(std::string_view("open sesame"));
  StringSink out;
  engine->encrypt(*view_source(kText), out, {.passphrase = &secret, .at = now()});
  pgp::EngineOptions options;
  options.passphrase = passphrase("open sesame");
  const auto reader = pgp::make_engine(options);
  const Read read = open(*reader, out.str());
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  EXPECT_EQ(read.text, kText);
  EXPECT_THAT(read.facts.recipients, ElementsAre("passphrase"));
  const Gnupg peer;
  EXPECT_EQ(peer.gpg({"--passphrase", "open sesame", "--decrypt"}, out.str()).out, kText);

  const auto without = pgp::make_engine({});
  EXPECT_EQ(open(*without, out.str()).facts.result, LayerResult::no_key);
  options.passphrase = passphrase("SECRET-GUESS");
  const auto wrong = pgp::make_engine(options);
  const auto error = error_of([&] { open(*wrong, out.str()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::refused);
}

TEST(PgpEncrypt, PassphraseBesideRecipientAndSigner_OpensBothWays) {
  pgp::EngineOptions options = files({"bob"}, {"rita"});
  options.passphrase = passphrase(kBobsPassphrase);
  const auto engine = pgp::make_engine(options);
  const SecretBytes secret(std::string_view("open sesame"));
  StringSink out;
  engine->encrypt(*view_source(kText), out,
                  {.recipients = {recipient(*engine, "rita@pgp.example")},
                   .signers = {signer(*engine, "bob@pgp.example")},
                   .passphrase = &secret,
                   .at = now()});
  const auto by_key = pgp::make_engine(files({"rita"}, {}, {"bob"}));
  const Read read = open(*by_key, out.str());
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  EXPECT_EQ(read.text, kText);
  pgp::EngineOptions by_passphrase;
  by_passphrase.passphrase = passphrase("open sesame");
  const auto reader = pgp::make_engine(by_passphrase);
  const Read again = open(*reader, out.str());
  EXPECT_EQ(again.facts.result, LayerResult::good) << again.facts.why;
  EXPECT_EQ(again.text, kText);
}

TEST(PgpEncrypt, KeysOfFileAndKeyring_ReachOneMessageWithoutImport) {
  const Gnupg ring({pgp_key("rita.sec.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  pgp::EngineOptions options = files({}, {"alice"});
  options.gnupg_home = ring.home();
  options.identities.push_back("rita@pgp.example");
  const auto engine = pgp::make_engine(options);
  const std::vector<KeyPtr> both{recipient(*engine, "alice@pgp.example"), recipient(*engine, "rita@pgp.example")};
  for (const std::vector<KeyPtr>& signers : {std::vector<KeyPtr>{}, {signer(*engine, "rita@pgp.example")}}) {
    const std::string message = encrypt(*engine, both, kText, signers);
    const auto alice = pgp::make_engine(files({"alice"}));
    EXPECT_EQ(open(*alice, message).text, kText);
    EXPECT_EQ(ring.gpg({"--decrypt"}, message).out, kText);
  }
  EXPECT_NE(ring.gpg({"--list-keys", "alice@pgp.example"}).exit_code, 0);
}

TEST(PgpEncrypt, EncryptToOfTheKeyringsConfiguration_AddsNoReader) {
  const Gnupg ring({pgp_key("rita.sec.asc"), pgp_key("alice.pub.asc")});
  ring.file("gpg.conf", "encrypt-to " + ring.fingerprint("alice@pgp.example") + "\n");
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  const std::string message = encrypt(*engine, {recipient(*engine, "rita@pgp.example")}, kText);
  EXPECT_EQ(open(*engine, message).facts.recipients.size(), 1U);
}

TEST(PgpEncrypt, ReaderOrSignerAddedByTheKeyringsConfiguration_IsAnErrorAndNothingIsMade) {
  const Gnupg ring({pgp_key("rita.sec.asc"), pgp_key("alice.sec.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  const std::string alice = ring.fingerprint("alice@pgp.example");
  ring.file("gpg.conf", "recipient " + alice + "\nlocal-user " + alice + "\n");
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  const KeyPtr rita = recipient(*engine, "rita@pgp.example");
  StringSink out;
  const auto error = error_of([&] { engine->encrypt(*view_source(kText), out, {.recipients = {rita}, .at = now()}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::config) << error->what();
  EXPECT_EQ(out.str(), "");
  const auto signing = error_of([&] { sign(*engine, {signer(*engine, "rita@pgp.example")}, kText); });
  ASSERT_TRUE(signing);
  EXPECT_EQ(signing->code(), Errc::config) << signing->what() << signing->cause();
}

TEST(PgpEncrypt, ArmourAskedForByTheKeyringsConfiguration_ComesOnce) {
  const Gnupg ring({pgp_key("rita.sec.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  ring.file("gpg.conf", "armor\ncomment from the configuration\n");
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  const KeyPtr rita = signer(*engine, "rita@pgp.example");
  EXPECT_EQ(open(*engine, encrypt(*engine, {rita}, kText, {rita})).text, kText);
  EXPECT_EQ(verdict(verify(*engine, kText, sign(*engine, {rita}, kText))), Verdict::good);
  EXPECT_EQ(pgp::read_keys(engine->export_public(*rita, "rita@pgp.example")).size(), 1U);
}

TEST(PgpEncrypt, Compressed_OnlyWhenAskedFor) {
  const auto engine = pgp::make_engine(files({}, {"alice"}));
  const std::string text(100'000, 'a');
  const KeyPtr alice = recipient(*engine, "alice@pgp.example");
  EXPECT_GT(encrypt(*engine, {alice}, text).size(), text.size());
  StringSink out;
  engine->encrypt(*view_source(text), out, {.recipients = {alice}, .compress = true, .at = now()});
  EXPECT_LT(out.str().size(), text.size() / 10);
  EXPECT_EQ(open(*pgp::make_engine(files({"alice"})), out.str()).text, text);
}

TEST(PgpEncrypt, KeysThatCannotBeUsed_AreErrorsNamingThem) {
  const auto engine = pgp::make_engine(files({"expired"}, {"alice", "signonly", "expired", "revoked"}));
  for (const KeyPtr& key : engine->keys()) {
    if (key->info().addresses.size() == 2) continue;  // alice's can be used
    const auto error = error_of([&] { encrypt(*engine, {key}, kText); });
    ASSERT_TRUE(error) << key->info().name;
    EXPECT_EQ(error->code(), Errc::no_recipient) << error->what() << error->cause();
    EXPECT_EQ(error->details().size(), 1U);
  }
  const KeyPtr expired = engine->signing_key("expired@pgp.example", parse_rfc3339("2020-06-01").value()).key;
  ASSERT_TRUE(expired);
  EXPECT_EQ(error_of([&] { sign(*engine, {expired}, kText); })->code(), Errc::refused);
  EXPECT_EQ(error_of([&] { sign(*engine, {recipient(*engine, "alice@pgp.example")}, kText); })->code(), Errc::refused);
  EXPECT_EQ(error_of([&] { sign(*engine, {}, kText); })->code(), Errc::usage);
  EXPECT_EQ(error_of([&] { encrypt(*engine, {}, kText); })->code(), Errc::usage);
  EXPECT_EQ(error_of([&] {
              NullSink out;
              engine->compress(*view_source(kText), out);
            })->code(),
            Errc::unsupported);
}

TEST(PgpSign, ProtectedKeyOfTheKeyring_TakesThePassphraseGiven) {
  const Gnupg ring({pgp_key("bob.sec.asc")});
  pgp::EngineOptions options = files({}, {}, {"bob"});
  options.gnupg_home = ring.home();
  options.passphrase = passphrase(kBobsPassphrase);
  {
    const auto engine = pgp::make_engine(options);
    EXPECT_EQ(verdict(verify(*engine, kText, sign(*engine, {signer(*engine, "bob@pgp.example")}, kText))),
              Verdict::good);
  }
  run({"gpgconf", "--homedir", ring.home(), "--kill", "gpg-agent"});
  options.passphrase = nullptr;
  ring.file("gpg-agent.conf", "pinentry-program /bin/false\ndisable-scdaemon\n");
  const auto engine = pgp::make_engine(options);
  const auto error = error_of([&] { sign(*engine, {signer(*engine, "bob@pgp.example")}, kText); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::refused) << error->what() << error->cause();
}

// SignSpec::at: what the signature states, or a clear error.

TEST(PgpSignTime, KeyFile_SignsWithTheTimeAskedFor) {
  const auto engine = pgp::make_engine(files({"alice", "expired"}, {}, {"alice", "expired"}));
  const Time then = parse_rfc3339("2020-06-01T12:00:00Z").value();
  const KeyChoice old = engine->signing_key("expired@pgp.example", then);
  ASSERT_TRUE(old.key) << old.why;
  const auto signed_at = [&](const std::string& signature) {
    return verify(*engine, kText, signature, then).signed_at;
  };
  StringSink detached;
  engine->sign(*view_source(kText), detached, {.signers = {old.key}, .at = then});
  EXPECT_EQ(signed_at(detached.str()), then);
  EXPECT_EQ(verdict(verify(*engine, kText, detached.str(), then)), Verdict::good);

  StringSink opaque;
  engine->sign(*view_source(kText), opaque, {.signers = {old.key}, .detached = false, .at = then});
  EXPECT_EQ(open(*engine, opaque.str(), {.at = then}).facts.signers.at(0).signed_at, then);

  StringSink combined;
  engine->encrypt(*view_source(kText), combined, {.recipients = {old.key}, .signers = {old.key}, .at = then});
  EXPECT_EQ(open(*engine, combined.str(), {.at = then}).facts.signers.at(0).signed_at, then);

  // The next one is of today again.
  const std::string today = sign(*engine, {signer(*engine, "alice@pgp.example")}, kText);
  EXPECT_LT(now() - *verify(*engine, kText, today).signed_at, std::chrono::minutes(1));
  StringSink unsaid;
  engine->sign(*view_source(kText), unsaid, {.signers = {signer(*engine, "alice@pgp.example")}});
  EXPECT_LT(now() - *verify(*engine, kText, unsaid.str()).signed_at, std::chrono::minutes(1));
}

TEST(PgpSignTime, FailureBetween_LeavesTheClockRight) {
  const auto engine = pgp::make_engine(files({"bob", "alice"}, {}, {"alice"}));
  const Time then = parse_rfc3339("2035-06-01T12:00:00Z").value();
  StringSink out;
  EXPECT_TRUE(error_of(
      [&] { engine->sign(*view_source(kText), out, {.signers = {signer(*engine, "bob@pgp.example")}, .at = then}); }));
  const std::string today = sign(*engine, {signer(*engine, "alice@pgp.example")}, kText);
  EXPECT_LT(now() - *verify(*engine, kText, today).signed_at, std::chrono::minutes(1));
}

TEST(PgpSignTime, KeyOfTheKeyring_SignsNowOrNotAtAll) {
  const Gnupg ring({pgp_key("alice.sec.asc")});
  ring.trust(ring.fingerprint("alice@pgp.example"), 6);
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  const KeyPtr alice = signer(*engine, "alice@pgp.example");
  const Time then = now() - std::chrono::days(1);
  NullSink out;
  for (const bool detached : {true, false}) {
    const auto error = error_of(
        [&] { engine->sign(*view_source(kText), out, {.signers = {alice}, .detached = detached, .at = then}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::unsupported);
  }
  EXPECT_TRUE(error_of(
      [&] { engine->encrypt(*view_source(kText), out, {.recipients = {alice}, .signers = {alice}, .at = then}); }));
  EXPECT_FALSE(error_of([&] { engine->encrypt(*view_source(kText), out, {.recipients = {alice}, .at = then}); }));
  EXPECT_FALSE(error_of([&] { sign(*engine, {alice}, kText); }));
}

TEST(PgpSignTime, TimeThatOpenPgpCannotState_IsUsage) {
  const auto engine = pgp::make_engine(files({"alice"}));
  NullSink out;
  const auto error = error_of([&] {
    engine->sign(*view_source(kText), out,
                 {.signers = {signer(*engine, "alice@pgp.example")}, .at = parse_rfc3339("2200-01-01").value()});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::usage);
}

TEST(PgpChoice, RevocationInTheKeyring_CountsForFilesToo) {
  const Gnupg ring({pgp_key("revoked.pub.asc")});
  const TempDir folder;
  const Finished old = Gnupg({pgp_key("revoked-before.sec.asc")}).gpg({"--armor", "--export"});
  write_file(folder / "old.asc", old.out);
  const Gnupg peer({pgp_key("revoked-before.sec.asc")});
  const Finished made = peer.gpg({"--armor", "--detach-sign", "--output", "-", peer.file("t", kText)});
  pgp::EngineOptions options;
  options.recipient_keys = options.trust = {(folder / "old.asc").string()};
  EXPECT_EQ(verdict(verify(*pgp::make_engine(options), kText, made.out)), Verdict::good);
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  EXPECT_EQ(verify(*engine, kText, made.out).trust, Trust::revoked);
  EXPECT_THAT(engine->recipient_key("revoked@pgp.example", now()).why, HasSubstr("revoked in the keyring"));
}

}  // namespace
}  // namespace mimeseal
