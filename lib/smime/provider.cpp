// SPDX-License-Identifier: MIT
#include "smime/provider.h"

namespace mimeseal::smime {
namespace {

template <class Ptr, class T>
Ptr fetched(T* algorithm, const char* name, bool fips) {
  if (algorithm == nullptr) {
    throw openssl_error(Errc::unsupported,
                        std::string(name) + " is not available" + (fips ? " in the FIPS module" : ""));
  }
  return Ptr(algorithm);
}

}  // namespace

Provider::Provider(Profile profile)
    : profile_(profile), fips_(profile == Profile::fips && OSSL_PROVIDER_available(nullptr, "fips") == 1) {}

void Provider::explain(std::vector<Choice>& choices) const {
  if (profile_ != Profile::fips) return;
  choices.push_back(
      fips_ ? Choice{"module", "fips", "OpenSSL's FIPS provider is configured and does the work"}
            : Choice{"module", "default",
                     "approved algorithms only, but no FIPS provider is configured: this is not a validated module"});
}

EvpMdPtr Provider::digest(const char* name) const {
  return fetched<EvpMdPtr>(EVP_MD_fetch(nullptr, name, properties()), name, fips_);
}

EvpCipherPtr Provider::cipher(const char* name) const {
  return fetched<EvpCipherPtr>(EVP_CIPHER_fetch(nullptr, name, properties()), name, fips_);
}

EvpKdfPtr Provider::kdf(const char* name) const {
  return fetched<EvpKdfPtr>(EVP_KDF_fetch(nullptr, name, properties()), name, fips_);
}

EvpPkeyCtxPtr Provider::key_context(EVP_PKEY* key) const {
  return fetched<EvpPkeyCtxPtr>(EVP_PKEY_CTX_new_from_pkey(nullptr, key, properties()), "the key's algorithm", fips_);
}

}  // namespace mimeseal::smime
