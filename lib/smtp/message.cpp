// SPDX-License-Identifier: MIT
#include "smtp/message.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "mimeseal/core/error.h"

namespace mimeseal::smtp {
namespace {

constexpr std::size_t kBlock = 65536;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

bool has_eight_bit(std::string_view octets) {
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= octets.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets.data() + i, sizeof word);
    if ((word & kHighBits) != 0) return true;
  }
  return std::any_of(octets.begin() + static_cast<std::ptrdiff_t>(i), octets.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

[[noreturn]] void refuse(const char* what, std::uint64_t at) {
  throw Error(Errc::malformed, what, "octet " + std::to_string(at) + " of the message",
              "a message is submitted as it is: its lines end in CRLF, and no NUL is in it");
}

/// Looks at a message block by block.
class Examiner {
 public:
  void take(std::string_view block) {
    if (std::memchr(block.data(), '\0', block.size()) != nullptr)
      refuse("the message holds a NUL octet", facts_.size + block.find('\0'));
    const bool eight_bit = has_eight_bit(block);
    facts_.eight_bit = facts_.eight_bit || eight_bit;
    take_lines(block, eight_bit);
    take_carriage_returns(block);
    facts_.size += block.size();
    last_ = block.back();
  }

  MessageFacts finish() {
    if (last_ == '\r') refuse("the message ends in a CR without LF", facts_.size - 1);
    facts_.longest_line = std::max(facts_.longest_line, line_);
    return facts_;
  }

 private:
  void take_lines(std::string_view block, bool eight_bit) {
    std::size_t begin = 0;
    while (begin < block.size()) {
      const auto* end = static_cast<const char*>(std::memchr(block.data() + begin, '\n', block.size() - begin));
      const std::size_t stop = end == nullptr ? block.size() : static_cast<std::size_t>(end - block.data());
      if (in_header_ && eight_bit && !facts_.eight_bit_header)
        facts_.eight_bit_header = has_eight_bit(block.substr(begin, stop - begin));
      line_ += stop - begin;
      if (end == nullptr) return;
      const char before = stop == 0 ? last_ : block[stop - 1];
      if (before != '\r') refuse("a line of the message ends in LF without CR", facts_.size + stop);
      facts_.longest_line = std::max(facts_.longest_line, line_ - 1);
      if (line_ == 1) in_header_ = false;
      line_ = 0;
      begin = stop + 1;
    }
  }

  void take_carriage_returns(std::string_view block) {
    if (last_ == '\r' && block.front() != '\n') refuse("a CR without LF stands in the message", facts_.size - 1);
    const char* at = block.data();
    const char* const stop = block.data() + block.size();
    while ((at = static_cast<const char*>(std::memchr(at, '\r', static_cast<std::size_t>(stop - at)))) != nullptr) {
      if (++at == stop) return;
      if (*at != '\n')
        refuse("a CR without LF stands in the message",
               facts_.size + static_cast<std::uint64_t>(at - 1 - block.data()));
    }
  }

  MessageFacts facts_;
  std::uint64_t line_ = 0;  // octets of the unfinished line
  char last_ = '\n';
  bool in_header_ = true;
};

}  // namespace

MessageFacts examine(Source& message) {
  message.rewind();
  Examiner examiner;
  std::vector<char> block(
      static_cast<std::size_t>(std::clamp<std::uint64_t>(message.size().value_or(kBlock), 1, kBlock)));
  while (const std::size_t got = message.read(block))
    examiner.take({block.data(), got});
  return examiner.finish();
}

void DotStuffer::stuff(std::string_view octets, std::string& out) {
  if (octets.empty()) return;
  out.reserve(out.size() + octets.size() + octets.size() / 64 + 8);
  if (last_ == '\n' && octets.front() == '.') out += '.';
  std::size_t begin = 0;
  std::size_t at = 0;
  // Dots are rarer than line ends in base64, and about as rare in text.
  while ((at = octets.find('.', at)) != std::string_view::npos) {
    if (at != 0 && octets[at - 1] == '\n') {
      out.append(octets, begin, at - begin);
      out += '.';
      begin = at;
    }
    ++at;
  }
  out.append(octets, begin);
  last_ = octets.back();
  any_ = true;
}

void DotStuffer::finish(std::string& out) {
  if (any_ && last_ != '\n') out += "\r\n";
  out += ".\r\n";
}

}  // namespace mimeseal::smtp
