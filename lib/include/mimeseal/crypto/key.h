// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/api.h"
#include "mimeseal/core/clock.h"

namespace mimeseal {

enum class Protocol { smime, pgp };

[[nodiscard]] MIMESEAL_API std::string_view to_string(Protocol protocol) noexcept;

/// What is known about a certificate or OpenPGP key, for people and for choices.
struct KeyInfo {
  Protocol protocol = Protocol::smime;
  std::string name;                    ///< the subject's DN, or the primary user id
  std::string fingerprint;             ///< lower-case hex: SHA-256 of the certificate, or the OpenPGP fingerprint
  std::string issuer;                  ///< S/MIME: the issuer's DN
  std::string serial;                  ///< S/MIME: lower-case hex
  std::vector<std::string> addresses;  ///< as they stand in it, UTF-8
  std::vector<std::string> user_ids;   ///< OpenPGP: those that are neither revoked nor invalid, UTF-8
  std::string algorithm;               ///< "RSA-2048", "EC P-256", "Ed25519", "X25519"; OpenPGP: the primary key's
  std::optional<Time> not_before;
  std::optional<Time> not_after;  ///< none: does not expire
  bool can_sign = false;          ///< keyUsage / flags allow it, times and state aside
  bool can_encrypt = false;
  bool has_secret = false;
  bool revoked = false;
  bool disabled = false;
  std::string obstacle;  ///< why nothing can be done with a key of its kind here; empty: something can
  std::string distrust;  ///< OpenPGP: why the keyring does not believe it for its addresses; empty: it does
  std::string origin;    ///< the file, folder, token or keyring it comes from
};

/// A key or certificate as an engine holds it; the engine that gave it knows what is behind. Immutable, shared.
class MIMESEAL_API Key {
 public:
  Key() = default;
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  virtual ~Key() = default;
  [[nodiscard]] virtual const KeyInfo& info() const noexcept = 0;
};

using KeyPtr = std::shared_ptr<const Key>;

/// A key found for an address, and why this one; or none, and why not.
struct KeyChoice {
  KeyPtr key;                         ///< null: none can be used
  std::string why;                    ///< one sentence: what decided, or what is wrong with each candidate
  std::vector<std::string> rejected;  ///< "fingerprint-or-name: reason" for each candidate not taken
};

}  // namespace mimeseal
