// SPDX-License-Identifier: MIT
// The paths for vector instructions, against the same work done octet by octet.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "mime/base64_simd.h"
#include "mime/line_run.h"
#include "mimeseal/core/source.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {
namespace {

using mime::LineFacts;

class Dice {
 public:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  std::string text(std::string_view alphabet, std::size_t size) {
    std::string out;
    while (out.size() < size)
      out += alphabet[below(alphabet.size())];
    return out;
  }

 private:
  std::mt19937_64 engine_{20261122};
};

/// The whole lines of the text, up to one that begins with "-" if that ends them.
LineFacts facts_of_lines(std::string_view text, std::size_t size, std::uint64_t* line_end) {
  LineFacts facts;
  facts.look_at(text.substr(0, size));
  std::size_t begin = 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (text[at] != '\n') continue;
    const bool crlf = at > begin && text[at - 1] == '\r';
    facts.add_line(at - begin - (crlf ? 1 : 0), crlf);
    *line_end = crlf ? 2 : 1;
    begin = at + 1;
  }
  return facts;
}

TEST(PassLines, CountsWhatIsThereAndStopsAtWholeLines) {
  Dice dice;
  std::size_t passed_in_all = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string_view alphabet = round % 3 == 0 ? std::string_view("ab-\r\n\0", 6)
                                      : round % 3 == 1
                                          ? std::string_view("abcdefghijklmnopqrstuvwxyz\r\n", 28)
                                          : std::string_view("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 40);
    const std::string text = dice.text(alphabet, dice.below(400));
    const bool stop = dice.below(2) == 0;
    LineFacts found;
    std::uint64_t line_end = 77;
    const std::size_t passed = mime::pass_lines(text, stop, &found, &line_end);
    passed_in_all += passed;
    ASSERT_LE(passed, text.size());
    ASSERT_TRUE(passed == 0 || text[passed - 1] == '\n');
    for (std::size_t at = 0; stop && at < passed; ++at)
      ASSERT_FALSE(text[at] == '-' && (at == 0 || text[at - 1] == '\n'))
          << "a line that might be a boundary was passed";
    std::uint64_t wanted_end = 77;
    const LineFacts wanted = facts_of_lines(text, passed, &wanted_end);
    ASSERT_EQ(found.crlf, wanted.crlf);
    ASSERT_EQ(found.lf, wanted.lf);
    ASSERT_EQ(found.cr, wanted.cr);
    ASSERT_EQ(found.longest, wanted.longest);
    ASSERT_EQ(found.nul, wanted.nul);
    ASSERT_EQ(line_end, wanted_end);
  }
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    EXPECT_GT(passed_in_all, 0U);
  }
#endif
}

/// RFC 2045, section 6.8, read octet by octet: others than digits are skipped, padding ends it.
std::string decoded_slowly(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t value = kDigits.find(c);
    if (value == std::string_view::npos) continue;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    if (++held % 4 != 0) continue;
    out += {static_cast<char>(bits >> 16U), static_cast<char>(bits >> 8U), static_cast<char>(bits)};
  }
  if (held % 4 == 2) out += static_cast<char>(bits >> 4U);
  if (held % 4 == 3) out += {static_cast<char>(bits >> 10U), static_cast<char>(bits >> 2U)};
  return out;
}

TEST(Base64Blocks, GivesTheSameForEveryLayoutOfLines) {
  Dice dice;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const std::size_t width = 1 + dice.below(130);
    const std::string_view end = dice.below(2) == 0 ? "\r\n" : "\n";
    for (std::size_t lines = dice.below(8); lines > 0; --lines) {
      text += dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", width);
      text += end;
    }
    // Now and then something that is none of base64, octets above 0x7F among it.
    for (std::size_t odd = dice.below(4); odd > 1 && !text.empty(); --odd)
      text.insert(dice.below(text.size()), 1, "\x80\xFF\r\n \t*-"[dice.below(8)]);
    if (dice.below(4) == 0) text += dice.below(2) == 0 ? "==" : "=\r\nAAAA";
    const std::string decoded = read_all(*base64_decoder(view_source(text)));
    ASSERT_EQ(decoded, decoded_slowly(text)) << text;
  }
}

TEST(Base64Blocks, StopsBeforeWhatIsNoDigitAndNoLineEnd) {
  const std::string digits(256, 'A');
  for (std::size_t at = 0; at < 128; ++at) {
    for (const char odd : {'=', ' ', '\r', '\x80', '\xC1', '\0'}) {
      std::string text = digits;
      text[at] = odd;
      std::string out(text.size() + mime::kBase64Slack, '\0');
      for (const mime::Base64Decode decode : mime::base64_decoders_here()) {
        const mime::Base64Blocks done = decode(text, out.data());
        ASSERT_LE(done.read, at);
        ASSERT_EQ(done.read % 4, 0U);
        ASSERT_EQ(done.written, done.read / 4 * 3);
      }
    }
  }
}

TEST(Base64Blocks, EveryDecoderOfThisProcessorGivesTheSame) {
  Dice dice;
  for (int round = 0; round < 5'000; ++round) {
    const std::string text =
        dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", dice.below(300)) + "\r\n" +
        dice.text("AZaz09+/", dice.below(100));
    const std::string wanted = decoded_slowly(text);
    for (const mime::Base64Decode decode : mime::base64_decoders_here()) {
      std::string out(text.size() + mime::kBase64Slack, '\0');
      const mime::Base64Blocks done = decode(text, out.data());
      ASSERT_EQ(out.substr(0, done.written), wanted.substr(0, done.written)) << text;
    }
  }
}

}  // namespace
}  // namespace mimeseal
