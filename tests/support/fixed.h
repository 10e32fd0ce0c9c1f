// SPDX-License-Identifier: MIT
#pragma once

// A clock that stands, and a Random that gives the same octets in every run.

#include <cstdint>
#include <mutex>

#include "mimeseal/core/clock.h"

namespace mimeseal::test {

class FixedClock final : public Clock {
 public:
  explicit FixedClock(Time time = Time{std::chrono::seconds(1'795'348'800)}) : time_(time) {}  // 2026-11-22T12:00:00Z
  [[nodiscard]] Time now() const override { return time_; }

 private:
  Time time_;
};

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint64_t seed = 1) : state_(seed) {}
  void fill(std::span<char> into) override {
    const std::lock_guard lock(mutex_);
    for (char& c : into)
      c = static_cast<char>(next() >> 56U);
  }
  /// SplitMix64.
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace mimeseal::test
