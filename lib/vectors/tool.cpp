// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "vectors/case.h"

extern char** environ;

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxOutput = 64U << 20U;
constexpr std::chrono::seconds kTimeout(60);

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

/// Its standard output; an empty one when it took too long or said too much.
std::string output_of(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Pipe pipe;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.write_end(), STDOUT_FILENO);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw errno_error(Errc::unavailable, "cannot start the tool", words[0], failed);
  pipe.close_write();
  std::string output;
  std::array<char, 16384> buffer{};
  const auto end = std::chrono::steady_clock::now() + kTimeout;
  bool whole = false;
  while (output.size() <= kMaxOutput) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{pipe.read_end(), POLLIN, 0};
    if (left <= 0) break;
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
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
  if (!whole) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return whole ? output : std::string();
}

}  // namespace

Json run_tool(const Case& one, const std::string& tool) {
  const std::string output = output_of(words_of(one, tool));
  Json report = Json::parse(output, nullptr, false);
  if (report.is_discarded() || !report.is_object())
    return {{"error", "protocol"}, {"error_text", "the tool printed no JSON object"}};
  if (report.contains("error") && report["error"].is_object()) {
    report["error_text"] = report["error"].value("what", "");
    report["error"] = report["error"].value("code", "");
  }
  return report;
}

}  // namespace mimeseal::vectors
