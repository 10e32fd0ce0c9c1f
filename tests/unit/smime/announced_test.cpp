// SPDX-License-Identifier: MIT
#include "smime/announced.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/smime/engine.h"
#include "smime/key.h"
#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::smime {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kRfc9216 = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/ietf-rfc9216/";

std::string signed_by(const std::string& file, const std::string& passphrase, bool detached) {
  EngineOptions options;
  options.identities = {file};
  options.passphrase = [&passphrase](const std::string&) { return SecretBytes(passphrase); };
  const auto engine = make_engine(options);
  SignSpec spec;
  spec.detached = detached;
  spec.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  spec.signers = {engine->signing_key("", spec.at).key};
  StringSink out;
  engine->sign(*view_source("content\r\n"), out, spec);
  return out.take();
}

TEST(Announced, SignerAndTheCertificateToAnswerTo) {
  for (const bool detached : {true, false}) {
    const auto announced = announced_in(signed_by(kRfc9216 + "alice.p12", "alice", detached));
    ASSERT_THAT(announced, SizeIs(2));
    EXPECT_TRUE(key_info_of(announced[0].certificate.get()).can_sign);
    EXPECT_TRUE(key_info_of(announced[1].certificate.get()).can_encrypt);
    for (const Announced& one : announced) {
      ASSERT_TRUE(one.ciphers);
      EXPECT_EQ(one.ciphers->front(), Cipher::aes_256_gcm);
      EXPECT_TRUE(one.signed_at);
    }
  }
}

TEST(Announced, Eddsa_IsHeardToo) {
  EXPECT_THAT(announced_in(signed_by(kRfc9216 + "carlos.p12", "carlos", true)), SizeIs(2));
}

TEST(Announced, CertificatesOnly_SayNothing) {
  EXPECT_THAT(announced_in(test::read_file(test::smime_file("rsa.p7c"))), IsEmpty());
}

TEST(Announced, FlippedOctet_NeverChangesWhatIsHeard) {
  const std::string message = signed_by(test::smime_file("p256.p12"), "secret", true);
  const auto honest = announced_in(message);
  ASSERT_THAT(honest, SizeIs(1));
  const std::string certificate = fingerprint_of(honest[0].certificate.get());
  int heard = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    std::string changed = message;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    try {
      for (const Announced& one : announced_in(changed)) {
        ++heard;
        ASSERT_EQ(fingerprint_of(one.certificate.get()), certificate) << i;
        ASSERT_EQ(one.ciphers, honest[0].ciphers) << i;
        ASSERT_EQ(one.signed_at, honest[0].signed_at) << i;
      }
    } catch (const Error& error) {
      ASSERT_TRUE(error.code() == Errc::malformed || error.code() == Errc::limit) << i << error.what();
    }
  }
  // An octet of another certificate, say, changes nothing for the signer.
  EXPECT_GT(heard, 0);
  EXPECT_LT(heard, static_cast<int>(message.size()));
}

}  // namespace
}  // namespace mimeseal::smime
