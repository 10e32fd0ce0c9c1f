// SPDX-License-Identifier: MIT
#pragma once

/// Base64 by vector instructions, where the processor has them.

#include <cstddef>
#include <string_view>
#include <vector>

namespace mimeseal::mime {

/// Octets behind the decoded ones that decode_base64_blocks() may overwrite.
inline constexpr std::size_t kBase64Slack = 64;

struct Base64Blocks {
  std::size_t read = 0;     ///< octets of the text that are done with
  std::size_t written = 0;  ///< octets that they gave
};

/// Decodes digits from the beginning of `text`, whole groups of four, and passes over line ends between groups, until
/// something else comes. It may stop earlier than need be, also at once: the rest is left to who asks. `to` has room
/// for three octets a group and kBase64Slack more.
[[nodiscard]] Base64Blocks decode_base64_blocks(std::string_view text, char* to);

using Base64Decode = Base64Blocks (*)(std::string_view text, char* to) noexcept;

/// All that do so on this processor, the fastest first.
[[nodiscard]] std::vector<Base64Decode> base64_decoders_here();

}  // namespace mimeseal::mime
