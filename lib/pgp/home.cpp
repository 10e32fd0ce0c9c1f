// SPDX-License-Identifier: MIT
#include "pgp/home.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "mimeseal/core/error.h"
#include "mimeseal/pgp/engine.h"

namespace mimeseal::pgp {
namespace {

// gpg-agent's sockets must fit into 108 octets, the longest is "/S.gpg-agent.browser".
constexpr std::size_t kMaxPath = 80;
constexpr int kMaxDepth = 4;  // a home has folders one deep

// The one thing of this module that lives outside objects: a signal handler has no other way to find the homes. A home
// that finds no slot is left to its guardian.
struct Slot {
  std::atomic<int> state{0};  // 0 free, 1 being written, 2 a path
  std::array<char, kMaxPath + 1> path{};
};
std::array<Slot, 64> slots;
static_assert(std::atomic<int>::is_always_lock_free);

// What the kernel gives for getdents64; readdir() allocates, and a signal handler may not.
struct Entry {
  std::uint64_t inode;
  std::int64_t next;
  unsigned short length;
  unsigned char type;
  char name[1];
};

/// Removes what is in the folder; async-signal-safe. Never follows a link.
void empty_folder(int folder, int depth) noexcept {
  alignas(Entry) std::array<char, 4096> buffer;
  for (;;) {
    const long size = syscall(SYS_getdents64, folder, buffer.data(), buffer.size());
    if (size <= 0) return;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer.data() + at);
      at += entry->length;
      const char* name = entry->name;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      if (unlinkat(folder, name, 0) == 0 || depth >= kMaxDepth) continue;
      const int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (inner >= 0) {
        empty_folder(inner, depth + 1);
        close(inner);
      }
      unlinkat(folder, name, AT_REMOVEDIR);
    }
  }
}

void remove_tree(const char* path) noexcept {
  // Twice: the agent may have made a file while we were at it.
  for (int round = 0; round < 3; ++round) {
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    empty_folder(folder, 0);
    close(folder);
    if (rmdir(path) == 0) return;
  }
}

/// Tells the agent of this home, if it runs, to end, and waits until it goes; async-signal-safe.
void end_agent(const char* path) noexcept {
  constexpr const char* kCommand = "KILLAGENT\n";
  constexpr const char* kSocket = "/S.gpg-agent";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  const std::size_t name_length = std::strlen(kSocket) + 1;
  if (length + name_length > sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  std::memcpy(address.sun_path + length, kSocket, name_length);
  const int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (agent < 0) return;
  const timeval patience{1, 0};
  setsockopt(agent, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(agent, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(agent, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    std::array<char, 512> reply;
    if (recv(agent, reply.data(), reply.size(), 0) > 0 &&
        send(agent, kCommand, std::strlen(kCommand), MSG_NOSIGNAL) > 0) {
      while (recv(agent, reply.data(), reply.size(), 0) > 0) {
      }
    }
  }
  close(agent);
}

std::string make_folder() {
  for (const char* variable : {"XDG_RUNTIME_DIR", "TMPDIR", ""}) {
    const char* value = *variable != '\0' ? std::getenv(variable) : "/tmp";
    if (value == nullptr || *value != '/') continue;
    std::string path = std::string(value) + "/mimeseal-XXXXXX";
    if (path.size() <= kMaxPath && mkdtemp(path.data()) != nullptr) return path;
  }
  throw errno_error(Errc::cannot_create, "cannot make a private folder for keys", "/tmp", errno);
}

// trust-model always: what is believed is decided by us, from where each key came. ignore-*: dates are compared by us,
// with the time asked for. no-random-seed-file: homes of other threads do not wait for each other.
constexpr std::string_view kGpgConf =
    "no-random-seed-file\n"
    "no-greeting\n"
    "no-permission-warning\n"
    "lock-never\n"
    "trust-model always\n"
    "ignore-time-conflict\n"
    "ignore-valid-from\n"
    "no-auto-key-retrieve\n"
    "no-auto-key-locate\n"
    "disable-dirmngr\n"
    "s2k-cipher-algo AES256\n"
    "s2k-digest-algo SHA256\n"
    "s2k-count 65011712\n"
    "personal-cipher-preferences AES256 AES192 AES\n"
    "personal-digest-preferences SHA512 SHA384 SHA256\n";
// The agent is ours alone and ends with the engine: it may hold a passphrase that long. A fixed count spares the tenths
// of a second in which it would find one out; what protects a message by passphrase is the other count, gpg's own.
constexpr std::string_view kAgentConf =
    "disable-scdaemon\n"
    "default-cache-ttl 86400\n"
    "max-cache-ttl 86400\n"
    "s2k-count 4194304\n"
    "allow-loopback-pinentry\n";

constexpr const char* kGuardian =
    "trap '' HUP INT QUIT TERM\n"
    "read -r word && [ \"$word\" = done ] && exit 0\n"
    "[ -d \"$1\" ] || exit 0\n"
    "[ -S \"$1/S.gpg-agent\" ] && gpgconf --homedir \"$1\" --kill all\n"
    "n=0\n"
    "while [ -d \"$1\" ] && [ $n -lt 50 ]; do rm -rf -- \"$1\"; n=$((n+1)); [ -d \"$1\" ] && sleep 0.1; done\n";

}  // namespace

PrivateHome::PrivateHome() : path_(make_folder()), owner_(getpid()) {
  start_guardian();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    int free = 0;
    if (!slots[i].state.compare_exchange_strong(free, 1)) continue;
    std::memcpy(slots[i].path.data(), path_.c_str(), path_.size() + 1);
    slots[i].state.store(2, std::memory_order_release);
    slot_ = static_cast<int>(i);
    break;
  }
  try {
    write("gpg.conf", kGpgConf);
    write("gpg-agent.conf", kAgentConf);
  } catch (...) {
    remove();
    throw;
  }
}

PrivateHome::~PrivateHome() {
  remove();
}

void PrivateHome::remove() noexcept {
  if (owner_ == getpid()) {  // a forked child must leave its parent's home alone
    end_agent(path_.c_str());
    remove_tree(path_.c_str());
    if (slot_ >= 0) slots[static_cast<std::size_t>(slot_)].state.store(0, std::memory_order_release);
    end_guardian();
  } else if (pipe_ >= 0) {
    close(pipe_);
  }
}

std::string PrivateHome::write(std::string_view name, std::string_view octets) const {
  std::string file = path_ + "/" + std::string(name);
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) throw errno_error(Errc::cannot_create, "cannot write into the private folder for keys", file, errno);
  while (!octets.empty()) {
    const ssize_t count = ::write(fd, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int number = errno;
      close(fd);
      throw errno_error(Errc::io, "cannot write into the private folder for keys", file, number);
    }
    octets.remove_prefix(static_cast<std::size_t>(count));
  }
  close(fd);
  return file;
}

void PrivateHome::prepare_for_listing() const {
  write("gpg.conf", std::string(kGpgConf) + "trust-model direct\n");
}

void PrivateHome::set_time(std::optional<Time> at) const {
  constexpr long kLast = 0xFFFFFFFFL;  // times have 32 bits (RFC 9580, section 3.5)
  std::string conf(kGpgConf);
  if (at) {
    const long seconds = at->time_since_epoch().count();
    if (seconds <= 0 || seconds > kLast) throw Error(Errc::usage, "OpenPGP cannot state the time", format_rfc3339(*at));
    std::string digits;
    for (const char c : format_rfc3339(*at)) {
      if ((c >= '0' && c <= '9') || c == 'T') digits.push_back(c);
    }
    conf += "faked-system-time " + digits + "!\n";
  }
  const std::string made = write("gpg.conf.new", conf);
  if (rename(made.c_str(), (path_ + "/gpg.conf").c_str()) != 0) {
    throw errno_error(Errc::io, "cannot write into the private folder for keys", path_, errno);
  }
}

void PrivateHome::start_guardian() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  // A session of its own: an interrupt from the terminal is not for it.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  std::string script = kGuardian;
  std::string name = "mimeseal-guardian";
  std::string flag = "-c";
  std::string shell = "sh";
  std::array<char*, 6> argv{shell.data(), flag.data(), script.data(), name.data(), path_.data(), nullptr};
  std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  std::array<char*, 2> environment{path.data(), nullptr};
  pid_t child = -1;
  if (posix_spawn(&child, "/bin/sh", &actions, &attributes, argv.data(), environment.data()) == 0) {
    guardian_ = child;
    pipe_ = ends[1];
  } else {
    close(ends[1]);
  }
  close(ends[0]);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
}

void PrivateHome::end_guardian() noexcept {
  if (pipe_ < 0) return;
  // The guardian ignores what ends it early, so the pipe still has a reader and this raises no SIGPIPE.
  static constexpr char kDone[] = "done\n";
  const ssize_t count = ::write(pipe_, kDone, sizeof kDone - 1);
  static_cast<void>(count);
  close(pipe_);
  pipe_ = -1;
  while (waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void remove_private_homes() noexcept {
  const int saved = errno;
  for (Slot& slot : slots) {
    int ready = 2;
    if (!slot.state.compare_exchange_strong(ready, 1, std::memory_order_acquire)) continue;
    end_agent(slot.path.data());
    remove_tree(slot.path.data());
    slot.state.store(2, std::memory_order_release);
  }
  errno = saved;
}

}  // namespace mimeseal::pgp
