// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

#include "local/deliver.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): <unistd.h> declares it for GNU only

namespace mimeseal::local {
namespace {

constexpr int kTryAgain = 75;  // EX_TEMPFAIL
constexpr std::size_t kBlock = 65536;
constexpr std::size_t kWords = 4096;

class Fd {
 public:
  explicit Fd(int fd = -1) noexcept : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

/// A program that stops reading must not end ours: SIGPIPE is held back in this thread, and taken away afterwards.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec now{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR)
        continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] const sigset_t& before() const noexcept { return before_; }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

struct Pipe {
  Fd read;
  Fd write;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw errno_error(Errc::io, "cannot make a pipe", {}, errno);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

/// The running program; killed and waited for when nobody else did.
class Program {
 public:
  Program(const std::string& path, std::vector<std::string> words, const sigset_t& mask);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    (void)wait();
  }

  /// Writes all of the message while it listens to what is said; how many octets the program took.
  std::uint64_t feed(Source& message);
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR)
      continue;
    pid_ = -1;
    return status;
  }
  [[nodiscard]] bool took_all() const noexcept { return took_all_; }
  /// Its last line, safe to print.
  [[nodiscard]] std::string last_line() const;

 private:
  bool write_some(std::string_view& rest);
  void hear();

  Pipe input_;
  Pipe output_;
  pid_t pid_ = -1;
  std::string said_;
  bool took_all_ = false;
};

Program::Program(const std::string& path, std::vector<std::string> words, const sigset_t& mask) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input_.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output_.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output_.write.get(), STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const int code = posix_spawnp(&pid_, path.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) {
    pid_ = -1;
    throw errno_error(Errc::unavailable, "the program cannot be started", visible(path), code);
  }
  input_.read.reset();
  output_.write.reset();
  fcntl(input_.write.get(), F_SETFL, O_NONBLOCK);
  fcntl(output_.read.get(), F_SETFL, O_NONBLOCK);
}

/// False when the program takes no more.
bool Program::write_some(std::string_view& rest) {
  const ssize_t written = write(input_.write.get(), rest.data(), rest.size());
  if (written >= 0) rest.remove_prefix(static_cast<std::size_t>(written));
  return written >= 0 || errno == EAGAIN || errno == EINTR;
}

void Program::hear() {
  std::array<char, 4096> block{};
  const ssize_t got = read(output_.read.get(), block.data(), block.size());
  if (got > 0) said_.append(block.data(), static_cast<std::size_t>(got));
  if (said_.size() > 2 * kWords) said_.erase(0, said_.size() - kWords);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) output_.read.reset();
}

std::uint64_t Program::feed(Source& message) {
  std::vector<char> block(kBlock);
  std::string_view rest;
  std::uint64_t taken = 0;
  while (input_.write.is_open() || output_.read.is_open()) {
    if (input_.write.is_open() && rest.empty()) {
      rest = {block.data(), message.read(block)};
      taken += rest.size();
      if (rest.empty()) {
        took_all_ = true;
        input_.write.reset();
        continue;
      }
    }
    std::array<pollfd, 2> waits{{{input_.write.get(), POLLOUT, 0}, {output_.read.get(), POLLIN, 0}}};
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
      throw errno_error(Errc::io, "cannot wait for the program", {}, errno);
    if (waits[1].revents != 0) hear();
    if (waits[0].revents != 0 && !write_some(rest)) input_.write.reset();
  }
  return taken;
}

std::string Program::last_line() const {
  const std::string_view text = trim(said_);
  const std::size_t begin = text.rfind('\n');
  return visible(trim(begin == std::string_view::npos ? text : text.substr(begin + 1)).substr(0, 1000));
}

}  // namespace

Delivered deliver_to_program(const std::string& path, const Envelope& envelope, Source& message) {
  std::vector<std::string> words{path, "-i", "-f", envelope.from.empty() ? "<>" : envelope.from, "--"};
  words.insert(words.end(), envelope.recipients.begin(), envelope.recipients.end());
  const NoSigpipe no_sigpipe;
  Program program(path, std::move(words), no_sigpipe.before());
  Delivered delivered;
  delivered.bytes = program.feed(message);
  const int status = program.wait();
  delivered.reply = program.last_line();
  const auto say = [&](const std::string& what) {
    delivered.reply = what + (delivered.reply.empty() ? "" : ": " + delivered.reply);
  };
  if (WIFSIGNALED(status)) {
    if (!program.took_all())
      throw Error(
          Errc::unavailable,
          "the program was ended by signal " + std::to_string(WTERMSIG(status)) + " before it had the whole message",
          visible(path));
    say("ended by signal " + std::to_string(WTERMSIG(status)));
    return delivered;  // unknown
  }
  const int code = WEXITSTATUS(status);
  if (code != 0) {
    delivered.result = code == kTryAgain ? Delivery::deferred : Delivery::refused;
    say("exit code " + std::to_string(code));
  } else if (program.took_all()) {
    delivered.result = Delivery::accepted;
  } else {
    say("exit code 0, but the program did not read the whole message");
  }
  return delivered;
}

}  // namespace mimeseal::local
