// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mimeseal::mime {

inline constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each octet shifted to its place in a group of four, or kNotBase64.
inline constexpr std::uint32_t kNotBase64 = 0x0100'0000;
using Base64Table = std::array<std::uint32_t, 256>;

[[nodiscard]] constexpr Base64Table make_base64_table(unsigned shift) noexcept {
  Base64Table table{};
  table.fill(kNotBase64);
  for (std::size_t i = 0; i < kBase64Alphabet.size(); ++i) {
    table[static_cast<unsigned char>(kBase64Alphabet[i])] = static_cast<std::uint32_t>(i) << shift;
  }
  return table;
}

inline constexpr std::array<Base64Table, 4> kBase64Tables = {make_base64_table(18), make_base64_table(12),
                                                             make_base64_table(6), make_base64_table(0)};

[[nodiscard]] constexpr int base64_value(char c) noexcept {
  const std::uint32_t value = kBase64Tables[3][static_cast<unsigned char>(c)];
  return value == kNotBase64 ? -1 : static_cast<int>(value);
}

}  // namespace mimeseal::mime
