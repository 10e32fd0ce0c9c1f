// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "mimeseal/mail/open.h"

namespace mimeseal::cli {

/// The message as a person reads it: a line of verdict, the header with what was protected, the text, the attachments,
/// and what was strange. Nothing from the message can act on the terminal.
[[nodiscard]] std::string reading_view(const Opened& opened, bool colour);

/// One line that says what the message proves.
[[nodiscard]] std::string verdict_line(const Opened& opened);

}  // namespace mimeseal::cli
