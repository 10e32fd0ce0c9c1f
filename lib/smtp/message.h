// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mimeseal/core/source.h"

namespace mimeseal::smtp {

constexpr std::size_t kMaxTextLine = 998;  // RFC 5321, section 4.5.3.1.6, without CRLF

/// What a transaction has to know of a message before it begins.
struct MessageFacts {
  std::uint64_t size = 0;
  std::uint64_t longest_line = 0;  ///< without its CRLF
  bool eight_bit = false;
  bool eight_bit_header = false;
  friend bool operator==(const MessageFacts&, const MessageFacts&) = default;
};

/// Reads the message once. Throws Error(malformed) naming the octet when a line does not end in CRLF, or holds NUL.
[[nodiscard]] MessageFacts examine(Source& message);

/// Doubles dots at the beginning of lines (RFC 5321, section 4.5.2), over pieces cut anywhere.
class DotStuffer {
 public:
  void stuff(std::string_view octets, std::string& out);
  /// The end of the content: a line end when the last line has none, and the final dot.
  void finish(std::string& out);

 private:
  char last_ = '\n';  // the message begins at the beginning of a line
  bool any_ = false;
};

}  // namespace mimeseal::smtp
