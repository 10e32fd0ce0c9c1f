// SPDX-License-Identifier: MIT
#pragma once

/// Base64 by vector instructions, where the processor has them.

#include <cstddef>
#include <string_view>

namespace mimeseal::mime {

/// Octets behind the decoded ones that decode_base64_blocks() may overwrite.
inline constexpr std::size_t kBase64Slack = 32;

/// Decodes digits from the beginning of `text`, whole groups of four, as long as nothing else comes; how many digits
/// that were. It may stop earlier than need be, also at once: the rest is left to who asks. `to` has room for three
/// octets a group and kBase64Slack more.
[[nodiscard]] std::size_t decode_base64_blocks(std::string_view text, char* to) noexcept;

}  // namespace mimeseal::mime
