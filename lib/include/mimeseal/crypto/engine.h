// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/secret.h"
#include "mimeseal/core/source.h"
#include "mimeseal/crypto/key.h"
#include "mimeseal/crypto/policy.h"
#include "mimeseal/crypto/revocation.h"
#include "mimeseal/crypto/verdict.h"

namespace mimeseal {

struct SignSpec {
  std::vector<KeyPtr> signers;  ///< one or several, each with its secret key
  bool detached = true;         ///< false: S/MIME opaque signed-data; OpenPGP: a signed message
  bool text = false;            ///< OpenPGP: a canonical text signature (type 0x01)
  SmimePolicy policy;           ///< S/MIME only
  /// The signing time that the signature states. OpenPGP: none given, or one within five minutes of the clock, is now;
  /// a key of the user's keyring signs by gpg's clock alone, and any other time is Error(unsupported).
  Time at{};
};

struct SignResult {
  std::vector<std::string> digests;  ///< in the order of the signers: "sha256"; what micalg is made of
  std::vector<Choice> choices;
};

struct EncryptSpec {
  std::vector<KeyPtr> recipients;
  std::vector<KeyPtr> unheard;              ///< of the recipients, those who influence no choice: Bcc
  std::vector<KeyPtr> signers;              ///< OpenPGP's combined form (RFC 3156, 6.2); S/MIME refuses them here
  SmimePolicy policy;                       ///< S/MIME only
  bool hidden = false;                      ///< OpenPGP: key ids withheld
  bool compress = false;                    ///< OpenPGP: let gpg compress; never for large or compressed content
  const SecretBytes* passphrase = nullptr;  ///< OpenPGP: symmetric, beside or instead of recipients
  Time at{};                                ///< as SignSpec::at, where there are signers
};

struct EncryptResult {
  LayerType type = LayerType::smime_auth_enveloped;
  std::string cipher;
  std::vector<std::string> digests;  ///< of the combined form's signatures
  std::vector<Choice> choices;
};

/// How a message from outside is judged.
struct OpenSpec {
  Time at{};  ///< the time judged at
  bool allow_legacy =
      false;  ///< 3DES, RC2, DES and the like may be decrypted; SHA-1 signatures are computed (and weak)
  std::uint64_t max_output = UINT64_MAX;  ///< octets a layer may give out; Error(limit) past it
  std::uint64_t max_recipients = 10'000;  ///< recipientInfos looked at
  /// S/MIME: asks the CAs' servers whether signers' certificates are revoked. Null: nothing is ever fetched.
  RevocationFetcher* revocation = nullptr;
};

/// One protocol's cryptography: octets in, octets out, no MIME. S/MIME speaks DER (BER is read), OpenPGP speaks
/// ASCII armour outwards and reads armour and binary. All streams: memory does not grow with the content, and a
/// Source is read in one or more whole passes. Plaintext goes to the Sink as it is decrypted: the caller stages it
/// (Spool) and releases it only by what the returned facts say. One thread at a time; keys may be shared.
///
/// Errors: Error(refused) wrong passphrase; Error(malformed) not CMS or OpenPGP at all; Error(limit);
/// Error(unavailable) the program below (gpg) is missing or too old. A bad signature, a failed tag, a missing key or
/// an unknown algorithm is never an Error when opening: it is a fact.
class MIMESEAL_API Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  [[nodiscard]] virtual Protocol protocol() const noexcept = 0;

  /// Reads what is still to be read of keys and anchors, so that a fault of theirs shows now: Error(malformed) of a
  /// later call speaks of the message alone. An engine that has read everything has nothing to do.
  virtual void prepare() {}

  /// All keys known to this engine: identities, recipients' keys, trust anchors aside.
  [[nodiscard]] virtual std::vector<KeyPtr> keys() = 0;
  /// The identities' key that signs for `address` (empty: the only or first one) at that time.
  [[nodiscard]] virtual KeyChoice signing_key(std::string_view address, Time at) = 0;
  /// All keys that sign for `address` at that time: the best one of each identity that was named and has one, in that
  /// order; of several of the same algorithm (KeyInfo) only the best, so that a renewed key takes the old one's place.
  /// Never empty: a single choice without a key says why there is none. An engine with one identity has one answer.
  [[nodiscard]] virtual std::vector<KeyChoice> signing_keys(std::string_view address, Time at) {
    return {signing_key(address, at)};
  }
  /// The best key to encrypt to `address` at that time; an identity's own certificate counts too.
  [[nodiscard]] virtual KeyChoice recipient_key(std::string_view address, Time at) = 0;
  /// The same, of the keys that encrypt() seals to under this policy: one that the policy excludes (X25519 under the
  /// fips profile) gives way to one that it allows, and is named with the reason where it is the only one. An engine
  /// that has no use for the policy has one answer.
  [[nodiscard]] virtual KeyChoice sealing_key(std::string_view address, Time at, const SmimePolicy& /*policy*/) {
    return recipient_key(address, at);
  }
  /// A key by its fingerprint (hex, any case), or none.
  [[nodiscard]] virtual KeyPtr find_key(std::string_view fingerprint) = 0;
  /// The public key as it travels: OpenPGP minimal armoured export, or the certificate as PEM. With `address`,
  /// OpenPGP keeps only that user id (Autocrypt).
  [[nodiscard]] virtual std::string export_public(const Key& key, std::string_view address) = 0;

  virtual SignResult sign(Source& content, Sink& out, const SignSpec& spec) = 0;
  virtual EncryptResult encrypt(Source& content, Sink& out, const EncryptSpec& spec) = 0;
  /// CMS compressed-data (RFC 3274); OpenPGP throws Error(unsupported).
  virtual void compress(Source& content, Sink& out) = 0;
  /// CMS certs-only, or armoured public keys, of these keys.
  virtual void export_keys(const std::vector<KeyPtr>& keys, Sink& out) = 0;

  /// A detached signature over `content`. The layer's type, signers and certificates; `result` is bad when the
  /// structure itself lies (a detached signature that carries content of its own, say).
  [[nodiscard]] virtual LayerFacts verify(Source& content, std::string_view signature, const OpenSpec& spec) = 0;
  /// A whole layer: signed, enveloped, compressed. What is inside goes to `out`, also when it then proves bad.
  virtual LayerFacts open(Source& layer, Sink& out, const OpenSpec& spec) = 0;
};

}  // namespace mimeseal
