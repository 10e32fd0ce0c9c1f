// SPDX-License-Identifier: MIT
#include "mime/line_run.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <bit>
#endif

namespace mimeseal::mime {

#if defined(__x86_64__)
namespace {

__attribute__((target("avx2"))) inline std::uint32_t where(__m256i octets, char c) noexcept {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(octets, _mm256_set1_epi8(c))));
}

__attribute__((target("avx2,popcnt"))) std::size_t pass_lines_avx2(std::string_view text, bool stop_at_dash,
                                                                   LineFacts* facts, std::uint64_t* line_end) noexcept {
  constexpr std::size_t kBlock = 32;
  std::size_t line = 0;  // where it begins; all before it is passed
  LineFacts passed = *facts;
  std::uint64_t cr_before_block = passed.cr;
  bool nul_before_block = passed.nul;
  std::uint32_t ends_in_cr = 0;  // the block before, as the lowest bit
  bool crlf = false;
  for (std::size_t block = 0; block + kBlock <= text.size(); block += kBlock) {
    const __m256i octets = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + block));
    const std::uint32_t cr = where(octets, '\r');
    const std::uint32_t nul = where(octets, '\0');
    const std::uint32_t after_cr = cr << 1U | ends_in_cr;
    ends_in_cr = cr >> 31U;
    for (std::uint32_t feeds = where(octets, '\n'); feeds != 0; feeds &= feeds - 1) {
      const std::uint32_t bit = feeds & (0U - feeds);
      const std::size_t end = block + static_cast<std::size_t>(std::countr_zero(feeds));
      crlf = (after_cr & bit) != 0;
      passed.add_line(end - line - (crlf ? 1 : 0), crlf);
      passed.cr = cr_before_block + static_cast<std::uint64_t>(std::popcount(cr & (bit - 1)));
      passed.nul = nul_before_block || (nul & (bit - 1)) != 0;
      line = end + 1;
      if (stop_at_dash && line < text.size() && text[line] == '-') {
        *facts = passed;
        *line_end = crlf ? 2 : 1;
        return line;
      }
    }
    cr_before_block += static_cast<std::uint64_t>(std::popcount(cr));
    nul_before_block = nul_before_block || nul != 0;
  }
  if (line == 0) return 0;
  *facts = passed;
  *line_end = crlf ? 2 : 1;
  return line;
}

}  // namespace

std::size_t pass_lines(std::string_view text, bool stop_at_dash, LineFacts* facts, std::uint64_t* line_end) noexcept {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  if (!has_avx2 || (stop_at_dash && text.starts_with('-'))) return 0;
  return pass_lines_avx2(text, stop_at_dash, facts, line_end);
}

#else

std::size_t pass_lines(std::string_view /*text*/, bool /*stop_at_dash*/, LineFacts* /*facts*/,
                       std::uint64_t* /*line_end*/) noexcept {
  return 0;
}

#endif

}  // namespace mimeseal::mime
