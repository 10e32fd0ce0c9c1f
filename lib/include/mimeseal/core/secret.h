// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// A passphrase, key or credential: cleansed when it goes, never copied by accident, not printable.
class MIMESEAL_API SecretBytes final {
 public:
  SecretBytes() = default;
  /// Copies the octets in; the caller cleanses its own (see cleanse()).
  explicit SecretBytes(std::string_view octets);
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  [[nodiscard]] SecretBytes clone() const { return SecretBytes(view()); }
  [[nodiscard]] std::string_view view() const noexcept { return {octets_.data(), octets_.size()}; }
  [[nodiscard]] bool empty() const noexcept { return octets_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return octets_.size(); }

 private:
  std::vector<char> octets_;
};

/// Overwrites octets so that the compiler cannot leave it out.
MIMESEAL_API void cleanse(std::span<char> octets) noexcept;
MIMESEAL_API void cleanse(std::string& octets) noexcept;

/// The first line of a file ("-": standard input), without its line end: a passphrase or password. Error(no_input) when
/// it cannot be read, Error(malformed) when empty or longer than 64 KiB.
[[nodiscard]] MIMESEAL_API SecretBytes read_secret_file(const std::string& path);
/// Likewise from a descriptor, read to its end or first line; the descriptor stays open.
[[nodiscard]] MIMESEAL_API SecretBytes read_secret_fd(int fd);

}  // namespace mimeseal
