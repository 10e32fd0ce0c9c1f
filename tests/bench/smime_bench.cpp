// SPDX-License-Identifier: MIT
// S/MIME sealing beside the OpenSSL calls that it cannot do without: hash and RSA signature, RSA-OAEP and AES-GCM. The
// goal for sign+encrypt of 100 KB is 1.25x of them. No MIME and no base64 on either side, but for seal_message: a whole
// message from its parts to its last base64 line, beside the same calls.
//   smime_bench [--benchmark_filter=...]        keys are made at the start
#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "mimeseal/mail/seal.h"
#include "mimeseal/mime/compose.h"
#include "mimeseal/smime/engine.h"

namespace {

using namespace mimeseal;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed");
}

/// A self-made RSA-2048 identity in a file, and the engine over it.
class Bench {
 public:
  Bench() {
    key_ = EVP_RSA_gen(2048);
    X509* const certificate = X509_new();
    require(key_ != nullptr && certificate != nullptr);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("bench"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key_);
    X509_EXTENSION* const address =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "email:bench@example.org");
    require(address != nullptr && X509_add_ext(certificate, address, -1) == 1);
    X509_EXTENSION_free(address);
    require(X509_sign(certificate, key_, EVP_sha256()) > 0);
    char name[] = "/tmp/smime_benchXXXXXX";
    const int descriptor = mkstemp(name);
    require(descriptor >= 0);
    FILE* const file = fdopen(descriptor, "w");
    PEM_write_X509(file, certificate);
    PEM_write_PrivateKey(file, key_, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(file);
    X509_free(certificate);
    smime::EngineOptions options;
    options.identities = {name};
    engine_ = smime::make_engine(options);
    std::filesystem::remove(name);
    at_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() { EVP_PKEY_free(key_); }

  std::string sign(std::string_view content) {
    SignSpec spec;
    spec.signers = engine_->keys();
    spec.at = at_;
    StringSink out;
    engine_->sign(*view_source(content), out, spec);
    return out.take();
  }
  void encrypt(std::string_view content, Cipher cipher) {
    EncryptSpec spec;
    spec.recipients = engine_->keys();
    spec.policy.cipher = cipher;
    spec.at = at_;
    NullSink out;
    engine_->encrypt(*view_source(content), out, spec);
    benchmark::DoNotOptimize(out.count());
  }

  void seal_message(std::string_view text) {
    Draft draft;
    draft.from = draft.to = {*Mailbox::make("", "bench@example.org")};
    draft.subject = "Report";
    draft.text = std::string(text);
    SealSpec spec;
    spec.engine = engine_.get();
    spec.sign = spec.encrypt = true;
    spec.recipients = draft.to;
    const Sealed sealed = seal(compose(draft, system_clock(), system_random()), spec);
    const auto source = sealed.copies.front().message.open();
    std::array<char, 65536> buffer;
    while (const std::size_t n = source->read(buffer))
      benchmark::DoNotOptimize(n);
  }

  void bare_sign(std::string_view content) {
    unsigned char digest[32];
    unsigned length = 0;
    require(EVP_Digest(content.data(), content.size(), digest, &length, EVP_sha256(), nullptr) == 1);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    unsigned char signature[256];
    std::size_t size = sizeof signature;
    require(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_) == 1 &&
            EVP_DigestSign(context, signature, &size, digest, length) == 1);
    EVP_MD_CTX_free(context);
  }
  void bare_encrypt(std::string_view content, const EVP_CIPHER* cipher, std::vector<unsigned char>& buffer) {
    unsigned char key[32];
    unsigned char iv[16];
    RAND_bytes(key, sizeof key);
    RAND_bytes(iv, sizeof iv);
    EVP_PKEY_CTX* const transport = EVP_PKEY_CTX_new(key_, nullptr);
    unsigned char wrapped[256];
    std::size_t size = sizeof wrapped;
    require(EVP_PKEY_encrypt_init(transport) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(transport, RSA_PKCS1_OAEP_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_oaep_md(transport, EVP_sha256()) == 1 &&
            EVP_PKEY_encrypt(transport, wrapped, &size, key, sizeof key) == 1);
    EVP_PKEY_CTX_free(transport);
    EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
    int length = 0;
    require(EVP_EncryptInit_ex(context, cipher, nullptr, key, iv) == 1);
    for (std::size_t at = 0; at < content.size(); at += 65536) {
      const auto piece = content.substr(at, 65536);
      require(EVP_EncryptUpdate(context, buffer.data(), &length, reinterpret_cast<const unsigned char*>(piece.data()),
                                static_cast<int>(piece.size())) == 1);
    }
    require(EVP_EncryptFinal_ex(context, buffer.data(), &length) == 1);
    EVP_CIPHER_CTX_free(context);
  }

 private:
  EVP_PKEY* key_;
  std::unique_ptr<Engine> engine_;
  Time at_;
};

Bench& bench() {
  static Bench instance;
  return instance;
}

std::string content_of(const benchmark::State& state) {
  return std::string(static_cast<std::size_t>(state.range(0)), 'x');
}

void count_octets(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sign_bare(benchmark::State& state) {
  const std::string content = content_of(state);
  for (auto unused : state)
    bench().bare_sign(content);
  count_octets(state);
}

void sign_ours(benchmark::State& state) {
  const std::string content = content_of(state);
  for (auto unused : state)
    benchmark::DoNotOptimize(bench().sign(content));
  count_octets(state);
}

void encrypt_bare(benchmark::State& state, const EVP_CIPHER* cipher) {
  const std::string content = content_of(state);
  std::vector<unsigned char> buffer(65536 + 32);
  for (auto unused : state)
    bench().bare_encrypt(content, cipher, buffer);
  count_octets(state);
}

void encrypt_ours(benchmark::State& state, Cipher cipher) {
  const std::string content = content_of(state);
  for (auto unused : state)
    bench().encrypt(content, cipher);
  count_octets(state);
}

void sign_encrypt_bare(benchmark::State& state) {
  const std::string content = content_of(state);
  std::vector<unsigned char> buffer(65536 + 32);
  for (auto unused : state) {
    bench().bare_sign(content);
    bench().bare_encrypt(content, EVP_aes_256_gcm(), buffer);
  }
  count_octets(state);
}

void sign_encrypt_ours(benchmark::State& state) {
  const std::string content = content_of(state);
  for (auto unused : state) {
    benchmark::DoNotOptimize(bench().sign(content));
    bench().encrypt(content, Cipher::aes_256_gcm);
  }
  count_octets(state);
}

/// Lines of text, as a person writes them.
std::string text_of(const benchmark::State& state) {
  std::string text;
  while (text.size() < static_cast<std::size_t>(state.range(0)))
    text += "The quick brown fox jumps over the lazy dog, once more and again.\n";
  return text;
}

void seal_message(benchmark::State& state) {
  const std::string text = text_of(state);
  for (auto unused : state)
    bench().seal_message(text);
  count_octets(state);
}

constexpr std::int64_t kSmall = 2'100;
constexpr std::int64_t kMessage = 100 * 1024;
constexpr std::int64_t kLarge = 143'500'000;

BENCHMARK(sign_bare)->Arg(kSmall)->Arg(kMessage)->Arg(kLarge);
BENCHMARK(sign_ours)->Arg(kSmall)->Arg(kMessage)->Arg(kLarge);
BENCHMARK_CAPTURE(encrypt_bare, gcm, EVP_aes_256_gcm())->Arg(kSmall)->Arg(kMessage)->Arg(kLarge);
BENCHMARK_CAPTURE(encrypt_ours, gcm, Cipher::aes_256_gcm)->Arg(kSmall)->Arg(kMessage)->Arg(kLarge);
BENCHMARK_CAPTURE(encrypt_bare, cbc, EVP_aes_256_cbc())->Arg(kSmall)->Arg(kMessage)->Arg(kLarge);
BENCHMARK_CAPTURE(encrypt_ours, cbc, Cipher::aes_256_cbc)->Arg(kSmall)->Arg(kMessage)->Arg(kLarge);
BENCHMARK(sign_encrypt_bare)->Arg(kMessage);
BENCHMARK(sign_encrypt_ours)->Arg(kMessage);
BENCHMARK(seal_message)->Arg(kMessage);

}  // namespace
