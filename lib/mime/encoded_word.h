// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace mimeseal::mime {

/// Unstructured text with its RFC 2047 words decoded, and what was odd about it.
struct DecodedText {
  std::string utf8;
  bool bad_word = false;         ///< an encoded word was ill-formed, or held CR, LF or NUL
  bool unknown_charset = false;  ///< a word was left as it is
  bool ill_formed = false;       ///< octets outside the words are not UTF-8, or those inside not of their charset
};

[[nodiscard]] DecodedText decode_text(std::string_view text);

/// RFC 4648 without regard to junk; *clean becomes false when there was any.
[[nodiscard]] std::string decode_base64_leniently(std::string_view text, bool* clean);

}  // namespace mimeseal::mime
