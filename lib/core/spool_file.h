// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace mimeseal {

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using SpoolCipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

/// A key of one spool. CTR with a counter that starts at zero: the key is fresh, and every octet has one place.
class SpoolKey {
 public:
  static constexpr std::size_t kChunk = 64U << 10U;

  SpoolKey();
  SpoolKey(const SpoolKey&) = delete;
  SpoolKey& operator=(const SpoolKey&) = delete;
  ~SpoolKey();

  /// A cipher that stands at `offset`; encryption and decryption are the same in CTR.
  [[nodiscard]] SpoolCipher at(std::uint64_t offset) const;
  /// The octets where they are.
  static void apply(EVP_CIPHER_CTX& cipher, std::span<char> octets);

 private:
  std::array<unsigned char, 32> key_{};
};

/// The file of a spool, which has no name: in a preferred folder, where it can get one, else in $TMPDIR or /var/tmp.
/// Errors call it `name`.
class SpoolFile {
 public:
  explicit SpoolFile(const std::string& folder);
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile();

  /// When the preferred folder is full, all goes to where spools are as a rule, if it may.
  void write(std::span<const char> octets, const std::string& name, bool may_leave);
  void read(std::uint64_t offset, std::span<char> into, const std::string& name) const;
  void write_at(std::uint64_t offset, std::span<const char> octets, const std::string& name) const;
  void cut(std::uint64_t size, const std::string& name) const;
  /// Has the disk begin with what was written before `end`, every so often, so that the sync at the end is short. Only
  /// for a file that will get a name.
  void start_syncing(std::uint64_t end) const;
  /// Gives the file a name; false where that is not possible.
  [[nodiscard]] bool link(const std::string& path) const;
  [[nodiscard]] bool is_nameable() const noexcept { return nameable_; }
  [[nodiscard]] int duplicate() const;

 private:
  void leave_folder(const std::string& name);

  int fd_;
  bool nameable_;
};

/// Octets of the file, as they were before encryption where there is a key.
void read_spooled(const SpoolFile& file, const SpoolKey* key, std::uint64_t offset, std::span<char> into,
                  const std::string& name);

}  // namespace mimeseal
