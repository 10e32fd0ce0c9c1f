// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal::mime {

/// Octets [begin, end) of an Input seen through a bounded buffer. Cheap when it is moved forward. An end of UINT64_MAX
/// is not known yet: end() tells it once at() has given fewer octets than were wanted.
class Window {
 public:
  static constexpr std::size_t kSize = std::size_t{128} << 10U;

  Window(const Input& input, std::uint64_t begin, std::uint64_t end, std::size_t size);

  /// What lies at `offset`: at least `wanted` octets, fewer only at the end. Valid until the next call. Throws
  /// Error(io).
  [[nodiscard]] std::string_view at(std::uint64_t offset, std::size_t wanted);
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

 private:
  void load(std::uint64_t offset, std::size_t wanted);

  const Input& input_;
  std::uint64_t end_;
  std::vector<char> buffer_;
  std::uint64_t loaded_at_;
  std::size_t loaded_ = 0;
};

}  // namespace mimeseal::mime
