// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// Octets in order. std::string and std::string_view hold octets throughout mimeseal; text is UTF-8 where a
/// name says so. One thread at a time.
class MIMESEAL_API Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// Reads up to into.size() octets and says how many; 0 only at the end (or for an empty span).
  virtual std::size_t read(std::span<char> into) = 0;
  /// Back to the first octet. Every pass gives the same octets, or an Error(io) is thrown.
  virtual void rewind() = 0;
  /// How many octets a whole pass gives, when that is known beforehand.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
};

/// Takes octets in order. One thread at a time.
class MIMESEAL_API Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  virtual void write(std::string_view octets) = 0;
};

/// Octets that can be read at any place: a file, a spool, memory. Immutable as far as its reader can tell; safe
/// to share and to read from several threads. A file is read through pread, never mapped.
class MIMESEAL_API Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  virtual ~Input() = default;

  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Reads up to into.size() octets from `offset`; fewer only at the end. Throws Error(io) when the file below
  /// has become shorter or has changed since it was opened.
  virtual std::size_t read_at(std::uint64_t offset, std::span<char> into) const = 0;
  /// What to call it in messages: a path, "standard input", "the decrypted part 1.1".
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  /// Whether the octets lie unencrypted in a file: a spool of what they hold then needs no encryption of its own.
  [[nodiscard]] virtual bool stands_in_the_clear() const noexcept { return false; }
};

using InputPtr = std::shared_ptr<const Input>;

/// Memory as an Input.
[[nodiscard]] MIMESEAL_API InputPtr memory_input(std::string octets, std::string name = "memory");
/// A regular file as an Input: opened once, read by pread; a change of size or time while it is open is an
/// Error(io). Throws Error(no_input) when it cannot be opened or is no regular file.
[[nodiscard]] MIMESEAL_API InputPtr file_input(const std::string& path);
/// Octets [begin, end) of an Input as a Source; rewinds and knows its size.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Source> slice(InputPtr input, std::uint64_t begin, std::uint64_t end);
[[nodiscard]] MIMESEAL_API std::unique_ptr<Source> slice(InputPtr input);
/// Octets [begin, end) of an Input, read into memory. Throws Error(limit) when longer than `limit`.
[[nodiscard]] MIMESEAL_API std::string read_range(const Input& input, std::uint64_t begin, std::uint64_t end,
                                                  std::uint64_t limit);
/// A Source over octets that the caller keeps alive.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Source> view_source(std::string_view octets);

/// Collects into a string; throws Error(limit) past `limit` octets.
class MIMESEAL_API StringSink final : public Sink {
 public:
  explicit StringSink(std::uint64_t limit = UINT64_MAX) : limit_(limit) {}
  void write(std::string_view octets) override;
  [[nodiscard]] const std::string& str() const noexcept { return octets_; }
  [[nodiscard]] std::string take() noexcept { return std::move(octets_); }

 private:
  std::string octets_;
  std::uint64_t limit_;
};

/// Forgets what it is given, and counts it.
class MIMESEAL_API NullSink final : public Sink {
 public:
  void write(std::string_view octets) override { count_ += octets.size(); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::uint64_t count_ = 0;
};

/// Reads `from` to its end into `to`; says how many octets went through. Chunks of 64 KiB.
MIMESEAL_API std::uint64_t copy(Source& from, Sink& to);
/// The rest of `from` as a string; throws Error(limit) past `limit` octets.
[[nodiscard]] MIMESEAL_API std::string read_all(Source& from, std::uint64_t limit = UINT64_MAX);

}  // namespace mimeseal
