// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/crypto/engine.h"
#include "mimeseal/crypto/key.h"

/// OpenPGP by GpgME's C API and gpg: octets in, armour out. What is MIME about it (RFC 3156) is the mail module's
/// matter.
namespace mimeseal::pgp {

/// Which keys of the keyring are believed. Keys given by file or fingerprint are believed in both.
enum class TrustModel {
  validity,  ///< those whose user id the keyring holds for valid (full or ultimate)
  always,    ///< all
};

/// A directory's answer for an address.
struct Located {
  std::string octets;  ///< OpenPGP keys, armoured or binary; empty: none
  std::string origin;  ///< who answered, for people
  std::string why;     ///< why there are none
};

/// Where the keys come from. Key files go into a private GNUPGHOME that lives as long as the engine; the user's keyring
/// is only read.
struct EngineOptions {
  std::string gnupg_home;         ///< a keyring to use; it counts also without use_user_keyring
  bool use_user_keyring = false;  ///< $GNUPGHOME, else ~/.gnupg, when gnupg_home is empty
  /// One's own keys: files with OpenPGP secret keys (armoured or binary), fingerprints, or addresses. An entry that
  /// names an existing file is a file.
  std::vector<std::string> identities;
  /// Asked for the passphrase of a key (`for_what`: its user id and key id) at most once per key; null: keys of the
  /// keyring are asked for by gpg-agent's pinentry, and key files must be without one.
  std::function<SecretBytes(const std::string& for_what)> passphrase;
  std::vector<std::string> recipient_keys;  ///< key files, or folders of them; never imported into the user's keyring
  std::vector<std::string> trust;           ///< key files, or folders of them, believed for their user ids
  TrustModel trust_model = TrustModel::validity;
  /// Asked for a recipient's key that is missing, at most once for an address; null: nobody is. Of what it gives, the
  /// public keys with a user id of that very address are encrypted to, and believed for nothing else.
  std::function<Located(const std::string& address)> locate;
  bool allow_legacy = false;  ///< ciphers of 64-bit blocks may be decrypted; never without integrity protection
};

/// Imports the key files. Error(unavailable) when gpg is missing or too old; Error(no_input), Error(malformed) naming
/// the file; Error(refused) when an identity has no secret key.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Engine> make_engine(const EngineOptions& options);

struct EngineInfo {
  std::string gpg_version;
  std::string gpg_path;
  std::string gpgme_version;
};
/// What is installed. Throws Error(unavailable) when gpg is missing or older than 2.2.
[[nodiscard]] MIMESEAL_API EngineInfo engine_info();

/// Removes the private homes of all engines of this process, for handlers of signals that end it. A guardian process
/// does the same when the process dies without calling this.
MIMESEAL_API void remove_private_homes() noexcept;

/// The keys in a key file or application/pgp-keys part, armoured or binary; nothing is imported and no signature is
/// checked. Keys of versions that gpg cannot read are named too. Throws Error(malformed) when there is no key in it.
[[nodiscard]] MIMESEAL_API std::vector<KeyInfo> read_keys(const std::string& octets);

/// Octets that may be keys (armoured, several blocks of it, or binary), and where they come from, for messages.
struct KeyMaterial {
  std::string octets;
  std::string origin;
};

enum class ImportResult { added, updated, unchanged, refused };
[[nodiscard]] MIMESEAL_API std::string_view to_string(ImportResult value) noexcept;

/// What became of one key; `info` is empty where the material could not be read at all.
struct ImportedKey {
  KeyInfo info;  ///< info.origin is the material's
  ImportResult result = ImportResult::refused;
  std::string why;  ///< of a refusal
};

enum class ImportMode {
  whole,    ///< when one key is refused, none is imported
  partial,  ///< the others are
};

/// Puts public keys into a keyring: `gnupg_home`, or when that is empty the user's ($GNUPGHOME, else ~/.gnupg, made
/// when it is not there). Each key is read and checked in a private home first, and only its smallest form goes on:
/// valid user ids, their self-signatures and the subkeys. Refused are secret keys, keys that gpg does not accept, and
/// what is past the limits (16 MiB and 1000 keys in all, 256 KiB a key). No key's trust is set or changed. One result a
/// key, in their order. Throws Error(no_input) when the keyring's folder is missing, Error(unavailable), Error(config)
/// when the keyring's own gpg.conf keeps the keys out.
[[nodiscard]] MIMESEAL_API std::vector<ImportedKey> import_public_keys(const std::vector<KeyMaterial>& material,
                                                                       const std::string& gnupg_home, ImportMode mode);

}  // namespace mimeseal::pgp
