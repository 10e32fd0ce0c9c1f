// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal {

/// Frozen octets made of pieces: memory, slices of an Input as they are, and slices encoded in base64 on the way.
/// A value: immutable, cheap to copy, safe to share between threads. Its size is known before an octet is read,
/// and every pass gives the same octets. A message with a 2 GB attachment is a Rope of a few hundred bytes.
class MIMESEAL_API Rope {
 public:
  Rope() = default;
  explicit Rope(std::string octets);
  /// Octets [begin, end) of the Input as they are.
  Rope(InputPtr input, std::uint64_t begin, std::uint64_t end);
  explicit Rope(InputPtr input);
  /// The whole Input in base64: lines of 76 characters, each (the last too) ended by CRLF (RFC 2045, 6.8).
  [[nodiscard]] static Rope base64(InputPtr input);
  /// A Rope in base64, likewise.
  [[nodiscard]] static Rope base64(Rope rope);

  Rope& append(const Rope& rope);
  Rope& append(std::string octets);
  [[nodiscard]] friend Rope operator+(Rope left, const Rope& right) { return std::move(left.append(right)); }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// A new pass from the first octet; independent of other passes.
  [[nodiscard]] std::unique_ptr<Source> open() const;
  /// All of it in memory; throws Error(limit) past `limit` octets.
  [[nodiscard]] std::string str(std::uint64_t limit = UINT64_MAX) const;

  struct Piece;

 private:
  std::vector<std::shared_ptr<const Piece>> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace mimeseal
