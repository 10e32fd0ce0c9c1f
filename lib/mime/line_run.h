// SPDX-License-Identifier: MIT
#pragma once

/// Many lines at once by vector instructions, where the processor has them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mime/line_facts.h"

namespace mimeseal::mime {

/// Passes over whole lines from the beginning of `text`, which is the beginning of a line; with `stop_at_dash` up to
/// one that begins with "-". What they hold is added to *facts, also what LineFacts::look_at() would count; *line_end
/// is the length of the last line's end. Gives the octets passed over, and may stop earlier than need be, also at once.
[[nodiscard]] std::size_t pass_lines(std::string_view text, bool stop_at_dash, LineFacts* facts,
                                     std::uint64_t* line_end) noexcept;

}  // namespace mimeseal::mime
