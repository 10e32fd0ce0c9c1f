// SPDX-License-Identifier: MIT
#include "mimeseal/core/clock.h"

#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <climits>
#include <cstdio>

#include "mimeseal/core/error.h"

namespace mimeseal {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<char> into) override {
    while (!into.empty()) {
      const std::size_t n = std::min<std::size_t>(into.size(), INT_MAX);
      if (RAND_bytes(reinterpret_cast<unsigned char*>(into.data()), static_cast<int>(n)) != 1)
        throw Error(Errc::internal, "the random generator gives nothing");
      into = into.subspan(n);
    }
  }
};

/// Exactly `digits` decimal digits at `at`; moves on. Nothing else counts as a number.
std::optional<int> number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool skip(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

Random& system_random() noexcept {
  static SystemRandom random;
  return random;
}

std::string format_rfc3339(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 48> buffer;
  const int n = std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                              static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                              static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                              static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {buffer.data(), static_cast<std::size_t>(n)};
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  if (text.starts_with('@')) {
    long long value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 1, end, value);
    constexpr long long kYear9999 = 253'402'300'799;
    if (error != std::errc() || stop != end || value < -kYear9999 || value > kYear9999) return std::nullopt;
    return Time(seconds(value));
  }
  std::size_t at = 0;
  const auto y = number(text, at, 4);
  if (!y || !skip(text, at, '-')) return std::nullopt;
  const auto mo = number(text, at, 2);
  if (!mo || !skip(text, at, '-')) return std::nullopt;
  const auto d = number(text, at, 2);
  if (!d) return std::nullopt;
  const year_month_day date(year(*y), month(static_cast<unsigned>(*mo)), day(static_cast<unsigned>(*d)));
  if (!date.ok()) return std::nullopt;
  if (at == text.size()) return Time(sys_days(date));
  if (text[at] != 'T' && text[at] != 't' && text[at] != ' ') return std::nullopt;
  ++at;
  const auto h = number(text, at, 2);
  if (!h || !skip(text, at, ':')) return std::nullopt;
  const auto mi = number(text, at, 2);
  if (!mi || !skip(text, at, ':')) return std::nullopt;
  const auto s = number(text, at, 2);
  if (!s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  if (skip(text, at, '.')) {
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    if (at == start) return std::nullopt;
  }
  seconds offset(0);
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const bool east = text[at++] == '+';
    const auto oh = number(text, at, 2);
    if (!oh || !skip(text, at, ':')) return std::nullopt;
    const auto om = number(text, at, 2);
    if (!om || *oh > 23 || *om > 59) return std::nullopt;
    offset = hours(*oh) + minutes(*om);
    if (!east) offset = -offset;
  } else {
    return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  return Time(sys_days(date)) + hours(*h) + minutes(*mi) + seconds(*s) - offset;
}

}  // namespace mimeseal
