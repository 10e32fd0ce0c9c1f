// SPDX-License-Identifier: MIT
#pragma once

/// RecipientInfos (RFC 5652, section 6.2): which of them is ours, and the content-encryption key out of it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/secret.h"
#include "smime/engine_impl.h"
#include "smime/open_asn1.h"

namespace mimeseal::smime {

/// A recipientInfo that names one of the identities.
struct OwnRecipient {
  SmimeKeyPtr identity{};
  asn1::KeyTransPtr transport{};  ///< one of the two
  asn1::KeyAgreePtr agreement{};
  int encrypted_key = 0;  ///< agreement: which of its recipientEncryptedKeys
};

/// Collects who the message is for. A key is tried only where the message names its certificate.
class Recipients final {
 public:
  explicit Recipients(const std::vector<SmimeKeyPtr>& identities) : identities_(identities) {}
  /// One RecipientInfo in DER; throws Error(malformed).
  void add(const std::string& recipient_info, std::uint64_t max_recipients);
  /// "issuer/serial" or a key id in hex, one for each recipient.
  [[nodiscard]] std::vector<std::string>& names() noexcept { return names_; }
  [[nodiscard]] std::vector<OwnRecipient>& own() noexcept { return own_; }

 private:
  void add_transport(const std::string& recipient_info);
  void add_agreement(std::string recipient_info, std::uint64_t max_recipients);
  [[nodiscard]] SmimeKeyPtr find(const asn1::IssuerAndSerial& id) const;
  [[nodiscard]] SmimeKeyPtr find(const ASN1_OCTET_STRING* key_id) const;

  const std::vector<SmimeKeyPtr>& identities_;
  std::vector<std::string> names_;
  std::vector<OwnRecipient> own_;
};

/// The content-encryption key, or why there is none.
struct ContentKey {
  SecretBytes key{};
  std::string unsupported{};  ///< an algorithm that cannot be used; empty otherwise
  bool damaged = false;       ///< key agreement: the wrapped key is not intact
  std::string refused{};      ///< why the device that holds the private key does not use it at all; empty otherwise
};

/// What is said of a device's refusal.
[[nodiscard]] std::string refusal_of(const SmimeKey& key, const std::string& reason);
/// RSA, PKCS#1 v1.5 and OAEP. A key that does not decrypt to the right length becomes a random one (RFC 3218, section
/// 2.3.2): nobody learns from the outcome what was wrong. A device that refuses whatever it is given is told apart; by
/// that alone, so that nothing of a ciphertext shows.
[[nodiscard]] ContentKey transport_key(const OwnRecipient& recipient, std::size_t key_length);
/// ECDH (RFC 5753) and X25519/X448 (RFC 8418).
[[nodiscard]] ContentKey agreed_key(const OwnRecipient& recipient, std::size_t key_length, bool allow_legacy);

}  // namespace mimeseal::smime
