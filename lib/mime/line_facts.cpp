// SPDX-License-Identifier: MIT
#include "mime/line_facts.h"

#include <algorithm>
#include <cstring>

namespace mimeseal::mime {

void LineFacts::look_at(std::string_view octets) noexcept {
  if (octets.empty()) return;
  if (!nul && std::memchr(octets.data(), 0, octets.size()) != nullptr) nul = true;
  // Blocks of a known length, so that the compiler compares many octets at once.
  constexpr std::size_t kBlock = 128;
  std::size_t at = 0;
  for (; at + kBlock <= octets.size(); at += kBlock) {
    std::uint8_t in_block = 0;
    for (std::size_t i = 0; i < kBlock; ++i)
      in_block = static_cast<std::uint8_t>(in_block + (octets[at + i] == '\r' ? 1 : 0));
    cr += in_block;
  }
  octets.remove_prefix(at);
  cr += static_cast<std::uint64_t>(std::count(octets.begin(), octets.end(), '\r'));
}

}  // namespace mimeseal::mime
