// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "mimeseal/core/error.h"
#include "mimeseal/core/secret.h"

/// What goes to the terminal. Results go to standard output, everything else to standard error as
/// `mimeseal: error: …` and `mimeseal: hint: …`: lower case, no full stop, control characters made visible.
namespace mimeseal::cli {

void print_error(const Error& error);
void print_hint(std::string_view text);
void print_note(std::string_view text);
/// To standard output, whole; throws Error(io).
void print_result(std::string_view text);
/// Likewise JSON, as a serializer has written it: what visible() would change in its strings (controls past ASCII, bidi
/// marks) is written as \uNNNN, so that it is the same document and nothing in it acts on a terminal.
void print_json(std::string_view json);
/// Colour on standard output: only on a terminal, and not when NO_COLOR is set.
[[nodiscard]] bool use_colour();
/// Asks on the terminal, without echo. Throws Error(refused) when there is no terminal.
[[nodiscard]] SecretBytes ask_secret(const std::string& prompt);

}  // namespace mimeseal::cli
