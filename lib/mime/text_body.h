// SPDX-License-Identifier: MIT
#pragma once

// Texts as bodies that every relay leaves alone: 7bit where that is safe, else quoted-printable or base64.

#include <cstdint>
#include <string>
#include <string_view>

#include "mimeseal/core/rope.h"

namespace mimeseal::mime {

struct EncodedBody {
  std::string_view transfer_encoding;  ///< "7bit", "quoted-printable", "base64"
  Rope body;
  bool ascii = false;  ///< of the text itself
};

/// A text with LF or CRLF line ends as a body with CRLF; a last line without its end gets one. Not 7bit when a line is
/// longer than 998 octets, ends in a blank, begins with "From " (RFC 3156, section 5), or could be a boundary of ours.
/// Throws Error(usage) for ill-formed UTF-8.
[[nodiscard]] EncodedBody encode_text(std::string_view utf8);

/// Octets in quoted-printable (RFC 2045, section 6.7), CRLF being a line end. Lines of at most 76 octets; neither
/// "From " nor "." at the start of one.
[[nodiscard]] std::string quoted_printable(std::string_view octets);

/// How a body that is there already stands against what the wire allows.
struct WireFacts {
  bool eight_bit = false;  ///< octets over 127, or NUL
  bool long_line = false;  ///< over 998 octets
  bool bare_cr = false;
  bool bare_lf = false;
  [[nodiscard]] bool needs_encoding() const noexcept { return eight_bit || long_line || bare_cr; }
  WireFacts& operator|=(const WireFacts& other) noexcept {
    eight_bit = eight_bit || other.eight_bit;
    long_line = long_line || other.long_line;
    bare_cr = bare_cr || other.bare_cr;
    bare_lf = bare_lf || other.bare_lf;
    return *this;
  }
};
/// One pass, in constant memory.
[[nodiscard]] WireFacts examine(Source& octets);
/// Whether a line ends in a blank or begins with "From ", which does not survive every way (RFC 3156, sections 3 and
/// 5). One pass, in constant memory.
[[nodiscard]] bool has_fragile_line(Source& octets);
/// `from` with CRLF in place of each bare LF.
void normalize_lines(Source& from, Sink& to);

/// What every boundary of ours begins with, dashes included. Neither quoted-printable nor base64 can hold it.
inline constexpr std::string_view kBoundaryMark = "--=_";

}  // namespace mimeseal::mime
