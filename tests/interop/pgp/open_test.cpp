// SPDX-License-Identifier: MIT
// Messages from outside: broken, tampered, of odd shapes, beyond what gpg reads.
#include "fixture.h"
#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/packets.h"

namespace mimeseal {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string data(const std::string& name) {
  return read_file(std::string(MIMESEAL_SOURCE_DIR) + "/testdata/" + name);
}

std::string binary(std::string_view armored) {
  const auto source = view_source(armored);
  pgp::Dearmor dearmor(*source);
  return read_all(dearmor);
}

/// gpg's packets of a message made with other options than ours.
std::string by_gpg(const Gnupg& peer, const std::vector<std::string>& arguments, std::string_view text = kText) {
  std::vector<std::string> all{"--trust-model", "always"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Finished made = peer.gpg(all, std::string(text));
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return made.out;
}

TEST(PgpOpen, NoMdc_IsBadAndNothingComesOut) {
  const Gnupg peer({pgp_key("rita.pub.asc")});
  // Tag 9: what RFC 9580, section 5.7 no longer lets be made.
  const std::string message = by_gpg(peer, {"-r", "rita@pgp.example", "--encrypt"});
  const auto engine = pgp::make_engine(files({"rita"}));
  pgp::PacketWalker walker(100, 1U << 20U);
  walker.feed(message);
  walker.finish();
  ASSERT_EQ(walker.packets().size(), 2U);
  const std::string session_key = pgp::write_packet(pgp::tag::kPkesk, message.substr(3, walker.packets()[0].length));
  std::string content = message.substr(message.size() - walker.packets()[1].length);
  const Read read = open(*engine, session_key + pgp::write_packet(pgp::tag::kEncryptedNoMdc, content));
  EXPECT_EQ(read.facts.result, LayerResult::bad);
  EXPECT_FALSE(read.facts.authenticated);
  EXPECT_THAT(read.facts.why, HasSubstr("MDC"));
  EXPECT_EQ(read.text, "");
}

TEST(PgpOpen, EveryTamperedOctet_IsNeverGood) {
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const KeyPtr alice = signer(*engine, "alice@pgp.example");
  const std::string message = binary(encrypt(*engine, {alice}, kText, {alice}));
  for (std::size_t i = 0; i < message.size(); i += 3) {
    std::string changed = message;
    changed[i] = static_cast<char>(changed[i] ^ 0x04);
    try {
      const Read read = open(*engine, changed);
      EXPECT_NE(read.facts.result, LayerResult::good) << "octet " << i;
      EXPECT_FALSE(read.facts.authenticated) << "octet " << i;
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == Errc::malformed || error.code() == Errc::limit)
          << i << ": " << error.what() << error.cause();
    }
  }
}

TEST(PgpOpen, TamperedArmour_IsNeverGood) {
  const auto engine = pgp::make_engine(files({"alice"}));
  const std::string message = encrypt(*engine, {signer(*engine, "alice@pgp.example")}, kText);
  for (std::size_t i = 0; i < message.size(); i += 7) {
    std::string changed = message;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    try {
      const Read read = open(*engine, changed);
      // A changed octet of white space or of the line ends changes nothing of the message.
      if (std::isspace(static_cast<unsigned char>(message[i])) != 0) continue;
      EXPECT_NE(read.facts.result, LayerResult::good) << "octet " << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::malformed) << i << ": " << error.what();
    }
  }
}

std::size_t number(std::string_view octets, std::size_t at) {
  return static_cast<std::size_t>(static_cast<unsigned char>(octets[at])) * 256U +
         static_cast<unsigned char>(octets[at + 1]);
}

/// Where a version 4 signature packet's unhashed subpackets stand (RFC 9580, section 5.2.3). The signature does not
/// cover them, by design: whoever carries it may add hints there.
struct Unhashed {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Unhashed unhashed_of(std::string_view signature) {
  pgp::PacketWalker walker;
  walker.feed(signature);
  const std::size_t body = signature.size() - walker.packets().at(0).length;
  const std::size_t count = body + 6 + number(signature, body + 4);
  return {count + 2, count + 2 + number(signature, count)};
}

/// The octets that neither are signed nor are the signature: these subpackets, the left 16 bits of the digest, which
/// are a hint too, and the number of bits of each MPI, which readers round up to octets. A change in them leaves the
/// signature what it is, and nothing of them may be shown or believed.
std::vector<bool> hints_of(std::string_view signature) {
  const Unhashed unhashed = unhashed_of(signature);
  const std::size_t values = unhashed.end + 2;
  std::vector<bool> hints(signature.size());
  std::fill(hints.begin() + static_cast<std::ptrdiff_t>(unhashed.begin),
            hints.begin() + static_cast<std::ptrdiff_t>(values), true);
  for (std::size_t at = values; at + 2 <= signature.size(); at += 2 + (number(signature, at) + 7) / 8)
    hints[at] = hints[at + 1] = true;
  return hints;
}

TEST(PgpOpen, TamperedSignaturesAndContent_AreNeverGood) {
  const std::string text = "Content-Type: text/plain\r\n\r\nshort\r\n";
  for (const char* who : {"alice", "rita"}) {
    const auto engine = pgp::make_engine(files({who}, {}, {who}));
    const std::string signature = binary(sign(*engine, {signer(*engine, std::string(who) + "@pgp.example")}, text));
    const std::vector<bool> hints = hints_of(signature);
    ASSERT_GT(std::count(hints.begin(), hints.end(), true), 6);
    ASSERT_GT(std::count(hints.begin(), hints.end(), false), 90);
    for (std::size_t i = 0; i < signature.size(); ++i) {
      std::string changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 0x02);
      try {
        const LayerFacts facts = engine->verify(*view_source(text), changed, {.at = now()});
        if (hints[i]) continue;
        for (const SignerFacts& one : facts.signers)
          EXPECT_FALSE(facts.result == LayerResult::good && verdict(one) == Verdict::good) << who << ", octet " << i;
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == Errc::malformed || error.code() == Errc::limit) << i << ": " << error.what();
      }
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ 0x20);
      EXPECT_EQ(verdict(verify(*engine, changed, signature)), Verdict::bad) << who << ", octet " << i;
    }
  }
}

TEST(PgpOpen, UnhashedSubpackets_ShowNothingAndDecideNothing) {
  const auto engine = pgp::make_engine(files({"alice"}, {"rita"}, {"alice"}));
  const std::string signature = binary(sign(*engine, {signer(*engine, "alice@pgp.example")}, kText));
  const SignerFacts before = verify(*engine, kText, signature);
  ASSERT_EQ(verdict(before), Verdict::good);
  const auto subpacket = [](int kind, const std::string& content) {
    return static_cast<char>(content.size() + 1) + std::string(1, static_cast<char>(kind)) + content;
  };
  const std::string rita = unhex(recipient(*engine, "rita@pgp.example")->info().fingerprint).value();
  const std::string issuer = subpacket(16, unhex(before.fingerprint).value().substr(12));
  const std::string hints[] = {
      issuer + subpacket(28, "Mallory <mallory@evil.example>"),         // the signer's user id
      issuer + subpacket(2, std::string("\x20\x00\x00\x00", 4)),        // made in 1987
      issuer + subpacket(3, std::string("\x00\x00\x00\x01", 4)),        // expired a second later
      issuer + subpacket(20, std::string("\x80\0\0\0\0\1\0\1xy", 10)),  // a notation
      issuer + subpacket(33, "\x04" + rita),                            // another issuer
  };
  const Unhashed old = unhashed_of(signature);
  for (const std::string& hint : hints) {
    std::string body = signature.substr(0, old.begin - 2) + static_cast<char>(hint.size() / 256) +
                       static_cast<char>(hint.size() % 256) + hint + signature.substr(old.end);
    pgp::PacketWalker walker;
    walker.feed(signature);
    body = body.substr(signature.size() - walker.packets().at(0).length);
    const LayerFacts facts =
        engine->verify(*view_source(kText), pgp::write_packet(pgp::tag::kSignature, body), {.at = before.judged_at});
    ASSERT_EQ(facts.signers.size(), 1U) << facts.why;
    const SignerFacts& after = facts.signers[0];
    if (after.integrity != Integrity::good) continue;  // gpg looked for the other issuer's key
    EXPECT_EQ(after.who, before.who);
    EXPECT_EQ(after.addresses, before.addresses);
    EXPECT_EQ(after.fingerprint, before.fingerprint);
    EXPECT_EQ(after.signed_at, before.signed_at);
    EXPECT_EQ(after.validity, before.validity);
    EXPECT_EQ(after.why, before.why);
  }
}

TEST(PgpOpen, CutOffMessage_IsNeverGood) {
  const auto engine = pgp::make_engine(files({"alice"}));
  const std::string message = binary(encrypt(*engine, {signer(*engine, "alice@pgp.example")}, std::string(5000, 'x')));
  for (const std::size_t size :
       {message.size() - 1, message.size() - 22, message.size() / 2, std::size_t{60}, std::size_t{10}}) {
    const Read read = open(*engine, std::string_view(message).substr(0, size));
    EXPECT_NE(read.facts.result, LayerResult::good) << size;
  }
}

TEST(PgpOpen, WhatStandsBesideTheMessage_MakesItBad) {
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const KeyPtr alice = signer(*engine, "alice@pgp.example");
  const std::string message = binary(encrypt(*engine, {alice}, kText));
  const std::string plain = pgp::write_packet(pgp::tag::kLiteral, std::string("b\0\0\0\0\0forged", 12));
  // Not compressed: that packet has no length, and all that follows would be its own.
  const Gnupg peer({pgp_key("alice.sec.asc")});
  const std::string signed_ = by_gpg(peer, {"--sign", "--compress-algo", "none"}, "forged");
  for (const std::string& odd : {message + message, plain + message, message + plain, signed_ + message,
                                 message + signed_, message + "x", plain}) {
    const Read read = open(*engine, odd);
    EXPECT_EQ(read.facts.result, LayerResult::bad) << read.facts.why;
  }
  const std::string armored = encrypt(*engine, {alice}, kText);
  EXPECT_EQ(open(*engine, armored + armored).facts.result, LayerResult::bad);
  EXPECT_EQ(open(*engine, "\r\n" + armored + "\r\n-- \r\nlist footer\r\n").facts.result, LayerResult::good);
  EXPECT_EQ(open(*engine, signed_ + signed_).facts.result, LayerResult::bad);
  EXPECT_EQ(open(*engine, signed_ + plain).facts.result, LayerResult::bad);
  EXPECT_EQ(open(*engine, plain + signed_).facts.result, LayerResult::bad);
}

TEST(PgpOpen, TwoContentsInsideTheEncryption_AreBad) {
  // Built by gpg from packets of ours: a literal beside a signed message, encrypted together.
  const Gnupg peer({pgp_key("alice.sec.asc")});
  const std::string signed_ = by_gpg(peer, {"--sign", "--compress-algo", "none"});
  const std::string plain = pgp::write_packet(pgp::tag::kLiteral, std::string("b\0\0\0\0\0forged", 12));
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  for (const std::string& inside : {plain + signed_, signed_ + plain, plain + plain}) {
    const std::string message =
        by_gpg(peer, {"-r", "alice@pgp.example", "--encrypt", "--no-literal", "--compress-algo", "none"}, inside);
    const Read read = open(*engine, message);
    EXPECT_EQ(read.facts.result, LayerResult::bad) << read.facts.why;
  }
}

TEST(PgpOpen, DetachedSignatureWithContentOfItsOwn_IsBad) {
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const std::string message = sign(*engine, {signer(*engine, "alice@pgp.example")}, kText, false);
  const LayerFacts facts = engine->verify(*view_source("something else"), message, {.at = now()});
  EXPECT_EQ(facts.result, LayerResult::bad);
  EXPECT_TRUE(facts.signers.empty());
}

TEST(PgpOpen, Nonsense_IsMalformed) {
  const auto engine = pgp::make_engine({});
  for (const std::string& nonsense :
       {std::string(), std::string("hello"), std::string("\0\0", 2), std::string("-----BEGIN PGP MESSAGE-----\n\n")}) {
    const auto error = error_of([&] { open(*engine, nonsense); });
    ASSERT_TRUE(error) << nonsense;
    EXPECT_EQ(error->code(), Errc::malformed);
    const auto again = error_of([&] { static_cast<void>(engine->verify(*view_source("x"), nonsense, {.at = now()})); });
    EXPECT_TRUE(!again || again->code() == Errc::malformed);
  }
  const std::string key = read_file(pgp_key("alice.pub.asc"));
  EXPECT_EQ(error_of([&] { open(*engine, key); })->code(), Errc::malformed);
}

TEST(PgpOpen, MessageForOthers_IsNoKeyWithItsRecipients) {
  const auto engine = pgp::make_engine(files({"rita"}, {"alice", "subs"}));
  const std::string message =
      encrypt(*engine, {recipient(*engine, "alice@pgp.example"), recipient(*engine, "subs@pgp.example")}, kText);
  for (const pgp::EngineOptions& options : {files({"rita"}), files({}), files({}, {"alice"})}) {
    const Read read = open(*pgp::make_engine(options), message);
    EXPECT_EQ(read.facts.result, LayerResult::no_key) << read.facts.why;
    EXPECT_EQ(read.facts.recipients.size(), 2U);
    EXPECT_EQ(read.text, "");
  }
}

TEST(PgpOpen, LegacyCipher_IsReadOnlyWhenAllowed) {
  const Gnupg peer({pgp_key("rita.pub.asc")});
  const std::string message = by_gpg(peer, {"--cipher-algo", "3DES", "--armor", "-r", "rita@pgp.example", "--encrypt"});
  const auto engine = pgp::make_engine(files({"rita"}));
  const Read refused = open(*engine, message);
  EXPECT_EQ(refused.facts.result, LayerResult::unsupported);
  EXPECT_EQ(refused.facts.cipher, "3des");
  const Read allowed = open(*engine, message, {.at = now(), .allow_legacy = true});
  EXPECT_EQ(allowed.facts.result, LayerResult::good) << allowed.facts.why;
  EXPECT_EQ(allowed.text, kText);
}

TEST(PgpOpen, BadSignatureInsideGoodEncryption_IsTheSignersFact) {
  const Gnupg peer({pgp_key("alice.sec.asc")});
  std::string signed_ = by_gpg(peer, {"--sign", "--compress-algo", "none"});
  const std::size_t at = signed_.find("MARKER");
  ASSERT_NE(at, std::string::npos);
  signed_[at] = 'm';
  const std::string message =
      by_gpg(peer, {"-r", "alice@pgp.example", "--encrypt", "--no-literal", "--compress-algo", "none"}, signed_);
  const auto engine = pgp::make_engine(files({"alice"}, {}, {"alice"}));
  const Read read = open(*engine, message);
  EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
  ASSERT_EQ(read.facts.signers.size(), 1U);
  EXPECT_EQ(verdict(read.facts.signers[0]), Verdict::bad);
}

TEST(PgpOpen, SignerInTheOtherPlace_IsFoundThere) {
  const Gnupg peer({pgp_key("alice.sec.asc"), pgp_key("rita.pub.asc")});
  const std::string message = by_gpg(peer, {"--armor", "--sign", "--encrypt", "-r", "rita@pgp.example"});
  const std::string opaque = by_gpg(peer, {"--armor", "--sign"});
  // The secret key in the keyring, the signer's in a file, and the other way round.
  const Gnupg rita({pgp_key("rita.sec.asc")});
  pgp::EngineOptions keyring = files({}, {}, {"alice"});
  keyring.gnupg_home = rita.home();
  const Gnupg alice({pgp_key("alice.pub.asc")});
  alice.trust(alice.fingerprint("alice@pgp.example"), 6);
  pgp::EngineOptions file = files({"rita"});
  file.gnupg_home = alice.home();
  for (const pgp::EngineOptions& options : {keyring, file}) {
    const auto engine = pgp::make_engine(options);
    const Read read = open(*engine, message);
    EXPECT_EQ(read.facts.result, LayerResult::good) << read.facts.why;
    EXPECT_EQ(read.text, kText);
    ASSERT_EQ(read.facts.signers.size(), 1U);
    EXPECT_EQ(verdict(read.facts.signers[0]), Verdict::good) << read.facts.signers[0].why;
    const Read again = open(*engine, opaque);
    ASSERT_EQ(again.facts.signers.size(), 1U);
    EXPECT_EQ(verdict(again.facts.signers[0]), Verdict::good) << again.facts.signers[0].why;
  }
}

TEST(PgpOpen, MaxOutput_EndsABomb) {
  const Gnupg peer({pgp_key("alice.sec.asc")});
  const std::string message = by_gpg(peer, {"-r", "alice@pgp.example", "--encrypt"}, std::string(5'000'000, 'a'));
  EXPECT_LT(message.size(), 100'000U);
  const auto engine = pgp::make_engine(files({"alice"}));
  const auto error = error_of([&] { open(*engine, message, {.at = now(), .max_output = 1'000'000}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::limit);
  EXPECT_EQ(open(*engine, message).text.size(), 5'000'000U);  // the engine goes on
}

TEST(PgpOpen, TooManyRecipients_AreALimit) {
  std::string message;
  for (int i = 0; i < 300; ++i)
    message += pgp::write_packet(pgp::tag::kPkesk, std::string("\x03"
                                                               "12345678\x01\x00\x08x",
                                                               13));
  message += pgp::write_packet(pgp::tag::kEncrypted, "\x01" + std::string(100, 'x'));
  const auto engine = pgp::make_engine(files({"alice"}));
  EXPECT_EQ(error_of([&] { open(*engine, message, {.at = now(), .max_recipients = 100}); })->code(), Errc::limit);
  EXPECT_EQ(open(*engine, message).facts.result, LayerResult::no_key);
}

TEST(PgpOpen, FailingSinkAndSource_ComeThroughAndLeaveTheEngineWhole) {
  class Failing final : public Sink {
   public:
    void write(std::string_view) override { throw Error(Errc::io, "the disk is full"); }
  };
  const auto engine = pgp::make_engine(files({"alice"}));
  const KeyPtr alice = signer(*engine, "alice@pgp.example");
  const std::string message = encrypt(*engine, {alice}, kText);
  Failing sink;
  EXPECT_STREQ(error_of([&] { engine->open(*view_source(message), sink, {.at = now()}); })->what(), "the disk is full");
  EXPECT_STREQ(error_of([&] { engine->encrypt(*view_source(kText), sink, {.recipients = {alice}}); })->what(),
               "the disk is full");
  EXPECT_EQ(open(*engine, message).text, kText);
}

TEST(PgpVectors, Rfc9580Objects_AreUnsupportedByName) {
  const auto engine = pgp::make_engine({});
  for (const char* name : {"A_10_5_1", "A_12_1_1", "A_7_1", "A_8_5_1", "A_6_1"}) {
    const Read read = open(*engine, data(std::string("ietf-rfc9580/") + name + ".asc"));
    EXPECT_EQ(read.facts.result, LayerResult::unsupported) << name << ": " << read.facts.why;
    EXPECT_FALSE(read.facts.why.empty());
    EXPECT_EQ(read.text, "");
  }
  for (const char* name : {"A_3_1", "A_4_1"}) {
    const std::vector<KeyInfo> keys = pgp::read_keys(data(std::string("ietf-rfc9580/") + name + ".asc"));
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(keys[0].fingerprint, "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9");
    EXPECT_EQ(keys[0].algorithm, "Ed25519");
    EXPECT_TRUE(keys[0].can_sign && keys[0].can_encrypt);
  }
  pgp::EngineOptions options;
  options.recipient_keys = {std::string(MIMESEAL_SOURCE_DIR) + "/testdata/ietf-rfc9580/A_3_1.asc"};
  EXPECT_EQ(error_of([&] { static_cast<void>(pgp::make_engine(options)); })->code(), Errc::unsupported);
  const std::string v6 = data("ietf-rfc9580/A_6_1.asc");
  const SignerFacts facts = verify(*engine, "x", v6.substr(v6.find("-----BEGIN PGP SIGNATURE")));
  EXPECT_EQ(facts.integrity, Integrity::unsupported);
  EXPECT_EQ(facts.digest, "sha512");
  EXPECT_EQ(verify(*engine, "OpenPGP", data("ietf-rfc9580/A_2_1.asc")).integrity, Integrity::no_key);
}

TEST(PgpVectors, AutocryptMessages_AreGoodInTheirTime) {
  const std::string folder = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/autocrypt-appendix/";
  const auto message = [&](const char* name) {
    const std::string text = read_file(folder + name);
    const std::size_t begin = text.find("-----BEGIN PGP MESSAGE");
    return text.substr(begin, text.find("-----END PGP MESSAGE-----") + 26 - begin);
  };
  pgp::EngineOptions options;
  options.identities = {folder + "alice@autocrypt.example.sec.asc", folder + "bob@autocrypt.example.sec.asc"};
  options.trust = {folder + "alice@autocrypt.example.pub.asc"};
  const auto engine = pgp::make_engine(options);
  const Time then = parse_rfc3339("2019-01-22T12:00:00Z").value();
  const Read gossip = open(*engine, message("example-gossip.eml"), {.at = then});
  EXPECT_EQ(gossip.facts.result, LayerResult::good) << gossip.facts.why;
  ASSERT_EQ(gossip.facts.signers.size(), 1U);
  EXPECT_EQ(verdict(gossip.facts.signers[0]), Verdict::good) << gossip.facts.signers[0].why;
  EXPECT_THAT(gossip.text, HasSubstr("Autocrypt-Gossip"));
  EXPECT_EQ(open(*engine, message("example-gossip.eml")).facts.signers.at(0).validity, Validity::expired);
  EXPECT_EQ(open(*engine, message("example-draft.eml"), {.at = then}).facts.result, LayerResult::good);
  EXPECT_EQ(open(*engine, message("example-setup-message.eml"), {.at = then}).facts.result, LayerResult::no_key);
}

TEST(PgpVectors, KdeMessages_OpenAndVerify) {
  const std::string folder = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/kde/";
  pgp::EngineOptions options;
  options.identities = {folder + "keys/openpgp-secret.asc"};
  options.trust = {folder + "keys/openpgp-secret.asc"};
  const auto engine = pgp::make_engine(options);
  int opened = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "mimetreeparser")) {
    const std::string text = read_file(entry.path());
    const std::size_t begin = text.find("\n-----BEGIN PGP MESSAGE-----");
    const std::size_t end = text.find("-----END PGP MESSAGE-----", begin);
    if (begin == std::string::npos || end == std::string::npos || entry.path().stem() == "openpgp-encoded") continue;
    const Read read = open(*engine, text.substr(begin + 1, end + 25 - begin));
    EXPECT_EQ(read.facts.result, LayerResult::good) << entry.path() << read.facts.why;
    EXPECT_THAT(read.facts.signers, testing::Each(testing::Field(&SignerFacts::integrity, Integrity::good)))
        << entry.path();
    ++opened;
  }
  EXPECT_GE(opened, 10);
}

}  // namespace
}  // namespace mimeseal
