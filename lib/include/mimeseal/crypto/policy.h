// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"

namespace mimeseal {

enum class Cipher { aes_128_gcm, aes_192_gcm, aes_256_gcm, aes_128_cbc, aes_192_cbc, aes_256_cbc };
enum class Digest { sha256, sha384, sha512 };
enum class RsaSignature { pss, pkcs1 };
enum class KeyTransport { oaep, pkcs1 };
enum class Profile { standard, compat, bdew, fips };  ///< `standard` is called "default" by the tool

/// How to seal with S/MIME. An empty optional lets the engine choose by the keys' strength and by what each
/// recipient's certificate allows, and say why.
struct SmimePolicy {
  Profile profile = Profile::standard;
  std::optional<Cipher> cipher;
  std::optional<Digest> digest;
  std::optional<RsaSignature> rsa_signature;
  std::optional<KeyTransport> key_transport;
  bool oaep_sha1 = false;  ///< OAEP with SHA-1 for readers that know no other; only when asked for by name
};

/// The profile's own values for all that `chosen` leaves open: standard = AES-256-GCM, PSS left to the key… see
/// docs/decisions. Explicit values stay.
[[nodiscard]] MIMESEAL_API SmimePolicy resolve(const SmimePolicy& chosen);

[[nodiscard]] MIMESEAL_API std::string_view to_string(Cipher value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Digest value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(RsaSignature value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(KeyTransport value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Profile value) noexcept;
[[nodiscard]] MIMESEAL_API std::optional<Cipher> parse_cipher(std::string_view text) noexcept;
[[nodiscard]] MIMESEAL_API std::optional<Digest> parse_digest(std::string_view text) noexcept;
[[nodiscard]] MIMESEAL_API std::optional<RsaSignature> parse_rsa_signature(std::string_view text) noexcept;
[[nodiscard]] MIMESEAL_API std::optional<KeyTransport> parse_key_transport(std::string_view text) noexcept;
[[nodiscard]] MIMESEAL_API std::optional<Profile> parse_profile(std::string_view text) noexcept;

/// One decision made while sealing, for the report: {"cipher", "aes-256-gcm", "the profile's choice; …"}.
struct Choice {
  std::string what;
  std::string value;
  std::string why;
  friend bool operator==(const Choice&, const Choice&) = default;
};

}  // namespace mimeseal
