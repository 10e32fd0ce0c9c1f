// SPDX-License-Identifier: MIT
#pragma once

/// Content of any size inside of DER: headers made from lengths, octets passed on in chunks.

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal::smime {

inline constexpr std::size_t kChunk = 64U * 1024U;

/// Reads to the end in chunks of up to kChunk octets; says how many octets there were.
std::uint64_t for_each_chunk(Source& source, const std::function<void(std::string_view)>& take);

class CountingSink final : public Sink {
 public:
  explicit CountingSink(Sink& out) : out_(out) {}
  void write(std::string_view octets) override {
    count_ += octets.size();
    out_.write(octets);
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  Sink& out_;
  std::uint64_t count_ = 0;
};

/// Structures within structures around a content whose size is known: each has a tag, what stands in it before the
/// next one, and after. The last holds the content itself.
class NestedHeaders final {
 public:
  struct Level {
    unsigned char tag;
    std::string before;
    std::string after;
  };
  NestedHeaders(std::initializer_list<Level> levels, std::uint64_t content_size);
  [[nodiscard]] const std::string& before() const noexcept { return before_; }
  [[nodiscard]] const std::string& after() const noexcept { return after_; }

 private:
  std::string before_;
  std::string after_;
};

}  // namespace mimeseal::smime
