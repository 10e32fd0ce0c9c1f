// SPDX-License-Identifier: MIT
#include "pgp/armor.h"

#include <algorithm>
#include <cstring>

#include "mimeseal/core/text.h"

namespace mimeseal::pgp {
namespace {

constexpr std::size_t kLineOctets = 48;  // 64 characters
constexpr std::size_t kKeptLine = 128;   // no line that means something is longer
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Eight bits at a time.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i << 16U;
    for (int bit = 0; bit < 8; ++bit)
      value = (value << 1U) ^ ((value & 0x800000U) != 0 ? 0x1864CFBU : 0U);
    table[i] = value & 0xFFFFFFU;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

constexpr std::array<short, 256> make_digit_table() {
  std::array<short, 256> table{};
  for (auto& entry : table)
    entry = -1;
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    table[static_cast<unsigned char>(kDigits[i])] = static_cast<short>(i);
  }
  return table;
}
constexpr auto kDigitTable = make_digit_table();

/// 0 to 63, or negative.
int digit_of(char c) noexcept {
  return kDigitTable[static_cast<unsigned char>(c)];
}

ArmorType type_of(std::string_view label) {
  if (label == "MESSAGE") return ArmorType::message;
  if (label == "SIGNATURE") return ArmorType::signature;
  if (label == "PUBLIC KEY BLOCK") return ArmorType::public_key;
  if (label == "PRIVATE KEY BLOCK" || label == "SECRET KEY BLOCK") return ArmorType::private_key;
  if (label == "SIGNED MESSAGE") return ArmorType::cleartext;
  return ArmorType::other;
}

/// "MESSAGE" of "-----BEGIN PGP MESSAGE-----"; white space at the end of a line is what mail does to it.
std::string_view label_of(std::string_view line, std::string_view prefix) {
  line = trim(line);
  constexpr std::string_view dashes = "-----";
  if (line.size() < prefix.size() + dashes.size() || !line.starts_with(prefix) || !line.ends_with(dashes)) return {};
  return line.substr(prefix.size(), line.size() - prefix.size() - dashes.size());
}

constexpr std::string_view kBegin = "-----BEGIN PGP ";
constexpr std::string_view kEnd = "-----END PGP ";

}  // namespace

void Crc24::update(std::string_view octets) noexcept {
  std::uint32_t value = value_;
  for (const char c : octets) {
    value = ((value << 8U) & 0xFFFFFFU) ^ kCrcTable[((value >> 16U) ^ static_cast<unsigned char>(c)) & 0xFFU];
  }
  value_ = value;
}

void ArmorDecoder::bad(const char* what) {
  if (fault_.empty()) fault_ = what;
}

void ArmorDecoder::begin(std::string_view label) {
  type_ = type_of(label);
  label_ = label;
  // What follows is text, and clearsigned text is never verified here (RFC 9787, section 6.2.3.1).
  state_ = type_ == ArmorType::cleartext ? State::cleartext : State::headers;
}

void ArmorDecoder::line_done() {
  const std::string line = std::move(line_);
  line_.clear();
  const std::string_view text = trim(line);
  switch (state_) {
    case State::preamble:
      if (const std::string_view label = label_of(line, kBegin); !label.empty()) begin(label);
      break;
    case State::headers:
      if (text.empty()) {
        state_ = State::body;
        line_begins_ = true;
      } else if (text.find(':') == std::string_view::npos) {
        bad("a line in the armour's header is no header");
        state_ = State::tail;
      }
      break;
    case State::after_body:
    case State::after_checksum: {
      if (text.empty()) break;
      if (state_ == State::after_body && text.size() == 5 && text.front() == '=') {
        std::uint32_t value = 0;
        bool valid = true;
        for (const char c : text.substr(1)) {
          const int digit = digit_of(c);
          valid = valid && digit >= 0;
          value = (value << 6U) | (static_cast<std::uint32_t>(digit) & 0x3FU);
        }
        if (!valid || value != crc_.value()) bad("the armour's checksum does not fit");
        state_ = State::after_checksum;
        break;
      }
      if (label_of(line, kEnd) != label_) bad("the armour does not end as it began");
      state_ = State::tail;
      break;
    }
    case State::tail:
      if (text.starts_with(kBegin)) bad("there is more than one armoured block");
      break;
    case State::start:
    case State::binary:
    case State::body:
    case State::cleartext:
      break;
  }
}

void ArmorDecoder::body_end(std::string& out, State next) {
  if (digits_ == 1 || (digits_ != 0 && digits_ + pads_ != 4)) bad("the armour's base64 is cut off");
  const std::size_t begin = out.size();
  if (digits_ == 2) {
    if ((quantum_ & 0xFU) != 0) bad("the armour's base64 has stray bits");
    out.push_back(static_cast<char>(quantum_ >> 4U));
  }
  if (digits_ == 3) {
    if ((quantum_ & 0x3U) != 0) bad("the armour's base64 has stray bits");
    out.push_back(static_cast<char>((quantum_ >> 10U) & 0xFFU));
    out.push_back(static_cast<char>((quantum_ >> 2U) & 0xFFU));
  }
  crc_.update(std::string_view(out).substr(begin));
  digits_ = 0;
  quantum_ = 0;
  state_ = next;
}

/// Says how many octets it took; it stops where the body ends.
std::size_t ArmorDecoder::body(std::string_view octets, std::string& out) {
  const auto digit_at = [&](std::size_t at) { return digit_of(octets[at]); };
  const std::size_t begin = out.size();
  std::size_t i = 0;
  const auto stop = [&](State next) {
    crc_.update(std::string_view(out).substr(begin));
    body_end(out, next);
    return i;
  };
  while (i < octets.size()) {
    // Whole quanta, as nearly all of it is.
    if (digits_ == 0 && pads_ == 0) {
      const std::size_t first = i;
      for (; i + 4 <= octets.size(); i += 4) {
        const int a = digit_at(i);
        const int b = digit_at(i + 1);
        const int c = digit_at(i + 2);
        const int d = digit_at(i + 3);
        if ((a | b | c | d) < 0) break;
        const auto value = static_cast<std::uint32_t>(a << 18 | b << 12 | c << 6 | d);
        const char three[3] = {static_cast<char>(value >> 16U), static_cast<char>((value >> 8U) & 0xFFU),
                               static_cast<char>(value & 0xFFU)};
        out.append(three, 3);
      }
      if (i != first) line_begins_ = false;
      if (i == octets.size()) break;
    }
    const char c = octets[i];
    const int digit = digit_at(i);
    if (digit >= 0) {
      if (pads_ != 0) bad("the armour's base64 goes on after its padding");
      line_begins_ = false;
      quantum_ = (quantum_ << 6U) | static_cast<std::uint32_t>(digit);
      if (++digits_ == 4) {
        const char three[3] = {static_cast<char>(quantum_ >> 16U), static_cast<char>((quantum_ >> 8U) & 0xFFU),
                               static_cast<char>(quantum_ & 0xFFU)};
        out.append(three, 3);
        digits_ = 0;
        quantum_ = 0;
      }
    } else if (c == '\n') {
      line_begins_ = true;
    } else if (c == '=' && !line_begins_ && digits_ >= 2 && digits_ + pads_ < 4) {
      ++pads_;
    } else if ((c == '=' || c == '-') && line_begins_) {
      return stop(State::after_body);  // the checksum's line, or the last one: read as a line
    } else if (c != ' ' && c != '\t' && c != '\r') {
      bad("there is something else than base64 in the armour");
      return stop(State::tail);
    }
    ++i;
  }
  crc_.update(std::string_view(out).substr(begin));
  return i;
}

void ArmorDecoder::feed(std::string_view octets, std::string& out) {
  if (octets.empty()) return;
  if (state_ == State::start) {
    // A packet's first octet has its highest bit set (section 4.2).
    state_ = (static_cast<unsigned char>(octets.front()) & 0x80U) != 0 ? State::binary : State::preamble;
  }
  if (state_ == State::binary) {
    out.append(octets);
    return;
  }
  while (!octets.empty() && state_ != State::cleartext) {
    if (state_ == State::body) {
      octets.remove_prefix(body(octets, out));
      continue;
    }
    const std::size_t end = octets.find('\n');
    const std::string_view line = octets.substr(0, end);
    line_.append(line.substr(0, kKeptLine - std::min(kKeptLine, line_.size())));
    if (end == std::string_view::npos) return;
    octets.remove_prefix(end + 1);
    line_done();
  }
}

void ArmorDecoder::finish() {
  std::string rest;
  if (state_ == State::body) body_end(rest, State::after_body);
  if (!line_.empty()) line_done();  // the last line may lack its end
  if (state_ == State::headers || state_ == State::body || state_ == State::after_body ||
      state_ == State::after_checksum) {
    bad("the armour is cut off before its end");
  }
}

void Dearmor::rewind() {
  from_.rewind();
  decoder_ = {};
  out_.clear();
  at_ = 0;
  ended_ = false;
}

std::size_t Dearmor::read(std::span<char> into) {
  if (into.empty()) return 0;
  while (at_ == out_.size() && !ended_) {
    out_.clear();
    at_ = 0;
    // The caller's room serves for what is read: what comes out of it is never more.
    const std::size_t count = from_.read(into);
    if (count == 0) {
      decoder_.finish();
      ended_ = true;
    } else {
      decoder_.feed({into.data(), count}, out_);
    }
  }
  const std::size_t count = std::min(into.size(), out_.size() - at_);
  std::memcpy(into.data(), out_.data() + at_, count);
  at_ += count;
  return count;
}

void DearmorSink::write(std::string_view octets) {
  out_.clear();
  decoder_.feed(octets, out_);
  if (!out_.empty()) to_.write(out_);
}

void ArmorSink::lines(std::string_view octets) {
  text_.clear();
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(octets[i])); };
  std::size_t i = 0;
  while (i < octets.size()) {
    const std::size_t end = std::min(octets.size(), i + kLineOctets);
    for (; i + 3 <= end; i += 3) {
      const std::uint32_t value = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
      const char digits[4] = {kDigits[value >> 18U], kDigits[(value >> 12U) & 63U], kDigits[(value >> 6U) & 63U],
                              kDigits[value & 63U]};
      text_.append(digits, 4);
    }
    if (end - i == 1) {
      const std::uint32_t value = at(i) << 4U;
      text_ += {kDigits[value >> 6U], kDigits[value & 63U], '=', '='};
    } else if (end - i == 2) {
      const std::uint32_t value = at(i) << 10U | at(i + 1) << 2U;
      text_ += {kDigits[value >> 12U], kDigits[(value >> 6U) & 63U], kDigits[value & 63U], '='};
    }
    i = end;
    text_ += "\r\n";
  }
  if (!text_.empty()) to_.write(text_);
}

void ArmorSink::write(std::string_view octets) {
  if (!begun_) {
    to_.write("-----BEGIN " + label_ + "-----\r\n\r\n");
    begun_ = true;
  }
  crc_.update(octets);
  if (!pending_.empty()) {
    const std::size_t count = std::min(octets.size(), kLineOctets - pending_.size());
    pending_.append(octets.substr(0, count));
    octets.remove_prefix(count);
    if (pending_.size() < kLineOctets) return;
    lines(pending_);
    pending_.clear();
  }
  const std::size_t whole = octets.size() - octets.size() % kLineOctets;
  if (whole != 0) lines(octets.substr(0, whole));
  pending_.append(octets.substr(whole));
}

void ArmorSink::finish() {
  write({});
  lines(pending_);
  pending_.clear();
  const std::uint32_t crc = crc_.value();
  std::string end = "=";
  for (const unsigned shift : {18U, 12U, 6U, 0U})
    end.push_back(kDigits[(crc >> shift) & 63U]);
  to_.write(end + "\r\n-----END " + label_ + "-----\r\n");
}

std::string armor(std::string_view octets, std::string_view label) {
  StringSink text;
  ArmorSink sink(text, std::string(label));
  sink.write(octets);
  sink.finish();
  return text.take();
}

}  // namespace mimeseal::pgp
