// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/secret.h"
#include "mimeseal/crypto/engine.h"
#include "mimeseal/send/options.h"

namespace mimeseal {

/// Whose keys, and whom to believe, as a person says it: files, folders, URIs, fingerprints, addresses. What belongs to
/// which protocol is told by looking at the files.
struct KeySettings {
  std::optional<Protocol> protocol;     ///< none: what the given identity and keys are
  std::vector<std::string> identities;  ///< .p12/.pem files, pkcs11: URIs, OpenPGP key files, fingerprints, addresses
  std::vector<std::string> recipient_keys;
  std::vector<std::string> trust;
  std::vector<std::string> crls;
  std::string gnupg_home;
  std::function<SecretBytes(const std::string& for_what)> passphrase;  ///< may be null
  std::function<void(const std::string& hint)> hint;  ///< told what a person should know of a file; may be null
  bool trust_always = false;
  bool locate_wkd = false;  ///< ask the recipient's domain for an OpenPGP key that is missing (toolkit/wkd.h)
  std::string locate_ca;    ///< CA certificates to believe for that instead of the system's
  Proxy proxy;              ///< for that; empty: what the environment says
  bool allow_legacy = false;
};

/// What a path given as a key or trust anchor holds.
enum class KeyFileKind { smime, pgp, unknown };
/// Reads the first octets. Throws Error(no_input) when it cannot be read.
[[nodiscard]] MIMESEAL_API KeyFileKind key_file_kind(const std::string& path);

/// The engines that fit the settings, made when they are first used. Owns them. One thread at a time.
class MIMESEAL_API Engines {
 public:
  explicit Engines(const KeySettings& settings);
  ~Engines();
  Engines(Engines&&) noexcept;
  Engines& operator=(Engines&&) noexcept;

  /// Both, for opening.
  [[nodiscard]] std::vector<Engine*> all();
  /// Those that the given keys speak of; both when none were given.
  [[nodiscard]] std::vector<Engine*> given();
  [[nodiscard]] Engine& get(Protocol protocol);
  /// The one that seals: as asked for, else what the identities are, else what the keys are. Throws Error(usage) when
  /// they are of both kinds, or when nothing tells.
  [[nodiscard]] Engine& sealing();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mimeseal
