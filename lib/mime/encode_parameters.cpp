// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {
namespace {

constexpr std::size_t kRoom = 76;  // of a line with its blank and semicolon

enum Class : unsigned char { kToken = 1, kAttribute = 2, kPrintable = 4 };

/// What an octet may stand in: a token (RFC 2045, section 5.1); a parameter's name or an extended value, unencoded
/// (attribute-char of RFC 2231, section 7); a quoted string.
constexpr std::array<unsigned char, 256> kClasses = [] {
  constexpr std::string_view kSpecials = "()<>@,;:\\\"/[]?=";
  constexpr std::string_view kExtended = "*'%";
  std::array<unsigned char, 256> classes{};
  for (unsigned c = 32; c < 127; ++c) {
    classes[c] = kPrintable;
    if (c == 32 || kSpecials.find(static_cast<char>(c)) != std::string_view::npos) continue;
    classes[c] |= kToken;
    if (kExtended.find(static_cast<char>(c)) == std::string_view::npos) classes[c] |= kAttribute;
  }
  return classes;
}();

bool all_of_class(std::string_view text, Class wanted) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; });
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && all_of_class(text, kToken);
}

bool is_attribute_char(char c) noexcept {
  return (kClasses[static_cast<unsigned char>(c)] & kAttribute) != 0;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

/// Parameters that programs look for by their plain name: many read no continuations there, so they are never cut.
bool is_for_programs(std::string_view name) noexcept {
  return !iequals(name, "filename") && !iequals(name, "name");
}

std::string percent_encoded(std::string_view character) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : character) {
    if (is_attribute_char(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[octet >> 4U];
      out += kDigits[octet & 15U];
    }
  }
  return out;
}

/// The value in pieces that each fit on a line. Extended pieces hold whole characters.
std::vector<std::string> pieces_of(std::string_view value, bool extended, std::size_t room) {
  std::vector<std::string> pieces(1);
  const std::string_view start = "utf-8''";
  if (extended) pieces.back() = start;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t n = mime::sequence_length(value, at);
    const std::string_view character = value.substr(at, n);
    const std::string text = extended ? percent_encoded(character)
                                      : (character == "\"" || character == "\\" ? "\\" : "") + std::string(character);
    if (pieces.back().size() + text.size() > room) pieces.emplace_back();
    pieces.back() += text;
    at += n;
  }
  return pieces;
}

/// A parameter as one word, or as several when it is continued.
void add_parameter(std::vector<std::string>& words, const std::string& field, const std::string& name,
                   const std::string& value) {
  if (has_crlf_or_nul(value)) throw Error(Errc::usage, "the value holds a line end or a NUL octet", field);
  if (name.empty() || !all_of_class(name, kAttribute))
    throw Error(Errc::usage, "this is no name of a parameter: " + visible(name), field);
  const bool extended = !all_of_class(value, kPrintable);
  if (extended && !is_utf8(value)) throw Error(Errc::usage, "the parameter " + name + " is not UTF-8", field);
  // Some readers decode encoded words even in here; what looks like one is hidden from them.
  const bool lookalike = value.find("=?") != std::string::npos && !is_for_programs(name);
  if (!extended && !lookalike) {
    const std::string plain = name + '=' + (is_token(value) ? value : quoted(value));
    if (plain.size() <= kRoom || is_for_programs(name)) return words.push_back(plain);
  }
  const bool encode = extended || lookalike;
  std::vector<std::string> pieces = pieces_of(value, encode, SIZE_MAX);
  if (encode && name.size() + 2 + pieces.front().size() <= kRoom) return words.push_back(name + "*=" + pieces.front());

  constexpr std::size_t kFrame = 8;  // "*123*=" and quotes; a name with more sections is too long for anybody
  if (name.size() + kFrame + 12 > kRoom) throw Error(Errc::usage, "the name of a parameter is too long", field);
  pieces = pieces_of(value, encode, kRoom - name.size() - kFrame);
  if (pieces.size() > 999) throw Error(Errc::usage, "the parameter " + name + " is too long", field);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string section = name + '*' + std::to_string(i);
    words.push_back(encode ? section + "*=" + pieces[i] : section + "=\"" + pieces[i] + '"');
  }
}

}  // namespace

HeaderField ParameterizedValue::field(std::string name) const {
  mime::check_field(name, value);
  const std::size_t slash = value.find('/');
  const bool good = slash == std::string::npos ? is_token(value)
                                               : is_token(std::string_view(value).substr(0, slash)) &&
                                                     is_token(std::string_view(value).substr(slash + 1));
  if (!good) throw Error(Errc::usage, "this is no type: " + visible(value), name);
  std::vector<std::string> words = {value};
  for (const auto& [parameter, text] : parameters)
    add_parameter(words, name, parameter, text);
  mime::FieldWriter writer(name);
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    writer.put(" ", words[i] += ';');
  writer.put(" ", words.back());
  std::string raw = writer.take();
  return {std::move(name), std::move(raw)};
}

}  // namespace mimeseal
