// SPDX-License-Identifier: MIT
#include "mimeseal/crypto/policy.h"

#include <array>
#include <utility>

#include "mimeseal/crypto/key.h"

namespace mimeseal {
namespace {

template <class T>
using Word = std::pair<T, std::string_view>;

constexpr std::array<Word<Cipher>, 6> kCiphers{{{Cipher::aes_128_gcm, "aes-128-gcm"},
                                                {Cipher::aes_192_gcm, "aes-192-gcm"},
                                                {Cipher::aes_256_gcm, "aes-256-gcm"},
                                                {Cipher::aes_128_cbc, "aes-128-cbc"},
                                                {Cipher::aes_192_cbc, "aes-192-cbc"},
                                                {Cipher::aes_256_cbc, "aes-256-cbc"}}};
constexpr std::array<Word<Digest>, 3> kDigests{
    {{Digest::sha256, "sha256"}, {Digest::sha384, "sha384"}, {Digest::sha512, "sha512"}}};
constexpr std::array<Word<RsaSignature>, 2> kRsaSignatures{
    {{RsaSignature::pss, "pss"}, {RsaSignature::pkcs1, "pkcs1"}}};
constexpr std::array<Word<KeyTransport>, 2> kKeyTransports{
    {{KeyTransport::oaep, "oaep"}, {KeyTransport::pkcs1, "pkcs1"}}};
constexpr std::array<Word<Profile>, 4> kProfiles{
    {{Profile::standard, "default"}, {Profile::compat, "compat"}, {Profile::bdew, "bdew"}, {Profile::fips, "fips"}}};

template <class T, std::size_t N>
std::string_view word_of(const std::array<Word<T>, N>& words, T value) noexcept {
  for (const auto& [candidate, word] : words) {
    if (candidate == value) return word;
  }
  return {};
}

template <class T, std::size_t N>
std::optional<T> value_of(const std::array<Word<T>, N>& words, std::string_view text) noexcept {
  for (const auto& [value, word] : words) {
    if (word == text) return value;
  }
  return std::nullopt;
}

/// A profile's own values; docs/decisions/110-smime-profiles.md says why. No profile fixes a digest: it follows the
/// key's strength, and none of them allows less than SHA-256.
struct Defaults {
  Cipher cipher;
  RsaSignature rsa_signature;
  KeyTransport key_transport;
};

constexpr Defaults defaults_of(Profile profile) noexcept {
  switch (profile) {
    case Profile::standard:
      break;
    case Profile::compat:
      return {Cipher::aes_256_cbc, RsaSignature::pkcs1, KeyTransport::pkcs1};
    case Profile::bdew:
      return {Cipher::aes_128_gcm, RsaSignature::pss, KeyTransport::oaep};
    case Profile::fips:
      return {Cipher::aes_256_gcm, RsaSignature::pss, KeyTransport::oaep};
  }
  return {Cipher::aes_256_gcm, RsaSignature::pkcs1, KeyTransport::oaep};
}

}  // namespace

SmimePolicy resolve(const SmimePolicy& chosen) {
  const Defaults defaults = defaults_of(chosen.profile);
  SmimePolicy policy = chosen;
  if (!policy.cipher) policy.cipher = defaults.cipher;
  if (!policy.rsa_signature) policy.rsa_signature = defaults.rsa_signature;
  if (!policy.key_transport) policy.key_transport = defaults.key_transport;
  return policy;
}

std::string_view to_string(Cipher value) noexcept {
  return word_of(kCiphers, value);
}
std::string_view to_string(Digest value) noexcept {
  return word_of(kDigests, value);
}
std::string_view to_string(RsaSignature value) noexcept {
  return word_of(kRsaSignatures, value);
}
std::string_view to_string(KeyTransport value) noexcept {
  return word_of(kKeyTransports, value);
}
std::string_view to_string(Profile value) noexcept {
  return word_of(kProfiles, value);
}

std::optional<Cipher> parse_cipher(std::string_view text) noexcept {
  return value_of(kCiphers, text);
}
std::optional<Digest> parse_digest(std::string_view text) noexcept {
  return value_of(kDigests, text);
}
std::optional<RsaSignature> parse_rsa_signature(std::string_view text) noexcept {
  return value_of(kRsaSignatures, text);
}
std::optional<KeyTransport> parse_key_transport(std::string_view text) noexcept {
  return value_of(kKeyTransports, text);
}
std::optional<Profile> parse_profile(std::string_view text) noexcept {
  return value_of(kProfiles, text);
}

std::string_view to_string(Protocol protocol) noexcept {
  return protocol == Protocol::smime ? "smime" : "pgp";
}

}  // namespace mimeseal
