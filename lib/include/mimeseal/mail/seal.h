// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/rope.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/crypto/engine.h"
#include "mimeseal/mail/header_policy.h"
#include "mimeseal/mime/entity.h"

namespace mimeseal {

/// How a message is to be sealed. The engine decides the protocol: S/MIME or PGP/MIME.
struct SealSpec {
  Engine* engine = nullptr;  ///< not owned
  bool sign = false;
  bool encrypt = false;
  std::vector<KeyPtr> signers;      ///< empty: the engine's signing_key for the From address
  std::vector<Mailbox> recipients;  ///< those who are named: To and Cc
  std::vector<Mailbox> bcc;         ///< each gets a copy of its own (RFC 9787, section 9.4.1)
  std::optional<Mailbox> sender;    ///< whose copy encrypt_to_self makes; From's first
  SmimePolicy policy;
  bool opaque = false;  ///< S/MIME: signed-data instead of multipart/signed. Unset inside encryption, too
  HeaderPolicy header_policy = HeaderPolicy::baseline();
  bool legacy_display = true;             ///< RFC 9788, section 5.2
  bool compat_protected_headers = false;  ///< protected-headers="v1" beside hp
  bool legacy_types = false;              ///< application/x-pkcs7-*
  bool compress = false;                  ///< CMS compressed-data inside (S/MIME)
  bool triple_wrap = false;               ///< S/MIME: signed, encrypted, signed again (RFC 2634)
  bool nested = false;                    ///< OpenPGP: RFC 3156 section 6.1 instead of the combined form
  bool hidden_recipients = false;         ///< OpenPGP: key ids withheld
  bool attach_key = false;                ///< application/pgp-keys, or certificates
  bool autocrypt = false;                 ///< Autocrypt header (Level 1), and gossip when encrypted to several
  bool encrypt_to_self = true;
  const SecretBytes* symmetric = nullptr;  ///< OpenPGP: passphrase instead of recipients' keys
  const Clock* clock = &system_clock();
  Random* random = &system_random();
};

/// One message as it goes to some of the recipients. Without Bcc there is one copy.
struct SealedCopy {
  std::vector<std::string> recipients;  ///< envelope addresses; the first copy: To and Cc, then one a Bcc
  std::optional<std::string> bcc;       ///< whose copy this is, for names of files
  Rope message;                         ///< whole, CRLF, 7bit
};

struct RecipientReport {
  std::string address;
  std::string key;  ///< fingerprint
  std::string why;
};

struct SealReport {
  Protocol protocol = Protocol::smime;
  bool signed_ = false;
  bool encrypted = false;
  std::string cipher;
  std::vector<std::string> digests;
  std::string header_policy;
  std::vector<std::string> confidential;    ///< names of fields hidden or changed outside
  std::vector<RecipientReport> recipients;  ///< Bcc never in it
  std::vector<RecipientReport> signers;
  std::vector<Choice> choices;
  std::vector<std::string> hints;
};

struct Sealed {
  std::vector<SealedCopy> copies;
  SealReport report;
};

/// Seals a message: protects its header (RFC 9788), signs, encrypts. What was signed is what is sent: the payload is
/// frozen once. Throws Error(no_recipient) with one detail for each recipient that cannot be sealed to, before
/// anything is encrypted; Error(refused) when no identity can sign for From.
[[nodiscard]] MIMESEAL_API Sealed seal(const Message& message, const SealSpec& spec);

}  // namespace mimeseal
