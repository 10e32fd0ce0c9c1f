// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "local/deliver.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::local {
namespace {

[[noreturn]] void fail(Errc code, const char* what, const std::string& path) {
  throw errno_error(code, what, path, errno);
}

void make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return;
  struct stat facts {};
  const int why = errno;
  if (why == EEXIST && stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) return;
  throw errno_error(Errc::cannot_create, "cannot make the Maildir", path, why == EEXIST ? ENOTDIR : why);
}

/// "TIME.RANDOM.HOST": no two deliveries of the world share it. A host's "/" and ":" would mean something in a Maildir.
std::string unique_name(const Clock& clock) {
  std::array<char, 16> random{};
  system_random().fill(random);
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string name = std::to_string(clock.now().time_since_epoch().count()) + ".R" +
                     hex({random.data(), random.size()}) + "P" + std::to_string(getpid()) + ".";
  for (const char c : std::string_view(host.data())) {
    if (c == '/')
      name += "\\057";
    else if (c == ':')
      name += "\\072";
    else
      name += c;
  }
  return name;
}

/// A file that is removed unless it was moved away.
class NewFile final : public Sink {
 public:
  explicit NewFile(std::string path)
      : path_(std::move(path)), fd_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail(Errc::cannot_create, "cannot write into the Maildir", path_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() override {
    if (fd_ >= 0) close(fd_);
    if (!path_.empty()) unlink(path_.c_str());
  }

  void write(std::string_view octets) override {
    while (!octets.empty()) {
      const ssize_t written = ::write(fd_, octets.data(), octets.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(Errc::io, "cannot write into the Maildir", path_);
      octets.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void move_to(const std::string& place) {
    if (fsync(fd_) != 0 || close(std::exchange(fd_, -1)) != 0) fail(Errc::io, "cannot write into the Maildir", path_);
    if (rename(path_.c_str(), place.c_str()) != 0) fail(Errc::io, "cannot move the message to new", place);
    path_.clear();
  }

 private:
  std::string path_;
  int fd_;
};

/// So that the name, too, outlives a loss of power.
void sync_folder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

Delivered deliver_to_maildir(const std::string& path, Source& message, const Clock& clock) {
  make_folder(path);
  for (const char* part : {"/tmp", "/new", "/cur"})
    make_folder(path + part);
  Delivered delivered;
  delivered.id = unique_name(clock);
  NewFile file(path + "/tmp/" + delivered.id);
  delivered.bytes = copy(message, file);
  file.move_to(path + "/new/" + delivered.id);
  sync_folder(path + "/new");
  delivered.result = Delivery::accepted;
  return delivered;
}

}  // namespace mimeseal::local
