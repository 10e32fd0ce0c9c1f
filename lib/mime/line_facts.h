// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace mimeseal::mime {

/// RFC 5322, section 2.1.1: octets in a line, without its end.
inline constexpr std::uint64_t kMaxLineOctets = 998;

/// What was met in the lines of a stretch of text.
struct LineFacts {
  std::uint64_t crlf = 0;  ///< lines that end so
  std::uint64_t lf = 0;    ///< lines that end in LF alone
  std::uint64_t cr = 0;    ///< CRs in all; more than `crlf` means bare ones
  std::uint64_t longest = 0;
  bool nul = false;

  /// Counts CR and NUL in octets; lines are counted by who splits them.
  void look_at(std::string_view octets) noexcept;
  void add_line(std::uint64_t octets, bool ends_in_crlf) noexcept {
    ++(ends_in_crlf ? crlf : lf);
    if (octets > longest) longest = octets;
  }
};

}  // namespace mimeseal::mime
