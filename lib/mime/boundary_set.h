// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mimeseal::mime {

/// The boundaries of the multiparts that are open. Finds the longest one that begins a line in one binary search,
/// however many are open and however much they have in common.
class BoundarySet {
 public:
  struct Entry {
    std::string boundary;
    std::size_t frame = 0;           ///< of the innermost multipart with this boundary
    std::vector<std::size_t> outer;  ///< further multiparts with the same boundary
    std::size_t shorter = kNone;     ///< the entry that is the longest proper prefix of this one
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void add(std::string boundary, std::size_t frame);
  /// Takes the innermost of that boundary away.
  void remove(std::string_view boundary);
  /// The entry whose boundary is the longest that `line` begins with, or null.
  [[nodiscard]] const Entry* longest_prefix(std::string_view line) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// Of the longest boundary that was ever open.
  [[nodiscard]] std::size_t longest() const noexcept { return longest_; }
  /// Whether a boundary is open that begins with this one, or is a beginning of it.
  [[nodiscard]] bool clashes(std::string_view boundary) const noexcept;

 private:
  std::vector<Entry> entries_;  ///< in the octets' order
  std::size_t longest_ = 0;
};

}  // namespace mimeseal::mime
