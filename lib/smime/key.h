// SPDX-License-Identifier: MIT
#pragma once

/// A certificate as the engine holds it, with its private key when it is ours, and what can be told of it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/crypto/key.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// Immutable and shared. OpenSSL's functions take X509* and EVP_PKEY* without const even where they only read.
class SmimeKey final : public Key {
 public:
  /// `token` is what must outlive the private key: a PKCS#11 engine; mostly null.
  SmimeKey(X509Ptr certificate, EvpPkeyPtr secret, KeyInfo info, std::shared_ptr<void> token = nullptr);
  [[nodiscard]] const KeyInfo& info() const noexcept override { return info_; }
  [[nodiscard]] X509* certificate() const noexcept { return certificate_.get(); }
  /// The private key, or null.
  [[nodiscard]] EVP_PKEY* secret() const noexcept { return secret_.get(); }
  /// Whether the private key is on a device, which may refuse to work.
  [[nodiscard]] bool on_token() const noexcept { return token_ != nullptr; }
  /// The same key, known to be revoked.
  [[nodiscard]] std::shared_ptr<const SmimeKey> revoked() const;
  /// The certificate's public key, never null; null only for key types that OpenSSL cannot read.
  [[nodiscard]] EVP_PKEY* public_key() const noexcept { return X509_get0_pubkey(certificate_.get()); }

 private:
  std::shared_ptr<void> token_;  // first, so that it goes last
  X509Ptr certificate_;
  EvpPkeyPtr secret_;
  KeyInfo info_;
};

using SmimeKeyPtr = std::shared_ptr<const SmimeKey>;

/// What the certificate says. has_secret and origin are left to the caller (make_key sets them).
[[nodiscard]] KeyInfo key_info_of(X509* certificate);
/// `secret` may be null.
[[nodiscard]] SmimeKeyPtr make_key(X509Ptr certificate, EvpPkeyPtr secret, std::string origin,
                                   std::shared_ptr<void> token = nullptr);
/// The engine's own type behind a Key; throws Error(usage) when it belongs to another engine.
[[nodiscard]] const SmimeKey& smime_key(const Key& key);

/// SHA-256 of the certificate in lower-case hex.
[[nodiscard]] std::string fingerprint_of(X509* certificate);
/// RFC 4514 style, UTF-8: "CN=Alice,O=Example".
[[nodiscard]] std::string name_of(const X509_NAME* name);
/// Lower-case hex, without leading zeros.
[[nodiscard]] std::string serial_of(const ASN1_INTEGER* serial);
/// "RSA-2048", "EC P-256", "Ed25519", "X25519", or OpenSSL's name for it.
[[nodiscard]] std::string algorithm_of(EVP_PKEY* key);
/// The same of a certificate, also when OpenSSL cannot use its key.
[[nodiscard]] std::string algorithm_of(X509* certificate);
/// rfc822Name, SmtpUTF8Mailbox (RFC 9598) and the subject's emailAddress, in that order, each once, UTF-8; only those
/// that are written as their type demands: what is not cannot be held against name constraints.
[[nodiscard]] std::vector<std::string> addresses_of(X509* certificate);
[[nodiscard]] std::optional<Time> time_of(const ASN1_TIME* time);
[[nodiscard]] std::string pem_of(X509* certificate);
/// Whether extendedKeyUsage is absent or names emailProtection or anyExtendedKeyUsage (RFC 8550, section 4.4.4).
[[nodiscard]] bool allows_mail(X509* certificate);
/// Whether two addresses match for choosing certificates: domains by A-labels, all without regard to ASCII case.
[[nodiscard]] bool matches_address(std::string_view a, std::string_view b);
/// A mailbox as every way to write it comes out: the local part without quotes, the domain by A-labels, ASCII in lower
/// case. All that From is held to match is one and the same here.
struct CanonicalMailbox {
  std::string local_part;
  std::string domain;
};
/// An element of addresses_of().
[[nodiscard]] CanonicalMailbox canonical_mailbox(std::string_view address);

}  // namespace mimeseal::smime
