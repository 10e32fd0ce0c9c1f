// SPDX-License-Identifier: MIT
// Other programs' mail gives its expected answer: Thunderbird's S/MIME tests and KDE's messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/smime/engine.h"
#include "support/process.h"

namespace mimeseal::test {
namespace {

const std::string kData = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/";

struct Expected {
  std::string file;
  std::string state;
  std::string signed_;
  std::string layers;  ///< "path type result[!]", errant ones with an exclamation mark
  std::string text;    ///< how the reading view begins
};

std::string layers_of(const Opened& opened) {
  std::vector<std::string> out;
  for (const OpenedLayer& layer : opened.layers) {
    out.push_back(layer.path + " " + std::string(to_string(layer.facts.type)) + " " +
                  std::string(to_string(layer.facts.result)) + (layer.errant ? "!" : ""));
  }
  return join(out, ", ");
}

void expect(const Opened& opened, const Expected& expected) {
  EXPECT_EQ(to_string(opened.summary.state), expected.state) << expected.file;
  EXPECT_EQ(to_string(opened.summary.signed_), expected.signed_) << expected.file;
  EXPECT_EQ(layers_of(opened), expected.layers) << expected.file;
  EXPECT_THAT(opened.text, testing::StartsWith(expected.text)) << expected.file;
}

TEST(GivenMail, Thunderbird) {
  smime::EngineOptions options;
  options.identities = {kData + "thunderbird-smime/keys/Bob.p12"};
  options.passphrase = [](const std::string&) { return SecretBytes("nss"); };
  options.trust = {kData + "thunderbird-smime/keys/TestCA.pem"};
  const auto engine = smime::make_engine(options);
  const std::string test = "This is a test message from Alice to Bob.";
  const std::vector<Expected> all = {
      {"alice.dsig.SHA1.multipart.eml", "unprotected", "unverified", "1 smime-signed unverified", test},
      {"alice.dsig.SHA512.multipart.bad.eml", "unprotected", "bad", "1 smime-signed bad", "This is a FAKE"},
      {"alice.dsig.SHA512.multipart.eml", "verified", "good", "1 smime-signed good", test},
      {"alice.dsig.SHA512.multipart.env.eml", "confidential", "good",
       "1 smime-enveloped unauthenticated, 1.1 smime-signed good", test},
      {"alice.dsig.SHA512.multipart.mismatch-econtent.eml", "unprotected", "bad", "1 smime-signed bad",
       "This is a FAKE"},
      {"alice.env.eml", "encrypted-unverified", "none", "1 smime-enveloped unauthenticated", ""},
      {"alice.env.sig.SHA512.opaque.dave.sig.SHA512.opaque.eml", "encrypted-unverified", "unverified",
       "1 smime-signed good, 1.1 smime-signed unverified, 1.1.1 smime-enveloped unauthenticated", ""},
      {"alice.plain.sig.SHA512.opaque.dave.sig.SHA512.opaque.eml", "verified", "good",
       "1 smime-signed good, 1.1 smime-signed unverified", test},
      {"alice.sig.SHA512.opaque.eml", "verified", "good", "1 smime-signed good", test},
      {"alice.sig.SHA512.opaque.env.eml", "confidential", "good",
       "1 smime-enveloped unauthenticated, 1.1 smime-signed good", test},
  };
  for (const Expected& expected : all) {
    OpenSettings settings;
    settings.engines = {engine.get()};
    settings.at = Time{std::chrono::seconds(1'775'000'000)};
    expect(open_message(file_input(kData + "thunderbird-smime/smime/" + expected.file), settings), expected);
  }
}

TEST(GivenMail, Kde) {
  const TempDir folder;
  write_file(folder / "kde.pem", read_file(kData + "kde/keys/smime.key") + read_file(kData + "kde/keys/smime.crt"));
  smime::EngineOptions options;
  options.identities = {(folder / "kde.pem").string()};
  options.trust = {kData + "kde/keys/smime.crt"};
  const auto smime_engine = smime::make_engine(options);
  pgp::EngineOptions pgp_options;
  pgp_options.identities = {kData + "kde/keys/openpgp-secret.asc"};
  pgp_options.trust = {kData + "kde/keys/openpgp-secret.asc"};
  const auto pgp_engine = pgp::make_engine(pgp_options);
  // The S/MIME certificate, of RSA-1024, was valid at the first time; the OpenPGP signatures are younger.
  const Time smime_time{std::chrono::seconds(1'300'000'000)};
  const Time pgp_time = *parse_rfc3339("2021-01-01");
  const std::string plain = "unprotected";
  const std::string locked = "encrypted-unverified";
  const std::vector<std::pair<Time, Expected>> all = {
      {smime_time,
       {"smime-opaque-sign", plain, "unverified", "1 smime-signed unverified", "A simple signed only test."}},
      {smime_time,
       {"smime-opaque-enc+sign", locked, "unverified", "1 smime-enveloped unauthenticated, 1.1 smime-signed unverified",
        "Encrypted and signed mail."}},
      {smime_time,
       {"smime-signed-encrypted", locked, "unverified",
        "1 smime-enveloped unauthenticated, 1.1 smime-signed unverified", "encrypted message text"}},
      {smime_time, {"smime-encrypted", locked, "none", "1 smime-enveloped unauthenticated", ""}},
      {smime_time, {"smime-encrypted-octet-stream", locked, "none", "1 smime-enveloped unauthenticated", ""}},
      {smime_time, {"smime-signed-charset", plain, "unverified", "1 smime-signed unverified", "test"}},
      {smime_time, {"smime-cert", plain, "none", "", ""}},
      {pgp_time, {"openpgp-encrypted", locked, "none", "1 pgp-encrypted good", "encrypted message text"}},
      {pgp_time,
       {"openpgp-encrypted+signed", "confidential", "good", "1 pgp-encrypted good", "encrypted message text"}},
      {pgp_time,
       {"openpgp-encrypted-signed-thunderbird", "confidential", "good", "1 pgp-encrypted good, 1.1 pgp-signed good",
        "sdfsdf"}},
      {pgp_time,
       {"openpgp-signed-encrypted", locked, "unverified", "1 pgp-encrypted good, 1.1 pgp-signed unverified",
        "encrypted message text"}},
      {pgp_time, {"openpgp-signed-apple", plain, "bad", "1 pgp-signed bad", ""}},
      {pgp_time, {"openpgp-signed-mailinglist", plain, "none", "1.1 pgp-signed unverified!", ""}},
      {pgp_time, {"openpgp-signed-base64-mailman-footer", plain, "none", "1.1 pgp-signed unverified!", "Hi,"}},
      {pgp_time,
       {"openpgp-encrypted-non-encrypted-attachment", plain, "none", "1.1 pgp-encrypted good!, 1.1.1 pgp-signed good!",
        "test text"}},
      {pgp_time, {"openpgp-encrypted-applemail", plain, "none", "1.3 pgp-encrypted good!", ""}},
      {pgp_time,
       {"forward-openpgp-signed-encrypted", plain, "none", "1.2.1 pgp-encrypted good!, 1.2.1.1 pgp-signed unverified!",
        "bla bla bla"}},
      {pgp_time, {"inlinepgpencrypted", plain, "none", "", "-----BEGIN PGP MESSAGE-----"}},
      {pgp_time, {"openpgp-inline-signed", plain, "none", "", "Unsigned part"}},
      {pgp_time, {"openpgp-inline-signed-broken", plain, "none", "", "-----BEGIN PGP SIGNED MESSAGE-----"}},
      {pgp_time, {"plaintext", plain, "none", "", ""}},
  };
  for (const auto& [time, expected] : all) {
    OpenSettings settings;
    settings.engines = {smime_engine.get(), pgp_engine.get()};
    settings.at = time;
    settings.allow_legacy = true;
    expect(open_message(file_input(kData + "kde/mimetreeparser/" + expected.file + ".mbox"), settings), expected);
  }
}

// Whatever else the given sets hold: an answer or a clear error, and never a good one without keys.
TEST(GivenMail, WithoutKeys_NothingIsGood) {
  for (const char* set :
       {"kde/mimetreeparser", "ietf-rfc9788", "dovecot-malformed", "mime4j-testmsgs", "rubymail-error-emails"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kData + set)) {
      const std::string name = entry.path().extension();
      if (name != ".eml" && name != ".mbox" && name != ".msg") continue;
      OpenSettings settings;
      settings.at = *parse_rfc3339("2026-01-01");
      const Opened opened = open_message(file_input(entry.path().string()), settings);
      EXPECT_NE(opened.summary.signed_, SignedState::good) << entry.path();
      EXPECT_NE(to_string(opened.summary.state), "confidential") << entry.path();
      for (const OpenedPart& part : opened.parts)
        EXPECT_FALSE(part.signed_) << entry.path();
    }
  }
}

}  // namespace
}  // namespace mimeseal::test
