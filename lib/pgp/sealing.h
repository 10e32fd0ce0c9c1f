// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "mimeseal/crypto/engine.h"
#include "pgp/keys.h"

/// What signing and encrypting share.
namespace mimeseal::pgp {

/// Throws what went wrong in an operation: first what our own callbacks caught, then what gpg says.
void check(const Context& context, gpgme_error_t code, std::initializer_list<const Data*> data, const char* what,
           const std::string& where);

/// While it lives, gpg takes `at` for the present in the private home, so that a signature states that time. Nothing is
/// done when no time was given, or one within five minutes of the clock. In the user's keyring gpg knows only its own
/// clock: with signers that is Error(unsupported), without them no time is stated.
class WorkingTime {
 public:
  WorkingTime(KeyStore& store, Place place, Time at, bool signs);
  WorkingTime(const WorkingTime&) = delete;
  WorkingTime& operator=(const WorkingTime&) = delete;
  ~WorkingTime();

 private:
  PrivateHome* home_ = nullptr;
};

/// Fingerprints and names, for messages.
[[nodiscard]] std::string names(const std::vector<const StoredKey*>& keys);
[[nodiscard]] std::vector<const StoredKey*> stored_all(const std::vector<KeyPtr>& keys);

[[nodiscard]] bool in_one_place(const std::vector<const StoredKey*>& keys);

/// Tells GpgME the signers; Error(refused) for one whose secret key is not here.
void add_signers(Context& context, const std::vector<const StoredKey*>& signers);
[[noreturn]] void throw_unusable_signers(const Context& context, gpgme_error_t code,
                                         const std::vector<const StoredKey*>& signers);
/// The digests of the signatures just made, in the order of the signers. Error(unsupported) for a broken one.
void take_digests(const Context& context, const std::vector<const StoredKey*>& signers,
                  std::vector<std::string>& digests, std::vector<Choice>& choices);

}  // namespace mimeseal::pgp
