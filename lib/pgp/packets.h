// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/source.h"
#include "mimeseal/crypto/key.h"

/// The outside of OpenPGP: packet headers, session-key packets, signatures and keys as far as their first fields (RFC
/// 9580, sections 4 and 5). Enough to say what a message is and to let nothing but the one expected shape reach gpg;
/// nothing is computed here.
namespace mimeseal::pgp {

namespace tag {
inline constexpr int kPkesk = 1;
inline constexpr int kSignature = 2;
inline constexpr int kSkesk = 3;
inline constexpr int kOnePass = 4;
inline constexpr int kSecretKey = 5;
inline constexpr int kPublicKey = 6;
inline constexpr int kSecretSubkey = 7;
inline constexpr int kCompressed = 8;
inline constexpr int kEncryptedNoMdc = 9;
inline constexpr int kMarker = 10;
inline constexpr int kLiteral = 11;
inline constexpr int kTrust = 12;
inline constexpr int kUserId = 13;
inline constexpr int kPublicSubkey = 14;
inline constexpr int kUserAttribute = 17;
inline constexpr int kEncrypted = 18;
inline constexpr int kEncryptedOcb = 20;
inline constexpr int kPadding = 21;
}  // namespace tag

/// Whether the packet holds content of any length, and may come in partial lengths (section 4.2.1.4).
[[nodiscard]] bool holds_data(int packet_tag) noexcept;

struct Packet {
  int tag = 0;
  std::uint64_t length = 0;  ///< of the body, as far as it was seen
  bool complete = false;
  std::string body;  ///< its beginning: all of small packets, a few octets of data packets
};

/// Walks over the packets of a stream, whatever pieces it comes in. Iterative, bounded memory, linear time.
class PacketWalker {
 public:
  /// Keeps at most `max_packets` packets and `max_body` octets of each that holds no data.
  explicit PacketWalker(std::size_t max_packets = 20'000, std::size_t max_body = 65'536)
      : max_packets_(max_packets), max_body_(max_body) {}

  void feed(std::string_view octets);
  /// Call at the end of the stream: a packet that is cut off is a fault.
  void finish();

  [[nodiscard]] const std::vector<Packet>& packets() const noexcept { return packets_; }
  /// What is wrong with the framing, or empty.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  [[nodiscard]] bool too_many() const noexcept { return too_many_; }
  /// Whether a data packet has begun and its first octets are known: all that stands before the content was seen.
  [[nodiscard]] bool at_data() const noexcept;

 private:
  void header_done();
  void body(std::string_view octets);
  void fail(const char* what);

  std::size_t max_packets_;
  std::size_t max_body_;
  std::vector<Packet> packets_;
  std::string fault_;
  bool too_many_ = false;
  std::size_t kept_ = 0;
  std::string header_;
  std::uint64_t left_ = 0;  // of the present chunk
  bool in_body_ = false;
  bool partial_ = false;      // another length follows this chunk
  bool length_next_ = false;  // between two chunks
  bool unbounded_ = false;    // old format, indeterminate length: to the end
};

/// Passes a Source on and shows its octets to a walker.
class WalkedSource final : public Source {
 public:
  WalkedSource(Source& from, PacketWalker& walker) : from_(from), walker_(walker) {}
  std::size_t read(std::span<char> into) override;
  void rewind() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  /// Walks over what gpg did not read, and ends the walk.
  void drain();

 private:
  Source& from_;
  PacketWalker& walker_;
  bool ended_ = false;
};

/// A signature packet's fields that are needed before it is verified.
struct SignatureHead {
  int version = 0;
  int type = 0;
  int public_key = 0;
  int digest = 0;
  std::optional<Time> created;
  std::string issuer;  ///< fingerprint or key id, lower-case hex; may be empty
};
[[nodiscard]] std::optional<SignatureHead> read_signature(std::string_view body);

/// A session-key packet: for whom, or by which means.
struct SessionKeyHead {
  int version = 0;
  bool passphrase = false;
  int algorithm = 0;        ///< public-key algorithm; 0 when unknown
  std::string recipient;    ///< key id or fingerprint, lower-case hex; zeros: withheld
  std::string unsupported;  ///< what gpg cannot read of it; empty when it can
};
[[nodiscard]] SessionKeyHead read_session_key(const Packet& packet);

/// What a sequence of packets is, by its outside (section 10.3).
enum class Shape { encrypted, signed_message, signatures, keys, unprotected, broken };
struct Outline {
  Shape shape = Shape::broken;
  std::vector<SessionKeyHead> session_keys;
  int data_tag = 0;         ///< the data packet's tag
  int data_version = 0;     ///< of tag 18
  std::string unsupported;  ///< what makes it unreadable for gpg; empty when nothing
  std::string fault;        ///< why it is broken
};
/// With `whole` false the packets are a beginning that ends with the data packet.
[[nodiscard]] Outline outline(const std::vector<Packet>& packets, bool whole);

/// Whether gpg 2.2 knows the public-key algorithm (section 9.1).
[[nodiscard]] bool gpg_knows_public_key(int algorithm) noexcept;

/// The packet as it stands on the wire, with a length in the new format.
[[nodiscard]] std::string write_packet(int packet_tag, std::string_view body);

/// Of key material: only the user id that holds `address`, with its signatures, beside the keys. `octets` binary.
/// Nothing when no user id holds it or the packets are broken.
[[nodiscard]] std::optional<std::string> keep_user_id(std::string_view octets, std::string_view address);

/// The keys of the material that have a user id with that address, each reduced to it as by keep_user_id().
[[nodiscard]] std::vector<std::string> keys_for_address(std::string_view octets, std::string_view address);

/// Keys of versions that gpg cannot read, as far as their packets tell. `octets` binary.
[[nodiscard]] std::vector<KeyInfo> read_foreign_keys(std::string_view octets);

/// The address of a user id "Name <address>" or of a bare address; empty when there is none.
[[nodiscard]] std::string address_of(std::string_view user_id);

}  // namespace mimeseal::pgp
