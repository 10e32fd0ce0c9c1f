// SPDX-License-Identifier: MIT
#include "smime/choose.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <tuple>

#include "mimeseal/core/text.h"
#include "smime/algorithms.h"
#include "smime/recipient.h"
#include "smime/signer.h"

namespace mimeseal::smime {
namespace {

constexpr int kMinRsaBits = 2048;

std::string label(const KeyInfo& info) {
  return info.name + " (" + info.fingerprint.substr(0, 16) + ")";
}

std::string plural(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

bool matches(const KeyInfo& info, std::string_view address) {
  return address.empty() || std::any_of(info.addresses.begin(), info.addresses.end(),
                                        [address](const auto& own) { return matches_address(own, address); });
}

/// Greater is better.
bool better(const Candidate& a, const Candidate& b) {
  const auto rank = [](const Candidate& c) {
    return std::tuple(c.own, c.info.not_before.value_or(Time::min()), c.strength);
  };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  return a.info.fingerprint < b.info.fingerprint;
}

/// What set the winner apart from the runner-up.
std::string_view difference(const Candidate& winner, const Candidate& other) {
  if (winner.own != other.own) return "one's own";
  if (winner.info.not_before != other.info.not_before) return "the newest";
  if (winner.strength != other.strength) return "the strongest";
  return "equal to the others, taken by its fingerprint";
}

}  // namespace

std::string key_type_obstacle(X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  ERR_clear_error();
  if (key == nullptr) return "OpenSSL cannot use keys of its kind (" + algorithm_of(certificate) + ")";
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      if (EVP_PKEY_get_bits(key) < kMinRsaBits) {
        return "its key is too weak (" + algorithm_of(key) + ", at least 2048 bits are asked)";
      }
      return pss_terms(key).obstacle;
    case EVP_PKEY_EC:
      return curve_of(key) ? std::string() : "its curve cannot be used (" + algorithm_of(key) + ")";
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
    case EVP_PKEY_X25519:
    case EVP_PKEY_X448:
      return {};
    default:
      return "keys of its kind cannot be used (" + algorithm_of(key) + ")";
  }
}

Candidate candidate_of(const SmimeKey& key, const SmimePolicy& policy) {
  EVP_PKEY* const public_key = key.public_key();
  Candidate candidate;
  candidate.info = key.info();
  candidate.own = key.secret() != nullptr;
  candidate.strength = public_key == nullptr ? 0 : EVP_PKEY_get_security_bits(public_key);
  if (public_key != nullptr) candidate.excluded = transport_obstacle(public_key, policy);
  return candidate;
}

std::string obstacle(const Candidate& candidate, Purpose purpose, Time at) {
  const KeyInfo& info = candidate.info;
  if (!info.obstacle.empty()) return info.obstacle;
  if (purpose == Purpose::sign && !info.has_secret) return "its private key is not here";
  if (purpose == Purpose::sign && !info.can_sign) return "not for signing mail (key usage or kind of key)";
  if (purpose == Purpose::encrypt && !info.can_encrypt) return "not for encrypting mail (key usage or kind of key)";
  // Before the dates: to renew such a certificate would not help.
  if (purpose == Purpose::encrypt && !candidate.excluded.empty()) return candidate.excluded;
  if (info.revoked) return "revoked";
  if (at == kNoTime) return {};
  if (info.not_before && at < *info.not_before) return "not valid before " + format_rfc3339(*info.not_before);
  if (info.not_after && at > *info.not_after) return "expired on " + format_rfc3339(*info.not_after);
  return {};
}

Chosen choose(const std::vector<Candidate>& candidates, Purpose purpose, std::string_view address, Time at) {
  Chosen chosen;
  std::size_t matching = 0;
  std::vector<std::size_t> usable;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!matches(candidates[i].info, address)) continue;
    ++matching;
    const std::string reason = obstacle(candidates[i], purpose, at);
    if (reason.empty()) {
      usable.push_back(i);
    } else {
      chosen.rejected.push_back(label(candidates[i].info) + ": " + reason);
    }
  }
  if (usable.empty()) {
    const std::string whose = address.empty() ? std::string() : " for " + visible(address);
    chosen.why = matching == 0 ? "no certificate" + whose + " was found"
                               : "no certificate" + whose + " can be used: " + join(chosen.rejected, "; ");
    return chosen;
  }
  std::sort(usable.begin(), usable.end(),
            [&candidates](std::size_t a, std::size_t b) { return better(candidates[a], candidates[b]); });
  chosen.index = usable.front();
  const Candidate& winner = candidates[usable.front()];
  if (usable.size() == 1) {
    chosen.why = matching == 1 ? "the only certificate" : "the only usable one of " + plural(matching, "certificate");
    return chosen;
  }
  chosen.why =
      std::string(difference(winner, candidates[usable[1]])) + " of " + plural(usable.size(), "usable certificate");
  for (std::size_t i = 1; i < usable.size(); ++i) {
    const Candidate& other = candidates[usable[i]];
    chosen.rejected.push_back(label(other.info) + ": another is " + std::string(difference(winner, other)));
  }
  return chosen;
}

std::vector<KeyChoice> choose_signers(const std::vector<SmimeKeyPtr>& keys, const std::vector<std::size_t>& identity_of,
                                      std::string_view address, Time at) {
  std::map<std::size_t, std::vector<SmimeKeyPtr>> identities;
  for (std::size_t i = 0; i < keys.size(); ++i)
    identities[identity_of[i]].push_back(keys[i]);
  std::vector<KeyChoice> chosen;
  std::vector<std::string> rejected;
  for (const auto& [identity, own] : identities) {
    KeyChoice choice = choose_key(own, Purpose::sign, address, at);
    if (!choice.key) {
      if (choice.rejected.empty()) rejected.push_back(label(own.front()->info()) + ": not for " + visible(address));
      std::move(choice.rejected.begin(), choice.rejected.end(), std::back_inserter(rejected));
      continue;
    }
    const KeyInfo& info = choice.key->info();
    const auto same = std::find_if(chosen.begin(), chosen.end(), [&info](const KeyChoice& other) {
      return other.key->info().algorithm == info.algorithm;
    });
    if (same == chosen.end()) {
      chosen.push_back(std::move(choice));
      continue;
    }
    const Candidate known = candidate_of(smime_key(*same->key));
    const Candidate next = candidate_of(smime_key(*choice.key));
    const bool replace = better(next, known);
    const std::string_view set_apart = replace ? difference(next, known) : difference(known, next);
    rejected.push_back(label(replace ? known.info : info) + ": another of the same algorithm is " +
                       std::string(set_apart));
    if (replace) *same = std::move(choice);
  }
  if (chosen.empty()) return {choose_key(keys, Purpose::sign, address, at)};
  auto& all = chosen.front().rejected;
  std::move(rejected.begin(), rejected.end(), std::back_inserter(all));
  return chosen;
}

KeyChoice choose_key(const std::vector<SmimeKeyPtr>& keys, Purpose purpose, std::string_view address, Time at,
                     const SmimePolicy& policy) {
  std::vector<SmimeKeyPtr> matching;
  std::vector<Candidate> candidates;
  for (const auto& key : keys) {
    const auto same = [&key](const auto& other) { return other->info().fingerprint == key->info().fingerprint; };
    if (!matches(key->info(), address) || std::any_of(matching.begin(), matching.end(), same)) continue;
    matching.push_back(key);
    candidates.push_back(candidate_of(*key, policy));
  }
  Chosen chosen = choose(candidates, purpose, address, at);
  return {chosen.index ? matching[*chosen.index] : nullptr, std::move(chosen.why), std::move(chosen.rejected)};
}

}  // namespace mimeseal::smime
