// SPDX-License-Identifier: MIT
// Sealed with real keys: opened by ourselves with the same answer as the RFC's own samples, and read by openssl and
// gpg.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/mail/seal.h"
#include "mimeseal/mime/compose.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/smime/engine.h"
#include "support/fixed.h"
#include "support/gnupg.h"
#include "support/process.h"
#include "support/wire_check.h"

namespace mimeseal::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kData = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/";
const std::string kKeys = kData + "ietf-rfc9216/";
const Time kAt = *parse_rfc3339("2026-01-01");

std::unique_ptr<Engine> smime_of(const std::string& who) {
  smime::EngineOptions options;
  options.identities = {kKeys + who + ".p12"};
  options.passphrase = [who](const std::string&) { return SecretBytes(who); };
  options.recipient_keys = {kKeys + "alice.encrypt.crt", kKeys + "bob.encrypt.crt"};
  options.trust = {kKeys + "ca.rsa.crt"};
  return smime::make_engine(options);
}

Opened open_with(Engine& engine, const std::string& message, Time at) {
  OpenSettings settings;
  settings.engines = {&engine};
  settings.at = at;
  return open_message(memory_input(message), settings);
}

std::string body_of(const std::string& message) {
  return message.substr(message.find("\r\n\r\n") + 4);
}

class SmimeReal : public testing::Test {
 protected:
  SealSpec spec(bool sign, bool encrypt) {
    SealSpec spec;
    spec.engine = alice_.get();
    spec.sign = sign;
    spec.encrypt = encrypt;
    spec.recipients = {*Mailbox::parse("Bob <bob@smime.example>")};
    spec.clock = &clock_;
    return spec;
  }

  std::unique_ptr<Engine> alice_ = smime_of("alice");
  std::unique_ptr<Engine> bob_ = smime_of("bob");
  FixedClock clock_{kAt};
};

/// What RFC 9788 seals, sealed by us, opens with the header, the states and the text of the RFC's own message.
TEST_F(SmimeReal, TheRfcsMessages_SealedByUs_OpenAsTheRfcsSamples) {
  std::ifstream in(kData + "ietf-rfc9788/MANIFEST.json");
  const auto manifest = nlohmann::json::parse(in);  // a range of a temporary would not outlive the first look
  for (const auto& sample : manifest["cases"]) {
    const std::string path = sample["path"];
    const std::string kind = sample["header_protection"];
    if (kind.find("hp=") == std::string::npos || path.find("reply") != std::string::npos) continue;
    const bool encrypted = kind.find("cipher") != std::string::npos;
    SealSpec how = spec(true, encrypted);
    how.opaque = true;
    how.legacy_display = sample["legacy_display_parts"] != 0;
    how.header_policy = path.find("shy") != std::string::npos ? HeaderPolicy::shy() : HeaderPolicy::baseline();
    // The message itself: the RFC's protected header before an unprotected body of ours.
    std::string original;
    for (const auto& field : sample["protected_headers"]) {
      original += field[0].get<std::string>() + ": " + field[1].get<std::string>() + "\r\n";
    }
    original += "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nThis is the message.\r\n";
    const std::string message = seal(adopt(memory_input(original)).message, how).copies.front().message.str();
    EXPECT_THAT(wire_faults(message), IsEmpty()) << path;
    const Opened opened = open_with(*bob_, message, kAt);

    EXPECT_EQ(to_string(opened.summary.state), encrypted ? "confidential" : "verified") << path;
    EXPECT_EQ(opened.headers.confidential, sample["confidential_headers"].get<std::vector<std::string>>()) << path;
    std::vector<std::pair<std::string, std::string>> outer;
    for (const auto& field : sample["outer_headers"])
      outer.emplace_back(field[0], field[1]);
    EXPECT_EQ(opened.headers.outer, outer) << path;
    EXPECT_EQ(opened.headers.hp_outer, encrypted ? outer : decltype(outer)()) << path;
    std::vector<std::pair<std::string, std::string>> inner;
    for (const HeaderField& field : opened.headers.protected_fields)
      inner.emplace_back(field.name, field.decoded());
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& field : sample["protected_headers"])
      expected.emplace_back(field[0], field[1]);
    EXPECT_EQ(inner, expected) << path;
    EXPECT_EQ(opened.text, "This is the message.\n") << path;
    EXPECT_EQ(opened.parts.front().legacy_display, how.legacy_display) << path;
    // Signed by a clock that is not the sample's Date, which is said; nothing else is wrong.
    for (const Problem& problem : opened.problems)
      EXPECT_EQ(problem.code, "signed-at") << path << ": " << problem.why;
  }
}

Draft letter(const std::string& domain) {
  Draft draft;
  draft.from = {*Mailbox::parse("Alice <alice@" + domain + ">")};
  draft.to = {*Mailbox::parse("Bob <bob@" + domain + ">")};
  draft.subject = "Prüfung ✓";
  draft.text = "From the first line on.\nTrailing blanks  \n-- \nAlice\n";
  draft.attachments.push_back({memory_input(std::string(3000, '\xff')), "Beleg ä.pdf", "application/pdf", "", false});
  return draft;
}

TEST_F(SmimeReal, EveryForm_OpensAsWhatItIs) {
  FixedRandom random;
  for (const bool encrypt : {false, true}) {
    for (const bool opaque : {false, true}) {
      for (const bool triple : {false, true}) {
        if (triple && !encrypt) continue;
        for (const bool compress : {false, true}) {
          SealSpec how = spec(true, encrypt);
          how.opaque = opaque;
          how.triple_wrap = triple;
          how.compress = compress;
          const Sealed sealed = seal(compose(letter("smime.example"), clock_, random), how);
          const std::string message = sealed.copies.front().message.str();
          EXPECT_THAT(wire_faults(message), IsEmpty());
          const Opened opened = open_with(*bob_, message, kAt);
          EXPECT_EQ(to_string(opened.summary.state), encrypt ? "confidential" : "verified");
          EXPECT_EQ(opened.headers.subject, "Prüfung ✓");
          EXPECT_EQ(opened.text, "From the first line on.\nTrailing blanks  \n-- \nAlice\n");
          ASSERT_EQ(opened.parts.size(), 2U);
          EXPECT_EQ(opened.parts[1].filename, "Beleg ä.pdf");
          EXPECT_EQ(opened.parts[1].sha256, hex(sha256(std::string(3000, '\xff'))));
          EXPECT_EQ(opened.layers.size(), 1U + (encrypt ? 1 : 0) + (triple ? 1 : 0) + (compress ? 1 : 0));
        }
      }
    }
  }
}

TEST_F(SmimeReal, Openssl_VerifiesWhatWeSign) {
  FixedRandom random;
  TempDir folder;
  for (const bool opaque : {false, true}) {
    SealSpec how = spec(true, false);
    how.opaque = opaque;
    const std::string message =
        seal(compose(letter("smime.example"), clock_, random), how).copies.front().message.str();
    write_file(folder / "message.eml", message);
    const Finished result = run({"openssl", "cms", "-verify", "-in", (folder / "message.eml").string(), "-CAfile",
                                 kKeys + "ca.rsa.crt", "-out", (folder / "out").string(), "-purpose", "any", "-attime",
                                 std::to_string(kAt.time_since_epoch().count())});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(read_file(folder / "out"), HasSubstr("hp=clear"));
  }
}

TEST_F(SmimeReal, Openssl_DecryptsWhatWeEncryptWithCbc) {
  FixedRandom random;
  TempDir folder;
  SealSpec how = spec(true, true);
  how.policy.cipher = Cipher::aes_256_cbc;
  const std::string message = seal(compose(letter("smime.example"), clock_, random), how).copies.front().message.str();
  EXPECT_THAT(message.substr(0, message.find("\r\n\r\n")), HasSubstr("smime-type=enveloped-data"));
  write_file(folder / "message.eml", message);
  const Finished result =
      run({"openssl", "cms", "-decrypt", "-in", (folder / "message.eml").string(), "-recip", kKeys + "bob.encrypt.crt",
           "-inkey", kKeys + "bob.encrypt.key", "-out", (folder / "out").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(read_file(folder / "out"), HasSubstr("multipart/signed"));
}

class PgpReal : public testing::Test {
 protected:
  static std::unique_ptr<Engine> engine_of(const std::string& own, const std::string& other) {
    pgp::EngineOptions options;
    options.identities = {pgp_key(own + ".sec.asc")};
    options.passphrase = [](const std::string&) { return SecretBytes("bob's passphrase"); };
    options.recipient_keys = {pgp_key(other + ".pub.asc")};
    options.trust = {pgp_key(other + ".pub.asc")};
    return pgp::make_engine(options);
  }
  SealSpec spec(bool sign, bool encrypt) {
    SealSpec spec;
    spec.engine = alice_.get();
    spec.sign = sign;
    spec.encrypt = encrypt;
    spec.recipients = {*Mailbox::parse("Bob <bob@pgp.example>")};
    return spec;
  }
  std::unique_ptr<Engine> alice_ = engine_of("alice", "bob");
  std::unique_ptr<Engine> bob_ = engine_of("bob", "alice");
};

TEST_F(PgpReal, EveryForm_OpensAsWhatItIs) {
  FixedRandom random;
  for (const bool encrypt : {false, true}) {
    for (const bool nested : {false, true}) {
      if (nested && !encrypt) continue;
      SealSpec how = spec(true, encrypt);
      how.nested = nested;
      how.attach_key = true;
      how.autocrypt = true;
      const std::string message =
          seal(compose(letter("pgp.example"), system_clock(), random), how).copies.front().message.str();
      EXPECT_THAT(wire_faults(message), IsEmpty());
      OpenSettings settings;
      settings.engines = {bob_.get()};
      settings.at = system_clock().now() + std::chrono::seconds(5);
      settings.read_pgp_keys = pgp::read_keys;
      const Opened opened = open_message(memory_input(message), settings);
      EXPECT_EQ(to_string(opened.summary.state), encrypt ? "confidential" : "verified");
      EXPECT_EQ(opened.headers.subject, "Prüfung ✓");
      EXPECT_EQ(opened.text, "From the first line on.\nTrailing blanks  \n-- \nAlice\n");
      ASSERT_EQ(opened.parts.size(), 3U);
      EXPECT_EQ(opened.parts[1].sha256, hex(sha256(std::string(3000, '\xff'))));
      EXPECT_EQ(opened.parts[2].type, "application/pgp-keys");
      ASSERT_EQ(opened.attached_keys.size(), 1U);
      EXPECT_THAT(opened.problems, IsEmpty());
    }
  }
}

// One octet changed anywhere in a whole message, of each form: never a good verdict on anything else than what was
// sent, and never other plaintext than that of the untouched ciphertext.
TEST_F(PgpReal, OneFlippedOctet_IsNeverGoodUnlessNothingSignedChanged) {
  FixedRandom random;
  OpenSettings settings;
  settings.engines = {bob_.get()};
  settings.at = system_clock().now() + std::chrono::minutes(1);
  for (const auto& [encrypt, nested] : {std::pair(false, false), std::pair(true, false), std::pair(true, true)}) {
    SealSpec how = spec(true, encrypt);
    how.nested = nested;
    Draft draft = letter("pgp.example");
    draft.attachments.clear();
    const std::string whole = seal(compose(draft, system_clock(), random), how).copies.front().message.str();
    const Opened untouched = open_message(memory_input(whole), settings);
    ASSERT_EQ(untouched.summary.signed_, SignedState::good);
    int bad = 0;
    for (std::size_t at = 0; at < whole.size(); at += encrypt ? 29 : 11) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ 1U);
      const Opened result = open_message(memory_input(changed), settings);
      if (result.summary.signed_ != SignedState::good) {
        ++bad;
        // A change around the ciphertext takes the verdict; one in it takes the text as well.
        if (encrypt && result.text.find("From the first line") != std::string::npos) {
          EXPECT_THAT(result.text, HasSubstr(untouched.text)) << at;
          EXPECT_EQ(result.layers.at(0).facts.type, LayerType::pgp_encrypted) << at;
          EXPECT_NE(result.layers.at(0).facts.result, LayerResult::bad) << at;
        }
        continue;
      }
      EXPECT_EQ(result.text, untouched.text) << at;
      EXPECT_EQ(result.headers.subject, untouched.headers.subject) << at;
      EXPECT_EQ(result.headers.from, untouched.headers.from) << at;
    }
    EXPECT_GT(bad, 20);
  }
}

TEST_F(PgpReal, Gpg_VerifiesAndDecryptsWhatWeMake) {
  FixedRandom random;
  const Gnupg gnupg({pgp_key("alice.pub.asc"), pgp_key("bob.sec.asc")});
  const std::string message =
      seal(compose(letter("pgp.example"), system_clock(), random), spec(true, true)).copies.front().message.str();
  const std::size_t begin = message.find("-----BEGIN PGP MESSAGE");
  const Finished result =
      gnupg.gpg_status({"--passphrase", "bob's passphrase", "--decrypt", gnupg.file("m.asc", message.substr(begin))});
  EXPECT_THAT(result.err, HasSubstr("GOODSIG"));
  EXPECT_THAT(result.out, HasSubstr("hp=cipher"));

  const std::string signed_one =
      seal(compose(letter("pgp.example"), system_clock(), random), spec(true, false)).copies.front().message.str();
  const std::string body = body_of(signed_one);
  const std::string boundary = body.substr(0, body.find("\r\n"));
  const std::size_t second = body.find("\r\n" + boundary, 1);
  const std::string signed_part = body.substr(boundary.size() + 2, second - boundary.size() - 2);
  const std::size_t armor = body.find("-----BEGIN PGP SIGNATURE");
  const Finished verified =
      gnupg.gpg_status({"--verify", gnupg.file("s.asc", body.substr(armor)), gnupg.file("part", signed_part)});
  EXPECT_THAT(verified.err, HasSubstr("GOODSIG"));
  EXPECT_THAT(signed_part, Not(HasSubstr(" \r\n")));
  EXPECT_THAT(signed_part, Not(HasSubstr("\r\nFrom the")));
}

}  // namespace
}  // namespace mimeseal::test
