// SPDX-License-Identifier: MIT
#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace mimeseal::test {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;

  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
};

std::vector<std::string> environment_with(const std::map<std::string, std::string>& additions) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    if (!additions.contains(std::string(line.substr(0, line.find('='))))) result.emplace_back(line);
  }
  for (const auto& [name, value] : additions)
    result.push_back(std::string(name).append("=").append(value));
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& s : strings)
    result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

// Between fork and exec only async-signal-safe calls: tests may have threads.
[[noreturn]] void become(char* const* argv, char** envp, const char* directory, int in, int out, int err) {
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) ::_exit(127);
  if (*directory != '\0' && ::chdir(directory) != 0) ::_exit(127);
  environ = envp;
  ::execvp(argv[0], argv);
  const char* why = std::strerror(errno);
  (void)!::write(2, argv[0], std::strlen(argv[0]));
  (void)!::write(2, ": ", 2);
  (void)!::write(2, why, std::strlen(why));
  ::_exit(127);
}

/// Feeds and drains the pipes until both outputs are closed. False when the deadline passes first.
bool exchange(Fd& in, std::string_view input, Fd& out, std::string& out_bytes, Fd& err, std::string& err_bytes,
              Clock::time_point deadline) {
  auto drain = [](Fd& from, std::string& into) {
    std::array<char, 65536> buffer{};
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) from.close();
  };
  if (input.empty()) in.close();
  while (out.is_open() || err.is_open()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 3> fds{
        {{in.get(), POLLOUT, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};  // poll skips those below 0
    if (::poll(fds.data(), fds.size(), static_cast<int>(left)) < 0 && errno != EINTR) fail("poll");
    if (fds[0].revents != 0) {
      const ssize_t n = ::write(in.get(), input.data(), input.size());
      if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
      if (input.empty() || (n < 0 && errno != EINTR && errno != EAGAIN)) in.close();
    }
    if (fds[1].revents != 0) drain(out, out_bytes);
    if (fds[2].revents != 0) drain(err, err_bytes);
  }
  return true;
}

/// The status of the child, waited for until the deadline; false when it still runs then.
bool wait_until(pid_t pid, Clock::time_point deadline, int& status) {
  for (;;) {
    const pid_t got = ::waitpid(pid, &status, WNOHANG);
    if (got == pid) return true;
    if (got < 0 && errno != EINTR) fail("waitpid");
    if (Clock::now() >= deadline) return false;
    ::usleep(1000);
  }
}

}  // namespace

Finished run(const std::vector<std::string>& argv, const RunOptions& options) {
  auto arguments = argv;
  auto environment = environment_with(options.env);
  const auto argument_pointers = pointers_to(arguments);
  auto environment_pointers = pointers_to(environment);
  Pipe in, out, err;

  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    become(argument_pointers.data(), environment_pointers.data(), options.directory.c_str(), in.read.get(),
           out.write.get(), err.write.get());
  }
  ::setpgid(pid, pid);  // here too: whoever comes first
  in.read.close();
  out.write.close();
  err.write.close();
  ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  Finished result;
  int status = 0;
  const auto deadline = Clock::now() + options.timeout;
  const auto old_handler = ::signal(SIGPIPE, SIG_IGN);
  const bool in_time = exchange(in.write, options.input, out.read, result.out, err.read, result.err, deadline) &&
                       wait_until(pid, deadline, status);
  ::signal(SIGPIPE, old_handler);
  if (!in_time) {
    result.timed_out = true;
    ::kill(-pid, SIGKILL);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

TempDir::TempDir() {
  std::string name = "/tmp/mimeseal.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // an agent may be removing its socket at the same moment
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail("open " + file.string());
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) fail("read " + file.string());
  return bytes;
}

void write_file(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) fail("write " + file.string());
}

}  // namespace mimeseal::test
