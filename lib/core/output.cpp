// SPDX-License-Identifier: MIT
#include "mimeseal/core/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/spool_output.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"

namespace mimeseal {
namespace {

/// Names of the temporary files that exist now, for a signal handler: fixed slots, lock-free, no allocation.
constexpr std::size_t kSlots = 64;
struct Slot {
  std::atomic<int> state{0};  // 0 free, 1 being filled, 2 holds a path
  std::array<char, PATH_MAX> path{};
};
std::array<Slot, kSlots>& slots() noexcept {
  static std::array<Slot, kSlots> all;
  return all;
}

Slot* remember(const std::string& path) {
  if (path.size() >= PATH_MAX) return nullptr;
  for (Slot& slot : slots()) {
    int expected = 0;
    if (!slot.state.compare_exchange_strong(expected, 1)) continue;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.state.store(2);
    return &slot;
  }
  return nullptr;
}

/// A name that exists for a moment.
class Remembered {
 public:
  explicit Remembered(const std::string& path) : slot_(remember(path)) {}
  Remembered(const Remembered&) = delete;
  Remembered& operator=(const Remembered&) = delete;
  ~Remembered() {
    if (slot_ != nullptr) slot_->state.store(0);
  }

 private:
  Slot* slot_;
};

void write_all(int fd, std::string_view octets, const std::string& where) {
  while (!octets.empty()) {
    const ssize_t n = ::write(fd, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error(Errc::io, "writing broke off", where, errno);
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// Where a link that points to nothing yet points to, so that it stays a link; any other path as it is.
std::string behind_link(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t n = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (n <= 0 || static_cast<std::size_t>(n) == buffer.size()) return path;
  const std::string to(buffer.data(), static_cast<std::size_t>(n));
  const std::size_t slash = path.rfind('/');
  return to.front() == '/' || slash == std::string::npos ? to : path.substr(0, slash + 1) + to;
}

/// Where the octets for that path go.
struct Place {
  bool is_folder = false;
  bool is_stream = false;
  std::string target;  ///< of a file: a link stays a link, the file that it points to is replaced
};

Place place_of(const std::string& path) {
  struct stat there {};
  const bool exists = path != "-" && ::stat(path.c_str(), &there) == 0;
  Place place{exists && S_ISDIR(there.st_mode), path == "-" || (exists && !S_ISREG(there.st_mode)), path};
  if (place.is_stream) return place;
  std::array<char, PATH_MAX> real;
  if (!exists) {
    place.target = behind_link(path);
  } else if (::realpath(path.c_str(), real.data()) != nullptr) {
    place.target = real.data();
  }
  return place;
}

class FdSink final : public Sink {
 public:
  FdSink(int fd, const std::string& where) : fd_(fd), where_(where) {}
  void write(std::string_view octets) override { write_all(fd_, octets, where_); }

 private:
  int fd_;
  const std::string& where_;
};

}  // namespace

struct OutputFile::State {
  std::string path;
  std::string shown;   // what errors call it
  std::string target;  // where the file will stand: symbolic links followed
  std::string temporary;
  int fd = -1;
  std::uint64_t written = 0;
  std::uint64_t syncing = 0;  ///< octets that the disk was told of
  Slot* slot = nullptr;
  std::unique_ptr<Spool> spool;   // for devices and pipes
  std::unique_ptr<Source> taken;  // instead of what is spooled
  bool finished = false;

  ~State() {
    if (fd >= 0) ::close(fd);
    if (!temporary.empty()) ::unlink(temporary.c_str());
    forget();
  }

  void forget() noexcept {
    temporary.clear();
    if (slot != nullptr) slot->state.store(0);
    slot = nullptr;
  }

  /// Has the disk begin while more is made, so that the sync at the end is short.
  void start_syncing(std::uint64_t more) {
    constexpr std::uint64_t kStep = 16U << 20U;
    written += more;
    if (written - syncing < kStep) return;
    ::sync_file_range(fd, static_cast<off64_t>(syncing), static_cast<off64_t>(written - syncing),
                      SYNC_FILE_RANGE_WRITE);
    syncing = written;
  }

  void finish() {
    if (finished) return;
    if (spool) {
      give_to_stream();
    } else {
      finish_file();
    }
    finished = true;
  }

  void finish_file() {
    if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
      throw errno_error(Errc::io, "writing broke off", shown, errno);
    if (::close(std::exchange(fd, -1)) != 0) throw errno_error(Errc::io, "writing broke off", shown, errno);
  }

  void give_to_stream() {
    const bool standard = path == "-";
    const int out = standard ? STDOUT_FILENO : ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (out < 0) throw errno_error(Errc::cannot_create, "cannot write to it", shown, errno);
    try {
      FdSink sink(out, shown);
      const auto source = taken ? std::move(taken) : slice(spool->freeze());
      copy(*source, sink);
    } catch (...) {
      if (!standard) ::close(out);
      throw;
    }
    if (!standard && ::close(out) != 0) throw errno_error(Errc::io, "writing broke off", shown, errno);
  }
};

OutputFile::OutputFile(std::string path, std::string shown) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.path = std::move(path);
  state.shown = shown.empty() ? state.path : std::move(shown);
  state.target = state.path;
  if (state.path.empty()) throw Error(Errc::cannot_create, "an empty path names no file");
  const Place place = place_of(state.path);
  if (place.is_folder) throw Error(Errc::cannot_create, "is a folder, not a file", state.shown);
  if (place.is_stream) {
    state.spool = std::make_unique<Spool>(state.path == "-" ? "standard output" : state.path);
    return;
  }
  state.target = place.target;
  std::string temporary = state.target + ".XXXXXX";
  const std::size_t slash = state.target.rfind('/');
  const std::size_t name_at = slash == std::string::npos ? 0 : slash + 1;
  if (state.target.size() - name_at > NAME_MAX - 8) temporary = state.target.substr(0, name_at) + ".mimeseal-XXXXXX";
  state.fd = ::mkostemp(temporary.data(), O_CLOEXEC);  // makes it with mode 0600
  if (state.fd < 0) throw errno_error(Errc::cannot_create, "cannot create the file", state.shown, errno);
  ::fchmod(state.fd, S_IRUSR | S_IWUSR);  // whatever the umask takes away; a file system without modes has its own
  state.temporary = std::move(temporary);
  state.slot = remember(state.temporary);
}

OutputFile::~OutputFile() = default;

void OutputFile::write(std::string_view octets) {
  if (state_->spool) {
    state_->spool->write(octets);
  } else {
    write_all(state_->fd, octets, state_->shown);
    state_->start_syncing(octets.size());
  }
}

void OutputFile::take(InputPtr input, std::uint64_t begin, std::uint64_t end) {
  State& state = *state_;
  if (!state.spool) {
    const std::string beside = state.temporary + "+";
    const Remembered name(beside);
    const int moved = move_spool_file(input, begin, end, state.temporary, beside);
    if (moved >= 0) {
      ::close(std::exchange(state.fd, moved));
      return;
    }
  }
  // A stream gets nothing out of a file that may change while it is read: half of it would be out by then.
  const bool waits = state.spool && is_spool(*input);
  auto source = slice(std::move(input), begin, end);
  if (waits) {
    state.taken = std::move(source);
  } else {
    copy(*source, *this);
  }
}

std::string output_folder(const std::string& path) {
  if (path.empty()) return {};
  const Place place = place_of(path);
  if (place.is_folder || place.is_stream) return {};
  const std::size_t slash = place.target.rfind('/');
  return slash == std::string::npos ? "." : place.target.substr(0, slash + 1);
}

void OutputFile::finish() {
  state_->finish();
}

void OutputFile::commit() {
  State& state = *state_;
  state.finish();
  if (state.spool) return;
  if (::rename(state.temporary.c_str(), state.target.c_str()) != 0)
    throw errno_error(Errc::cannot_create, "cannot put the file in its place", state.shown, errno);
  state.forget();
}

void OutputFile::commit_new() {
  State& state = *state_;
  state.finish();
  if (state.spool) return;
  // Fails when the name is taken, which rename() would not. A few file systems know only the one or the other.
  const char* from = state.temporary.c_str();
  const char* to = state.target.c_str();
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST || ::link(from, to) != 0)
      throw errno_error(Errc::cannot_create, "cannot create the file", state.shown, errno);
    ::unlink(from);
  }
  state.forget();
}

void remove_unfinished_outputs() noexcept {
  for (Slot& slot : slots())
    if (slot.state.load() == 2) ::unlink(slot.path.data());
}

}  // namespace mimeseal
