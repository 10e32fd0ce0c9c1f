// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "mimeseal/core/source.h"

namespace mimeseal {

/// Where octets wait until it is known that they may be given out: in memory up to a threshold, past it in an
/// unlinked temporary file of mode 0600 (in $TMPDIR, else /var/tmp), encrypted with AES-256-CTR under a key that
/// lives in this object alone. Written once, then frozen and read at any place. A spool that is dropped unread
/// leaves nothing; memory is cleansed. One thread while it is written.
class MIMESEAL_API Spool final : public Sink {
 public:
  static constexpr std::uint64_t kDefaultThreshold = 1U << 20U;

  explicit Spool(std::string name = "spool", std::uint64_t threshold = kDefaultThreshold,
                 std::uint64_t limit = UINT64_MAX);
  ~Spool() override;

  /// Throws Error(limit) past the limit, Error(io) when the disk is full.
  void write(std::string_view octets) override;
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// Ends writing; what was written becomes an Input that owns it. The spool is then empty and done.
  [[nodiscard]] InputPtr freeze();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads a stream (a pipe, standard input) into a spool, and freezes it.
[[nodiscard]] MIMESEAL_API InputPtr spool_source(Source& from, std::string name, std::uint64_t limit = UINT64_MAX);

}  // namespace mimeseal
