// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "toolkit/schema.h"
#include "vectors/case.h"

extern char** environ;

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxOutput = 64U << 20U;

/// Each word of the tool's command line with what stands in braces replaced; a word that is a list alone becomes
/// several.
std::vector<std::string> words_of(const Case& one, const std::string& tool) {
  const Json keys = one.json.value("keys", Json::object());
  const auto paths = [&](const char* key) {
    std::vector<std::string> list;
    for (const Json& path : keys.value(key, Json::array()))
      list.push_back(one.place(path.get<std::string>()));
    return list;
  };
  std::vector<std::string> words;
  for (std::string word : split(tool, ' ')) {
    if (word.empty()) continue;
    if (word == "{identity}" || word == "{trust}") {
      const auto list = paths(word == "{trust}" ? "trust" : "identities");
      words.insert(words.end(), list.begin(), list.end());
      continue;
    }
    const std::pair<const char*, std::string> values[] = {{"{input}", one.file("input")},
                                                          {"{at}", one.json.value("at", std::string("now"))},
                                                          {"{identity}", join(paths("identities"), ",")},
                                                          {"{trust}", join(paths("trust"), ",")}};
    for (const auto& [name, value] : values)
      for (std::size_t at = word.find(name); at != std::string::npos; at = word.find(name, at + value.size()))
        word.replace(at, std::string_view(name).size(), value);
    words.push_back(std::move(word));
  }
  if (words.empty()) throw Error(Errc::usage, "--tool names no program");
  return words;
}

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw errno_error(Errc::io, "cannot make a pipe", "--tool", errno);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_write();
    ::close(ends_[0]);
  }
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  void close_write() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// The first of what was printed, for the message.
std::string begin_of(const std::string& output) {
  constexpr std::size_t kShown = 80;
  if (output.empty()) return " (it printed nothing)";
  return "; it begins '" + visible(output.substr(0, kShown)) + (output.size() > kShown ? "…'" : "'");
}

using Clock = std::chrono::steady_clock;

/// The milliseconds that are left, none below zero.
int left_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 24 * 3600 * 1000));
}

/// Waits for the program's end; it and what it started are killed when that does not come in time.
int end_of(pid_t child, Clock::time_point end) {
  int status = 0;
  for (int wait = 1;; wait = std::min(2 * wait, 50)) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return status;
    if (left_until(end) == 0) break;
    ::poll(nullptr, 0, wait);
  }
  ::kill(-child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// Its standard output. Throws Error(protocol) when it takes too long, says too much or is ended by a signal.
std::string output_of(const std::vector<std::string>& words, std::chrono::seconds timeout) {
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pipe pipe;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.write_end(), STDOUT_FILENO);
  posix_spawnattr_t attributes;  // a process group of its own, so that what it starts ends with it
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t defaults;  // mimeseal ignores SIGPIPE, other programs expect it
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) throw errno_error(Errc::unavailable, "cannot start the tool", words[0], failed);
  pipe.close_write();
  std::string output;
  std::array<char, 16384> buffer{};
  const auto end = Clock::now() + timeout;
  bool whole = false;
  while (output.size() <= kMaxOutput) {
    pollfd waiting{pipe.read_end(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left_until(end));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    const ssize_t n = ::read(pipe.read_end(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      whole = n == 0;
      break;
    }
    output.append(buffer.data(), static_cast<std::size_t>(n));
  }
  const bool in_time = left_until(end) > 0;
  const int status = end_of(child, whole ? end : Clock::now());
  if (output.size() > kMaxOutput)
    throw Error(Errc::protocol, "the tool printed more than " + std::to_string(kMaxOutput) + " octets");
  if (!in_time || left_until(end) == 0)
    throw Error(Errc::protocol, "the tool did not end within " + std::to_string(timeout.count()) + " seconds");
  if (!whole) throw Error(Errc::protocol, "the output of the tool broke off");
  if (WIFSIGNALED(status))
    throw Error(Errc::protocol, "the tool was ended by signal " + std::to_string(WTERMSIG(status)));
  return output;
}

}  // namespace

Json run_tool(const Case& one, const std::string& tool, std::chrono::seconds timeout) {
  const std::string output = output_of(words_of(one, tool), timeout);
  Json report;
  try {
    report = toolkit::read_json(memory_input(output, "the tool's output"));
  } catch (const Error& error) {
    throw Error(Errc::protocol, std::string("the tool printed no JSON: ") + error.what() + begin_of(output));
  }
  if (!report.is_object())
    throw Error(Errc::protocol, "the tool printed " + toolkit::describe(report) + " and no JSON object");
  if (const auto error = report.find("error"); error != report.end()) {
    const auto word = [&](const char* key) {
      const Json said = error->is_object() ? error->value(key, Json()) : *error;
      return said.is_string() ? said.get<std::string>() : said.dump();
    };
    report["error_text"] = word("what");
    report["error"] = word("code");
  }
  return report;
}

}  // namespace mimeseal::vectors
