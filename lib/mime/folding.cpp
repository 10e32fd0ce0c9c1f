// SPDX-License-Identifier: MIT
#include "folding.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mime {
namespace {

constexpr std::size_t kFoldAt = 78;           // RFC 5322, 2.1.1
constexpr std::size_t kLongestLine = 998;     // the same
constexpr std::size_t kEncodedLine = 76;      // RFC 2047, 2
constexpr std::size_t kLongestWord = 75;      // the same
constexpr std::size_t kWordFrame = 12;        // "=?utf-8?q?" and "?="
constexpr std::size_t kShortestPayload = 16;  // a shorter first piece is not worth its frame

unsigned octet(char c) noexcept {
  return static_cast<unsigned char>(c);
}

bool is_alnum(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// What Q may leave as it is (RFC 2047, section 4.2; in phrases only what section 5 (3) names).
bool is_q_literal(char c, bool phrase) noexcept {
  if (is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/') return true;
  return !phrase && c > 0x20 && c < 0x7F && c != '=' && c != '?' && c != '_';
}

std::size_t q_cost(std::string_view text, bool phrase) noexcept {
  std::size_t cost = 0;
  for (const char c : text)
    cost += is_q_literal(c, phrase) || c == ' ' ? 1 : 3;
  return cost;
}

std::string q_encode(std::string_view text, bool phrase) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_q_literal(c, phrase)) {
      out += c;
    } else if (c == ' ') {
      out += '_';
    } else {
      out += '=';
      out += kDigits[octet(c) >> 4U];
      out += kDigits[octet(c) & 15U];
    }
  }
  return out;
}

/// How many octets of `text`, in whole characters, fit into `room` octets of payload.
std::size_t fitting(std::string_view text, std::size_t room, bool base64, bool phrase) noexcept {
  std::size_t taken = 0;
  std::size_t cost = 0;
  while (taken < text.size()) {
    const std::size_t n = sequence_length(text, taken);
    if (base64) {
      if ((taken + n + 2) / 3 * 4 > room) break;
    } else {
      cost += q_cost(text.substr(taken, n), phrase);
      if (cost > room) break;
    }
    taken += n;
  }
  return taken;
}

}  // namespace

std::size_t sequence_length(std::string_view utf8, std::size_t at) noexcept {
  const unsigned first = octet(utf8[at]);
  const std::size_t n = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(n, utf8.size() - at);
}

void check_field(std::string_view name, std::string_view value) {
  const bool good = !name.empty() && name.size() <= 256 &&
                    std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; });
  if (!good) throw Error(Errc::usage, "this is no name of a header field", visible(name.substr(0, 80)));
  if (has_crlf_or_nul(value)) throw Error(Errc::usage, "the value holds a line end or a NUL octet", std::string(name));
}

bool is_one_field(std::string_view raw) noexcept {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\0' || raw[i] == '\n') return false;
    if (raw[i] != '\r') continue;
    if (i + 2 >= raw.size() || raw[i + 1] != '\n' || (raw[i + 2] != ' ' && raw[i + 2] != '\t')) return false;
    ++i;
  }
  return true;
}

bool fits_wire(const HeaderField& field) noexcept {
  if (!is_ascii(field.raw) || !is_one_field(field.raw)) return false;
  std::size_t line = field.name.size() + 1;
  for (const char c : field.raw) {
    line = c == '\n' ? 0 : line + (c == '\r' ? 0 : 1);
    if (line > kLongestLine) return false;
  }
  return true;
}

HeaderField rewritten(const HeaderField& field) {
  const auto harmless = [](std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return text;
  };
  try {
    if (iequals(field.name, "Content-Type") || iequals(field.name, "Content-Disposition")) {
      ParameterizedValue value = parse_parameterized(field.raw);
      for (auto& [name, text] : value.parameters)
        text = harmless(to_valid_utf8(text));
      return value.field(field.name);
    }
    return unstructured_field(field.name, harmless(is_ascii(field.raw) ? field.value() : field.decoded()));
  } catch (const Error& error) {
    throw Error(Errc::malformed, error.what(), visible(field.name));
  }
}

HeaderField without_line_end_blanks(const HeaderField& field) {
  std::string raw;
  bool first = true;
  std::string_view rest = field.raw;
  while (first || !rest.empty()) {
    const std::size_t at = rest.find("\r\n");
    std::string_view line = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 2);
    const std::size_t last = line.find_last_not_of(" \t");
    line = line.substr(0, last == std::string_view::npos ? 0 : last + 1);
    // A line of blanks alone would become the end of the header.
    if (!first && line.empty()) continue;
    if (!first) raw += "\r\n";
    raw += line;
    first = false;
  }
  return {field.name, std::move(raw)};
}

void FieldWriter::fold() {
  raw_ += "\r\n";
  column_ = 0;
  fresh_ = true;
  encoded_ = false;
}

std::size_t FieldWriter::limit() const noexcept {
  return encoded_ ? kEncodedLine : kFoldAt;
}

void FieldWriter::put(std::string_view blank, std::string_view word) {
  const std::size_t need = blank.size() + word.size();
  // The name stays with the first word when folding would gain nothing: some readers take "Name:" alone for empty.
  const bool first = raw_.empty();
  if (!fresh_ && column_ + need > limit() && (!first || need <= kFoldAt || column_ + need > kLongestLine)) fold();
  raw_ += blank;
  raw_ += word;
  column_ += need;
  fresh_ = false;
}

void FieldWriter::put_encoded(std::string_view blank, std::string_view utf8, bool phrase) {
  const std::size_t as_base64 = (utf8.size() + 2) / 3 * 4;
  const std::size_t as_printable = q_cost(utf8, phrase);
  const bool base64 = as_base64 < as_printable;
  // A name that fits into one word is not cut into two: Python and others put a blank between the words of a phrase.
  const std::size_t whole = blank.size() + kWordFrame + std::min(as_base64, as_printable);
  if (phrase && !fresh_ && column_ + whole > kEncodedLine && whole <= kEncodedLine) fold();
  while (!utf8.empty()) {
    const std::size_t before = column_ + blank.size();
    const std::size_t room = before >= kEncodedLine ? 0 : std::min(kLongestWord, kEncodedLine - before);
    const std::size_t payload = room > kWordFrame ? room - kWordFrame : 0;
    const std::size_t taken = fitting(utf8, payload, base64, phrase);
    if (!fresh_ && taken < utf8.size() && (taken == 0 || payload < kShortestPayload)) {
      fold();
      continue;
    }
    if (taken == 0) throw Error(Errc::usage, "too many blanks in the value", std::string(name_));
    raw_ += blank;
    const std::size_t start = raw_.size();
    raw_ += base64 ? "=?utf-8?b?" : "=?utf-8?q?";
    raw_ += base64 ? base64_encode(utf8.substr(0, taken)) : q_encode(utf8.substr(0, taken), phrase);
    raw_ += "?=";
    column_ = before + (raw_.size() - start);
    fresh_ = false;
    encoded_ = true;
    utf8.remove_prefix(taken);
    blank = " ";
    if (!utf8.empty()) fold();
  }
}

std::string FieldWriter::take() {
  std::size_t start = 0;
  std::size_t length = name_.size() + 1;
  while (true) {
    const std::size_t end = raw_.find("\r\n", start);
    length += (end == std::string::npos ? raw_.size() : end) - start;
    if (length > kLongestLine)
      throw Error(Errc::usage, "a word of the value is longer than a line can be (998 octets)", std::string(name_));
    if (end == std::string::npos) break;
    start = end + 2;
    length = 0;
  }
  return std::move(raw_);
}

}  // namespace mimeseal::mime
