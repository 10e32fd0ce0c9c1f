// SPDX-License-Identifier: MIT
// OpenSSL's ordinary path, which reads the whole message into memory, is the second opinion: on every message as it is,
// and on every message with one octet changed.
#include <gtest/gtest.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <map>

#include "mimeseal/core/error.h"
#include "open_testing.h"
#include "support/smime_pki.h"

namespace mimeseal::test {
namespace {

template <auto Free>
struct Releaser {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Releaser<CMS_ContentInfo_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Releaser<X509_free>>;

const std::string kContent = "Content-Type: text/plain\r\n\r\nOctet by octet, nothing may be changed unnoticed.\r\n";

OpenSpec now() {
  OpenSpec spec;
  spec.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return spec;
}

BioPtr memory(std::string_view octets) {
  return BioPtr(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
}

std::string taken(BIO* out) {
  char* octets = nullptr;
  const long size = BIO_get_mem_data(out, &octets);
  return {octets, static_cast<std::size_t>(size)};
}

CmsPtr parsed(std::string_view der) {
  const BioPtr in = memory(der);
  CmsPtr cms(d2i_CMS_bio(in.get(), nullptr));
  ERR_clear_error();
  return cms;
}

/// Whether all signatures fit, by CMS_verify; trust aside.
bool openssl_verifies(std::string_view der, const std::string* detached) {
  const CmsPtr cms = parsed(der);
  if (!cms) return false;
  const BioPtr out(BIO_new(BIO_s_mem()));
  const BioPtr content = detached == nullptr ? BioPtr() : memory(*detached);
  const int ok =
      CMS_verify(cms.get(), nullptr, nullptr, content.get(), out.get(), CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY);
  ERR_clear_error();
  return ok == 1;
}

struct Recipient {
  X509Handle certificate;
  KeyHandle key;
};

Recipient recipient(const std::string& name) {
  const std::string certificate = read_file(smime_file(name + ".crt"));
  const std::string key = read_file(smime_file(name + ".key"));
  return {X509Handle(PEM_read_bio_X509(memory(certificate).get(), nullptr, nullptr, nullptr)),
          KeyHandle(PEM_read_bio_PrivateKey(memory(key).get(), nullptr, nullptr, nullptr))};
}

/// What CMS_decrypt gives, when it says that it worked.
std::optional<std::string> openssl_decrypts(std::string_view der, const Recipient& recipient) {
  const CmsPtr cms = parsed(der);
  if (!cms) return std::nullopt;
  const BioPtr out(BIO_new(BIO_s_mem()));
  const int ok =
      CMS_decrypt(cms.get(), recipient.key.get(), recipient.certificate.get(), nullptr, out.get(), CMS_BINARY);
  ERR_clear_error();
  if (ok != 1) return std::nullopt;
  return taken(out.get());
}

std::unique_ptr<Engine> all_keys() {
  return engine({smime_file("rsa.p12"), smime_file("p256.p12"), smime_file("ed25519.p12"), smime_file("x25519.p12")},
                {smime_file("root.crt")}, {}, "secret");
}

/// Knows the root and no other certificate.
std::unique_ptr<Engine> stranger() {
  return engine({}, {smime_file("root.crt")});
}

KeyPtr key_named(Engine& engine, const std::string& name) {
  for (const KeyPtr& key : engine.keys()) {
    if (key->info().name.find("CN=" + name + ",") != std::string::npos) return key;
  }
  throw std::runtime_error("no key " + name);
}

std::string signed_by(Engine& engine, const std::string& name, bool detached) {
  SignSpec spec;
  spec.signers = {key_named(engine, name)};
  spec.detached = detached;
  spec.at = now().at;
  StringSink out;
  engine.sign(*view_source(kContent), out, spec);
  return out.take();
}

std::string encrypted_to(Engine& engine, const std::string& name, Cipher cipher) {
  EncryptSpec spec;
  spec.recipients = {key_named(engine, name)};
  spec.policy.cipher = cipher;
  spec.at = now().at;
  StringSink out;
  engine.encrypt(*view_source(kContent), out, spec);
  return out.take();
}

/// The facts, or nothing when it is not CMS any more.
std::optional<Opened> opened(Engine& engine, const std::string& der) {
  try {
    return open(engine, der, now());
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == Errc::malformed || error.code() == Errc::limit) << error.what();
    return std::nullopt;
  }
}

template <class Check>
void for_each_flip(const std::string& der, Check check) {
  for (std::size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << (i % 8)));
    check(changed, i);
  }
}

/// Of digestAlgorithms nothing depends but in which pass we compute a digest; OpenSSL wants them right.
bool only_announces(const std::string& der, std::size_t i) {
  const std::size_t begin = der.find(std::string("\x02\x01", 2)) + 3;  // behind the version
  return i >= begin && i < begin + 2 + static_cast<unsigned char>(der.at(begin + 1));
}

bool all_good(const std::vector<SignerFacts>& signers) {
  return !signers.empty() && std::all_of(signers.begin(), signers.end(), [](const SignerFacts& signer) {
    return signer.integrity == Integrity::good && signer.trust == Trust::trusted &&
           signer.validity == Validity::valid && signer.usage == Usage::ok && signer.algorithm == Algorithm::ok;
  });
}

class SmimeFlippedSignature : public testing::TestWithParam<const char*> {};

TEST_P(SmimeFlippedSignature, Opaque_IsNeverGoodWithOtherContent) {
  const auto engine = stranger();
  const std::string der = signed_by(*all_keys(), GetParam(), false);
  const bool openssl_can = GetParam() != std::string("ed25519");
  ASSERT_EQ(openssl_verifies(der, nullptr), openssl_can);
  for_each_flip(der, [&](const std::string& changed, std::size_t i) {
    const auto result = opened(*engine, changed);
    if (!result || result->facts.result != LayerResult::good || !all_good(result->facts.signers)) return;
    EXPECT_EQ(result->content, kContent) << "octet " << i;
    EXPECT_EQ(result->facts.signers.size(), 1U);
    // What we call good, OpenSSL calls good.
    if (openssl_can && !only_announces(der, i)) {
      EXPECT_TRUE(openssl_verifies(changed, nullptr)) << "octet " << i;
    }
  });
}

TEST_P(SmimeFlippedSignature, Detached_IsNeverGoodWithOtherContent) {
  const auto engine = stranger();
  const std::string signature = signed_by(*all_keys(), GetParam(), true);
  for_each_flip(kContent, [&](const std::string& changed, std::size_t i) {
    EXPECT_EQ(verify(*engine, changed, signature, now()).signers.at(0).integrity, Integrity::bad) << "octet " << i;
  });
  for_each_flip(signature, [&](const std::string& changed, std::size_t i) {
    try {
      const LayerFacts facts = verify(*engine, kContent, changed, now());
      if (facts.result != LayerResult::good || !all_good(facts.signers)) return;
      if (GetParam() != std::string("ed25519") && !only_announces(signature, i)) {
        EXPECT_TRUE(openssl_verifies(changed, &kContent)) << "octet " << i;
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::malformed) << error.what();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Keys, SmimeFlippedSignature, testing::Values("rsa", "p256", "ed25519"));

class SmimeFlippedEnvelope : public testing::TestWithParam<const char*> {};

TEST_P(SmimeFlippedEnvelope, Gcm_IsNeverAuthenticWithOtherContent) {
  const auto engine = all_keys();
  const std::string der = encrypted_to(*engine, GetParam(), Cipher::aes_256_gcm);
  const bool openssl_can = GetParam() != std::string("x25519");
  const Recipient ours = recipient(GetParam());
  if (openssl_can) {
    ASSERT_EQ(openssl_decrypts(der, ours), kContent);
  }
  for_each_flip(der, [&](const std::string& changed, std::size_t i) {
    const auto result = opened(*engine, changed);
    if (!result) return;
    EXPECT_NE(result->facts.result, LayerResult::unauthenticated) << "octet " << i;
    if (result->facts.result != LayerResult::good) {
      EXPECT_FALSE(result->facts.authenticated);
      return;
    }
    EXPECT_EQ(result->content, kContent) << "octet " << i;
    if (openssl_can) {
      EXPECT_EQ(openssl_decrypts(changed, ours), kContent) << "octet " << i;
    }
  });
}

TEST_P(SmimeFlippedEnvelope, Cbc_IsNeverCalledAuthentic) {
  const auto engine = all_keys();
  const std::string der = encrypted_to(*engine, GetParam(), Cipher::aes_128_cbc);
  for_each_flip(der, [&](const std::string& changed, std::size_t) {
    const auto result = opened(*engine, changed);
    if (!result) return;
    EXPECT_NE(result->facts.result, LayerResult::good);
    EXPECT_FALSE(result->facts.authenticated);
  });
}

INSTANTIATE_TEST_SUITE_P(Keys, SmimeFlippedEnvelope, testing::Values("rsa", "p256", "x25519"));

TEST(SmimeCut, AtEveryOctet_IsNeverGood) {
  const auto engine = all_keys();
  for (const std::string& der : {signed_by(*engine, "rsa", false), encrypted_to(*engine, "p256", Cipher::aes_256_gcm),
                                 encrypted_to(*engine, "p256", Cipher::aes_256_cbc)}) {
    for (std::size_t size = 0; size < der.size(); size += size < 200 ? 1 : 7) {
      const auto result = opened(*engine, der.substr(0, size));
      if (!result) continue;
      EXPECT_NE(result->facts.result, LayerResult::good) << size;
      EXPECT_NE(result->facts.result, LayerResult::unauthenticated) << size;
    }
  }
}

TEST(SmimeCrossCheck, VectorsOfOthers_GetTheSameAnswer) {
  const auto nobody = engine({});
  const std::map<std::string, std::string> vectors{
      {"4.1.bin", ""}, {"4.2.bin", ""}, {"4.3.bin", "ExContent.bin"}, {"4.5.bin", ""}, {"4.7.bin", ""}};
  for (const auto& vector : vectors) {
    const auto& name = vector.first;
    const auto& content_name = vector.second;  // clang 14 captures no structured binding
    SCOPED_TRACE(name);
    const std::string der = vector_file("ietf-rfc4134/" + name);
    const std::string content = content_name.empty() ? "" : vector_file("ietf-rfc4134/" + content_name);
    for_each_flip(der, [&](const std::string& changed, std::size_t i) {
      bool ours = false;
      try {
        const LayerFacts facts =
            content_name.empty() ? open(*nobody, changed, now()).facts : verify(*nobody, content, changed, now());
        ours = facts.result == LayerResult::good && !facts.signers.empty() &&
               std::all_of(facts.signers.begin(), facts.signers.end(),
                           [](const SignerFacts& signer) { return signer.integrity == Integrity::good; });
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::malformed);
      }
      if (ours && !only_announces(der, i)) {
        EXPECT_TRUE(openssl_verifies(changed, content_name.empty() ? nullptr : &content)) << "octet " << i;
      }
    });
  }
}

}  // namespace
}  // namespace mimeseal::test
