// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/keys.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {
namespace {

constexpr std::uint64_t kMost = 16U << 20U;
constexpr std::string_view kBlock = "-----BEGIN PGP ";

/// Each armoured block by itself, since one armour ends where the next begins; binary as it is.
std::vector<std::string_view> blocks(std::string_view octets) {
  std::vector<std::string_view> result;
  const bool binary = !octets.empty() && (static_cast<unsigned char>(octets.front()) & 0x80U) != 0;
  const auto begin_of = [&](std::size_t from) {
    for (std::size_t at = octets.find(kBlock, from); at != std::string_view::npos; at = octets.find(kBlock, at + 1)) {
      if (at == 0 || octets[at - 1] == '\n') return at;
    }
    return octets.size();
  };
  for (std::size_t at = binary ? octets.size() : begin_of(0); at < octets.size();) {
    const std::size_t next = begin_of(at + 1);
    result.push_back(octets.substr(at, next - at));
    at = next;
  }
  if (result.empty()) result.push_back(octets);
  return result;
}

bool is_secret(const Packet& packet) {
  return packet.tag == tag::kSecretKey || packet.tag == tag::kSecretSubkey;
}

}  // namespace

std::string public_packets(std::string_view octets, std::string& why) {
  std::string result;
  for (const std::string_view block : blocks(octets)) {
    const auto source = view_source(block);
    Dearmor binary(*source);
    const std::string packets = read_all(binary, kMost);
    PacketWalker walker;
    walker.feed(packets);
    walker.finish();
    const std::vector<Packet>& all = walker.packets();
    if (walker.too_many()) {
      why = "it has too many packets";
    } else if (std::any_of(all.begin(), all.end(), is_secret)) {
      why = "it holds a secret key, and only public keys are imported";
    } else if (!walker.fault().empty() || !binary.fault().empty() || outline(all, true).shape != Shape::keys) {
      why = "it holds no OpenPGP key, or something else as well";
    }
    if (!why.empty()) return {};
    result += packets;
  }
  return result;
}

std::vector<KeyInfo> read_keys(const std::string& octets) {
  if (octets.size() > kMost) throw Error(Errc::limit, "the key material is too large");
  const auto source = view_source(octets);
  const auto binary = std::make_unique<Dearmor>(*source);
  const std::string packets = read_all(*binary, kMost);
  PacketWalker walker;
  walker.feed(packets);
  walker.finish();
  if (walker.too_many()) throw Error(Errc::limit, "the key material has too many packets");
  if (!walker.fault().empty() || outline(walker.packets(), true).shape != Shape::keys) {
    throw Error(Errc::malformed, "this is no OpenPGP key");
  }
  std::vector<KeyInfo> result = read_foreign_keys(packets);
  // Listed, not imported: in a home of its own all the same, since gpg would make one for the user otherwise.
  const PrivateHome home;
  home.prepare_for_listing();
  Context context(home.path());
  context.begin([](const PassphraseRequest&) { return std::nullopt; });
  const Data data(packets);
  gpgme_error_t code = gpgme_op_keylist_from_data_start(context.get(), data.get(), 0);
  while (code == 0) {
    gpgme_key_t key = nullptr;
    code = gpgme_op_keylist_next(context.get(), &key);
    if (code != 0) break;
    const KeyRef owned = own(key);
    if (key->fpr != nullptr) result.push_back(key_info(*key, "key material"));
  }
  gpgme_op_keylist_end(context.get());
  if (result.empty()) throw Error(Errc::malformed, "there is no key in it that gpg can read");
  return result;
}

}  // namespace mimeseal::pgp
