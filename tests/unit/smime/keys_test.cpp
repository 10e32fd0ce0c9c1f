// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "mimeseal/core/error.h"
#include "mimeseal/smime/engine.h"
#include "smime/key.h"
#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::smime {
namespace {

using test::smime_file;
using test::TempDir;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kVectors = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/ietf-rfc9216/";

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

EngineOptions identities(std::vector<std::string> files, const std::string& passphrase = "secret") {
  EngineOptions options;
  options.identities = std::move(files);
  options.passphrase = [passphrase](const std::string&) { return SecretBytes(passphrase); };
  return options;
}

Errc error_of(const EngineOptions& options, std::string* said = nullptr) {
  try {
    static_cast<void>(make_engine(options));
  } catch (const Error& error) {
    if (said != nullptr)
      *said = std::string(error.what()) + " " + error.where() + " " + error.hint() + " " + error.cause();
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Errc::internal;
}

class OneIdentity : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(OneIdentity, IsFoundWithItsKey) {
  std::vector<std::string> files;
  for (const auto& name : GetParam())
    files.push_back(smime_file(name));
  const auto engine = make_engine(identities(files));
  const KeyChoice choice = engine->signing_key("RSA@smime.test", now());
  ASSERT_TRUE(choice.key) << choice.why;
  const KeyInfo& info = choice.key->info();
  EXPECT_EQ(info.name, "CN=rsa,O=mimeseal tests");
  EXPECT_EQ(info.algorithm, "RSA-2048");
  EXPECT_THAT(info.addresses, ElementsAre("rsa@smime.test"));
  EXPECT_TRUE(info.can_sign && info.can_encrypt && info.has_secret);
  EXPECT_EQ(info.serial, "65");
  EXPECT_THAT(info.fingerprint, testing::SizeIs(64));
  EXPECT_EQ(engine->find_key(info.fingerprint), choice.key);
  EXPECT_TRUE(engine->recipient_key("rsa@smime.test", now()).key);
}

INSTANTIATE_TEST_SUITE_P(Files, OneIdentity,
                         testing::Values(std::vector<std::string>{"rsa.p12"}, std::vector<std::string>{"armoured.pem"},
                                         std::vector<std::string>{"open.p12"}, std::vector<std::string>{"nomac.p12"},
                                         std::vector<std::string>{"legacy.p12"},
                                         std::vector<std::string>{"rsa.key", "rsa.crt"},
                                         std::vector<std::string>{"rsa.der", "rsa.key.der"},
                                         std::vector<std::string>{"rsa.crt", "rsa.locked.key"},
                                         std::vector<std::string>{"rsa.crt", "rsa.old.key"},
                                         std::vector<std::string>{"rsa.crt", "rsa.traditional.key"},
                                         std::vector<std::string>{"rsa.p7c", "rsa.key"}));

TEST(Keys, OldPkcs12_SaysThatTheLegacyProviderReadIt) {
  const auto engine = make_engine(identities({smime_file("legacy.p12")}));
  EXPECT_THAT(engine->keys().front()->info().origin, HasSubstr("legacy provider"));
  const auto modern = make_engine(identities({smime_file("rsa.p12")}));
  EXPECT_THAT(modern->keys().front()->info().origin, Not(HasSubstr("legacy")));
}

TEST(Keys, WrongPassphrase_IsRefusedAndNotRepeated) {
  for (const auto* file :
       {"rsa.p12", "armoured.pem", "legacy.p12", "nomac.p12", "rsa.locked.key", "rsa.traditional.key", "rsa.old.key"}) {
    std::string said;
    EXPECT_EQ(error_of(identities({smime_file(file)}, "not-the-passphrase"), &said), Errc::refused) << file;
    EXPECT_THAT(said, HasSubstr(file));
    EXPECT_THAT(said, Not(HasSubstr("not-the-passphrase")));
  }
}

/// PEM's own encryption has no checksum: of wrong passphrases, one in 256 leaves what looks like padding.
TEST(Keys, EveryWrongPassphrase_IsRefusedAlike) {
  for (int i = 0; i < 1500; ++i) {
    const auto options =
        identities({smime_file("rsa.crt"), smime_file("rsa.traditional.key")}, "wrong" + std::to_string(i));
    ASSERT_EQ(error_of(options), Errc::refused) << i;
  }
}

TEST(Keys, NobodyToAsk_IsRefused) {
  EngineOptions options;
  options.identities = {smime_file("rsa.p12")};
  EXPECT_EQ(error_of(options), Errc::refused);
}

TEST(Keys, OpenFile_AsksNobody) {
  EngineOptions options;
  options.identities = {smime_file("open.p12")};
  EXPECT_NO_THROW(static_cast<void>(make_engine(options)));
}

TEST(Keys, BadFiles_AreNamed) {
  const TempDir dir;
  test::write_file(dir / "empty", "");
  test::write_file(dir / "text", "nothing of use\n");
  test::write_file(dir / "broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  std::string der = test::read_file(smime_file("rsa.p12"));
  test::write_file(dir / "short.p12", der.substr(0, der.size() / 2));
  for (const auto* name : {"empty", "text", "broken.pem", "short.p12"}) {
    std::string said;
    EXPECT_EQ(error_of(identities({(dir / name).string()}), &said), Errc::malformed) << name;
    EXPECT_THAT(said, HasSubstr(name));
    EngineOptions recipient;
    recipient.recipient_keys = {(dir / name).string()};
    EXPECT_EQ(error_of(recipient), Errc::malformed) << name;
  }
  EXPECT_EQ(error_of(identities({"/nonexistent/me.p12"})), Errc::no_input);
  EXPECT_EQ(error_of(identities({smime_file("rsa.crt")})), Errc::malformed) << "no private key";
  EXPECT_EQ(error_of(identities({smime_file("rsa.key")})), Errc::malformed) << "no certificate";
}

TEST(Keys, EveryTruncationOfAFile_IsAnErrorAndNoCrash) {
  const TempDir dir;
  const std::string der = test::read_file(smime_file("open.p12"));
  for (std::size_t size = 0; size < der.size(); size += 37) {
    test::write_file(dir / "cut.p12", der.substr(0, size));
    EXPECT_THROW(static_cast<void>(make_engine(identities({(dir / "cut.p12").string()}))), Error) << size;
  }
}

TEST(Keys, TwoCertificatesInOneFile_AreChosenByTheirUse) {
  const auto engine = make_engine(identities({smime_file("two.pem")}));
  const KeyChoice signing = engine->signing_key("", now());
  ASSERT_TRUE(signing.key) << signing.why;
  EXPECT_THAT(signing.key->info().name, HasSubstr("CN=signonly"));
  const KeyChoice encrypting = engine->recipient_key("encryptonly@smime.test", now());
  ASSERT_TRUE(encrypting.key) << encrypting.why;
  EXPECT_FALSE(engine->recipient_key("signonly@smime.test", now()).key);
}

TEST(Keys, Rfc9216Pkcs12_HoldsBothCertificatesOfEachPerson) {
  for (const auto* name : {"alice", "bob", "carlos", "dana"}) {
    for (const auto* ending : {".p12", ".p12.pem"}) {
      const auto engine = make_engine(identities({kVectors + name + ending}, name));
      const std::string address = std::string(name) + "@smime.example";
      const KeyChoice signing = engine->signing_key(address, now());
      const KeyChoice encrypting = engine->recipient_key(address, now());
      ASSERT_TRUE(signing.key) << signing.why;
      ASSERT_TRUE(encrypting.key) << encrypting.why;
      EXPECT_NE(signing.key, encrypting.key);
      EXPECT_TRUE(encrypting.key->info().has_secret);
    }
  }
  const auto carlos = make_engine(identities({kVectors + "carlos.p12"}, "carlos"));
  EXPECT_EQ(carlos->signing_key("", now()).key->info().algorithm, "Ed25519");
  EXPECT_EQ(carlos->recipient_key("carlos@smime.example", now()).key->info().algorithm, "X25519");
}

TEST(Keys, FolderOfCertificates_IsMatchedByAddress) {
  EngineOptions options;
  options.recipient_keys = {test::smime_pki().string()};  // with keys, requests and logs beside them
  const auto engine = make_engine(options);
  for (const auto* name : {"rsa", "p256", "x25519", "x448"}) {
    const KeyChoice choice = engine->recipient_key(std::string(name) + "@smime.test", now());
    EXPECT_TRUE(choice.key) << name << choice.why;
  }
  const KeyChoice nobody = engine->recipient_key("nobody@smime.test", now());
  EXPECT_FALSE(nobody.key);
  EXPECT_THAT(nobody.why, HasSubstr("no certificate"));
  for (const auto& [name, reason] :
       {std::pair("server", "not for encrypting"), std::pair("signonly", "not for encrypting"),
        std::pair("p256sign", "not for encrypting"), std::pair("weak", "too weak"), std::pair("secp256k1", "curve"),
        std::pair("rsapss", "not for encrypting")}) {
    const KeyChoice choice = engine->recipient_key(std::string(name) + "@smime.test", now());
    EXPECT_FALSE(choice.key) << name;
    EXPECT_THAT(choice.why, HasSubstr(reason)) << name;
  }
  const KeyChoice late = engine->recipient_key("rsa@smime.test", now() + std::chrono::hours(24 * 365 * 50));
  EXPECT_THAT(late.why, HasSubstr("expired on"));
  EXPECT_THAT(engine->recipient_key("rsa@smime.test", Time(std::chrono::seconds(1))).why,
              HasSubstr("not valid before"));
}

TEST(Keys, InternationalMailbox_IsMatchedInBothSpellings) {
  EngineOptions options;
  options.recipient_keys = {smime_file("international.crt")};
  const auto engine = make_engine(options);
  EXPECT_TRUE(engine->recipient_key("grün@bücher.test", now()).key);
  EXPECT_TRUE(engine->recipient_key("grün@xn--bcher-kva.test", now()).key);
  EXPECT_FALSE(engine->recipient_key("grun@bücher.test", now()).key);
}

/// The certificate of smime_keys.sh with its key's algorithm called id-RSAES-OAEP, as RFC 4055, section 4, allows.
std::string oaep_typed(const std::string& name) {
  const auto from_pem = [](const std::string& file) {
    const std::string pem = test::read_file(smime_file(file));
    const BioPtr in = view_bio(pem);
    return X509Ptr(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  };
  const X509Ptr certificate = from_pem(name + ".crt");
  const std::string ca = test::read_file(smime_file("ca.key"));
  const BioPtr in = view_bio(ca);
  const EvpPkeyPtr issuer(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  // A new X509_PUBKEY, since the old one has its key in a cache.
  const unsigned char* octets = nullptr;
  int length = 0;
  X509_PUBKEY_get0_param(nullptr, &octets, &length, nullptr, X509_get_X509_PUBKEY(certificate.get()));
  auto* const copy = static_cast<unsigned char*>(OPENSSL_memdup(octets, static_cast<std::size_t>(length)));
  X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate.get()), OBJ_nid2obj(NID_rsaesOaep), V_ASN1_NULL, nullptr,
                         copy, length);
  X509_sign(certificate.get(), issuer.get(), EVP_sha256());
  return to_der(certificate.get(), i2d_X509);
}

TEST(Keys, KeyThatOpenSslCannotRead_IsNamedAndNotSealedTo) {
  const test::TempDir dir;
  test::write_file(dir / "oaep.crt", oaep_typed("rsa"));
  EngineOptions options;
  options.recipient_keys = {(dir / "oaep.crt").string()};
  const auto engine = make_engine(options);
  ASSERT_EQ(engine->keys().size(), 1U);
  EXPECT_EQ(engine->keys().front()->info().algorithm, "rsaesOaep");
  EXPECT_THAT(engine->keys().front()->info().obstacle, HasSubstr("rsaesOaep"));
  const KeyChoice choice = engine->recipient_key("rsa@smime.test", now());
  EXPECT_FALSE(choice.key);
  EXPECT_THAT(choice.why, HasSubstr("OpenSSL cannot use keys of its kind (rsaesOaep)"));
}

TEST(Keys, AddressWithANulOrALineEnd_IsNotHeard) {
  const X509Ptr certificate(X509_new());
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  for (const std::string_view address :
       {std::string_view("ann@x.test\0.evil.test", 21), std::string_view("ann@x.test\r\nBcc: eve@x.test"),
        std::string_view("good@x.test")}) {
    GENERAL_NAME* const name = GENERAL_NAME_new();
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, address.data(), static_cast<int>(address.size()));
    GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
  EXPECT_THAT(addresses_of(certificate.get()), ElementsAre("good@x.test"));
}

TEST(Keys, WeakKey_IsNeverSealedTo) {
  EngineOptions options;
  options.recipient_keys = {smime_file("weak.crt")};
  const KeyChoice choice = make_engine(options)->recipient_key("weak@smime.test", now());
  EXPECT_FALSE(choice.key);
  EXPECT_THAT(choice.why, HasSubstr("too weak"));
}

TEST(Keys, PssParametersThatAreNotWritten_AreAnObstacle) {
  const auto engine = make_engine(identities({smime_file("rsapss1.p12"), smime_file("rsapssmask.p12")}));
  for (const auto& [name, reason] :
       {std::pair("rsapss1", "digest that is not written"), std::pair("rsapssmask", "mask")}) {
    const KeyChoice choice = engine->signing_key(std::string(name) + "@smime.test", now());
    EXPECT_FALSE(choice.key) << name;
    EXPECT_THAT(choice.why, HasSubstr(reason)) << name;
  }
}

TEST(Keys, RevokedCertificate_IsNotSealedTo) {
  EngineOptions options;
  options.recipient_keys = {smime_file("revoked.crt"), smime_file("rsa.crt")};
  options.crls = {smime_file("ca.crl")};
  EXPECT_FALSE(make_engine(options)->recipient_key("revoked@smime.test", now()).key)
      << "who gives a list means it, though nothing here can check its signature";
  options.trust = {smime_file("chain.pem")};
  const auto engine = make_engine(options);
  const KeyChoice choice = engine->recipient_key("revoked@smime.test", now());
  EXPECT_FALSE(choice.key);
  EXPECT_THAT(choice.why, HasSubstr("revoked"));
  EXPECT_TRUE(engine->recipient_key("rsa@smime.test", now()).key);
}

TEST(Keys, PublicExport_IsTheCertificateAlone) {
  const auto engine = make_engine(identities({smime_file("rsa.p12")}));
  const std::string pem = engine->export_public(*engine->keys().front(), "");
  EXPECT_THAT(pem, testing::StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT(pem, Not(HasSubstr("PRIVATE")));
}

TEST(Seal, EveryRecipientProblemIsNamedAtOnce_AndNothingIsWritten) {
  EngineOptions options;
  for (const auto* name : {"rsa", "weak", "server", "secp256k1"})
    options.recipient_keys.push_back(smime_file(std::string(name) + ".crt"));
  const auto engine = make_engine(options);
  EncryptSpec spec;
  spec.recipients = engine->keys();
  spec.at = now();
  StringSink out;
  try {
    engine->encrypt(*view_source("content"), out, spec);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::no_recipient);
    EXPECT_THAT(error.details(), ElementsAre(HasSubstr("CN=weak"), HasSubstr("CN=server"), HasSubstr("CN=secp256k1")));
  }
  EXPECT_THAT(out.str(), IsEmpty());
}

TEST(Seal, FipsProfile_RefusesWhatIsNotApprovedAndNamesTheModule) {
  EngineOptions options;
  for (const auto* name : {"rsa", "p256", "x25519", "brainpoolp256r1"})
    options.recipient_keys.push_back(smime_file(std::string(name) + ".crt"));
  const auto engine = make_engine(options);
  EncryptSpec spec;
  spec.recipients = engine->keys();
  spec.policy.profile = Profile::fips;
  StringSink out;
  try {
    engine->encrypt(*view_source("content"), out, spec);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.details(), ElementsAre(AllOf(HasSubstr("x25519@smime.test"), HasSubstr("CN=x25519")),
                                             AllOf(HasSubstr("@smime.test"), HasSubstr("CN=brainpoolp256r1"))));
  }
  spec.recipients.resize(2);
  const EncryptResult result = engine->encrypt(*view_source("content"), out, spec);
  EXPECT_EQ(result.choices.front().what, "module");
  EXPECT_EQ(result.type, LayerType::smime_auth_enveloped);
}

TEST(Seal, RecipientWhoseCertificateNamesOnlyCbc_GetsCbc) {
  EngineOptions options;
  options.recipient_keys = {smime_file("rsa.crt"), smime_file("cbconly.crt")};
  const auto engine = make_engine(options);
  EncryptSpec spec;
  spec.recipients = engine->keys();
  StringSink out;
  const EncryptResult result = engine->encrypt(*view_source("content"), out, spec);
  EXPECT_EQ(result.cipher, "aes-256-cbc");
  EXPECT_EQ(result.type, LayerType::smime_enveloped);
  EXPECT_THAT(result.choices.front().why, HasSubstr("CN=cbconly"));
}

TEST(Seal, DigestFollowsTheKeysStrength) {
  const auto engine = make_engine(identities({smime_file("rsa.p12"), smime_file("rsa4096.p12"), smime_file("p256.p12"),
                                              smime_file("p384.p12"), smime_file("p521.p12"), smime_file("ed25519.p12"),
                                              smime_file("ed448.p12"), smime_file("rsapss384.p12")}));
  SignSpec spec;
  for (const auto& key : engine->keys()) {
    if (key->info().has_secret) spec.signers.push_back(key);
  }
  spec.at = now();
  StringSink out;
  EXPECT_THAT(engine->sign(*view_source("content"), out, spec).digests,
              ElementsAre("sha256", "sha384", "sha256", "sha384", "sha512", "sha512", "shake256", "sha384"));
}

/// Gives other octets on its second pass.
class Changing final : public Source {
 public:
  std::size_t read(std::span<char> into) override {
    if (given_ == (second_ ? 3U : 5U)) return 0;
    into[0] = 'x';
    ++given_;
    return 1;
  }
  void rewind() override {
    given_ = 0;
    second_ = true;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return 5; }

 private:
  unsigned given_ = 0;
  bool second_ = false;
};

TEST(Seal, ContentThatChangesBetweenTwoReads_IsAnError) {
  const auto engine = make_engine(identities({smime_file("rsa.p12")}));
  SignSpec spec;
  spec.signers = {engine->signing_key("", now()).key};
  spec.detached = false;
  spec.at = now();
  Changing content;
  StringSink out;
  EXPECT_THROW(engine->sign(content, out, spec), Error);
}

TEST(Seal, ContentOfAnotherSizeThanItSaid_IsNotEncrypted) {
  const auto engine = make_engine(identities({smime_file("rsa.p12")}));
  EncryptSpec spec;
  spec.recipients = {engine->recipient_key("rsa@smime.test", now()).key};
  spec.at = now();
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::aes_256_cbc}) {
    spec.policy.cipher = cipher;
    Changing content;
    content.rewind();  // three octets, where five were promised
    StringSink out;
    EXPECT_THROW(engine->encrypt(content, out, spec), Error) << to_string(cipher);
  }
}

TEST(Seal, SigningSpecsThatMakeNoSense_AreErrors) {
  const auto engine = make_engine(identities({smime_file("rsa.p12"), smime_file("x25519.p12")}));
  StringSink out;
  SignSpec none;
  EXPECT_THROW(engine->sign(*view_source(""), out, none), Error);
  SignSpec cannot;
  cannot.signers = {engine->recipient_key("x25519@smime.test", now()).key};
  EXPECT_THROW(engine->sign(*view_source(""), out, cannot), Error);
  EncryptSpec nobody;
  EXPECT_THROW(engine->encrypt(*view_source(""), out, nobody), Error);
  EncryptSpec combined;
  combined.recipients = {engine->recipient_key("rsa@smime.test", now()).key};
  combined.signers = combined.recipients;
  EXPECT_THROW(engine->encrypt(*view_source(""), out, combined), Error);
}

}  // namespace
}  // namespace mimeseal::smime
