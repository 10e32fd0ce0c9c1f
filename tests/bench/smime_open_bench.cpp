// SPDX-License-Identifier: MIT
// Opening S/MIME beside OpenSSL's ordinary path (d2i_CMS_bio, then CMS_decrypt or CMS_verify into memory), on messages
// that our engine made: S = 4 KB, M = 100 KB, L = 20 MB. Keys: RFC 9216.
#include <benchmark/benchmark.h>
#include <openssl/cms.h>
#include <openssl/pem.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "mimeseal/core/source.h"
#include "mimeseal/smime/engine.h"

namespace {

using namespace mimeseal;

const std::string kSigner = MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/alice.sign";
const std::string kReader = MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/alice.encrypt";

template <auto Free>
struct Releaser {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Releaser<CMS_ContentInfo_free>>;
using CertificatePtr = std::unique_ptr<X509, Releaser<X509_free>>;
using SecretPtr = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;

Engine& engine() {
  static const auto instance = [] {
    smime::EngineOptions options;
    options.identities = {kSigner + ".key", kSigner + ".crt", kReader + ".key", kReader + ".crt"};
    options.trust = {MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/ca.rsa.crt"};
    return smime::make_engine(options);
  }();
  return *instance;
}

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

KeyPtr key(bool signing) {
  for (const KeyPtr& candidate : engine().keys()) {
    if (signing ? candidate->info().can_sign : candidate->info().can_encrypt) return candidate;
  }
  throw std::runtime_error("no key");
}

enum class Form { gcm, cbc, opaque, detached, compressed };

std::string content_of(std::int64_t size) {
  std::string content(static_cast<std::size_t>(size), '\0');
  unsigned state = 1;
  for (char& octet : content) {
    state = state * 1'103'515'245U + 12'345U;
    octet = static_cast<char>(' ' + (state >> 16U) % 64U);
  }
  return content;
}

std::string sealed(Form form, const std::string& content) {
  StringSink out;
  const auto source = view_source(content);
  if (form == Form::opaque || form == Form::detached) {
    SignSpec spec;
    spec.signers = {key(true)};
    spec.detached = form == Form::detached;
    spec.at = now();
    engine().sign(*source, out, spec);
  } else if (form == Form::compressed) {
    engine().compress(*source, out);
  } else {
    EncryptSpec spec;
    spec.recipients = {key(false)};
    spec.policy.cipher = form == Form::gcm ? Cipher::aes_256_gcm : Cipher::aes_256_cbc;
    spec.at = now();
    engine().encrypt(*source, out, spec);
  }
  return out.take();
}

void ours(benchmark::State& state, Form form) {
  const std::string content = content_of(state.range(0));
  const std::string message = sealed(form, content);
  OpenSpec spec;
  spec.at = now();
  for (auto _ : state) {
    NullSink out;
    const LayerFacts facts = form == Form::detached ? engine().verify(*view_source(content), message, spec)
                                                    : engine().open(*view_source(message), out, spec);
    if (facts.result != LayerResult::good && facts.result != LayerResult::unauthenticated) {
      state.SkipWithError(facts.why.c_str());
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

CertificatePtr read_certificate(const std::string& path) {
  const BioPtr file(BIO_new_file(path.c_str(), "r"));
  return CertificatePtr(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
}

void openssl(benchmark::State& state, Form form) {
  const std::string content = content_of(state.range(0));
  const std::string message = sealed(form, content);
  const CertificatePtr root = read_certificate(MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/ca.rsa.crt");
  const CertificatePtr certificate = read_certificate(kReader + ".crt");
  const BioPtr file(BIO_new_file((kReader + ".key").c_str(), "r"));
  const SecretPtr secret(PEM_read_bio_PrivateKey(file.get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  for (auto _ : state) {
    const BioPtr in(BIO_new_mem_buf(message.data(), static_cast<int>(message.size())));
    const CmsPtr cms(d2i_CMS_bio(in.get(), nullptr));
    const BioPtr out(BIO_new(BIO_s_mem()));
    const BioPtr detached(form == Form::detached ? BIO_new_mem_buf(content.data(), static_cast<int>(content.size()))
                                                 : nullptr);
    const int ok = form == Form::opaque || form == Form::detached
                       ? CMS_verify(cms.get(), nullptr, store.get(), detached.get(), out.get(), CMS_BINARY)
                       : CMS_decrypt(cms.get(), secret.get(), certificate.get(), nullptr, out.get(), CMS_BINARY);
    if (ok != 1) state.SkipWithError("OpenSSL could not open it");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

constexpr std::int64_t kS = 4 << 10;
constexpr std::int64_t kM = 100 << 10;
constexpr std::int64_t kL = 20 << 20;

#define MIMESEAL_PAIR(form)                                             \
  BENCHMARK_CAPTURE(ours, form, Form::form)->Arg(kS)->Arg(kM)->Arg(kL); \
  BENCHMARK_CAPTURE(openssl, form, Form::form)->Arg(kS)->Arg(kM)->Arg(kL)

MIMESEAL_PAIR(gcm);
MIMESEAL_PAIR(cbc);
MIMESEAL_PAIR(opaque);
MIMESEAL_PAIR(detached);
BENCHMARK_CAPTURE(ours, compressed, Form::compressed)->Arg(kS)->Arg(kM)->Arg(kL);

}  // namespace
