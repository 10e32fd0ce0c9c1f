// SPDX-License-Identifier: MIT
#pragma once

#include <iconv.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mimeseal::mime {

/// Octets of some charset as UTF-8.
struct Converted {
  std::string utf8;         ///< ill-formed octets as U+FFFD
  bool ill_formed = false;  ///< there were some
  bool cut_short = false;   ///< a character that begins at the end is not whole (U+FFFD stands for it)
};

/// Whether readers that do not know the charset see other ASCII text than those that do, through more than its few
/// escapes: UTF-7, and the wide forms of Unicode, which RFC 2781 section 3 keeps out of text parts.
[[nodiscard]] bool hides_ascii(std::string_view charset);

/// Converts from the charsets of mail to UTF-8. Keeps the converters it opened: many short texts are cheap.
class CharsetReader {
 public:
  CharsetReader() = default;
  CharsetReader(const CharsetReader&) = delete;
  CharsetReader& operator=(const CharsetReader&) = delete;
  ~CharsetReader();

  /// Nothing for a charset that is not on the list.
  [[nodiscard]] std::optional<Converted> to_utf8(std::string_view octets, std::string_view charset);

 private:
  [[nodiscard]] iconv_t converter(std::string_view iconv_name);

  std::vector<std::pair<std::string_view, iconv_t>> open_;
};

}  // namespace mimeseal::mime
