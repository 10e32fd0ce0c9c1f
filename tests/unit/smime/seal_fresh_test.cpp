// SPDX-License-Identifier: MIT
// What must be new in every sealed message, and what a signature must say of its signer: read with OpenSSL's own
// structures, not with our reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <chrono>
#include <set>

#include "mimeseal/core/text.h"
#include "mimeseal/smime/engine.h"
#include "smime/handles.h"
#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::smime {
namespace {

using test::smime_file;
using testing::SizeIs;

constexpr int kMessages = 8;

std::unique_ptr<Engine> engine_with(const std::string& name) {
  EngineOptions options;
  options.identities = {smime_file(name + ".p12")};
  options.passphrase = [](const std::string&) { return SecretBytes("secret"); };
  return make_engine(options);
}

KeyPtr own(Engine& engine) {
  return engine.signing_key("", Time{}).key;
}

std::string sealed(Engine& engine, Cipher cipher) {
  EncryptSpec spec;
  spec.recipients = {own(engine)};
  spec.policy.cipher = cipher;
  StringSink out;
  engine.encrypt(*view_source("content"), out, spec);
  return out.take();
}

/// The content key of a message to rsa: in the one OCTET STRING as long as the modulus.
std::string content_key(const std::string& message) {
  const std::string head("\x04\x82\x01\x00", 4);
  const std::size_t at = message.find(head);
  if (at == std::string::npos) return {};
  const std::string encrypted = message.substr(at + head.size(), 256);
  const std::string pem = test::read_file(smime_file("rsa.key"));
  const BioPtr in = view_bio(pem);
  const EvpPkeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new(key.get(), nullptr));
  std::string plain(256, '\0');
  std::size_t length = plain.size();
  const bool ok = EVP_PKEY_decrypt_init(context.get()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1 &&
                  EVP_PKEY_decrypt(context.get(), bytes(plain), &length, bytes(encrypted), encrypted.size()) == 1;
  plain.resize(ok ? length : 0);
  return plain;
}

/// The octets behind a cipher's OBJECT IDENTIFIER: nonce or IV among them.
std::string parameters(const std::string& message, std::string_view oid, std::size_t length) {
  const std::size_t at = message.find(oid);
  return at == std::string::npos ? std::string() : message.substr(at + oid.size(), length);
}

TEST(SealFresh, ContentKeyAndNonce_AreNewInEveryMessage) {
  const auto engine = engine_with("rsa");
  for (const auto& [cipher, oid, size] :
       {std::tuple(Cipher::aes_256_gcm, std::string_view("\x60\x86\x48\x01\x65\x03\x04\x01\x2E"), 32U),
        std::tuple(Cipher::aes_128_cbc, std::string_view("\x60\x86\x48\x01\x65\x03\x04\x01\x02"), 16U)}) {
    std::set<std::string> keys;
    std::set<std::string> nonces;
    for (int i = 0; i < kMessages; ++i) {
      const std::string message = sealed(*engine, cipher);
      const std::string key = content_key(message);
      ASSERT_EQ(key.size(), size);
      keys.insert(key);
      const std::string nonce = parameters(message, oid, 16);
      ASSERT_FALSE(nonce.empty());
      nonces.insert(nonce);
    }
    EXPECT_THAT(keys, SizeIs(kMessages));
    EXPECT_THAT(nonces, SizeIs(kMessages));
  }
}

TEST(SealFresh, EphemeralKey_IsNewInEveryMessage) {
  for (const auto* name : {"p256", "brainpoolp256r1"}) {
    const auto engine = engine_with(name);
    std::set<std::string> points;
    for (int i = 0; i < kMessages; ++i) {
      const std::string message = sealed(*engine, Cipher::aes_256_gcm);
      const std::string point = parameters(message, std::string_view("\x03\x42\x00\x04", 4), 64);
      ASSERT_THAT(point, SizeIs(64));
      points.insert(point);
    }
    EXPECT_THAT(points, SizeIs(kMessages)) << name;
  }
}

TEST(SealFresh, PssSalt_IsAsLongAsTheDigest) {
  const auto engine = engine_with("rsa");
  for (const auto& [digest, size] :
       {std::pair(Digest::sha256, 32), std::pair(Digest::sha384, 48), std::pair(Digest::sha512, 64)}) {
    SignSpec spec;
    spec.signers = {own(*engine)};
    spec.policy.rsa_signature = RsaSignature::pss;
    spec.policy.digest = digest;
    StringSink out;
    engine->sign(*view_source("content"), out, spec);
    const unsigned char* octets = bytes(out.str());
    const CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &octets, static_cast<long>(out.str().size())));
    ASSERT_TRUE(cms);
    X509_ALGOR* signature = nullptr;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms.get()), 0), nullptr, nullptr, nullptr,
                             &signature);
    ASSERT_EQ(OBJ_obj2nid(signature->algorithm), NID_rsassaPss);
    const std::string_view der = octets_of(signature->parameter->value.sequence);
    const unsigned char* at = bytes(der);
    RSA_PSS_PARAMS* const parameters = d2i_RSA_PSS_PARAMS(nullptr, &at, static_cast<long>(der.size()));
    ASSERT_NE(parameters, nullptr);
    EXPECT_EQ(ASN1_INTEGER_get(parameters->saltLength), size);
    RSA_PSS_PARAMS_free(parameters);
  }
}

TEST(SealFresh, SignedAttributes_SayWhatIsSo) {
  const auto engine = engine_with("rsa");
  const Time at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  SignSpec spec;
  spec.signers = {own(*engine)};
  spec.at = at;
  StringSink out;
  engine->sign(*view_source("content"), out, spec);
  const unsigned char* octets = bytes(out.str());
  const CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &octets, static_cast<long>(out.str().size())));
  ASSERT_TRUE(cms);
  CMS_SignerInfo* const signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms.get()), 0);
  const auto value = [&](int nid, int type) {
    return static_cast<ASN1_STRING*>(CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(nid), -3, type));
  };
  EXPECT_EQ(octets_of(value(NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING)), sha256("content"));
  std::tm parts{};
  ASSERT_EQ(ASN1_TIME_to_tm(value(NID_pkcs9_signingTime, V_ASN1_UTCTIME), &parts), 1);
  EXPECT_EQ(Time(std::chrono::seconds(timegm(&parts))), at);
  // The certificate's hash, in the attribute that names the certificate.
  const std::string_view named = octets_of(value(NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE));
  const std::string pem = test::read_file(smime_file("rsa.crt"));
  const BioPtr in = view_bio(pem);
  const X509Ptr certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  EXPECT_NE(named.find(sha256(to_der(certificate.get(), i2d_X509))), std::string_view::npos);
  // Algorithm protection: the digest and the signature algorithm as they stand in the SignerInfo (RFC 6211).
  X509_ALGOR* digest = nullptr;
  X509_ALGOR* signature = nullptr;
  CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, &digest, &signature);
  const Asn1ObjectPtr protection(OBJ_txt2obj("1.2.840.113549.1.9.52", 1));
  const auto* const protected_ =
      static_cast<ASN1_STRING*>(CMS_signed_get0_data_by_OBJ(signer, protection.get(), -3, V_ASN1_SEQUENCE));
  ASSERT_NE(protected_, nullptr);
  std::string expected = to_der(signature, i2d_X509_ALGOR);
  expected.front() = '\xA1';
  EXPECT_TRUE(octets_of(protected_).ends_with(to_der(digest, i2d_X509_ALGOR) + expected));
}

}  // namespace
}  // namespace mimeseal::smime
