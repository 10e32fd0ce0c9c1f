// SPDX-License-Identifier: MIT
#pragma once

// Writing header fields: folding (RFC 5322, section 2.2.3) and encoded words (RFC 2047).

#include <cstddef>
#include <string>
#include <string_view>

#include "mimeseal/mime/header.h"

namespace mimeseal::mime {

/// Throws Error(usage) when `name` is no field name (RFC 5322, section 3.6.8), or `value` holds CR, LF or NUL.
void check_field(std::string_view name, std::string_view value);

/// Whether raw octets after a colon stay one field: no NUL, and CR and LF only together and before a blank.
[[nodiscard]] bool is_one_field(std::string_view raw) noexcept;
/// Whether a field can go as it stands: one field, 7bit, no line over 998 octets.
[[nodiscard]] bool fits_wire(const HeaderField& field) noexcept;
/// A field that does not, written anew: decoded, harmful octets made blanks, encoded. Throws Error(malformed).
[[nodiscard]] HeaderField rewritten(const HeaderField& field);

/// Without the blanks at the ends of its lines, which mean nothing there and which relays may remove.
[[nodiscard]] HeaderField without_line_end_blanks(const HeaderField& field);

/// Builds what follows the colon of a field: words with the blanks before them, folded where a line would pass 78
/// octets (76 when it holds an encoded word). A fold goes before a blank, so no line ends in one.
class FieldWriter {
 public:
  explicit FieldWriter(std::string_view name) : name_(name), column_(name.size() + 1) {}

  /// `blank` is SP or HTAB, once or more; a fold may stand before it.
  void put(std::string_view blank, std::string_view word);
  /// UTF-8 text as encoded words, B or Q, whichever is shorter. `phrase`: RFC 2047, section 5 (3).
  void put_encoded(std::string_view blank, std::string_view utf8, bool phrase);

  /// The raw value. Throws Error(usage) when a line is longer than 998 octets (RFC 5322, section 2.1.1).
  [[nodiscard]] std::string take();

 private:
  void fold();
  [[nodiscard]] std::size_t limit() const noexcept;

  std::string_view name_;
  std::string raw_;
  std::size_t column_;
  bool fresh_ = false;    ///< a continuation line with nothing on it yet
  bool encoded_ = false;  ///< the line holds an encoded word
};

/// Octets of the UTF-8 sequence that starts at `at` (well-formed text).
[[nodiscard]] std::size_t sequence_length(std::string_view utf8, std::size_t at) noexcept;

}  // namespace mimeseal::mime
