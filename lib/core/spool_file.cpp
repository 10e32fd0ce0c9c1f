// SPDX-License-Identifier: MIT
#include "core/spool_file.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/secret.h"

namespace mimeseal {
namespace {

constexpr std::size_t kBlock = 16;
/// The most octets that are written at once.
constexpr std::uint64_t kMostWritten = 256U << 10U;

/// O_EXCL would keep the file from ever getting a name, which one in the caller's own folder may (move_spool_file).
int unnamed_file_in(const std::string& folder) {
  if (folder.empty()) return -1;
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) ::fchmod(fd, S_IRUSR | S_IWUSR);  // whatever the umask takes away
  return fd;
}

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

}  // namespace

SpoolKey::SpoolKey() {
  if (RAND_priv_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
    throw Error(Errc::internal, "the random generator gives nothing");
}

SpoolKey::~SpoolKey() {
  cleanse(std::span(reinterpret_cast<char*>(key_.data()), key_.size()));
}

SpoolCipher SpoolKey::at(std::uint64_t offset) const {
  std::array<unsigned char, kBlock> counter{};
  std::uint64_t block = offset / kBlock;
  for (std::size_t i = 0; i < 8; ++i) {
    counter[kBlock - 1 - i] = static_cast<unsigned char>(block & 0xFFU);
    block >>= 8U;
  }
  SpoolCipher cipher(EVP_CIPHER_CTX_new());
  if (!cipher || EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_ctr(), nullptr, key_.data(), counter.data()) != 1)
    throw Error(Errc::internal, "AES-256-CTR cannot be set up");
  std::array<char, kBlock> skipped{};
  apply(*cipher, std::span(skipped).first(static_cast<std::size_t>(offset % kBlock)));
  return cipher;
}

void SpoolKey::apply(EVP_CIPHER_CTX& cipher, std::span<char> octets) {
  for (std::size_t at = 0; at < octets.size(); at += kChunk) {
    const std::span<char> chunk = octets.subspan(at, std::min(kChunk, octets.size() - at));
    int n = 0;
    auto* data = reinterpret_cast<unsigned char*>(chunk.data());
    if (EVP_EncryptUpdate(&cipher, data, &n, data, static_cast<int>(chunk.size())) != 1)
      throw Error(Errc::internal, "AES-256-CTR failed");
  }
}

SpoolFile::SpoolFile(const std::string& folder) : fd_(unnamed_file_in(folder)), nameable_(fd_ >= 0) {
  if (fd_ < 0) fd_ = unlinked_file();
}

SpoolFile::~SpoolFile() {
  ::close(fd_);
}

void SpoolFile::write(std::span<const char> octets, const std::string& name, bool may_leave) {
  while (!octets.empty()) {
    const ssize_t n = ::write(fd_, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT) && may_leave && nameable_) {
      leave_folder(name);
      continue;
    }
    if (n < 0) throw errno_error(Errc::io, "cannot write to the temporary file", name, errno);
    octets = octets.subspan(static_cast<std::size_t>(n));
  }
}

void SpoolFile::read(std::uint64_t offset, std::span<char> into, const std::string& name) const {
  while (!into.empty()) {
    const ssize_t n = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error(Errc::io, "cannot read the temporary file", name, errno);
    if (n == 0) throw Error(Errc::io, "the temporary file became shorter", name);
    into = into.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void SpoolFile::write_at(std::uint64_t offset, std::span<const char> octets, const std::string& name) const {
  while (!octets.empty()) {
    const ssize_t n = ::pwrite(fd_, octets.data(), octets.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error(Errc::io, "cannot write to the temporary file", name, errno);
    octets = octets.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void SpoolFile::cut(std::uint64_t size, const std::string& name) const {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0)
    throw errno_error(Errc::io, "cannot write to the temporary file", name, errno);
}

void SpoolFile::start_syncing(std::uint64_t end) const {
  constexpr std::uint64_t kStep = 16U << 20U;
  if (!nameable_ || end % kStep >= kMostWritten || end < kStep) return;
  const std::uint64_t begin = end / kStep * kStep - kStep;
  ::sync_file_range(fd_, static_cast<off64_t>(begin), kStep, SYNC_FILE_RANGE_WRITE);
}

bool SpoolFile::link(const std::string& path) const {
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  return nameable_ && ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

int SpoolFile::duplicate() const {
  return ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
}

/// Who reads the file goes on reading it: the descriptor stays.
void SpoolFile::leave_folder(const std::string& name) {
  const off_t end = ::lseek(fd_, 0, SEEK_CUR);
  SpoolFile other{std::string()};
  std::vector<char> buffer(kMostWritten);
  for (off_t at = 0; at < end;) {
    const std::span<char> step =
        std::span(buffer).first(std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - at)));
    read(static_cast<std::uint64_t>(at), step, name);
    other.write(step, name, false);
    at += static_cast<off_t>(step.size());
  }
  if (::dup3(other.fd_, fd_, O_CLOEXEC) < 0)
    throw errno_error(Errc::io, "cannot write to the temporary file", name, errno);
  nameable_ = false;
}

void read_spooled(const SpoolFile& file, const SpoolKey* key, std::uint64_t offset, std::span<char> into,
                  const std::string& name) {
  file.read(offset, into, name);
  if (key != nullptr) SpoolKey::apply(*key->at(offset), into);
}

}  // namespace mimeseal
