// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace mimeseal::aws {

/// A command line taken apart as a POSIX shell quotes it, with nothing expanded. Empty when a quote is not closed.
std::vector<std::string> split_command(std::string_view line);

struct ProcessOutput {
  int exit_code = -1;  ///< 127: not started; 128 + N: signal N
  bool timed_out = false;
  bool too_large = false;
  std::string out;  ///< may hold secrets: cleanse it
};

/// Runs a program (found in PATH, without a shell), its standard input and error closed to /dev/null, and keeps up to
/// 64 KiB of its output. Killed when the time is over.
ProcessOutput run_program(const std::vector<std::string>& argv, std::chrono::milliseconds timeout);

}  // namespace mimeseal::aws
