// SPDX-License-Identifier: MIT
#pragma once

/// Where algorithms are fetched from: OpenSSL's default, or its FIPS module under the fips profile.

#include <string>
#include <vector>

#include "mimeseal/crypto/policy.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// What is handed to OpenSSL's fetches as property query. Under the fips profile "fips=yes" when a FIPS provider is
/// configured; else nothing.
class Provider final {
 public:
  explicit Provider(Profile profile);

  [[nodiscard]] const char* properties() const noexcept { return fips_ ? "fips=yes" : nullptr; }
  /// Says for the report which module does the work; only under the fips profile, where it matters.
  void explain(std::vector<Choice>& choices) const;

  [[nodiscard]] EvpMdPtr digest(const char* name) const;
  [[nodiscard]] EvpCipherPtr cipher(const char* name) const;
  [[nodiscard]] EvpKdfPtr kdf(const char* name) const;
  [[nodiscard]] EvpPkeyCtxPtr key_context(EVP_PKEY* key) const;

 private:
  Profile profile_;
  bool fips_;
};

}  // namespace mimeseal::smime
