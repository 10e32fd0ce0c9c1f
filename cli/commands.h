// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "options.h"

/// One function a command: it gets what was said and returns the exit code of the contract. Errors are thrown.
namespace mimeseal::cli {

int run_compose(const Options& options);
int run_seal(const Options& options);
int run_send(const Options& options);
int run_open(const Options& options);
int run_inspect(const Options& options);
int run_keys(const Options& options);
int run_probe(const Options& options);
int run_ses(const Options& options);
int run_vectors(const Options& options);

/// A command as `mimeseal --help` names it.
struct Command {
  const char* name;
  const char* usage;
  const char* summary;
  unsigned groups;
  int (*run)(const Options&);
};

[[nodiscard]] const std::vector<Command>& commands();

}  // namespace mimeseal::cli
