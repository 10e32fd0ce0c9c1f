// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/keys.h"

namespace mimeseal::pgp {
namespace {

bool given(const StoredPtr& key) {
  return key->identity || key->recipient || key->trusted;
}

std::string name_of(const StoredPtr& key) {
  return key->info().fingerprint;
}

/// The first of the usable ones is taken; the others are told apart from those that cannot be used.
KeyChoice settle(std::vector<std::pair<StoredPtr, std::string>> usable, std::vector<std::string> rejected) {
  KeyChoice choice;
  choice.rejected = std::move(rejected);
  if (usable.empty()) return choice;
  choice.key = usable.front().first;
  choice.why = usable.front().second;
  if (usable.size() > 1) {
    choice.why += "; the first of " + std::to_string(usable.size()) + " that could be used";
    for (std::size_t i = 1; i < usable.size(); ++i) {
      choice.rejected.push_back(name_of(usable[i].first) + ": another one comes first");
    }
  }
  return choice;
}

std::string none(std::string_view what, std::string_view address, const std::vector<std::string>& rejected) {
  std::string why = "no " + std::string(what);
  if (!address.empty()) why += " for " + visible(address);
  if (!rejected.empty()) why += " can be used: " + join(rejected, "; ");
  return why;
}

/// The identities' keys: those that sign for an address, with the reason, and those that do not.
struct Signers {
  std::vector<std::pair<StoredPtr, std::string>> usable;
  std::vector<std::string> rejected;
};

Signers signers_for(KeyStore& store, std::string_view address, Time at) {
  Signers signers;
  for (const StoredPtr& key : store.identities()) {
    if (!address.empty() && user_id_for(*key->get(), address) == nullptr) {
      signers.rejected.push_back(name_of(key) + ": no user id of it names " + visible(address));
    } else if (std::string why = why_not_sign(*key->get(), at); !why.empty()) {
      signers.rejected.push_back(name_of(key) + ": " + why);
    } else {
      signers.usable.emplace_back(key, "a secret key from " + key->info().origin);
    }
  }
  return signers;
}

}  // namespace

KeyChoice choose_signer(KeyStore& store, std::string_view address, Time at) {
  Signers signers = signers_for(store, address, at);
  KeyChoice choice = settle(std::move(signers.usable), std::move(signers.rejected));
  if (!choice.key) choice.why = none("secret key", address, choice.rejected);
  return choice;
}

std::vector<KeyChoice> choose_signers(KeyStore& store, std::string_view address, Time at) {
  Signers signers = signers_for(store, address, at);
  std::vector<KeyChoice> chosen;
  std::vector<StoredPtr> taken;
  for (const auto& [key, why] : signers.usable) {
    const auto clashes = [&key = key, &store](const StoredPtr& other) {
      return store.identity_of(*other) == store.identity_of(*key) || other->place() != key->place() ||
             other->info().algorithm == key->info().algorithm;
    };
    if (std::any_of(taken.begin(), taken.end(), clashes)) {
      signers.rejected.push_back(name_of(key) + ": another one comes first");
      continue;
    }
    taken.push_back(key);
    chosen.push_back({key, why, {}});
  }
  if (chosen.empty()) return {choose_signer(store, address, at)};
  chosen.front().rejected = std::move(signers.rejected);
  return chosen;
}

KeyChoice choose_recipient(KeyStore& store, const EngineOptions& options, std::string_view address, Time at) {
  std::vector<std::pair<StoredPtr, std::string>> usable;
  std::vector<std::string> rejected;
  if (address.empty() || has_crlf_or_nul(address)) {
    KeyChoice choice;
    choice.why = "the address is empty or holds line ends";
    return choice;
  }
  std::vector<StoredPtr> candidates = store.for_address(address);
  // What was named by hand comes before what merely lies in the keyring.
  std::stable_partition(candidates.begin(), candidates.end(), given);
  for (const StoredPtr& key : candidates) {
    if (std::string why = why_not_encrypt(*key->get(), at); !why.empty()) {
      rejected.push_back(name_of(key) + ": " + why);
      continue;
    }
    // A file may be older than the keyring: a revocation that either knows counts.
    const StoredPtr same = key->place() == Place::files ? store.find(name_of(key), Place::keyring) : nullptr;
    if (same && same->get()->revoked) {
      rejected.push_back(name_of(key) + ": revoked in the keyring");
      continue;
    }
    if (given(key)) {
      usable.emplace_back(key,
                          key->place() == Place::files ? "given as " + key->info().origin : "named by its fingerprint");
      continue;
    }
    const gpgme_validity_t validity = user_id_for(*key->get(), address)->validity;
    if (options.trust_model == TrustModel::always) {
      usable.emplace_back(key, "in the keyring, all of which is believed");
    } else if (validity == GPGME_VALIDITY_FULL || validity == GPGME_VALIDITY_ULTIMATE) {
      usable.emplace_back(key, "in the keyring, its user id's validity is " + std::string(validity_words(validity)));
    } else {
      rejected.push_back(name_of(key) + ": its user id's validity in the keyring is " +
                         std::string(validity_words(validity)));
    }
  }
  if (usable.empty()) {
    std::string why;
    const std::vector<StoredPtr> located = store.locate(std::string(address), why);
    if (located.empty() && !why.empty()) rejected.push_back(visible(why));
    for (const StoredPtr& key : located) {
      if (std::string fault = why_not_encrypt(*key->get(), at); !fault.empty()) {
        rejected.push_back(name_of(key) + ": " + fault);
      } else {
        usable.emplace_back(key, "from " + key->info().origin);
      }
    }
  }
  KeyChoice choice = settle(std::move(usable), std::move(rejected));
  if (!choice.key) choice.why = none("OpenPGP key", address, choice.rejected);
  return choice;
}

}  // namespace mimeseal::pgp
