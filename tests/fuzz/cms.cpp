// SPDX-License-Identifier: MIT
// CMS from anyone: opened as a layer and taken as a detached signature, with keys that some of the corpus is sealed to.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "mimeseal/smime/engine.h"

namespace {

mimeseal::Engine& engine() {
  static const auto instance = [] {
    const std::string data = MIMESEAL_SOURCE_DIR "/testdata/";
    mimeseal::smime::EngineOptions options;
    options.identities = {data + "ietf-rfc4134/BobPrivRSAEncrypt.key.pem",
                          data + "ietf-rfc4134/BobRSASignByCarl.crt.pem",
                          data + "nss-interop/Fran.key",
                          data + "nss-interop/Fran.crt",
                          data + "nss-interop/Fran-ec.key",
                          data + "nss-interop/Fran-ec.crt"};
    options.trust = {data + "ietf-rfc4134/ca.pem"};
    options.passphrase = [](const std::string&) { return mimeseal::SecretBytes("nss"); };
    return mimeseal::smime::make_engine(options);
  }();
  return *instance;
}

/// A verdict that contradicts itself ends the run.
void require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void check(const mimeseal::LayerFacts& facts) {
  using namespace mimeseal;
  require(!facts.authenticated || facts.result == LayerResult::good, "authenticated, but not good");
  require(facts.result != LayerResult::bad || !facts.why.empty(), "bad without a reason");
  for (const SignerFacts& signer : facts.signers) {
    require(facts.result != LayerResult::bad || signer.integrity == Integrity::bad, "a good signer in a bad layer");
    require(judge(signer) == Verdict::good || !signer.why.empty() || signer.from == FromMatch::mismatch,
            "not good without a reason");
    require(is_utf8(signer.who) && is_utf8(signer.why), "text that is not UTF-8");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mimeseal;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  OpenSpec spec;
  spec.at = parse_rfc3339("2010-01-01").value();
  spec.allow_legacy = true;
  spec.max_output = std::uint64_t{1} << 24U;
  try {
    NullSink out;
    check(engine().open(*view_source(input), out, spec));
  } catch (const Error& error) {
    require(error.code() == Errc::malformed || error.code() == Errc::limit, error.what());
  }
  try {
    check(engine().verify(*view_source("This is some sample content."), input, spec));
  } catch (const Error& error) {
    require(error.code() == Errc::malformed || error.code() == Errc::limit, error.what());
  }
  return 0;
}
