// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "mimeseal/core/source.h"

namespace mimeseal {

/// A file that appears only when it is whole: written with mode 0600 beside its place, synced, renamed by
/// commit(). Dropped without commit() it leaves nothing, and an old file as it was. "-" and paths that name a
/// device, pipe or socket get their octets only at commit() (spooled until then).
class MIMESEAL_API OutputFile final : public Sink {
 public:
  /// Throws Error(cannot_create) naming the path, or what it is to be called.
  explicit OutputFile(std::string path, std::string shown = {});
  ~OutputFile() override;
  /// Throws Error(io).
  void write(std::string_view octets) override;
  /// Octets [begin, end) of an input as the whole content, instead of write(). When nobody else holds the input and it
  /// is a spool that was made in this file's folder (Spool::prefer_folder), its file becomes this one: nothing is
  /// copied, but the input is used up. Throws Error(io).
  void take(InputPtr input, std::uint64_t begin, std::uint64_t end);
  void commit();
  /// All of commit() that may well fail: a file is whole and synced beside its place, a stream has its octets. For
  /// callers who have something else to do before the file appears, such as printing a report. Nothing is written
  /// after it.
  void finish();
  /// Like commit(), but an existing file is an Error(cannot_create) and stays as it was.
  void commit_new();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The folder in which an OutputFile of that path will lie, links followed; empty where it will be none (a stream, a
/// device, a folder's name).
[[nodiscard]] MIMESEAL_API std::string output_folder(const std::string& path);

/// Removes the temporary files of all OutputFiles that are being written; safe in a signal handler. For tools that
/// end on SIGINT and SIGTERM.
MIMESEAL_API void remove_unfinished_outputs() noexcept;

}  // namespace mimeseal
