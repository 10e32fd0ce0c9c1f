// SPDX-License-Identifier: MIT
// What a sequence of packets is, and what its keys say: read from the outside, nothing computed.
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {
namespace {

unsigned octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_key(int t) {
  return t == tag::kPublicKey || t == tag::kSecretKey;
}
bool is_subkey(int t) {
  return t == tag::kPublicSubkey || t == tag::kSecretSubkey;
}

Outline broken(std::string why) {
  Outline result;
  result.fault = std::move(why);
  return result;
}

Outline encrypted(const std::vector<const Packet*>& packets, bool whole) {
  Outline result;
  result.shape = Shape::encrypted;
  std::size_t i = 0;
  bool readable = false;
  for (; i < packets.size() && (packets[i]->tag == tag::kPkesk || packets[i]->tag == tag::kSkesk); ++i) {
    result.session_keys.push_back(read_session_key(*packets[i]));
    readable = readable || result.session_keys.back().unsupported.empty();
  }
  if (i == packets.size()) return broken("the encrypted content is missing");
  const Packet& data = *packets[i];
  result.data_tag = data.tag;
  if (data.tag == tag::kEncrypted) {
    result.data_version = data.body.empty() ? 0 : static_cast<int>(octet(data.body, 0));
    if (result.data_version != 1) {
      result.unsupported = "encrypted data of version " + std::to_string(result.data_version) + " (AEAD of RFC 9580)";
    }
  } else if (data.tag != tag::kEncryptedOcb && data.tag != tag::kEncryptedNoMdc) {
    return broken("there is content that is not encrypted beside the session keys");
  }
  if (whole && i + 1 != packets.size()) return broken("there is something after the encrypted content");
  if (whole && !data.complete) return broken("the encrypted content is cut off");
  if (result.unsupported.empty() && !readable && !result.session_keys.empty()) {
    result.unsupported = result.session_keys.front().unsupported;
  }
  return result;
}

/// Section 10.3: signatures or one-pass signatures around one literal or compressed packet; or that packet alone.
Outline signed_message(const std::vector<const Packet*>& packets, bool whole) {
  Outline result;
  result.shape = Shape::signed_message;
  std::size_t before = 0;
  std::size_t one_pass = 0;
  int version = 0;
  for (; before < packets.size(); ++before) {
    const Packet& packet = *packets[before];
    if (packet.tag != tag::kSignature && packet.tag != tag::kOnePass) break;
    if (packet.tag == tag::kOnePass) ++one_pass;
    const int own = packet.body.empty() ? 0 : static_cast<int>(octet(packet.body, 0));
    if (own > 4 || (packet.tag == tag::kOnePass && own != 3)) version = own;
  }
  if (before == packets.size()) return broken("the signed content is missing");
  const Packet& data = *packets[before];
  result.data_tag = data.tag;
  if (data.tag != tag::kLiteral && data.tag != tag::kCompressed)
    return broken("the signed content is of an unexpected kind");
  if (before == 0 && data.tag == tag::kLiteral) result.shape = Shape::unprotected;
  if (whole) {
    const std::size_t after = packets.size() - before - 1;
    if (!data.complete) return broken("the signed content is cut off");
    if (after != one_pass) return broken("the signatures around the content do not pair");
    for (std::size_t i = before + 1; i < packets.size(); ++i) {
      if (packets[i]->tag != tag::kSignature)
        return broken("there is something else than signatures after the content");
    }
  }
  if (version != 0) result.unsupported = "a signature of version " + std::to_string(version) + " (RFC 9580)";
  return result;
}

}  // namespace

Outline outline(const std::vector<Packet>& packets, bool whole) {
  std::vector<const Packet*> relevant;
  relevant.reserve(packets.size());
  for (const Packet& packet : packets) {
    // Section 5.8: a marker means nothing; section 5.14: padding neither.
    if (packet.tag != tag::kMarker && packet.tag != tag::kPadding) relevant.push_back(&packet);
  }
  if (relevant.empty()) return broken("there is no OpenPGP packet");
  switch (relevant.front()->tag) {
    case tag::kPkesk:
    case tag::kSkesk:
    case tag::kEncrypted:
    case tag::kEncryptedOcb:
    case tag::kEncryptedNoMdc:
      return encrypted(relevant, whole);
    case tag::kSignature:
    case tag::kOnePass:
    case tag::kLiteral:
    case tag::kCompressed: {
      const bool only_signatures = std::all_of(relevant.begin(), relevant.end(),
                                               [](const Packet* packet) { return packet->tag == tag::kSignature; });
      if (!only_signatures) return signed_message(relevant, whole);
      Outline result;
      result.shape = Shape::signatures;
      return result;
    }
    case tag::kPublicKey:
    case tag::kSecretKey: {
      Outline result;
      result.shape = Shape::keys;
      return result;
    }
    default:
      return broken("there is an unexpected packet of kind " + std::to_string(relevant.front()->tag));
  }
}

std::string address_of(std::string_view user_id) {
  const std::size_t open = user_id.rfind('<');
  std::string_view address = user_id;
  if (open != std::string_view::npos) {
    const std::size_t close = user_id.find('>', open);
    if (close == std::string_view::npos) return {};
    address = user_id.substr(open + 1, close - open - 1);
  }
  address = trim(address);
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return {};
  if (address.find_first_of(" \t<>()\r\n") != std::string_view::npos) return {};
  return std::string(address);
}

std::optional<std::string> keep_user_id(std::string_view octets, std::string_view address) {
  constexpr std::size_t kMost = 4U << 20U;
  PacketWalker walker(20'000, kMost);
  walker.feed(octets);
  walker.finish();
  if (!walker.fault().empty()) return std::nullopt;
  std::string result;
  bool keep = true;
  bool found = false;
  for (const Packet& packet : walker.packets()) {
    if (packet.body.size() != packet.length) return std::nullopt;
    if (packet.tag == tag::kUserId || packet.tag == tag::kUserAttribute) {
      // One is enough, should two user ids name the same address: the first, which gpg takes for the best.
      keep = packet.tag == tag::kUserId && !found && iequals(address_of(packet.body), address);
      found = found || keep;
    } else if (is_key(packet.tag) || is_subkey(packet.tag)) {
      keep = true;
    } else if (packet.tag != tag::kSignature) {
      continue;
    }
    if (keep) result += write_packet(packet.tag, packet.body);
  }
  if (!found) return std::nullopt;
  return result;
}

std::vector<std::string> keys_for_address(std::string_view octets, std::string_view address) {
  constexpr std::size_t kMost = 4U << 20U;
  PacketWalker walker(20'000, kMost);
  walker.feed(octets);
  walker.finish();
  std::vector<std::string> result;
  if (!walker.fault().empty()) return result;
  std::string one;
  const auto done = [&] {
    if (std::optional<std::string> kept = keep_user_id(one, address)) result.push_back(std::move(*kept));
    one.clear();
  };
  for (const Packet& packet : walker.packets()) {
    if (packet.body.size() != packet.length) return {};
    if (is_key(packet.tag)) done();
    one += write_packet(packet.tag, packet.body);
  }
  done();
  return result;
}

namespace {

struct PublicKey {
  std::string fingerprint;
  std::string algorithm;
  std::optional<Time> created;
  bool can_sign = false;
  bool can_encrypt = false;
};

/// Section 5.5.2.3: version, creation time, algorithm, count of key material, material. The fingerprint
/// (section 5.5.4.3) is SHA-256 over 0x9B, a four-octet length and that.
std::optional<PublicKey> read_v6(std::string_view body) {
  constexpr std::size_t kHead = 10;
  if (body.size() < kHead) return std::nullopt;
  const auto number = [&](std::size_t at) {
    return octet(body, at) << 24U | octet(body, at + 1) << 16U | octet(body, at + 2) << 8U | octet(body, at + 3);
  };
  const std::size_t size = number(6);
  if (size > body.size() - kHead) return std::nullopt;
  const std::string_view material = body.substr(0, kHead + size);
  std::string hashed(1, static_cast<char>(0x9B));
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    hashed.push_back(static_cast<char>((material.size() >> shift) & 0xFFU));
  hashed.append(material);
  PublicKey key;
  key.fingerprint = hex(sha256(hashed));
  key.created = Time(std::chrono::seconds(number(1)));
  const unsigned algorithm = octet(body, 5);
  switch (algorithm) {
    case 1:
      key.algorithm = size >= 2 ? "RSA-" + std::to_string(octet(body, kHead) << 8U | octet(body, kHead + 1)) : "RSA";
      key.can_sign = key.can_encrypt = true;
      break;
    case 18:
      key.algorithm = "ECDH";
      key.can_encrypt = true;
      break;
    case 19:
      key.algorithm = "ECDSA";
      key.can_sign = true;
      break;
    case 25:
      key.algorithm = "X25519";
      key.can_encrypt = true;
      break;
    case 26:
      key.algorithm = "X448";
      key.can_encrypt = true;
      break;
    case 27:
      key.algorithm = "Ed25519";
      key.can_sign = true;
      break;
    case 28:
      key.algorithm = "Ed448";
      key.can_sign = true;
      break;
    default:
      key.algorithm = "algorithm " + std::to_string(algorithm);
      break;
  }
  return key;
}

}  // namespace

std::vector<KeyInfo> read_foreign_keys(std::string_view octets) {
  PacketWalker walker;
  walker.feed(octets);
  walker.finish();
  std::vector<KeyInfo> result;
  bool inside = false;
  for (const Packet& packet : walker.packets()) {
    if (is_key(packet.tag)) {
      inside = !packet.body.empty() && octet(packet.body, 0) > 4;
      if (!inside) continue;
      KeyInfo info;
      info.protocol = Protocol::pgp;
      info.origin = "version " + std::to_string(octet(packet.body, 0)) + ", which gpg cannot read";
      info.has_secret = packet.tag == tag::kSecretKey;
      if (octet(packet.body, 0) == 6) {
        if (const auto key = read_v6(packet.body)) {
          info.fingerprint = key->fingerprint;
          info.algorithm = key->algorithm;
          info.not_before = key->created;
          info.can_sign = key->can_sign;
          info.can_encrypt = key->can_encrypt;
        }
      }
      result.push_back(std::move(info));
    } else if (inside && is_subkey(packet.tag) && !packet.body.empty() && octet(packet.body, 0) == 6) {
      if (const auto key = read_v6(packet.body)) {
        result.back().can_sign = result.back().can_sign || key->can_sign;
        result.back().can_encrypt = result.back().can_encrypt || key->can_encrypt;
      }
    } else if (inside && packet.tag == tag::kUserId) {
      result.back().user_ids.push_back(to_valid_utf8(packet.body));
      if (result.back().name.empty()) result.back().name = result.back().user_ids.back();
      const std::string address = address_of(packet.body);
      if (!address.empty()) result.back().addresses.push_back(to_valid_utf8(address));
    }
  }
  return result;
}

}  // namespace mimeseal::pgp
