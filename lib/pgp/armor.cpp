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

constexpr std::array<std::int8_t, 256> make_digit_table() {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table)
    entry = -1;
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    table[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr auto kDigitTable = make_digit_table();

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

void Dearmor::rewind() {
  from_.rewind();
  state_ = State::start;
  type_ = ArmorType::none;
  fault_.clear();
  in_begin_ = in_end_ = 0;
  at_end_ = false;
  out_.clear();
  out_begin_ = 0;
  line_.clear();
  line_begin_ = true;
  quantum_ = 0;
  digits_ = pads_ = 0;
  crc_ = {};
  label_.clear();
}

void Dearmor::bad(const char* what) {
  if (fault_.empty()) fault_ = what;
}

bool Dearmor::fill() {
  if (at_end_) return false;
  in_begin_ = 0;
  in_end_ = from_.read(in_);
  if (in_end_ == 0) at_end_ = true;
  return in_end_ != 0;
}

std::size_t Dearmor::read(std::span<char> into) {
  if (into.empty()) return 0;
  for (;;) {
    if (out_begin_ < out_.size()) {
      const std::size_t count = std::min(into.size(), out_.size() - out_begin_);
      std::memcpy(into.data(), out_.data() + out_begin_, count);
      out_begin_ += count;
      return count;
    }
    out_.clear();
    out_begin_ = 0;
    if (in_begin_ == in_end_ && !fill()) {
      if (state_ != State::done && state_ != State::start && state_ != State::preamble && state_ != State::binary) {
        if (!line_.empty()) line_done();  // the last line may lack its end
        if (state_ != State::tail) bad("the armour is cut off before its end");
      }
      if (state_ != State::start && state_ != State::preamble && state_ != State::binary) state_ = State::done;
      if (out_.empty()) return 0;
      continue;
    }
    if (state_ == State::start) {
      // A packet's first octet has its highest bit set (section 4.2); a byte order mark is no packet.
      if (in_end_ - in_begin_ >= 3 && std::memcmp(in_.data() + in_begin_, "\xEF\xBB\xBF", 3) == 0) in_begin_ += 3;
      const bool packet = in_begin_ < in_end_ && (static_cast<unsigned char>(in_[in_begin_]) & 0x80U) != 0;
      state_ = packet ? State::binary : State::preamble;
    }
    if (state_ == State::binary) {
      const std::size_t count = std::min(into.size(), in_end_ - in_begin_);
      std::memcpy(into.data(), in_.data() + in_begin_, count);
      in_begin_ += count;
      return count;
    }
    while (in_begin_ < in_end_) {
      const auto c = static_cast<unsigned char>(in_[in_begin_++]);
      if (state_ == State::body) {
        body_octet(c);
      } else if (c == '\n') {
        line_done();
      } else if (line_.size() < kKeptLine) {
        line_.push_back(static_cast<char>(c));
      }
    }
    if (state_ == State::body) {
      crc_.update(out_);
    }
  }
}

void Dearmor::begin(std::string_view label) {
  type_ = type_of(label);
  label_ = label;
  state_ = State::headers;
  // What follows is text, and clearsigned text is never verified here (RFC 9787, section 6.2.3.1).
  if (type_ == ArmorType::cleartext) state_ = State::done;
}

void Dearmor::line_done() {
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
        line_begin_ = true;
      } else if (text.find(':') == std::string_view::npos) {
        bad("a line in the armour's header is no header");
        state_ = State::tail;
      }
      break;
    case State::padding:  // after the last quantum: the checksum, or the end
    case State::checksum: {
      if (text.empty()) break;
      if (state_ == State::padding && text.size() == 5 && text.front() == '=') {
        std::uint32_t value = 0;
        bool valid = true;
        for (const char c : text.substr(1)) {
          const int digit = kDigitTable[static_cast<unsigned char>(c)];
          valid = valid && digit >= 0;
          value = (value << 6U) | (static_cast<std::uint32_t>(digit) & 0x3FU);
        }
        if (!valid || value != crc_.value()) bad("the armour's checksum does not fit");
        state_ = State::checksum;
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
    case State::done:
      break;
  }
}

void Dearmor::close_quantum() {
  if (digits_ == 1) bad("the armour's base64 is cut off");
  if (digits_ == 2) {
    if ((quantum_ & 0xFU) != 0) bad("the armour's base64 has stray bits");
    out_.push_back(static_cast<char>(quantum_ >> 4U));
  }
  if (digits_ == 3) {
    if ((quantum_ & 0x3U) != 0) bad("the armour's base64 has stray bits");
    out_.push_back(static_cast<char>((quantum_ >> 10U) & 0xFFU));
    out_.push_back(static_cast<char>((quantum_ >> 2U) & 0xFFU));
  }
  crc_.update(out_);
  digits_ = 0;
  quantum_ = 0;
}

void Dearmor::body_octet(unsigned char c) {
  const int digit = kDigitTable[c];
  if (digit >= 0) {
    if (pads_ != 0) bad("the armour's base64 goes on after its padding");
    quantum_ = (quantum_ << 6U) | static_cast<std::uint32_t>(digit);
    line_begin_ = false;
    if (++digits_ == 4) {
      const char octets[3] = {static_cast<char>(quantum_ >> 16U), static_cast<char>((quantum_ >> 8U) & 0xFFU),
                              static_cast<char>(quantum_ & 0xFFU)};
      out_.append(octets, 3);
      digits_ = 0;
      quantum_ = 0;
    }
    return;
  }
  if (c == '\n') {
    line_begin_ = true;
    return;
  }
  if (c == ' ' || c == '\t' || c == '\r') return;
  if (c == '=' && !line_begin_ && digits_ + pads_ >= 2 && digits_ + pads_ < 4) {
    ++pads_;
    return;
  }
  if ((c == '=' || c == '-') && line_begin_) {
    if (digits_ != 0 && digits_ + pads_ != 4) bad("the armour's base64 is cut off");
    close_quantum();
    state_ = State::padding;
    line_.assign(1, static_cast<char>(c));
    return;
  }
  bad("there is something else than base64 in the armour");
  close_quantum();
  state_ = State::tail;
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
