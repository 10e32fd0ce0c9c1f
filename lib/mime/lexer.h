// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mimeseal::mime {

/// Reads the lexical pieces of structured header fields (RFC 5322, section 3.2) in one pass, without recursion.
/// CR and LF count as blanks, so that folded text can be read as it is.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const noexcept { return done() ? '\0' : text_[at_]; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  [[nodiscard]] std::string_view from(std::size_t begin) const noexcept { return text_.substr(begin, at_ - begin); }
  void advance() noexcept { ++at_; }
  bool take(char c) noexcept;

  /// Skips blanks and comments; true when there was any. The last comment's text is in comment().
  bool skip_blanks_and_comments();
  void skip_blanks() noexcept;
  /// A quoted-string at '"': its content with quoted pairs undone and folds unfolded.
  [[nodiscard]] std::string quoted_string();
  /// Octets up to one that `stop` holds, or the end.
  [[nodiscard]] std::string_view until_any_of(std::string_view stop) noexcept;
  /// Octets for which `accept` is true.
  template <typename Accept>
  [[nodiscard]] std::string_view while_true(Accept accept) noexcept {
    const std::size_t begin = at_;
    while (!done() && accept(text_[at_]))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  [[nodiscard]] const std::string& comment() const noexcept { return comment_; }
  /// A comment or quoted string had no end.
  [[nodiscard]] bool unterminated() const noexcept { return unterminated_; }
  /// A quoted pair hid something other than '"' or '\'.
  [[nodiscard]] bool odd_escape() const noexcept { return odd_escape_; }

 private:
  void skip_comment();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string comment_;
  bool unterminated_ = false;
  bool odd_escape_ = false;
};

[[nodiscard]] constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr bool is_blank_or_line_end(char c) noexcept {
  return is_blank(c) || c == '\r' || c == '\n';
}
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// RFC 5322 atext, and the octets of UTF-8 (RFC 6532, section 3.2).
[[nodiscard]] bool is_atext(char c) noexcept;
/// RFC 2045 token.
[[nodiscard]] bool is_token_char(char c) noexcept;
[[nodiscard]] int hex_digit(char c) noexcept;

/// Without the CR LF of folds; other CR and LF stay.
[[nodiscard]] std::string unfold(std::string_view raw);

}  // namespace mimeseal::mime
