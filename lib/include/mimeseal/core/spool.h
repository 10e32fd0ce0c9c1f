// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mimeseal/core/source.h"

namespace mimeseal {

/// Where octets wait until it is known that they may be given out: in memory up to a threshold, past it in a
/// temporary file of mode 0600 that has no name (in $TMPDIR, else /var/tmp), encrypted with AES-256-CTR under a key
/// that lives in this object alone. Written once, then frozen and read at any place. A spool that is dropped unread
/// leaves nothing; memory is cleansed. One thread while it is written.
class MIMESEAL_API Spool final : public Sink {
 public:
  static constexpr std::uint64_t kDefaultThreshold = 1U << 20U;

  explicit Spool(std::string name = "spool", std::uint64_t threshold = kDefaultThreshold,
                 std::uint64_t limit = UINT64_MAX);
  ~Spool() override;

  /// The folder for the file, when one is needed and its file system has files without a name (O_TMPFILE); else it is
  /// made in $TMPDIR as ever. OutputFile::take() in that folder then needs no copy. Before the first write.
  void prefer_folder(std::string folder);
  /// For what stands unencrypted in a file of the user's anyway: in the preferred folder it is not encrypted either.
  /// Before the first write.
  void leave_unencrypted();

  /// Called once, when it is clear that the content is long: with an Input of what is being written, for another thread
  /// that works on it meanwhile. Its size() is UINT64_MAX; read_at() waits for octets that are still to come, gives
  /// fewer only at the end, and throws Error(io) once this spool is dropped unfrozen. It must be gone before
  /// OutputFile::take(). Before the first write.
  void when_long(std::function<void(InputPtr)> follow);

  /// Throws Error(limit) past the limit, Error(io) when the disk is full (at the latest from freeze(): a long spool is
  /// written by a thread of its own).
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
