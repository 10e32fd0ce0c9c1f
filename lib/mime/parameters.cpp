// SPDX-License-Identifier: MIT
// Content-Type and Content-Disposition values: RFC 2045 section 5.1, RFC 2231, and what senders make of them.
#include "mime/parameters.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "mime/charset.h"
#include "mime/encoded_word.h"
#include "mime/lexer.h"
#include "mimeseal/core/text.h"

namespace mimeseal {

namespace mime {

namespace {

constexpr std::size_t kMaxParameters = 1000;
constexpr std::size_t kMaxProblems = 20;

/// One parameter as written: "name*2*" is base "name", section 2, extended.
struct Piece {
  std::optional<std::uint32_t> section;
  bool extended = false;
  std::string value;
};

struct Collected {
  std::string name;
  std::vector<Piece> pieces;
};

/// Values that steer how the message is read: of these every form must be the same to every reader.
[[nodiscard]] bool steers(std::string_view name) noexcept {
  return name != "filename" && name != "name";
}

class Parser {
 public:
  Parser(std::string_view raw, std::string* boundary) : lexer_(raw), boundary_(boundary) {}

  ParameterizedValue parse();

 private:
  void problem(std::string_view code, std::string_view what) {
    if (result_.problems.size() < kMaxProblems) result_.problems.push_back(std::string(code) + ": " + visible(what));
  }
  void read_value();
  void read_parameter();
  [[nodiscard]] std::string read_parameter_value(std::string_view name);
  void skip_to_semicolon(std::string_view what);
  void collect(std::string_view written_name, std::string value);
  void finish(Collected& collected);
  [[nodiscard]] std::string join_sections(std::string_view name, std::vector<Piece> sections);
  [[nodiscard]] std::string percent_decoded(std::string_view name, std::string_view text);
  [[nodiscard]] std::string in_charset(std::string_view name, std::string_view octets, std::string_view charset);
  [[nodiscard]] std::string take_charset(std::string_view name, std::string* value);

  Lexer lexer_;
  std::string* boundary_;
  ParameterizedValue result_;
  std::vector<Collected> parameters_;
  std::unordered_map<std::string, std::size_t> places_;
  CharsetReader charsets_;
};

ParameterizedValue Parser::parse() {
  read_value();
  std::size_t count = 0;
  while (!lexer_.done()) {
    lexer_.skip_blanks_and_comments();
    if (lexer_.take(';')) continue;
    if (lexer_.done()) break;
    if (++count > kMaxParameters) {
      problem("ambiguous-parameter", "more than 1000 parameters; the rest is left out");
      break;
    }
    read_parameter();
  }
  if (lexer_.unterminated()) problem("ambiguous-parameter", "a quoted string or comment without an end");
  for (Collected& collected : parameters_)
    finish(collected);
  return std::move(result_);
}

void Parser::read_value() {
  lexer_.skip_blanks_and_comments();
  std::string value(lexer_.while_true(is_token_char));
  if (value.empty()) {
    skip_to_semicolon("there is no value");
    return;
  }
  lexer_.skip_blanks_and_comments();
  if (lexer_.take('/')) {
    lexer_.skip_blanks_and_comments();
    const std::string_view subtype = lexer_.while_true(is_token_char);
    value = subtype.empty() ? "" : value + "/" + std::string(subtype);
    lexer_.skip_blanks_and_comments();
  }
  if (!lexer_.done() && lexer_.peek() != ';') skip_to_semicolon("text after the value");
  result_.value = ascii_lower(value);
}

void Parser::skip_to_semicolon(std::string_view what) {
  problem("ambiguous-parameter", what);
  // A semicolon within quotes is none.
  while (!lexer_.done() && lexer_.peek() != ';') {
    if (lexer_.peek() == '"') {
      (void)lexer_.quoted_string();
    } else {
      lexer_.advance();
    }
  }
}

void Parser::read_parameter() {
  const std::string name = ascii_lower(lexer_.while_true(is_token_char));
  lexer_.skip_blanks_and_comments();
  if (name.empty() || !lexer_.take('=')) {
    skip_to_semicolon(name.empty() ? "a parameter without a name" : "a parameter without a value: " + name);
    return;
  }
  collect(name, read_parameter_value(name));
}

std::string Parser::read_parameter_value(std::string_view name) {
  lexer_.skip_blanks_and_comments();
  std::string value;
  if (lexer_.peek() == '"') {
    value = lexer_.quoted_string();
    if (lexer_.odd_escape() && steers(name))
      problem("ambiguous-parameter", "a needless backslash in " + std::string(name));
    lexer_.skip_blanks_and_comments();
    if (!lexer_.done() && lexer_.peek() != ';')
      skip_to_semicolon("text after the quoted value of " + std::string(name));
    return value;
  }
  // Many senders forget the quotes around "=", "/", ":", "?"; what they mean is clear as long as there is no blank.
  const std::size_t begin = lexer_.position();
  value = lexer_.while_true([](char c) { return c != ';' && !is_blank_or_line_end(c); });
  if (value.empty()) problem("ambiguous-parameter", "no value for " + std::string(name));
  if (value.find_first_of("()<>@,\\\"") != std::string::npos) {
    problem("ambiguous-parameter", "unquoted special characters in " + std::string(name));
  }
  lexer_.skip_blanks_and_comments();
  if (!lexer_.done() && lexer_.peek() != ';') {
    // filename=my report.pdf
    skip_to_semicolon("blanks in the unquoted value of " + std::string(name));
    if (!steers(name)) value = trim(unfold(lexer_.from(begin)));
  }
  return value;
}

void Parser::collect(std::string_view written_name, std::string value) {
  std::string_view base = written_name;
  Piece piece;
  piece.value = std::move(value);
  if (base.ends_with('*')) {
    piece.extended = true;
    base.remove_suffix(1);
  }
  if (const std::size_t star = base.rfind('*'); star != std::string_view::npos) {
    const std::string_view digits = base.substr(star + 1);
    const bool plain = !digits.empty() && digits.size() <= 4 && std::all_of(digits.begin(), digits.end(), is_digit) &&
                       (digits.size() == 1 || digits.front() != '0');
    if (plain) {
      std::uint32_t number = 0;
      for (const char c : digits)
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
      piece.section = number;
      base = base.substr(0, star);
    } else {
      problem("ambiguous-parameter", "a badly numbered section: " + std::string(written_name));
      return;
    }
  }
  const auto [place, is_new] = places_.try_emplace(std::string(base), parameters_.size());
  if (is_new) parameters_.push_back({std::string(base), {}});
  parameters_[place->second].pieces.push_back(std::move(piece));
}

void Parser::finish(Collected& collected) {
  const std::string& name = collected.name;
  const Piece* plain = nullptr;
  const Piece* extended = nullptr;
  std::vector<Piece> sections;
  for (Piece& piece : collected.pieces) {
    if (piece.section) {
      sections.push_back(std::move(piece));
      continue;
    }
    const Piece*& slot = piece.extended ? extended : plain;
    if (slot != nullptr) problem("duplicate-parameter", name);
    if (slot == nullptr) slot = &piece;
  }
  const int forms = (plain != nullptr ? 1 : 0) + (extended != nullptr ? 1 : 0) + (sections.empty() ? 0 : 1);
  // A plain file name beside an extended one is a courtesy to old readers.
  if (forms > 1 && (steers(name) || (extended != nullptr && !sections.empty()))) problem("duplicate-parameter", name);

  std::string value;
  if (extended != nullptr) {
    std::string text = extended->value;
    const std::string charset = take_charset(name, &text);
    value = in_charset(name, percent_decoded(name, text), charset);
  } else if (!sections.empty()) {
    value = join_sections(name, std::move(sections));
  } else if (plain != nullptr) {
    value = plain->value;
    if (name == "boundary") {
      if (boundary_ != nullptr) *boundary_ = value;
    } else if (value.find("=?") != std::string::npos) {
      value = decode_text(value).utf8;
    }
    if (!is_utf8(value)) {
      problem("invalid-utf8", "parameter " + name);
      value = to_valid_utf8(value);
    }
  }
  if (name == "boundary" && plain == nullptr && boundary_ != nullptr) *boundary_ = value;
  result_.parameters.emplace_back(name, std::move(value));
}

/// RFC 2231, sections 3 and 4.1: sections in their numbers' order; the first one names the charset.
std::string Parser::join_sections(std::string_view name, std::vector<Piece> sections) {
  std::stable_sort(sections.begin(), sections.end(),
                   [](const Piece& a, const Piece& b) { return a.section.value_or(0) < b.section.value_or(0); });
  std::string charset;
  std::string value;
  std::string octets;  // extended sections on end: characters may be cut between them
  std::uint32_t expected = 0;
  for (Piece& piece : sections) {
    const std::uint32_t number = piece.section.value_or(0);
    if (number < expected) {
      problem("duplicate-parameter", std::string(name) + "*" + std::to_string(number));
      continue;
    }
    if (number > expected) {
      problem("ambiguous-parameter", std::string(name) + " lacks section " + std::to_string(expected));
      break;
    }
    if (expected++ == 0 && piece.extended) charset = take_charset(name, &piece.value);
    if (piece.extended) {
      octets += percent_decoded(name, piece.value);
    } else {
      value += in_charset(name, octets, charset) + to_valid_utf8(piece.value);
      octets.clear();
    }
  }
  return value + in_charset(name, octets, charset);
}

/// Takes "charset'language'" off the value's front.
std::string Parser::take_charset(std::string_view name, std::string* value) {
  const std::size_t first = value->find('\'');
  const std::size_t second = first == std::string::npos ? first : value->find('\'', first + 1);
  if (second == std::string::npos) {
    problem("ambiguous-parameter", "no charset in the extended value of " + std::string(name));
    return "utf-8";
  }
  std::string charset = value->substr(0, first);
  value->erase(0, second + 1);
  return charset;
}

std::string Parser::percent_decoded(std::string_view name, std::string_view text) {
  std::string octets;
  octets.reserve(text.size());
  bool bad = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      octets += text[i];
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      octets += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      octets += '%';
      bad = true;
    }
  }
  if (bad) problem("ambiguous-parameter", "a bare % in the extended value of " + std::string(name));
  return octets;
}

std::string Parser::in_charset(std::string_view name, std::string_view octets, std::string_view charset) {
  if (octets.empty()) return {};
  if (charset.empty()) charset = "us-ascii";
  std::optional<Converted> converted = charsets_.to_utf8(octets, charset);
  if (!converted) {
    problem("unknown-charset", "parameter " + std::string(name) + " in " + std::string(charset));
    return to_valid_utf8(octets);
  }
  if (converted->ill_formed || converted->cut_short) problem("invalid-charset", "parameter " + std::string(name));
  return std::move(converted->utf8);
}

}  // namespace

ParameterizedValue parse_with_boundary(std::string_view raw, std::string* boundary) {
  return Parser(raw, boundary).parse();
}

}  // namespace mime

ParameterizedValue parse_parameterized(std::string_view raw) {
  return mime::parse_with_boundary(raw, nullptr);
}

const std::string* ParameterizedValue::find(std::string_view name) const noexcept {
  for (const auto& [key, value_of_key] : parameters) {
    if (iequals(key, name)) return &value_of_key;
  }
  return nullptr;
}

void ParameterizedValue::set(std::string name, std::string new_value) {
  name = ascii_lower(name);
  for (auto& [key, value_of_key] : parameters) {
    if (key == name) {
      value_of_key = std::move(new_value);
      return;
    }
  }
  parameters.emplace_back(std::move(name), std::move(new_value));
}

void ParameterizedValue::erase(std::string_view name) {
  std::erase_if(parameters, [&](const auto& parameter) { return iequals(parameter.first, name); });
}

}  // namespace mimeseal
