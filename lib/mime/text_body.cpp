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

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

struct Octets {
  bool high = false;
  bool control = false;  ///< other than HTAB, CR, LF
  std::size_t returns = 0;
  std::size_t feeds = 0;
};

/// Written so that the compiler makes vectors of it: blocks of fixed size, one octet a lane.
Octets survey(std::string_view text) noexcept {
  constexpr std::size_t kLanes = 64;
  std::array<unsigned char, kLanes> high{};
  std::array<unsigned char, kLanes> control{};
  Octets found;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left >= kLanes) {
    std::array<unsigned char, kLanes> returns{};
    std::array<unsigned char, kLanes> feeds{};
    // A lane counts to 255 at most.
    const std::size_t blocks = std::min<std::size_t>(left / kLanes, 255);
    for (std::size_t block = 0; block < blocks; ++block, at += kLanes)
      for (std::size_t i = 0; i < kLanes; ++i) {
        const unsigned char c = at[i];
        const auto cr = static_cast<unsigned char>(c == '\r');
        const auto lf = static_cast<unsigned char>(c == '\n');
        high[i] = static_cast<unsigned char>(high[i] | c);
        control[i] = static_cast<unsigned char>(control[i] | ((c < 32) & (c != '\t') & !cr & !lf) | (c == 127));
        returns[i] = static_cast<unsigned char>(returns[i] + cr);
        feeds[i] = static_cast<unsigned char>(feeds[i] + lf);
      }
    for (std::size_t i = 0; i < kLanes; ++i) {
      found.returns += returns[i];
      found.feeds += feeds[i];
    }
    left -= blocks * kLanes;
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    found.high = found.high || (high[i] & 0x80U) != 0;
    found.control = found.control || control[i] != 0;
  }
  for (; left != 0; --left, ++at) {
    found.high = found.high || *at > 127;
    found.control = found.control || (*at < 32 && *at != '\t' && *at != '\r' && *at != '\n') || *at == 127;
    found.returns += *at == '\r' ? 1 : 0;
    found.feeds += *at == '\n' ? 1 : 0;
  }
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

/// Whether an octet must be written as =XX within a line, place aside.
bool must_escape(char c) noexcept { return (c < 32 && c != '\t') || c > 126 || c == '='; }

/// Appends one line (without its end) to `out`.
void put_line(std::string& out, std::string_view line) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const auto escape_at = [&](std::size_t where) {
      return must_escape(c) || (is_blank(c) && last) ||
             (where == 0 && (c == '.' || (c == 'F' && line.substr(i).starts_with("From "))));
    };
    bool escape = escape_at(column);
    // A soft line break needs a column of its own, but for the last octet of the line.
    const std::size_t room = last ? kEncodedLine : kEncodedLine - 1;
    if (column + (escape ? 3 : 1) > room) {
      out += "=\r\n";
      column = 0;
      escape = escape_at(column);
    }
    if (escape) {
      const auto octet = static_cast<unsigned char>(c);
      const std::array<char, 3> text = {'=', kDigits[octet >> 4U], kDigits[octet & 15U]};
      out.append(text.data(), text.size());
      column += 3;
    } else {
      out += c;
      ++column;
    }
  }
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

LineFacts examine(Source& octets) {
  LineFacts facts;
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
