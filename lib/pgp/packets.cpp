// SPDX-License-Identifier: MIT
#include "pgp/packets.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::pgp {
namespace {

constexpr std::size_t kDataHead = 16;         // octets kept of a packet that holds data
constexpr std::size_t kKeyHead = 128;         // and of a session-key packet
constexpr std::size_t kMaxKept = 16U << 20U;  // of all packets together

unsigned octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

std::uint32_t number(std::string_view text, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = (value << 8U) | octet(text, at + i);
  return value;
}

struct Length {
  std::uint64_t value = 0;
  std::size_t size = 0;  // octets it takes; 0: not all there yet
  bool partial = false;
};

/// Section 4.2.1.
Length new_length(std::string_view text) {
  if (text.empty()) return {};
  const unsigned first = octet(text, 0);
  if (first < 192) return {first, 1, false};
  if (first < 224) {
    if (text.size() < 2) return {};
    return {((first - 192U) << 8U) + octet(text, 1) + 192U, 2, false};
  }
  if (first < 255) return {1ULL << (first & 0x1FU), 1, true};
  if (text.size() < 5) return {};
  return {number(text, 1, 4), 5, false};
}

}  // namespace

bool holds_data(int packet_tag) noexcept {
  switch (packet_tag) {
    case tag::kCompressed:
    case tag::kEncryptedNoMdc:
    case tag::kLiteral:
    case tag::kEncrypted:
    case tag::kEncryptedOcb:
      return true;
    default:
      return false;
  }
}

void PacketWalker::fail(const char* what) {
  if (fault_.empty()) fault_ = what;
}

bool PacketWalker::at_data() const noexcept {
  if (packets_.empty() || !holds_data(packets_.back().tag)) return false;
  return packets_.back().complete || !packets_.back().body.empty();
}

void PacketWalker::header_done() {
  const unsigned first = octet(header_, 0);
  if ((first & 0x80U) == 0) return fail("there are octets that are no OpenPGP packet");
  const bool new_format = (first & 0x40U) != 0;
  Packet packet;
  if (new_format) {
    packet.tag = static_cast<int>(first & 0x3FU);
    const Length length = new_length(std::string_view(header_).substr(1));
    if (length.size == 0) return;
    left_ = length.value;
    partial_ = length.partial;
    unbounded_ = false;
    if (partial_ && (!holds_data(packet.tag) || left_ < 512))
      return fail("a packet has a partial length where none may be");
  } else {
    packet.tag = static_cast<int>((first >> 2U) & 0x0FU);
    const unsigned type = first & 3U;
    const std::size_t size = type == 3 ? 0 : std::size_t{1} << type;
    if (header_.size() < 1 + size) return;
    left_ = size == 0 ? 0 : number(header_, 1, size);
    partial_ = false;
    unbounded_ = type == 3;
    if (unbounded_ && !holds_data(packet.tag)) return fail("a packet has no length where it must have one");
  }
  if (packet.tag == 0) return fail("there is a packet of the reserved kind 0");
  if (packets_.size() >= max_packets_) {
    too_many_ = true;
    return fail("there are too many packets");
  }
  packets_.push_back(std::move(packet));
  header_.clear();
  in_body_ = true;
}

void PacketWalker::body(std::string_view octets) {
  Packet& packet = packets_.back();
  packet.length += octets.size();
  const bool session_key = packet.tag == tag::kPkesk || packet.tag == tag::kSkesk;
  const std::size_t keep = holds_data(packet.tag) ? kDataHead : session_key ? kKeyHead : max_body_;
  if (packet.body.size() >= keep) return;
  const std::string_view kept = octets.substr(0, keep - packet.body.size());
  kept_ += kept.size();
  if (kept_ > kMaxKept) {
    too_many_ = true;
    return fail("the packets are too large");
  }
  packet.body.append(kept);
}

void PacketWalker::feed(std::string_view octets) {
  while (fault_.empty()) {
    if (in_body_) {
      const std::size_t count =
          unbounded_ ? octets.size() : static_cast<std::size_t>(std::min<std::uint64_t>(left_, octets.size()));
      body(octets.substr(0, count));
      octets.remove_prefix(count);
      if (unbounded_) return;
      left_ -= count;
      if (left_ != 0) return;
      in_body_ = false;
      length_next_ = partial_;
      if (!partial_) packets_.back().complete = true;
      continue;
    }
    if (octets.empty()) return;
    header_.push_back(octets.front());
    octets.remove_prefix(1);
    if (!length_next_) {
      header_done();
      continue;
    }
    const Length length = new_length(header_);
    if (length.size == 0) continue;
    left_ = length.value;
    partial_ = length.partial;
    length_next_ = false;
    in_body_ = true;
    header_.clear();
  }
}

void PacketWalker::finish() {
  if (!fault_.empty()) return;
  if (in_body_ && unbounded_) {
    packets_.back().complete = true;
    in_body_ = false;
    return;
  }
  if (in_body_ || length_next_ || !header_.empty()) fail("the last packet is cut off");
}

std::size_t WalkedSource::read(std::span<char> into) {
  const std::size_t count = from_.read(into);
  if (count != 0) {
    walker_.feed({into.data(), count});
  } else if (!into.empty() && !ended_) {
    walker_.finish();
    ended_ = true;
  }
  return count;
}

void WalkedSource::rewind() {
  throw Error(Errc::internal, "a walked source was rewound");
}

void WalkedSource::drain() {
  std::vector<char> buffer(65'536);
  while (!ended_ && read(buffer) != 0) {
  }
}

bool gpg_knows_public_key(int algorithm) noexcept {
  switch (algorithm) {
    case 1:
    case 2:
    case 3:
    case 16:
    case 17:
    case 18:
    case 19:
    case 22:
      return true;
    default:
      return false;
  }
}

std::optional<SignatureHead> read_signature(std::string_view body) {
  SignatureHead head;
  if (body.empty()) return std::nullopt;
  head.version = static_cast<int>(octet(body, 0));
  if (head.version == 2 || head.version == 3) {
    if (body.size() < 17) return std::nullopt;
    head.type = static_cast<int>(octet(body, 2));
    head.created = Time(std::chrono::seconds(number(body, 3, 4)));
    head.issuer = hex(body.substr(7, 8));
    head.public_key = static_cast<int>(octet(body, 15));
    head.digest = static_cast<int>(octet(body, 16));
    return head;
  }
  if (head.version < 4 || head.version > 6) return head;
  const std::size_t count_size = head.version == 6 ? 4 : 2;
  if (body.size() < 4 + count_size) return std::nullopt;
  head.type = static_cast<int>(octet(body, 1));
  head.public_key = static_cast<int>(octet(body, 2));
  head.digest = static_cast<int>(octet(body, 3));
  std::string_view rest = body.substr(4);
  // The hashed area, then the other one: the issuer often stands there.
  for (int area = 0; area < 2; ++area) {
    if (rest.size() < count_size) return std::nullopt;
    const std::size_t size = number(rest, 0, count_size);
    rest.remove_prefix(count_size);
    if (rest.size() < size) return std::nullopt;
    std::string_view subpackets = rest.substr(0, size);
    rest.remove_prefix(size);
    while (!subpackets.empty()) {
      const unsigned first = octet(subpackets, 0);
      const std::size_t length_size = first < 192 ? 1 : first < 255 ? 2 : 5;
      if (subpackets.size() < length_size) return std::nullopt;
      const std::size_t length = length_size == 1   ? first
                                 : length_size == 2 ? ((first - 192U) << 8U) + octet(subpackets, 1) + 192U
                                                    : number(subpackets, 1, 4);
      subpackets.remove_prefix(length_size);
      if (length == 0 || length > subpackets.size()) return std::nullopt;
      const std::string_view content = subpackets.substr(1, length - 1);
      const unsigned kind = octet(subpackets, 0) & 0x7FU;
      subpackets.remove_prefix(length);
      if (kind == 2 && area == 0 && content.size() == 4)
        head.created = Time(std::chrono::seconds(number(content, 0, 4)));
      if (kind == 16 && content.size() == 8 && head.issuer.empty()) head.issuer = hex(content);
      if (kind == 33 && content.size() > 1) head.issuer = hex(content.substr(1));
    }
  }
  return head;
}

SessionKeyHead read_session_key(const Packet& packet) {
  SessionKeyHead head;
  const std::string_view body = packet.body;
  head.passphrase = packet.tag == tag::kSkesk;
  if (body.empty()) {
    head.unsupported = "an empty session-key packet";
    return head;
  }
  head.version = static_cast<int>(octet(body, 0));
  const std::string version = std::to_string(head.version);
  if (head.passphrase) {
    if (head.version != 4 && head.version != 5) {
      head.unsupported = "a passphrase packet of version " + version + " (RFC 9580)";
    } else {
      const std::size_t at = head.version == 5 ? 3 : 2;
      const unsigned method = body.size() > at ? octet(body, at) : 0;
      if (method == 4) head.unsupported = "a passphrase stretched by Argon2 (RFC 9580)";
    }
    return head;
  }
  if (head.version == 3 || head.version == 2) {
    if (body.size() >= 10) {
      head.recipient = hex(body.substr(1, 8));
      head.algorithm = static_cast<int>(octet(body, 9));
    }
    if (!gpg_knows_public_key(head.algorithm)) {
      head.unsupported = "public-key algorithm " + std::to_string(head.algorithm) + " (RFC 9580)";
    }
    return head;
  }
  head.unsupported = "a session-key packet of version " + version + " (RFC 9580)";
  if (head.version == 6 && body.size() > 2) {
    const std::size_t size = octet(body, 1);
    if (size > 1 && body.size() > 2 + size) {
      head.recipient = hex(body.substr(3, size - 1));
      head.algorithm = static_cast<int>(octet(body, 2 + size));
    }
  }
  return head;
}

std::string write_packet(int packet_tag, std::string_view body) {
  std::string result(1, static_cast<char>(0xC0 | packet_tag));
  const auto push = [&](std::size_t value) { result.push_back(static_cast<char>(value & 0xFFU)); };
  if (body.size() < 192) {
    push(body.size());
  } else if (body.size() < 8384) {
    push(((body.size() - 192) >> 8U) + 192);
    push(body.size() - 192);
  } else {
    push(255);
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      push(body.size() >> shift);
  }
  result.append(body);
  return result;
}

}  // namespace mimeseal::pgp
