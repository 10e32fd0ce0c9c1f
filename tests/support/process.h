// SPDX-License-Identifier: MIT
#pragma once

// Child processes, scratch folders and files for tests. Leans on nothing of the library.

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mimeseal::test {

struct Finished {
  int exit_code = -1;  ///< 128 + N when signal N ended the process
  bool timed_out = false;
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string input;                          ///< written to standard input, which is then closed
  std::map<std::string, std::string> env;     ///< added to this process's environment
  std::filesystem::path directory;            ///< to run in; empty: where we are
  std::chrono::milliseconds timeout{60'000};  ///< then the process and its children are killed
};

/// Runs argv[0] (searched in PATH) to its end. A program that cannot be started ends with 127.
Finished run(const std::vector<std::string>& argv, const RunOptions& options = {});

/// A folder with mode 0700 that is removed with all it holds. Its path is short enough for the sockets of gpg-agent.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The whole file; throws std::system_error when it cannot be read.
std::string read_file(const std::filesystem::path& file);

/// Makes or replaces the file; throws std::system_error when it cannot be written.
void write_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace mimeseal::test
