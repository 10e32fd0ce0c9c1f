// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/key.h"
#include "mimeseal/pgp/engine.h"
#include "pgp/gpgme.h"
#include "pgp/home.h"

/// The keys an engine knows: those of files, in a home of our own, and those of the user's keyring, which is only read.
namespace mimeseal::pgp {

enum class Place { files, keyring };

/// A key as gpg lists it, and why it is here.
class StoredKey final : public Key {
 public:
  StoredKey(KeyRef key, Place place, std::string origin);
  [[nodiscard]] const KeyInfo& info() const noexcept override { return info_; }
  [[nodiscard]] gpgme_key_t get() const noexcept { return key_.get(); }
  [[nodiscard]] const KeyRef& ref() const noexcept { return key_; }
  [[nodiscard]] Place place() const noexcept { return place_; }
  /// Notes what the keyring holds of its user ids, when that is not enough to seal to it.
  void note_doubt();

  bool identity = false;   ///< one's own
  bool recipient = false;  ///< given to encrypt to
  bool trusted = false;    ///< given as believed for its user ids

 private:
  KeyRef key_;
  Place place_;
  KeyInfo info_;
};
using StoredPtr = std::shared_ptr<StoredKey>;

[[nodiscard]] KeyInfo key_info(const _gpgme_key& key, std::string origin);
[[nodiscard]] std::string algorithm_name(const _gpgme_subkey& subkey);
/// The user id's address as it stands in it, or empty.
[[nodiscard]] std::string address_of(const _gpgme_user_id& user_id);
/// "full", "marginal", "unknown".
[[nodiscard]] std::string_view validity_words(gpgme_validity_t validity);
/// Whether the user id is neither revoked (by itself) nor invalid.
[[nodiscard]] bool stands(const _gpgme_key& key, const _gpgme_user_id& user_id);
/// The user id for that address that is neither revoked nor invalid; null when there is none.
[[nodiscard]] const _gpgme_user_id* user_id_for(const _gpgme_key& key, std::string_view address);
/// Why the key cannot be used at that time, or empty: revoked, expired, disabled, no subkey for it.
[[nodiscard]] std::string why_not_encrypt(const _gpgme_key& key, Time at);
/// Likewise; a subkey whose secret half is elsewhere does not count.
[[nodiscard]] std::string why_not_sign(const _gpgme_key& key, Time at);

class KeyStore;
/// The choice of a key, with its reasons.
[[nodiscard]] KeyChoice choose_signer(KeyStore& store, std::string_view address, Time at);
/// One of each identity that was named, all of one place (gpg signs in one home), no two of the same algorithm.
[[nodiscard]] std::vector<KeyChoice> choose_signers(KeyStore& store, std::string_view address, Time at);
[[nodiscard]] KeyChoice choose_recipient(KeyStore& store, const EngineOptions& options, std::string_view address,
                                         Time at);

/// All keys, found by address, fingerprint or key id.
class KeyStore {
 public:
  explicit KeyStore(const EngineOptions& options);

  /// The context of a place; null when there is no such place. private_home() makes the private one when there is none
  /// yet.
  [[nodiscard]] Context* context(Place place) const noexcept;
  PrivateHome& private_home();
  [[nodiscard]] bool has_file_keys() const noexcept { return !files_.empty(); }
  [[nodiscard]] bool has_file_secrets() const noexcept;

  [[nodiscard]] std::vector<StoredPtr> all();
  /// One's own keys, in the order they were named.
  [[nodiscard]] std::vector<StoredPtr> identities();
  /// Which of the named identities gave that key; none when no identity was named.
  [[nodiscard]] std::optional<std::size_t> identity_of(const StoredKey& key) const;
  /// Keys of files that are given for encryption, and identities; then the keyring's, newest first.
  [[nodiscard]] std::vector<StoredPtr> for_address(std::string_view address);
  /// By fingerprint or key id, of the key or a subkey; files first.
  [[nodiscard]] StoredPtr find(std::string_view id, Place place, bool with_secret = false);
  [[nodiscard]] StoredPtr find_file(std::string_view id) const;
  /// Asks the directory, if there is one to ask: keys with a user id of that address. Otherwise `why` says what is
  /// wrong.
  [[nodiscard]] std::vector<StoredPtr> locate(const std::string& address, std::string& why);

 private:
  struct Mark {
    bool identity = false;
    bool recipient = false;
    bool trusted = false;
  };
  void add_path(const std::string& path, const Mark& mark);
  void add_file(const std::string& path, const Mark& mark, bool lenient);
  void add_keyring_identity(const std::string& name);
  void note_identity(const std::string& fingerprint, const std::string& name);
  void reload_files(bool with_secret);
  [[nodiscard]] std::vector<std::string> take_located(const std::string& address, std::string& why);
  void refresh_keyring_cache();
  [[nodiscard]] Context& keyring(const std::string& what) const;

  EngineOptions options_;
  std::unique_ptr<PrivateHome> home_;
  std::unique_ptr<Context> files_context_;
  std::unique_ptr<Context> keyring_context_;
  std::vector<StoredPtr> files_;
  std::map<std::string, std::pair<Mark, std::string>> marks_;  // by fingerprint: why it is here, and its file
  std::vector<std::string> identity_order_;                    // fingerprints
  std::map<std::string, std::size_t> identity_of_;             // by fingerprint: which identity gave it
  std::map<std::string, StoredPtr> keyring_cache_;             // by what was asked for
  std::string keyring_stamp_;
  std::map<std::string, std::string> not_located_;  // by address: why
};

/// Imports key material into the context's home; the fingerprints that were in it, lower-case.
std::vector<std::string> import_keys(Context& context, std::string_view octets);

/// The packets, in binary, of material that holds public keys alone (several armoured blocks, or binary); `why` says
/// what is wrong with other material.
[[nodiscard]] std::string public_packets(std::string_view octets, std::string& why);

}  // namespace mimeseal::pgp
