// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// Seconds since the epoch in UTC: all times in mimeseal.
using Time = std::chrono::sys_seconds;

/// Where the time comes from, injected so that a test can pin it. Shared between threads.
class MIMESEAL_API Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

/// The randomness of boundaries and Message-IDs, injected so that a test can pin it. Never used for keys, nonces
/// or salts: those come from the cryptographic libraries' own generators. Shared between threads.
class MIMESEAL_API Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;
  virtual void fill(std::span<char> into) = 0;
};

/// The machine's clock and the operating system's generator: static objects.
[[nodiscard]] MIMESEAL_API const Clock& system_clock() noexcept;
[[nodiscard]] MIMESEAL_API Random& system_random() noexcept;

/// RFC 3339 in UTC: "2026-11-22T12:00:00Z".
[[nodiscard]] MIMESEAL_API std::string format_rfc3339(Time time);
/// RFC 3339 with any offset ("2021-02-20T10:00:02-05:00"; fractions are cut off), a date alone (midnight UTC), or
/// "@seconds". Nothing when it is none of these.
[[nodiscard]] MIMESEAL_API std::optional<Time> parse_rfc3339(std::string_view text);

}  // namespace mimeseal
