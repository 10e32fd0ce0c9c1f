// SPDX-License-Identifier: MIT
#include "mime/lexer.h"

namespace mimeseal::mime {

bool Lexer::take(char c) noexcept {
  if (done() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void Lexer::skip_blanks() noexcept {
  while (!done() && is_blank_or_line_end(text_[at_]))
    ++at_;
}

bool Lexer::skip_blanks_and_comments() {
  const std::size_t begin = at_;
  for (;;) {
    skip_blanks();
    if (peek() != '(') return at_ != begin;
    skip_comment();
  }
}

void Lexer::skip_comment() {
  comment_.clear();
  std::size_t depth = 0;
  while (!done()) {
    const char c = text_[at_++];
    if (c == '\\' && !done()) {
      comment_ += text_[at_++];
      continue;
    }
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) return;
    if (c != '\r' && c != '\n') comment_ += c;
  }
  unterminated_ = true;
}

std::string Lexer::quoted_string() {
  std::string content;
  ++at_;
  while (!done()) {
    const char c = text_[at_++];
    if (c == '"') return content;
    if (c == '\\' && !done()) {
      const char escaped = text_[at_++];
      if (escaped != '"' && escaped != '\\') odd_escape_ = true;
      content += escaped;
    } else if (c == '\r' && peek() == '\n') {
      ++at_;  // a fold: the blank after it stays
    } else if (c != '\n') {
      content += c;
    }
  }
  unterminated_ = true;
  return content;
}

std::string_view Lexer::until_any_of(std::string_view stop) noexcept {
  return while_true([stop](char c) { return stop.find(c) == std::string_view::npos; });
}

bool is_atext(char c) noexcept {
  if (is_alpha(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) return true;
  return c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_token_char(char c) noexcept {
  return c > ' ' && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string unfold(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::size_t line_end = raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n' ? 2
                                 : raw[i] == '\n'                                           ? 1
                                                                                            : 0;
    const std::size_t next = i + line_end;
    if (line_end != 0 && (next == raw.size() || is_blank(raw[next]))) {
      i += line_end - 1;
    } else {
      text += raw[i];
    }
  }
  return text;
}

}  // namespace mimeseal::mime
