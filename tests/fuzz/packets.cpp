// SPDX-License-Identifier: MIT
// OpenPGP from the outside: armour, packet framing, session keys, signatures, keys.
#include "pgp/packets.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mimeseal/core/error.h"
#include "pgp/armor.h"

using namespace mimeseal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(octets), size);
  const auto source = view_source(input);
  const auto dearmor = std::make_unique<pgp::Dearmor>(*source);
  const std::string binary = read_all(*dearmor);
  pgp::PacketWalker whole;
  whole.feed(binary);
  whole.finish();
  // The pieces that a stream comes in must make no difference.
  pgp::PacketWalker pieces;
  for (const char c : binary)
    pieces.feed({&c, 1});
  pieces.finish();
  if (whole.fault() != pieces.fault() || whole.packets().size() != pieces.packets().size()) std::abort();
  static_cast<void>(pgp::outline(whole.packets(), false));
  static_cast<void>(pgp::outline(whole.packets(), true));
  for (const pgp::Packet& packet : whole.packets()) {
    static_cast<void>(pgp::read_signature(packet.body));
    static_cast<void>(pgp::read_session_key(packet));
    static_cast<void>(pgp::address_of(packet.body));
  }
  static_cast<void>(pgp::read_foreign_keys(binary));
  static_cast<void>(pgp::keep_user_id(binary, "alice@autocrypt.example"));
  if (!binary.empty()) {
    const std::string again = pgp::armor(binary, "PGP MESSAGE");
    const auto armored = view_source(again);
    const auto back = std::make_unique<pgp::Dearmor>(*armored);
    if (read_all(*back) != binary || !back->fault().empty()) std::abort();
  }
  return 0;
}
