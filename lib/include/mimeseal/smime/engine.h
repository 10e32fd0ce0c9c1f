// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mimeseal/core/api.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/crypto/engine.h"

namespace mimeseal::smime {

/// A signed message that was received: what it tells of its sender is of use when answering. Or certificates alone
/// (RFC 8551, section 3.8), which are taken as those of recipients.
struct SignedMessage {
  std::string name;         ///< for messages
  std::string signed_data;  ///< CMS SignedData, with its content, detached from it, or without signers
  bool required = true;     ///< Error when it tells nothing
};

/// What the S/MIME engine works with. Files are read when the engine is made.
struct EngineOptions {
  /// One's own keys: .p12/.pfx files (binary or PEM-armoured), .pem/.der files with a key and its certificates, folders
  /// of such files, and `pkcs11:` URIs (RFC 7512).
  std::vector<std::string> identities;
  /// Asked when a file or token is locked, with its name; may be null. An empty answer counts as none.
  std::function<SecretBytes(const std::string& for_what)> passphrase;
  /// Told what a person should know of a file that was read all the same: that it is locked in an old and weak way. May
  /// be null.
  std::function<void(const std::string& hint)> hint;
  /// Certificates to encrypt to: files (PEM, DER, PKCS#7 certs-only or signed) or folders of them.
  std::vector<std::string> recipient_keys;
  /// Likewise the signers' own certificates, and the ciphers that they say they read.
  std::vector<SignedMessage> recipient_messages;
  /// CA certificates: files, folders, or "system" for the machine's own. Empty: nothing is ever trusted.
  std::vector<std::string> trust;
  /// Certificate revocation lists: files or folders, PEM or DER.
  std::vector<std::string> crls;
};

/// The S/MIME engine (RFC 8551) over OpenSSL. Throws Error(no_input) for a file that cannot be read, Error(malformed)
/// for one that holds nothing of use, Error(refused) for a wrong or missing passphrase, Error(unsupported) for a
/// file that needs OpenSSL's legacy provider where that is not installed, Error(unavailable) when a token cannot be
/// reached.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Engine> make_engine(const EngineOptions& options);

/// Certificates that came along in a message, in PEM (several) or DER (one: RFC 8550, application/pkix-cert); empty
/// when it is none. For OpenSettings::read_certificates.
[[nodiscard]] MIMESEAL_API std::vector<KeyInfo> read_certificates(const std::string& octets);

}  // namespace mimeseal::smime
