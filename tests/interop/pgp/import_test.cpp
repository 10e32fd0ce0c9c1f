// SPDX-License-Identifier: MIT
// Public keys that go into a keyring because the user said so.
#include <cstdlib>
#include <filesystem>

#include "fixture.h"
#include "mimeseal/core/text.h"
#include "pgp/packets.h"

namespace mimeseal {
namespace {

using namespace test;
using pgp::ImportMode;
using pgp::ImportResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

pgp::KeyMaterial file(const std::string& name) {
  return {read_file(pgp_key(name)), name};
}

std::vector<pgp::ImportedKey> import(const Gnupg& ring, const std::vector<pgp::KeyMaterial>& material,
                                     ImportMode mode = ImportMode::whole) {
  return pgp::import_public_keys(material, ring.home(), mode);
}

std::string listing(const Gnupg& ring) {
  return ring.gpg({"--with-colons", "--list-keys"}).out;
}

std::string binary(const std::string& name) {
  return Gnupg({pgp_key(name)}).gpg({"--export"}).out;
}

TEST(PgpImport, KeyFile_IsInTheKeyringAndSaidWithItsUserIds) {
  const Gnupg ring;
  const auto keys = import(ring, {file("alice.pub.asc")});
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].result, ImportResult::added) << keys[0].why;
  EXPECT_EQ(keys[0].info.origin, "alice.pub.asc");
  EXPECT_THAT(keys[0].info.user_ids,
              UnorderedElementsAre("alice <alice@pgp.example>", "Alice Example <Alice.Other@pgp.example>"));
  EXPECT_EQ(keys[0].info.fingerprint.size(), 40U);
  EXPECT_THAT(ascii_lower(listing(ring)), HasSubstr(keys[0].info.fingerprint));
  EXPECT_EQ(import(ring, {file("alice.pub.asc")}).at(0).result, ImportResult::unchanged);
}

TEST(PgpImport, SeveralKeys_OfOneFileAndOfSeveralBlocks) {
  const Gnupg ring;
  const Gnupg source({pgp_key("alice.pub.asc"), pgp_key("rita.pub.asc")});
  const auto keys =
      import(ring, {{source.gpg({"--export"}).out, "binary"},
                    {"a note\n" + file("subs.pub.asc").octets + "\n" + file("bob.pub.asc").octets, "two"}});
  EXPECT_THAT(keys, testing::Each(testing::Field(&pgp::ImportedKey::result, ImportResult::added)));
  EXPECT_EQ(keys.size(), 4U);
  for (const char* who : {"alice", "rita", "subs", "bob"})
    EXPECT_THAT(listing(ring), HasSubstr(std::string(who) + "@pgp.example"));
}

TEST(PgpImport, TrustAndValidity_StayAsTheyWere) {
  const Gnupg ring({pgp_key("rita.pub.asc")});
  ring.trust(ring.fingerprint("rita@pgp.example"), 6);
  const std::string before = ring.gpg({"--export-ownertrust"}).out;
  import(ring, {file("alice.pub.asc"), file("rita.pub.asc")});
  const auto trust_lines = [](const std::string& text) { return text.substr(text.find('\n')); };
  EXPECT_EQ(trust_lines(ring.gpg({"--export-ownertrust"}).out), trust_lines(before));
  pgp::EngineOptions options;
  options.gnupg_home = ring.home();
  const auto engine = pgp::make_engine(options);
  EXPECT_FALSE(engine->recipient_key("alice@pgp.example", now()).key);
  EXPECT_TRUE(engine->recipient_key("rita@pgp.example", now()).key);
}

TEST(PgpImport, RevocationOfAKnownKey_ArrivesAsAnUpdate) {
  const Gnupg ring;
  const Finished old = Gnupg({pgp_key("revoked-before.sec.asc")}).gpg({"--armor", "--export"});
  EXPECT_EQ(import(ring, {{old.out, "old"}}).at(0).result, ImportResult::added);
  const auto keys = import(ring, {file("revoked.pub.asc")});
  EXPECT_EQ(keys.at(0).result, ImportResult::updated) << keys.at(0).why;
  EXPECT_TRUE(keys.at(0).info.revoked);
  EXPECT_THAT(listing(ring), HasSubstr("pub:r:"));
}

TEST(PgpImport, SecretKeys_NeverEnter) {
  const Gnupg ring;
  const std::string alice = file("alice.sec.asc").octets;
  for (const std::string& octets : {alice, file("rita.pub.asc").octets + alice, alice + file("rita.pub.asc").octets,
                                    Gnupg({pgp_key("alice.sec.asc")}).gpg({"--export-secret-keys"}).out}) {
    const auto keys = import(ring, {{octets, "secret"}}, ImportMode::partial);
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(keys[0].result, ImportResult::refused);
    EXPECT_THAT(keys[0].why, HasSubstr("secret key"));
  }
  EXPECT_THAT(listing(ring), Not(HasSubstr("fpr:")));
  EXPECT_EQ(ring.gpg({"--with-colons", "--list-secret-keys"}).out, "");
  EXPECT_FALSE(std::filesystem::exists(ring.home() + "/private-keys-v1.d") &&
               !std::filesystem::is_empty(ring.home() + "/private-keys-v1.d"));
}

TEST(PgpImport, OneRefused_AllOrTheOthers) {
  const std::vector<pgp::KeyMaterial> mixed{file("rita.pub.asc"), {"no key at all", "note"}};
  const Gnupg ring;
  const auto whole = import(ring, mixed);
  EXPECT_THAT(whole, testing::Each(testing::Field(&pgp::ImportedKey::result, ImportResult::refused)));
  EXPECT_THAT(listing(ring), Not(HasSubstr("fpr:")));
  const auto partial = import(ring, mixed, ImportMode::partial);
  ASSERT_EQ(partial.size(), 2U);
  EXPECT_EQ(partial[0].result, ImportResult::added);
  EXPECT_EQ(partial[1].result, ImportResult::refused);
  EXPECT_EQ(partial[1].info.origin, "note");
}

TEST(PgpImport, ForeignSignaturesAndBrokenSelfSignatures_StayOutside) {
  // Rita certifies alice: a flood of such signatures is what makes keyrings unusable.
  const Gnupg maker({pgp_key("rita.sec.asc"), pgp_key("alice.pub.asc")});
  const std::string alice = maker.fingerprint("alice@pgp.example");
  maker.gpg({"--yes", "--default-key", maker.fingerprint("rita@pgp.example"), "--quick-sign-key", alice});
  const std::string certified = maker.gpg({"--export", alice}).out;
  const Gnupg ring;
  EXPECT_EQ(import(ring, {{certified, "certified"}}).at(0).result, ImportResult::added);
  const auto signatures = [&](const Gnupg& home) {
    const std::string text = home.gpg({"--with-colons", "--list-sigs", alice}).out;
    std::size_t count = 0;
    for (std::size_t at = text.find("\nsig:"); at != std::string::npos; at = text.find("\nsig:", at + 1))
      ++count;
    return count;
  };
  EXPECT_LT(signatures(ring), signatures(maker));

  // A user id that its owner never signed.
  pgp::PacketWalker walker(1000, 1U << 20U);
  walker.feed(certified);
  walker.finish();
  std::string forged;
  for (const pgp::Packet& packet : walker.packets()) {
    const bool user_id = packet.tag == pgp::tag::kUserId && packet.body.starts_with("alice <");
    forged += pgp::write_packet(packet.tag, user_id ? "mallory <mallory@pgp.example>" : packet.body);
  }
  const Gnupg other;
  const auto keys = import(other, {{forged, "forged"}}, ImportMode::partial);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_THAT(keys[0].info.user_ids, ElementsAre("Alice Example <Alice.Other@pgp.example>"));
  EXPECT_THAT(listing(other), Not(HasSubstr("mallory")));
}

TEST(PgpImport, KeyWithoutASignatureOfItsOwn_IsRefused) {
  const Gnupg source({pgp_key("rita.pub.asc")});
  pgp::PacketWalker walker(1000, 1U << 20U);
  walker.feed(source.gpg({"--export"}).out);
  walker.finish();
  std::string bare;
  for (const pgp::Packet& packet : walker.packets()) {
    if (packet.tag == pgp::tag::kPublicKey || packet.tag == pgp::tag::kUserId)
      bare += pgp::write_packet(packet.tag, packet.body);
  }
  const Gnupg ring;
  const auto keys = import(ring, {{bare, "bare"}}, ImportMode::partial);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].result, ImportResult::refused);
  EXPECT_THAT(keys[0].why, HasSubstr("signature of its own"));
  EXPECT_THAT(listing(ring), Not(HasSubstr("fpr:")));
  // Beside a good one it is not passed over in silence.
  const auto both = import(ring, {{bare + binary("alice.pub.asc"), "both"}}, ImportMode::partial);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_THAT(both, testing::UnorderedElementsAre(testing::Field(&pgp::ImportedKey::result, ImportResult::added),
                                                  testing::Field(&pgp::ImportedKey::result, ImportResult::refused)));
}

TEST(PgpImport, KeyPacketAlone_IsNotPassedOverInSilence) {
  pgp::PacketWalker walker(1000, 1U << 20U);
  walker.feed(binary("rita.pub.asc"));
  walker.finish();
  const std::string packet = pgp::write_packet(pgp::tag::kPublicKey, walker.packets().front().body);
  const Gnupg ring;
  for (const std::string& octets : {packet, packet + binary("alice.pub.asc"), binary("alice.pub.asc") + packet}) {
    const auto keys = import(ring, {{octets, "material"}});
    EXPECT_THAT(keys, testing::Each(testing::Field(&pgp::ImportedKey::result, ImportResult::refused)));
    EXPECT_FALSE(keys.empty());
  }
  EXPECT_THAT(listing(ring), Not(HasSubstr("fpr:")));
}

TEST(PgpImport, KeyOfAVersionGpgCannotRead_IsNamed) {
  const Gnupg ring;
  const std::string v6 = read_file(std::string(MIMESEAL_SOURCE_DIR) + "/testdata/ietf-rfc9580/A_3_1.asc");
  const auto keys = import(ring, {{v6, "v6"}}, ImportMode::partial);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_THAT(keys[0].why, HasSubstr("version 6"));
  EXPECT_EQ(keys[0].info.fingerprint, "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9");
}

TEST(PgpImport, NoKeyringFolder_IsAnError) {
  const TempDir folder;
  const auto error = error_of([&] {
    static_cast<void>(pgp::import_public_keys({file("rita.pub.asc")}, (folder / "none").string(), ImportMode::whole));
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::no_input);
}

TEST(PgpImport, KeyringThatKeepsKeysOut_IsAnError) {
  const Gnupg ring;
  ring.file("gpg.conf", "import-options merge-only\n");
  const auto error = error_of([&] { import(ring, {file("rita.pub.asc")}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::config) << error->what();
}

TEST(PgpImport, PrivateHome_IsNotLeftBehind) {
  const TempDir folder;
  setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
  const Gnupg ring;
  import(ring, {file("rita.pub.asc")});
  unsetenv("XDG_RUNTIME_DIR");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace mimeseal
