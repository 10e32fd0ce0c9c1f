// SPDX-License-Identifier: MIT
#include "mimeseal/core/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "mimeseal/core/error.h"

namespace mimeseal {
namespace {

constexpr std::size_t kMaxSecret = 64U << 10U;

/// Reads octet by octet: what follows the first line on a shared descriptor belongs to somebody else.
SecretBytes read_line(int fd, const std::string& where) {
  std::vector<char> line;
  line.reserve(256);  // so that growing does not leave copies behind for usual lengths
  const auto fail = [&](Error error) {
    cleanse(std::span<char>(line));
    throw error;
  };
  while (true) {
    char c = 0;
    const ssize_t n = ::read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno_error(Errc::no_input, "cannot read the secret", where, errno));
    if (n == 0 || c == '\n') break;
    if (line.size() == kMaxSecret) fail(Error(Errc::malformed, "the first line is longer than 64 KiB", where));
    if (line.size() == line.capacity()) {
      std::vector<char> larger;
      larger.reserve(line.size() * 2);
      larger.assign(line.begin(), line.end());
      cleanse(std::span<char>(line));
      line = std::move(larger);
    }
    line.push_back(c);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) throw Error(Errc::malformed, "the first line is empty: no secret in it", where);
  SecretBytes secret(std::string_view(line.data(), line.size()));
  cleanse(std::span<char>(line));
  return secret;
}

}  // namespace

SecretBytes::SecretBytes(std::string_view octets) : octets_(octets.begin(), octets.end()) {}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : octets_(std::move(other.octets_)) {
  other.octets_.clear();
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    cleanse(std::span<char>(octets_));
    octets_ = std::move(other.octets_);
    other.octets_.clear();
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  cleanse(std::span<char>(octets_));
}

void cleanse(std::span<char> octets) noexcept {
  if (!octets.empty()) OPENSSL_cleanse(octets.data(), octets.size());
}

void cleanse(std::string& octets) noexcept {
  cleanse(std::span<char>(octets));
}

SecretBytes read_secret_file(const std::string& path) {
  if (path == "-") return read_line(STDIN_FILENO, "standard input");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw errno_error(Errc::no_input, "cannot read the secret", path, errno);
  try {
    SecretBytes secret = read_line(fd, path);
    ::close(fd);
    return secret;
  } catch (...) {
    ::close(fd);
    throw;
  }
}

SecretBytes read_secret_fd(int fd) {
  return read_line(fd, "file descriptor " + std::to_string(fd));
}

}  // namespace mimeseal
