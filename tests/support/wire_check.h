// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace mimeseal::test {

/// What is wrong with these octets as a composed message: anything but CRLF line ends, 7bit octets and lines of at most
/// 998, header lines that could be folded at 78 and are not, lines with an encoded word over 76, blanks at a line's
/// end, "From " at its start. Empty: nothing.
std::string wire_faults(std::string_view message);

/// The same for a header alone ("Name: value\r\n…").
std::string header_faults(std::string_view header);

}  // namespace mimeseal::test
