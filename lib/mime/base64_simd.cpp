// SPDX-License-Identifier: MIT
#include "mime/base64_simd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>

#include "mime/base64_table.h"
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
__attribute__((target("avx2"))) Base64Blocks decode_avx2(std::string_view text, char* to) noexcept {
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
  return {at, at / 4 * 3};
}

/// Up to 64 digits at a time, with whatever line ends come. A table of 128 octets is one instruction here.
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) Base64Blocks decode_vbmi(std::string_view text,
                                                                                char* const to) noexcept {
  constexpr std::size_t kOctets = 64;
  alignas(64) static constexpr std::array<std::uint8_t, 128> kValues = [] {
    std::array<std::uint8_t, 128> values{};
    for (std::uint8_t c = 0; c < 128; ++c) {
      const int value = base64_value(static_cast<char>(c));
      values[c] = value < 0 ? 0x80 : static_cast<std::uint8_t>(value);
    }
    return values;
  }();
  alignas(64) static constexpr std::array<std::uint8_t, 64> kOrder = [] {
    std::array<std::uint8_t, 64> order{};
    for (std::size_t i = 0; i < 48; ++i)
      order[i] = static_cast<std::uint8_t>(i / 3 * 4 + 2 - i % 3);
    return order;
  }();
  const __m512i low = _mm512_load_si512(kValues.data());
  const __m512i high = _mm512_load_si512(kValues.data() + 64);
  const __m512i order = _mm512_load_si512(kOrder.data());
  Base64Blocks done;
  while (done.read + kOctets <= text.size()) {
    const __m512i octets = _mm512_loadu_si512(text.data() + done.read);
    const __m512i values = _mm512_permutex2var_epi8(low, octets, high);
    const std::uint64_t others = _mm512_movepi8_mask(_mm512_or_si512(octets, values));
    const __m512i twelve = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x0140'0140));
    const __m512i words = _mm512_madd_epi16(twelve, _mm512_set1_epi32(0x0001'1000));
    _mm512_storeu_si512(to + done.written, _mm512_maskz_permutexvar_epi8(~__mmask64{0}, order, words));
    const std::size_t digits = others == 0 ? kOctets : static_cast<std::size_t>(std::countr_zero(others)) / 4 * 4;
    done.read += digits;
    done.written += digits / 4 * 3;
    if (digits == kOctets) continue;
    const char* const end = text.data() + done.read;  // of at least two octets, since digits are 60 at most
    if (*end == '\n') {
      done.read += 1;
    } else if (end[0] == '\r' && end[1] == '\n') {
      done.read += 2;
    } else {
      break;
    }
  }
  return done;
}

}  // namespace

std::vector<Base64Decode> base64_decoders_here() {
  std::vector<Base64Decode> found;
  const bool vbmi = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                    __builtin_cpu_supports("avx512vbmi") != 0;
  if (vbmi) found.push_back(decode_vbmi);
  if (__builtin_cpu_supports("avx2") != 0) found.push_back(decode_avx2);
  return found;
}

#else

std::vector<Base64Decode> base64_decoders_here() {
  return {};
}

#endif

Base64Blocks decode_base64_blocks(std::string_view text, char* to) {
  static const std::vector<Base64Decode> decoders = base64_decoders_here();
  return decoders.empty() ? Base64Blocks() : decoders.front()(text, to);
}

}  // namespace mimeseal::mime
