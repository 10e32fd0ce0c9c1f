// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/crypto/engine.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {

struct OpenSettings {
  std::vector<Engine*> engines;  ///< one a protocol at most; none for a protocol: its layers are no-key or unverified
  Time at{};                     ///< the time judged at
  bool allow_legacy = false;
  bool allow_unauthenticated = false;
  bool inline_pgp = false;
  /// S/MIME: asks the CAs' servers whether signers' certificates are revoked; they, and whoever watches, then learn
  /// that this message is read. Null: nothing is ever fetched. One for each message.
  RevocationFetcher* revocation = nullptr;
  ScanLimits scan;
  std::uint32_t max_layers = 20;
  std::uint64_t max_payload = 8ULL << 30U;  ///< octets of plaintext, all layers together
  bool part_digests = true;                 ///< OpenedPart::sha256 is wanted
  /// Where the payload will be written, if it will: what is decrypted waits there (Spool::prefer_folder). Empty:
  /// $TMPDIR.
  std::string spool_folder;
  /// Read what came along (armoured or binary OpenPGP keys; certificates in PEM or DER), for Opened::attached_keys.
  /// None: such keys are not reported. What they throw counts as "no keys".
  std::function<std::vector<KeyInfo>(const std::string& octets)> read_pgp_keys;
  std::function<std::vector<KeyInfo>(const std::string& octets)> read_certificates;
};

enum class MessageState { unprotected, verified, confidential, encrypted_unverified };
enum class SignedState { none, good, bad, unverified };
enum class FieldState { unprotected, signed_only, encrypted_only, signed_and_encrypted };
enum class HeaderProtection { none, clear, cipher };

[[nodiscard]] MIMESEAL_API std::string_view to_string(MessageState value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(SignedState value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(FieldState value) noexcept;
[[nodiscard]] MIMESEAL_API std::string_view to_string(HeaderProtection value) noexcept;

/// RFC 9787, section 3.1.
struct Summary {
  MessageState state = MessageState::unprotected;
  bool encrypted = false;
  SignedState signed_ = SignedState::none;
};

struct ShownField {
  std::string name;
  std::string value;  ///< decoded UTF-8
  FieldState state = FieldState::unprotected;
};

struct Mismatch {
  std::string name;
  std::string inner;
  std::string outer;
  bool by_relay = false;  ///< a change that relays commonly make (Date and Message-ID through SES, list tags)
  std::string why;
};

/// What a reader may show of the header.
struct OpenedHeaders {
  std::string subject;
  std::vector<Mailbox> from, sender, reply_to, to, cc;
  std::string date;  ///< RFC 3339, or empty
  std::string message_id;
  HeaderProtection protection = HeaderProtection::none;
  std::vector<std::string> confidential;  ///< RFC 9788, section 4.3
  std::vector<Mismatch> mismatch;
  std::vector<ShownField> fields;
  std::vector<std::pair<std::string, std::string>> outer;     ///< decoded
  std::vector<std::pair<std::string, std::string>> hp_outer;  ///< decoded
  HeaderFields raw;                                           ///< the shown fields as they stand
  HeaderFields protected_fields;  ///< RFC 9788, 4.2.1: refprotected; what a reply is made of (section 4.4.4). Empty
                                  ///< without protection
  HeaderFields outer_values;      ///< RFC 9788, 4.2.1: refouter, where the message is encrypted with header protection
};

struct OpenedLayer {
  std::string path;
  bool errant = false;
  LayerFacts facts;
};

/// A leaf part of what was released, or of what was never protected.
struct OpenedPart {
  std::string path;
  std::string type;
  std::string filename;
  std::uint64_t size = 0;  ///< of the decoded content
  std::string sha256;      ///< hex, of the decoded content; empty unless OpenSettings::part_digests
  bool encrypted = false;  ///< by the cryptographic envelope or an errant layer around it
  bool signed_ = false;    ///< by a layer around it whose verdict is good
  bool inline_part = false;
  std::string content_id;
  bool is_body = false;         ///< shown as text in the reading view
  bool legacy_display = false;  ///< holds a legacy display element that the reading view leaves out
  InputPtr input;
  Part part;  ///< place within `input`
};

struct Opened {
  Summary summary;
  OpenedHeaders headers;
  std::vector<OpenedLayer> layers;
  std::vector<OpenedPart> parts;
  std::vector<Problem> problems;
  /// The released payload: the entity inside all layers of the cryptographic envelope; the message itself when there
  /// are none; null when it is withheld (no key, bad, not authenticated).
  InputPtr payload;
  std::uint64_t payload_begin = 0;
  std::uint64_t payload_end = 0;
  std::string text;          ///< the reading view's text (HTML reduced), UTF-8, LF; at most 4 MiB
  std::string text_path;     ///< of the part the text begins with; empty when there is none
  bool text_errant = false;  ///< the text comes out of an errant layer: a reply must not quote it (RFC 9787, 6.2.2.1)
  /// OpenPGP keys and certificates that came along, as fingerprints with names; never believed for that.
  std::vector<KeyInfo> attached_keys;
};

/// Opens a message: finds its layers from the outside (RFC 9787, section 4), verifies slices of the input, decrypts
/// into spools, releases what is proven, reads the protected header (RFC 9788), and says what all that proves. Throws
/// Error(malformed) when the input is no message at all, Error(limit), Error(io); never for a bad signature or a
/// missing key.
[[nodiscard]] MIMESEAL_API Opened open_message(const InputPtr& input, const OpenSettings& settings);

/// The tree of parts and layers without keys, for `inspect`.
struct Inspected {
  PartIndex index;
  struct Layer {
    std::string path;
    LayerType type;
    std::string detail;       ///< "claimed smime-type", …
    bool recognised = false;  ///< its octets or parts are such a layer too, as far as can be told without keys
  };
  std::vector<Layer> layers;
};
/// With an S/MIME engine, what needs no key is looked into: opaque signatures and compression, whose content stands one
/// level below its layer (offsets there are in that content). Nothing of it is verified. Throws Error(malformed),
/// Error(limit), Error(io) for the message itself; for a layer that cannot be read there is a problem.
[[nodiscard]] MIMESEAL_API Inspected inspect_message(const InputPtr& input, const ScanLimits& limits = {},
                                                     Engine* smime = nullptr);

/// The fields that a reply may carry (RFC 9788, section 6): subject and addresses, and the policy that keeps what was
/// confidential out of the reply's outer header.
struct ReplyBasis {
  std::vector<Mailbox> to;
  std::vector<Mailbox> cc;
  std::string subject;  ///< "Re: …"
  std::string in_reply_to;
  std::vector<std::string> references;
  bool encrypt = false;                                           ///< RFC 9787, section 5.4: the original was encrypted
  std::vector<std::string> confidential;                          ///< fields that were
  std::vector<std::pair<std::string, std::string>> outer_values;  ///< what the original showed for them
  std::vector<std::pair<std::string, std::string>> protected_values;  ///< what they really are, field by field
  bool quote = true;  ///< false: the text comes out of an errant layer and must not be quoted (RFC 9787, 6.2.2.1)
};
[[nodiscard]] MIMESEAL_API ReplyBasis reply_basis(const Opened& opened);

}  // namespace mimeseal
