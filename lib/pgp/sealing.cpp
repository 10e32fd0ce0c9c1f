// SPDX-License-Identifier: MIT
#include "pgp/sealing.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "mimeseal/core/text.h"
#include "pgp/pgp_engine.h"

namespace mimeseal::pgp {
namespace {

bool weak(std::string_view digest) {
  return digest.empty() || digest == "md5" || digest == "sha1" || digest == "ripemd160";
}

bool owns(const StoredKey& key, const char* fingerprint) {
  if (fingerprint == nullptr) return false;
  for (const _gpgme_subkey* part = key.get()->subkeys; part != nullptr; part = part->next) {
    if (part->fpr != nullptr && iequals(part->fpr, fingerprint)) return true;
  }
  return false;
}

}  // namespace

void check(const Context& context, gpgme_error_t code, std::initializer_list<const Data*> data, const char* what,
           const std::string& where) {
  for (const Data* one : data)
    one->rethrow();
  context.check_callbacks();
  if (code == 0) return;
  if (context.missing() || gpgme_err_code(code) == GPG_ERR_BAD_PASSPHRASE) {
    throw Error(Errc::refused, context.missing() ? "the key needs a passphrase" : "the passphrase is wrong", where,
                "give the passphrase by file or descriptor");
  }
  throw gpgme_failure(code, what, where);
}

WorkingTime::WorkingTime(KeyStore& store, Place place, Time at, bool signs) {
  constexpr std::chrono::seconds kNear{300};
  if (at == Time{} || std::chrono::abs(at - system_clock().now()) <= kNear) return;
  if (place == Place::files) {
    PrivateHome& home = store.private_home();
    home.set_time(at);
    home_ = &home;
  } else if (signs) {
    throw Error(Errc::unsupported, "a key of the keyring signs by gpg's clock, and another time was asked for",
                format_rfc3339(at), "give the secret key as a file");
  }
}

WorkingTime::~WorkingTime() {
  if (home_ == nullptr) return;
  try {
    home_->set_time(std::nullopt);
  } catch (const Error&) {
    // Better no settings than a wrong time: what is believed is never decided by them.
    unlink((home_->path() + "/gpg.conf").c_str());
  }
}

std::string names(const std::vector<const StoredKey*>& keys) {
  std::vector<std::string> result;
  result.reserve(keys.size());
  for (const StoredKey* key : keys)
    result.push_back(key->info().fingerprint + " " + visible(key->info().name));
  return join(result, ", ");
}

std::vector<const StoredKey*> stored_all(const std::vector<KeyPtr>& keys) {
  std::vector<const StoredKey*> result;
  for (const KeyPtr& key : keys) {
    if (!key) throw Error(Errc::usage, "a key is missing");
    result.push_back(&stored(*key));
  }
  return result;
}

bool in_one_place(const std::vector<const StoredKey*>& keys) {
  return std::all_of(keys.begin(), keys.end(),
                     [&](const StoredKey* key) { return key->place() == keys.front()->place(); });
}

/// gpg names the signatures it made in an order of its own.
void take_digests(const Context& context, const std::vector<const StoredKey*>& signers,
                  std::vector<std::string>& digests, std::vector<Choice>& choices) {
  const gpgme_sign_result_t signed_ = gpgme_op_sign_result(context.get());
  // GpgME gives no signatures when there are more signatures than it asked for.
  if (signed_ == nullptr || signed_->signatures == nullptr) {
    throw Error(Errc::config, "gpg signed with other keys than was asked for", names(signers),
                "look for local-user in the keyring's gpg.conf");
  }
  for (const StoredKey* signer : signers) {
    std::string digest;
    for (const _gpgme_new_signature* made = signed_->signatures; made != nullptr; made = made->next) {
      if (owns(*signer, made->fpr)) digest = digest_name(static_cast<int>(made->hash_algo));
    }
    if (weak(digest)) {
      throw Error(Errc::unsupported, "gpg made a signature with " + (digest.empty() ? "an unknown digest" : digest),
                  signer->info().fingerprint, "gpg.conf or the key's preferences ask for it");
    }
    choices.push_back({"digest", digest, "gpg's choice for the key " + signer->info().fingerprint});
    digests.push_back(std::move(digest));
  }
}

void add_signers(Context& context, const std::vector<const StoredKey*>& signers) {
  std::vector<std::string> added;
  for (const StoredKey* signer : signers) {
    const std::string& id = signer->info().fingerprint;
    if (!signer->info().has_secret) throw Error(Errc::refused, "the secret key is not here", id);
    if (std::find(added.begin(), added.end(), id) != added.end()) continue;
    context.add_signer(signer->ref());
    added.push_back(id);
  }
}

void throw_unusable_signers(const Context& context, gpgme_error_t code, const std::vector<const StoredKey*>& signers) {
  std::vector<std::string> details;
  const gpgme_sign_result_t result = gpgme_op_sign_result(context.get());
  for (const _gpgme_invalid_key* bad = result != nullptr ? result->invalid_signers : nullptr; bad != nullptr;
       bad = bad->next) {
    details.push_back(visible(bad->fpr != nullptr ? bad->fpr : "") + ": " + error_words(bad->reason));
  }
  throw detailed(gpgme_failure(code, "gpg cannot sign with the key", names(signers)), std::move(details));
}

}  // namespace mimeseal::pgp
