// SPDX-License-Identifier: MIT
#pragma once

/// Which key to take for an address, as a pure function that can explain itself.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/key.h"
#include "mimeseal/crypto/policy.h"
#include "smime/key.h"

namespace mimeseal::smime {

enum class Purpose { sign, encrypt };

/// What the choice is made of: values only.
struct Candidate {
  KeyInfo info;
  bool own = false;      ///< an identity's certificate
  int strength = 0;      ///< security bits (NIST SP 800-57, as OpenSSL counts them)
  std::string excluded;  ///< why the policy does not let it be sealed to; empty when it does
};

struct Chosen {
  std::optional<std::size_t> index;  ///< into the candidates; none when no one can be used
  std::string why;
  std::vector<std::string> rejected;  ///< "name (fingerprint): reason"
};

/// A time that was not given: nothing is said to be expired.
inline constexpr Time kNoTime{};

/// Why this key cannot be used for that purpose at that time; empty when it can.
[[nodiscard]] std::string obstacle(const Candidate& candidate, Purpose purpose, Time at);
/// Among the candidates whose addresses match (all, when `address` is empty): the usable ones; of these one's own
/// before others', then the latest not_before, then the stronger, then the lower fingerprint.
[[nodiscard]] Chosen choose(const std::vector<Candidate>& candidates, Purpose purpose, std::string_view address,
                            Time at);

[[nodiscard]] Candidate candidate_of(const SmimeKey& key, const SmimePolicy& policy = {});
/// Whether the public key is one that mimeseal can sign with or seal to; the reason when not. RSA under 2048 bits is
/// not, whatever the user allows to be read.
[[nodiscard]] std::string key_type_obstacle(X509* certificate);

/// The best key of each identity, and of these the best of each algorithm: who signs together. `identity_of` stands
/// beside `keys`. As Engine::signing_keys().
[[nodiscard]] std::vector<KeyChoice> choose_signers(const std::vector<SmimeKeyPtr>& keys,
                                                    const std::vector<std::size_t>& identity_of,
                                                    std::string_view address, Time at);

/// choose() over keys; the policy speaks of encrypting alone.
[[nodiscard]] KeyChoice choose_key(const std::vector<SmimeKeyPtr>& keys, Purpose purpose, std::string_view address,
                                   Time at, const SmimePolicy& policy = {});

}  // namespace mimeseal::smime
