// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"
#include "mimeseal/core/clock.h"

namespace mimeseal {

enum class Integrity { good, bad, no_key, unsupported };
enum class Trust { trusted, untrusted, revoked, unknown };
enum class Validity { valid, expired, not_yet_valid, unknown };
enum class FromMatch { match, mismatch };
enum class Algorithm { ok, weak };
enum class Usage { ok, not_for_mail };
enum class Verdict { good, bad, unverified };

/// What one signature proves, as facts that do not depend on each other. The engine fills in all but `from`, which
/// only the mail layer can tell (it knows the header).
struct SignerFacts {
  Integrity integrity = Integrity::unsupported;
  Trust trust = Trust::unknown;
  Validity validity = Validity::unknown;
  FromMatch from = FromMatch::mismatch;
  Algorithm algorithm = Algorithm::ok;
  Usage usage = Usage::ok;

  std::string who;                     ///< the subject's DN or the user id that is believed; empty when unknown
  std::string fingerprint;             ///< as KeyInfo::fingerprint (OpenPGP: of the primary key); empty when unknown
  std::vector<std::string> addresses;  ///< addresses that the certificate, or the believed user ids, vouch for
  std::string digest;                  ///< "sha256"
  std::optional<Time> signed_at;       ///< what the signer says: only reported
  Time judged_at{};
  std::string why;  ///< one sentence, the fact that decided against `good`; empty when nothing did
};

/// The one place where facts become a verdict: `bad` when the octets do not fit the signature; `good` when every
/// fact is the good one; `unverified` otherwise (RFC 9787, section 3.1).
[[nodiscard]] MIMESEAL_API Verdict judge(const SignerFacts& facts) noexcept;

enum class LayerType {
  smime_signed,
  smime_enveloped,
  smime_auth_enveloped,
  smime_compressed,
  pgp_signed,
  pgp_encrypted,
};
/// good: done and intact. bad: broken, tampered, or a signature that does not fit. unverified: signed, but not
/// proven. unauthenticated: decrypted, but the cipher proves nothing about integrity. no_key: nothing here decrypts
/// it. unsupported: known, but beyond what is installed or allowed.
enum class LayerResult { good, bad, unverified, unauthenticated, no_key, unsupported };

/// What opening one layer showed. `result` speaks for decryption and structure; for a signed layer the mail layer
/// computes it from the signers' verdicts once `from` is known (see layer_result).
struct LayerFacts {
  LayerType type = LayerType::smime_signed;
  LayerResult result = LayerResult::unsupported;
  std::string cipher;          ///< "aes-256-gcm", "des-ede3-cbc", "aes256" for OpenPGP; empty when not encrypted
  bool authenticated = false;  ///< the cipher's tag or MDC was checked and fits
  std::vector<std::string> recipients;  ///< "issuer/serial", key ids or fingerprints, as the message names them
  std::string decrypted_by;             ///< fingerprint of the key that opened it
  std::vector<SignerFacts> signers;
  std::vector<std::string> certificates;  ///< PEM: what the layer carried along (never trusted for that)
  std::string why;                        ///< one sentence when not good
  std::string literal_filename;           ///< OpenPGP: the literal packet's file name (untrusted)
};

/// For signed layers: bad when one signer is bad (or there is none), good when all are good, else unverified.
[[nodiscard]] MIMESEAL_API LayerResult layer_result(const std::vector<SignerFacts>& signers) noexcept;

/// The words of the report (schemas/report): "no-key", "smime-auth-enveloped", ….
[[nodiscard]] MIMESEAL_API std::string_view to_string(Integrity value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Trust value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Validity value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(FromMatch value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Algorithm value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Usage value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(Verdict value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(LayerType value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(LayerResult value) noexcept;

}  // namespace mimeseal
