// SPDX-License-Identifier: MIT
#include "mimeseal/core/spool.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/secret.h"

namespace mimeseal {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kChunk = 64U << 10U;

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

/// A key of one spool. CTR with a counter that starts at zero: the key is fresh, and every octet has one place.
class SpoolKey {
 public:
  SpoolKey() {
    if (RAND_priv_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
      throw Error(Errc::internal, "the random generator gives nothing");
  }
  SpoolKey(const SpoolKey&) = delete;
  SpoolKey& operator=(const SpoolKey&) = delete;
  ~SpoolKey() { cleanse(std::span(reinterpret_cast<char*>(key_.data()), key_.size())); }

  /// A cipher that stands at `offset`; encryption and decryption are the same in CTR.
  [[nodiscard]] Cipher at(std::uint64_t offset) const {
    std::array<unsigned char, kBlock> counter{};
    std::uint64_t block = offset / kBlock;
    for (std::size_t i = 0; i < 8; ++i) {
      counter[kBlock - 1 - i] = static_cast<unsigned char>(block & 0xFFU);
      block >>= 8U;
    }
    Cipher cipher(EVP_CIPHER_CTX_new());
    if (!cipher || EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_ctr(), nullptr, key_.data(), counter.data()) != 1)
      throw Error(Errc::internal, "AES-256-CTR cannot be set up");
    std::array<char, kBlock> skipped{};
    apply(*cipher, std::span(skipped).first(static_cast<std::size_t>(offset % kBlock)));
    return cipher;
  }

  static void apply(EVP_CIPHER_CTX& cipher, std::span<char> octets) {
    int n = 0;
    auto* data = reinterpret_cast<unsigned char*>(octets.data());
    if (!octets.empty() && EVP_EncryptUpdate(&cipher, data, &n, data, static_cast<int>(octets.size())) != 1)
      throw Error(Errc::internal, "AES-256-CTR failed");
  }

 private:
  std::array<unsigned char, 32> key_{};
};

int unlinked_file() {
  const char* folder = std::getenv("TMPDIR");
  const std::string base = folder != nullptr && *folder == '/' ? folder : "/var/tmp";
  int fd = ::open(base.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (fd >= 0) return fd;
  // Some file systems have no O_TMPFILE.
  std::string path = base + "/mimeseal-XXXXXX";
  fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) throw errno_error(Errc::cannot_create, "cannot create a temporary file", base, errno);
  ::unlink(path.c_str());
  return fd;
}

class SpoolFile {
 public:
  SpoolFile() : fd_(unlinked_file()) {}
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile() { ::close(fd_); }

  void write(std::span<const char> octets, const std::string& name) const {
    while (!octets.empty()) {
      const ssize_t n = ::write(fd_, octets.data(), octets.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw errno_error(Errc::io, "cannot write to the temporary file", name, errno);
      octets = octets.subspan(static_cast<std::size_t>(n));
    }
  }

  std::size_t read(std::uint64_t offset, std::span<char> into, const std::string& name) const {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t n = ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw errno_error(Errc::io, "cannot read the temporary file", name, errno);
      if (n == 0) throw Error(Errc::io, "the temporary file became shorter", name);
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

 private:
  int fd_;
};

class SpoolInput final : public Input {
 public:
  SpoolInput(std::unique_ptr<SpoolFile> file, std::unique_ptr<SpoolKey> key, std::uint64_t size, std::string name)
      : file_(std::move(file)), key_(std::move(key)), size_(size), name_(std::move(name)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    if (offset >= size_ || into.empty()) return 0;
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset)));
    file_->read(offset, into, name_);
    const Cipher cipher = key_->at(offset);
    for (std::size_t at = 0; at < into.size(); at += kChunk)
      SpoolKey::apply(*cipher, into.subspan(at, std::min(kChunk, into.size() - at)));
    return into.size();
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::unique_ptr<SpoolFile> file_;
  std::unique_ptr<SpoolKey> key_;
  std::uint64_t size_;
  std::string name_;
};

class SecretMemoryInput final : public Input {
 public:
  SecretMemoryInput(std::vector<char> octets, std::string name) : octets_(std::move(octets)), name_(std::move(name)) {}
  SecretMemoryInput(const SecretMemoryInput&) = delete;
  SecretMemoryInput& operator=(const SecretMemoryInput&) = delete;
  ~SecretMemoryInput() override { cleanse(std::span<char>(octets_)); }

  [[nodiscard]] std::uint64_t size() const noexcept override { return octets_.size(); }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    if (offset >= octets_.size() || into.empty()) return 0;
    const std::size_t n = std::min<std::size_t>(into.size(), octets_.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), octets_.data() + offset, n);
    return n;
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::vector<char> octets_;
  std::string name_;
};

}  // namespace

struct Spool::State {
  std::string name;
  std::uint64_t threshold = 0;
  std::uint64_t limit = 0;
  std::uint64_t size = 0;
  std::vector<char> memory;
  std::unique_ptr<SpoolFile> file;
  std::unique_ptr<SpoolKey> key;
  Cipher cipher;

  ~State() { cleanse(std::span<char>(memory)); }

  void remember(std::string_view octets) {
    if (memory.capacity() - memory.size() < octets.size()) {
      // Grown by hand: a reallocating vector would leave plaintext behind in freed memory.
      std::vector<char> larger;
      larger.reserve(std::max(memory.size() + octets.size(), memory.size() * 2));
      larger.assign(memory.begin(), memory.end());
      cleanse(std::span<char>(memory));
      memory = std::move(larger);
    }
    memory.insert(memory.end(), octets.begin(), octets.end());
  }

  void to_file(std::string_view octets) {
    std::array<char, kChunk> buffer;
    while (!octets.empty()) {
      const std::string_view step = octets.substr(0, kChunk);
      std::copy(step.begin(), step.end(), buffer.begin());
      const std::span<char> chunk(buffer.data(), step.size());
      SpoolKey::apply(*cipher, chunk);
      file->write(chunk, name);
      octets.remove_prefix(step.size());
    }
  }

  void spill() {
    file = std::make_unique<SpoolFile>();
    key = std::make_unique<SpoolKey>();
    cipher = key->at(0);
    to_file({memory.data(), memory.size()});
    cleanse(std::span<char>(memory));
    memory = {};
  }
};

Spool::Spool(std::string name, std::uint64_t threshold, std::uint64_t limit) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->threshold = threshold;
  state_->limit = limit;
}

Spool::~Spool() = default;

void Spool::write(std::string_view octets) {
  if (octets.empty()) return;
  if (octets.size() > state_->limit - state_->size)
    throw Error(Errc::limit, "longer than the limit of " + std::to_string(state_->limit) + " octets", state_->name);
  if (!state_->file && state_->size + octets.size() > state_->threshold) state_->spill();
  if (state_->file) {
    state_->to_file(octets);
  } else {
    state_->remember(octets);
  }
  state_->size += octets.size();
}

std::uint64_t Spool::size() const noexcept {
  return state_->size;
}

InputPtr Spool::freeze() {
  if (state_->file)
    return std::make_shared<SpoolInput>(std::move(state_->file), std::move(state_->key), state_->size, state_->name);
  return std::make_shared<SecretMemoryInput>(std::move(state_->memory), state_->name);
}

InputPtr spool_source(Source& from, std::string name, std::uint64_t limit) {
  Spool spool(std::move(name), Spool::kDefaultThreshold, limit);
  copy(from, spool);
  return spool.freeze();
}

}  // namespace mimeseal
