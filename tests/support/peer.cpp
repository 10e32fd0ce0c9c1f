// SPDX-License-Identifier: MIT
#include "support/peer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): <unistd.h> declares it for GNU only

namespace mimeseal::test {
namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr int kSkipped = 77;
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kEndPatience{10};

std::filesystem::path peer_script(std::string_view name) {
  return std::filesystem::path(MIMESEAL_SOURCE_DIR) / "tests/peers" / name;
}

std::string text_of(const std::filesystem::path& file) {
  return std::filesystem::exists(file) ? read_file(file) : "";
}

/// One line, or what came before the end.
std::string read_line(int fd) {
  std::string line;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (line.find('\n') == std::string::npos) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd descriptor{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&descriptor, 1, static_cast<int>(left.count())) <= 0) break;
    std::array<char, 4096> block{};
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got <= 0) break;
    line.append(block.data(), static_cast<std::size_t>(got));
  }
  return line.substr(0, line.find('\n'));
}

bool has(const std::vector<std::string>& options, std::string_view name) {
  return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
    return option == name || option.starts_with(std::string(name) + "=");
  });
}

}  // namespace

const std::filesystem::path& test_ca() {
  static const TempDir folder;
  static const std::filesystem::path made = [] {
    const Finished done = run({kPython, peer_script("make_ca.py").string(), "--out", (folder / "ca").string()});
    if (done.exit_code != 0) throw std::runtime_error("make_ca.py: " + done.err);
    return folder / "ca";
  }();
  return made;
}

Peer::Peer(std::string_view script, std::vector<std::string> options) : store_(folder_ / "store") {
  if (!has(options, "--no-cert") && !has(options, "--cert")) {
    options.push_back("--cert=" + (test_ca() / "server.pem").string());
    options.push_back("--key=" + (test_ca() / "server.key").string());
  }
  std::erase(options, "--no-cert");
  if (!has(options, "--store")) options.push_back("--store=" + store_.string());

  std::vector<std::string> words{kPython, peer_script(script).string()};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  const std::string errors = (folder_ / "stderr").string();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int code = ::posix_spawn(&pid_, kPython, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  if (code != 0) {
    pid_ = -1;
    ::close(out[0]);
    ::close(input_);
    throw std::system_error(code, std::generic_category(), kPython);
  }
  ready_ = read_line(out[0]);
  ::close(out[0]);
  if (ready_.starts_with("{")) return;
  ::close(std::exchange(input_, -1));
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  const std::string why = std::string(script) + ": " + text_of(errors);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSkipped) throw PeerSkipped(why);
  throw std::runtime_error(why);
}

Peer::~Peer() {
  stop();
}

void Peer::stop() {
  if (pid_ < 0) return;
  ::close(std::exchange(input_, -1));
  const auto until = std::chrono::steady_clock::now() + kEndPatience;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  pid_ = -1;
}

int Peer::number(std::string_view name) const {
  const std::string key = "\"" + std::string(name) + "\": ";
  const std::size_t at = ready_.find(key);
  if (at == std::string::npos) throw std::runtime_error("the peer's ready line has no " + std::string(name));
  return std::stoi(ready_.substr(at + key.size()));
}

std::vector<Peer::Stored> Peer::messages(std::size_t count) const {
  const auto until = std::chrono::steady_clock::now() + kEndPatience;
  while (true) {
    std::vector<std::filesystem::path> facts;
    if (std::filesystem::exists(store_))
      for (const auto& entry : std::filesystem::directory_iterator(store_))
        if (entry.path().extension() == ".json") facts.push_back(entry.path());
    if (facts.size() < count && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    std::sort(facts.begin(), facts.end());
    std::vector<Stored> found;
    for (const auto& file : facts) {
      std::filesystem::path content = file;
      found.push_back({read_file(content.replace_extension(".eml")), read_file(file)});
    }
    return found;
  }
}

std::string Peer::log(std::string_view name) const {
  return text_of(store_ / name);
}

}  // namespace mimeseal::test
