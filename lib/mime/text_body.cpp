// SPDX-License-Identifier: MIT
#include "text_body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mime {
namespace {

constexpr std::size_t kLongestLine = 998;  // RFC 5322, 2.1.1
constexpr std::size_t kEncodedLine = 76;   // RFC 2045, 6.7 (5)
constexpr std::size_t kChunk = std::size_t{64} << 10U;

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

struct Octets {
  bool high = false;
  bool control = false;  ///< other than HTAB, CR, LF
  std::size_t returns = 0;
  std::size_t feeds = 0;
};

/// Sixteen octets at once, in the compilers' own vectors: comparisons give 255 in the lanes where they hold.
using Lanes = unsigned char __attribute__((vector_size(16)));
constexpr std::size_t kLanes = sizeof(Lanes);

std::size_t sum(Lanes lanes) noexcept {
  std::size_t total = 0;
  for (std::size_t i = 0; i < kLanes; ++i)
    total += lanes[i];
  return total;
}

Octets survey(std::string_view text) noexcept {
  Octets found;
  Lanes high{};
  std::size_t odd = 0;  // controls, of which TAB, CR and LF are harmless
  std::size_t tabs = 0;
  const char* at = text.data();
  std::size_t left = text.size();
  while (left >= kLanes) {
    Lanes unprintable{};
    Lanes over{};
    Lanes tab{};
    Lanes cr{};
    Lanes lf{};
    // A lane counts to 255 at most.
    const std::size_t blocks = std::min<std::size_t>(left / kLanes, 255);
    for (std::size_t block = 0; block < blocks; ++block, at += kLanes) {
      Lanes c;
      std::memcpy(&c, at, kLanes);
      high |= c;
      unprintable -= reinterpret_cast<Lanes>(Lanes(c - 32) > 94);
      over += c >> 7;
      tab -= reinterpret_cast<Lanes>(c == '\t');
      cr -= reinterpret_cast<Lanes>(c == '\r');
      lf -= reinterpret_cast<Lanes>(c == '\n');
    }
    odd += sum(unprintable) - sum(over);
    tabs += sum(tab);
    found.returns += sum(cr);
    found.feeds += sum(lf);
    left -= blocks * kLanes;
  }
  bool any_high = false;
  for (; left != 0; --left, ++at) {
    const auto c = static_cast<unsigned char>(*at);
    any_high = any_high || c > 127;
    odd += c < 32 || c == 127 ? 1 : 0;
    tabs += c == '\t' ? 1 : 0;
    found.returns += c == '\r' ? 1 : 0;
    found.feeds += c == '\n' ? 1 : 0;
  }
  found.high = any_high || sum(high >> 7) != 0;
  found.control = odd != tabs + found.returns + found.feeds;
  return found;
}

/// A text whose lines all end in CRLF, and what stands against 7bit.
struct Lines {
  std::string octets;
  bool safe = true;
  std::size_t ends = 0;  ///< CRLF found in the text as it came
};

Lines canonical(std::string_view text, std::size_t feeds) {
  Lines lines;
  lines.octets.resize(text.size() + feeds + 2);
  char* out = lines.octets.data();
  while (!text.empty()) {
    const auto* const end = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
    std::size_t size = end == nullptr ? text.size() : static_cast<std::size_t>(end - text.data());
    const std::string_view whole = text.substr(0, size);
    text.remove_prefix(end == nullptr ? size : size + 1);
    if (end != nullptr && size != 0 && whole[size - 1] == '\r') {
      ++lines.ends;
      --size;
    }
    const std::string_view line = whole.substr(0, size);
    if (size > kLongestLine || (size != 0 && is_blank(line.back())) || line.starts_with("From ") ||
        line.starts_with(kBoundaryMark))
      lines.safe = false;
    std::memcpy(out, line.data(), size);
    out += size;
    *out++ = '\r';
    *out++ = '\n';
  }
  lines.octets.resize(static_cast<std::size_t>(out - lines.octets.data()));
  return lines;
}

/// Whether an octet may stand as it is within a line of quoted-printable, its place aside.
constexpr std::array<bool, 256> kLiteral = [] {
  std::array<bool, 256> literal{};
  for (std::size_t c = 32; c < 127; ++c)
    literal[c] = c != '=';
  literal['\t'] = true;
  return literal;
}();

void put_escaped(std::string& out, char c) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  const std::array<char, 3> text = {'=', kDigits[octet >> 4U], kDigits[octet & 15U]};
  out.append(text.data(), text.size());
}

/// Appends one line (without its end) to `out`.
void put_line(std::string& out, std::string_view line) {
  const bool blank_end = !line.empty() && is_blank(line.back());
  const std::string_view inner = line.substr(0, line.size() - (blank_end ? 1 : 0));
  std::size_t column = 0;
  const auto soft_break = [&] {
    out += "=\r\n";
    column = 0;
  };
  for (std::size_t i = 0; i < inner.size();) {
    const std::string_view rest = inner.substr(i);
    if (column == 0 && (rest[0] == '.' || rest.starts_with("From "))) {
      put_escaped(out, rest[0]);
      column = 3;
      ++i;
      continue;
    }
    std::size_t run = 0;
    const std::size_t most = std::min(rest.size(), kEncodedLine - column);
    while (run < most && kLiteral[static_cast<unsigned char>(rest[run])])
      ++run;
    // A soft line break needs a column of its own; the end of the line does not.
    if (run != rest.size() || blank_end) run = std::min(run, kEncodedLine - 1 - column);
    out.append(rest.data(), run);
    column += run;
    i += run;
    if (i == inner.size()) break;
    const bool last = i + 1 == line.size();
    if (kLiteral[static_cast<unsigned char>(inner[i])] || column + 3 > (last ? kEncodedLine : kEncodedLine - 1)) {
      soft_break();
      continue;
    }
    put_escaped(out, inner[i++]);
    column += 3;
  }
  if (!blank_end) return;
  if (column + 3 > kEncodedLine) soft_break();
  put_escaped(out, line.back());
}

}  // namespace

std::string quoted_printable(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 4 + 16);
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    put_line(out, octets.substr(0, end));
    if (end == std::string_view::npos) break;
    out += "\r\n";
    octets.remove_prefix(end + 2);
  }
  return out;
}

EncodedBody encode_text(std::string_view utf8) {
  const Octets octets = survey(utf8);
  if (octets.high && !is_utf8(utf8))
    throw Error(Errc::usage, "the text is not UTF-8", {}, "convert it, or attach it as a file");
  Lines lines = canonical(utf8, octets.feeds);
  EncodedBody encoded;
  encoded.ascii = !octets.high;
  // A CR that ends no line is not lost, but then the text needs an encoding.
  if (lines.safe && !octets.high && !octets.control && octets.returns == lines.ends) {
    encoded.transfer_encoding = "7bit";
    encoded.body = Rope(std::move(lines.octets));
    return encoded;
  }
  std::string printable = quoted_printable(lines.octets);
  Rope base64 = Rope::base64(Rope(std::move(lines.octets)));
  if (printable.size() <= base64.size()) {
    encoded.transfer_encoding = "quoted-printable";
    encoded.body = Rope(std::move(printable));
  } else {
    encoded.transfer_encoding = "base64";
    encoded.body = std::move(base64);
  }
  return encoded;
}

WireFacts examine(Source& octets) {
  WireFacts facts;
  std::vector<char> chunk(kChunk);
  char before = 0;
  std::uint64_t column = 0;
  std::uint64_t returns = 0;
  std::uint64_t ends = 0;
  while (const std::size_t n = octets.read(chunk)) {
    std::string_view rest(chunk.data(), n);
    const Octets seen = survey(rest);
    returns += seen.returns;
    facts.eight_bit = facts.eight_bit || seen.high || (seen.control && rest.find('\0') != std::string_view::npos);
    while (!rest.empty()) {
      const std::size_t at = rest.find('\n');
      column += std::min(at, rest.size());
      if (at == std::string_view::npos) {
        before = rest.back();
        break;
      }
      if (at != 0) before = rest[at - 1];
      const bool crlf = before == '\r';
      ends += crlf ? 1 : 0;
      facts.bare_lf = facts.bare_lf || !crlf;
      facts.long_line = facts.long_line || column - (crlf ? 1 : 0) > kLongestLine;
      column = 0;
      before = '\n';
      rest.remove_prefix(at + 1);
    }
  }
  facts.long_line = facts.long_line || column > kLongestLine;
  facts.bare_cr = returns != ends;
  return facts;
}

bool has_fragile_line(Source& octets) {
  constexpr std::string_view kFrom = "From ";
  std::vector<char> chunk(kChunk);
  std::string head;  // the line's first octets, and its last two
  char before = 0;
  char last = 0;
  const auto is_fragile = [&] { return is_blank(last == '\r' ? before : last) || head == kFrom; };
  while (const std::size_t n = octets.read(chunk)) {
    std::string_view rest(chunk.data(), n);
    while (!rest.empty()) {
      const std::size_t at = rest.find('\n');
      const std::string_view piece = rest.substr(0, at);
      head += piece.substr(0, kFrom.size() - head.size());
      if (piece.size() > 1) before = piece[piece.size() - 2];
      if (piece.size() == 1) before = last;
      if (!piece.empty()) last = piece.back();
      if (at == std::string_view::npos) break;
      if (is_fragile()) return true;
      head.clear();
      before = last = 0;
      rest.remove_prefix(at + 1);
    }
  }
  return is_fragile();
}

void normalize_lines(Source& from, Sink& to) {
  std::vector<char> chunk(kChunk);
  std::string out;
  bool after_return = false;
  while (const std::size_t n = from.read(chunk)) {
    std::string_view rest(chunk.data(), n);
    out.clear();
    while (!rest.empty()) {
      const std::size_t at = rest.find('\n');
      if (at == std::string_view::npos) {
        out += rest;
        after_return = rest.back() == '\r';
        break;
      }
      out += rest.substr(0, at);
      if (at != 0) after_return = rest[at - 1] == '\r';
      if (!after_return) out += '\r';
      out += '\n';
      after_return = false;
      rest.remove_prefix(at + 1);
    }
    to.write(out);
  }
}

}  // namespace mimeseal::mime
