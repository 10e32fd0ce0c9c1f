// SPDX-License-Identifier: MIT
#pragma once

/// One signer of a SignedData: what it signs with, and its SignerInfo (RFC 5652, section 5.3).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/engine.h"
#include "smime/algorithms.h"
#include "smime/key.h"
#include "smime/provider.h"

namespace mimeseal::smime {

/// How one key signs.
struct SignerPlan {
  const SmimeKey* key = nullptr;
  const Hash* hash = nullptr;
  bool pss = false;
  std::size_t salt = 0;              ///< PSS
  std::string signature_identifier;  ///< DER, as it stands in the SignerInfo
};

/// Chooses by the key and the (resolved) policy, and says why. Throws Error(refused) when the key cannot sign.
[[nodiscard]] SignerPlan plan_signer(const SmimeKey& key, const SmimePolicy& chosen, std::vector<Choice>& choices);

struct SignerInfoInput {
  std::string_view content_digest;
  Time signing_time;
  X509* encryption_certificate = nullptr;  ///< the signer's own, when it is another one; may be null
};

/// The whole SignerInfo, signature included.
[[nodiscard]] std::string make_signer_info(const SignerPlan& plan, const SignerInfoInput& input,
                                           const Provider& provider);

/// IssuerAndSerialNumber (RFC 5652, section 10.2.4).
[[nodiscard]] std::string issuer_and_serial(X509* certificate);

/// What a key for RSASSA-PSS alone asks of its signatures; nothing for all other keys. In pss.cpp.
struct PssTerms {
  std::optional<Digest> digest;
  std::size_t min_salt = 0;
  std::string obstacle;  ///< why no signature of ours can be so; empty: it can
};
[[nodiscard]] PssTerms pss_terms(EVP_PKEY* key);

/// Ed25519 and Ed448 (RFC 8419), in eddsa.cpp: OpenSSL 3.0's CMS has neither.
[[nodiscard]] bool is_eddsa(EVP_PKEY* key) noexcept;
/// The digest that RFC 8419, section 2.3, binds to the curve.
[[nodiscard]] const Hash& eddsa_hash(EVP_PKEY* key) noexcept;
[[nodiscard]] std::string eddsa_identifier(EVP_PKEY* key);
[[nodiscard]] std::string eddsa_sign(EVP_PKEY* key, std::string_view octets, const Provider& provider);

}  // namespace mimeseal::smime
