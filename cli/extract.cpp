// SPDX-License-Identifier: MIT
#include "extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::cli {
namespace {

constexpr std::size_t kMaxName = 180;
constexpr int kMaxTries = 1'000;

struct FdClose {
  int fd;
  explicit FdClose(int number) : fd(number) {}
  FdClose(const FdClose&) = delete;
  FdClose& operator=(const FdClose&) = delete;
  ~FdClose() {
    if (fd >= 0) ::close(fd);
  }
};

/// The folder is opened once: what stands behind its name cannot be changed under our feet.
int open_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw errno_error(Errc::cannot_create, "cannot create the folder", folder, errno);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw errno_error(Errc::cannot_create, "cannot open the folder", folder, errno);
  return fd;
}

std::string numbered(const std::string& name, int number) {
  if (number == 0) return name;
  const std::size_t dot = name.rfind('.');
  const std::size_t at = dot == std::string::npos || dot == 0 ? name.size() : dot;
  return name.substr(0, at) + "-" + std::to_string(number + 1) + name.substr(at);
}

/// The name that was free, and its descriptor.
std::pair<std::string, int> create_new(int folder_fd, const std::string& folder, const std::string& name) {
  for (int number = 0; number < kMaxTries; ++number) {
    std::string candidate = numbered(name, number);
    const int fd = ::openat(folder_fd, candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) return {std::move(candidate), fd};
    if (errno != EEXIST)
      throw errno_error(Errc::cannot_create, "cannot create the file", folder + "/" + candidate, errno);
  }
  throw Error(Errc::cannot_create, "a thousand files of that name are there already", folder + "/" + name);
}

class FdSink final : public Sink {
 public:
  FdSink(int fd, std::string where) : fd_(fd), where_(std::move(where)) {}
  void write(std::string_view octets) override {
    while (!octets.empty()) {
      const ssize_t n = ::write(fd_, octets.data(), octets.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw errno_error(Errc::io, "writing broke off", where_, errno);
      octets.remove_prefix(static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_;
  std::string where_;
};

std::string ending_of(const std::string& type) {
  if (type == "text/plain") return ".txt";
  if (type == "text/html") return ".html";
  if (type == "message/rfc822") return ".eml";
  if (type == "image/png") return ".png";
  if (type == "image/jpeg") return ".jpg";
  if (type == "application/pdf") return ".pdf";
  return ".bin";
}

}  // namespace

std::string safe_filename(const std::string& wanted, const std::string& fallback) {
  // visible() turns controls and bidi marks into escapes; their backslash goes the way of all separators.
  const std::string clean = visible(to_valid_utf8(wanted));
  std::string name;
  for (const char c : clean) {
    const bool bad =
        c == '/' || c == '\\' || c == ':' || c == '*' || c == '?' || c == '"' || c == '<' || c == '>' || c == '|';
    name += bad ? '_' : c;
  }
  const std::size_t first = name.find_first_not_of(". -");
  name = first == std::string::npos ? std::string() : name.substr(first);
  while (!name.empty() && (name.back() == '.' || name.back() == ' '))
    name.pop_back();
  if (name.size() > kMaxName) {
    const std::size_t dot = name.rfind('.');
    std::string ending = dot != std::string::npos && name.size() - dot <= 16 ? name.substr(dot) : std::string();
    std::size_t end = kMaxName - ending.size();
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80)
      --end;  // not within a character
    name = name.substr(0, end) + ending;
  }
  return name.empty() ? fallback : name;
}

std::vector<std::string> extract_parts(const Opened& opened, const std::string& folder) {
  const FdClose folder_fd(open_folder(folder));
  std::vector<std::string> names;
  try {
    for (const OpenedPart& part : opened.parts) {
      const std::string name = safe_filename(part.filename, "part-" + part.path + ending_of(part.type));
      auto [taken, fd] = create_new(folder_fd.fd, folder, name);
      const FdClose file(fd);
      names.push_back(std::move(taken));
      FdSink sink(file.fd, folder + "/" + names.back());
      const auto body = decoded_body(part.input, part.part);
      copy(*body, sink);
      if (::fsync(file.fd) != 0 && errno != EINVAL && errno != EROFS)
        throw errno_error(Errc::io, "writing broke off", folder + "/" + names.back(), errno);
    }
  } catch (...) {
    for (const std::string& name : names)
      ::unlinkat(folder_fd.fd, name.c_str(), 0);
    throw;
  }
  for (std::string& name : names)
    name = folder + "/" + name;
  return names;
}

}  // namespace mimeseal::cli
