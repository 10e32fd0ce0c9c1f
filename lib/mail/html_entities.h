// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mimeseal::mail {

/// Reads the character reference at text[at] == '&'; appends its UTF-8 and gives its length in octets. What is no
/// reference gives
/// "&" and 1.
std::size_t append_entity(std::string_view text, std::size_t at, std::string& out);

}  // namespace mimeseal::mail
