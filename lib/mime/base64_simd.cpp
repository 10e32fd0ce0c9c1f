// SPDX-License-Identifier: MIT
#include "mime/base64_simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mimeseal::mime {

#if defined(__x86_64__)
namespace {

// Each digit's value is its octet plus a number that depends on the range it is in. Octets above 0x7F are negative
// here, and in no range.

__attribute__((target("avx2"))) inline __m256i between(__m256i octets, char first, char last) noexcept {
  return _mm256_and_si256(_mm256_cmpgt_epi8(octets, _mm256_set1_epi8(static_cast<char>(first - 1))),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(last + 1)), octets));
}

__attribute__((target("avx2"))) inline __m256i chosen(__m256i mask, int value) noexcept {
  return _mm256_and_si256(mask, _mm256_set1_epi8(static_cast<char>(value)));
}

/// 32 digits at a time.
__attribute__((target("avx2"))) std::size_t decode_avx2(std::string_view text, char* to) noexcept {
  constexpr std::size_t kDigits = 32;
  // Of the three octets that a group makes, the highest comes first; the fourth of each word is left out.
  const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                         2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  std::size_t at = 0;
  for (; at + kDigits <= text.size(); at += kDigits, to += kDigits / 4 * 3) {
    const __m256i octets = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at));
    const __m256i upper = between(octets, 'A', 'Z');
    const __m256i lower = between(octets, 'a', 'z');
    const __m256i digit = between(octets, '0', '9');
    const __m256i plus = _mm256_cmpeq_epi8(octets, _mm256_set1_epi8('+'));
    const __m256i slash = _mm256_cmpeq_epi8(octets, _mm256_set1_epi8('/'));
    const __m256i known =
        _mm256_or_si256(_mm256_or_si256(_mm256_or_si256(upper, lower), digit), _mm256_or_si256(plus, slash));
    if (_mm256_movemask_epi8(known) != -1) break;
    const __m256i letters = _mm256_or_si256(chosen(upper, -'A'), chosen(lower, 26 - 'a'));
    const __m256i others =
        _mm256_or_si256(_mm256_or_si256(chosen(digit, 52 - '0'), chosen(plus, 62 - '+')), chosen(slash, 63 - '/'));
    const __m256i values = _mm256_add_epi8(octets, _mm256_or_si256(letters, others));
    // Two digits of six bits make twelve, two of those twenty-four.
    const __m256i twelve = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x0140'0140));
    const __m256i words = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x0001'1000));
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(words, order), together);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), packed);
  }
  return at;
}

}  // namespace

std::size_t decode_base64_blocks(std::string_view text, char* to) noexcept {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  return has_avx2 ? decode_avx2(text, to) : 0;
}

#else

std::size_t decode_base64_blocks(std::string_view /*text*/, char* /*to*/) noexcept {
  return 0;
}

#endif

}  // namespace mimeseal::mime
