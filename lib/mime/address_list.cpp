// SPDX-License-Identifier: MIT
// Address lists: RFC 5322 section 3.4 with the obsolete forms of section 4.4, RFC 6532, RFC 6854.
#include <algorithm>
#include <span>

#include "mime/addr_spec.h"
#include "mime/encoded_word.h"
#include "mime/lexer.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/mailbox.h"

namespace mimeseal {

namespace {

using mime::Lexer;

constexpr std::size_t kMaxProblems = 20;

struct Token {
  enum class Kind { atom, quoted, literal, special, junk } kind;
  std::string text;     ///< of a quoted string: its content
  bool spaced = false;  ///< blanks or comments stand before it

  [[nodiscard]] bool is(char c) const noexcept { return kind == Kind::special && text.front() == c; }
};

using Tokens = std::span<const Token>;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), lexer_(text) {}
  AddressList read();

 private:
  void problem(std::string_view what) {
    if (list_.problems.size() < kMaxProblems) list_.problems.push_back(visible(what));
  }
  [[nodiscard]] Token next();
  [[nodiscard]] std::string_view encoded_word();
  void begin_group();
  void end_element();
  void read_element(Tokens tokens);
  void add(std::string name, Tokens tokens);
  [[nodiscard]] std::string phrase(Tokens tokens);

  std::string_view text_;
  Lexer lexer_;
  AddressList list_;
  std::vector<Token> element_;
  std::string comment_;  ///< the element's last comment
  bool in_group_ = false;
};

AddressList Reader::read() {
  bool in_angle = false;
  for (;;) {
    const std::size_t before = lexer_.position();
    const bool spaced = lexer_.skip_blanks_and_comments();
    if (lexer_.from(before).find('(') != std::string_view::npos) comment_ = lexer_.comment();
    if (lexer_.done()) break;
    Token token = next();
    token.spaced = spaced;
    if (token.is('<')) in_angle = true;
    if (token.is('>')) in_angle = false;
    if (!in_angle && (token.is(',') || token.is(';'))) {
      if (token.is(';') && !in_group_) problem("a semicolon outside a group");
      end_element();
      if (token.is(';')) in_group_ = false;
    } else if (!in_angle && token.is(':') && !in_group_) {
      begin_group();
    } else {
      element_.push_back(std::move(token));
    }
  }
  end_element();
  if (in_group_) problem("a group without an end");
  if (lexer_.unterminated()) problem("a quoted string or comment without an end");
  return std::move(list_);
}

Token Reader::next() {
  if (const std::string_view word = encoded_word(); !word.empty()) {
    // RFC 2047, section 5 (3): not in a word within a phrase. Another reader sees the address that they make.
    if (word.find_first_of("<>@,;:\"()\\[]") != std::string_view::npos)
      problem("special characters in an encoded word");
    return {Token::Kind::atom, std::string(word)};
  }
  const std::size_t begin = lexer_.position();
  const char c = lexer_.peek();
  if (c == '"') return {Token::Kind::quoted, lexer_.quoted_string()};
  if (c == '[') {
    std::string literal(lexer_.until_any_of("]\r\n"));
    if (lexer_.take(']')) literal += ']';
    return {Token::Kind::literal, std::move(literal)};
  }
  if (mime::is_atext(c)) {
    return {Token::Kind::atom, std::string(lexer_.while_true(mime::is_atext))};
  }
  lexer_.advance();
  const bool special = c != '\0' && std::string_view("<>@,;:.").find(c) != std::string_view::npos;
  return {special ? Token::Kind::special : Token::Kind::junk, std::string(lexer_.from(begin))};
}

/// "=?charset?q?text?=" at this place: its text may hold what else ends a token.
std::string_view Reader::encoded_word() {
  const std::string_view rest = text_.substr(lexer_.position());
  if (!rest.starts_with("=?")) return {};
  std::size_t end = 2;
  for (int marks = 0; end < rest.size() && marks < 3; ++end) {
    if (mime::is_blank_or_line_end(rest[end])) return {};
    if (rest[end] == '?') ++marks;
  }
  if (end >= rest.size() || rest[end] != '=') return {};
  ++end;
  for (std::size_t i = 0; i < end; ++i)
    lexer_.advance();
  return rest.substr(0, end);
}

void Reader::begin_group() {
  std::string name = phrase(element_);
  if (std::any_of(element_.begin(), element_.end(), [](const Token& t) { return t.is('@') || t.is('<'); })) {
    problem("an address before a colon: " + name);
  }
  list_.groups.push_back(std::move(name));
  element_.clear();
  comment_.clear();
  in_group_ = true;
}

void Reader::end_element() {
  if (!element_.empty()) read_element(element_);
  element_.clear();
  comment_.clear();
}

void Reader::read_element(Tokens tokens) {
  const auto open = std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.is('<'); });
  if (open == tokens.end()) {
    add(mime::decode_text(trim(comment_)).utf8, tokens);
    return;
  }
  const auto phrase_size = static_cast<std::size_t>(open - tokens.begin());
  const Tokens before = tokens.first(phrase_size);
  Tokens after = tokens.subspan(phrase_size + 1);
  const auto close = std::find_if(after.begin(), after.end(), [](const Token& t) { return t.is('>'); });
  if (close == after.end()) {
    problem("'<' without '>'");
    return;
  }
  const auto address_size = static_cast<std::size_t>(close - after.begin());
  Tokens address = after.first(address_size);
  if (address_size + 1 < after.size()) problem("text or a further address after '>'");

  // An obsolete route: <@a,@b:user@domain>
  if (!address.empty() && address.front().is('@')) {
    const auto colon = std::find_if(address.begin(), address.end(), [](const Token& t) { return t.is(':'); });
    if (colon != address.end()) address = address.subspan(static_cast<std::size_t>(colon - address.begin()) + 1);
  }
  std::string name = before.empty() ? mime::decode_text(trim(comment_)).utf8 : phrase(before);
  const std::size_t count = list_.mailboxes.size();
  add(name, address);
  const bool holds_at = std::any_of(before.begin(), before.end(), [](const Token& t) { return t.is('@'); });
  if (holds_at && (list_.mailboxes.size() == count || !same_address(name, list_.mailboxes.back().address()))) {
    problem("an unquoted address before '<': " + name);
  }
}

/// Words and dots before '@', a domain after it.
void Reader::add(std::string name, Tokens tokens) {
  std::string shown;
  for (const Token& token : tokens)
    shown += (token.spaced ? " " : "") + token.text;
  const auto at = std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.is('@'); });
  if (at == tokens.end()) {
    problem("no address in \"" + shown + "\"");
    return;
  }
  const auto local_size = static_cast<std::size_t>(at - tokens.begin());
  std::string local;
  bool well_formed = local_size > 0;
  bool word_before = false;
  for (const Token& token : tokens.first(local_size)) {
    const bool word = token.kind == Token::Kind::atom || token.kind == Token::Kind::quoted;
    if ((word && word_before) || (!word && !token.is('.'))) well_formed = false;
    word_before = word;
    local += token.text;
  }
  const bool one_quoted = local_size == 1 && tokens.front().kind == Token::Kind::quoted;
  std::string spec = mime::quoted_local_part(local);
  if (one_quoted && !spec.starts_with('"')) spec = "\"" + spec + "\"";
  spec += '@';
  bool label_before = false;
  for (const Token& token : tokens.subspan(local_size + 1)) {
    const bool label = token.kind == Token::Kind::atom || token.kind == Token::Kind::literal;
    if ((label && label_before) || (!label && !token.is('.'))) well_formed = false;
    label_before = label;
    spec += token.text;
  }
  if (has_crlf_or_nul(name)) {
    problem("control characters in a name");
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  }
  std::optional<Mailbox> mailbox = well_formed ? Mailbox::make(std::move(name), spec) : std::nullopt;
  if (mailbox) {
    list_.mailboxes.push_back(std::move(*mailbox));
  } else {
    problem("no readable address in \"" + shown + "\"");
  }
}

std::string Reader::phrase(Tokens tokens) {
  std::string text;
  for (const Token& token : tokens) {
    if (token.spaced && !text.empty()) text += ' ';
    text += token.text;
  }
  return std::string(trim(mime::decode_text(text).utf8));
}

}  // namespace

AddressList parse_address_list(std::string_view text) {
  return Reader(text).read();
}

}  // namespace mimeseal
