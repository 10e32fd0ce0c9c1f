// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <memory>

#include "commands.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/text.h"
#include "mimeseal/vectors/runner.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

using vectors::CaseResult;
using vectors::Outcome;

std::string case_text(const CaseResult& one) {
  const char* word = one.outcome == Outcome::pass ? "pass" : one.outcome == Outcome::fail ? "FAIL" : "acceptable";
  std::string text = std::string(word) + "  " + visible(one.manifest) + "  " + visible(one.id) +
                     (one.reason.empty() ? "" : "  (" + visible(one.reason) + ")") + "\n";
  for (const vectors::Difference& difference : one.differences)
    text += "      " + visible(difference.path) + "\n        expected  " + visible(difference.expected) +
            "\n        actual    " + visible(difference.actual) + "\n";
  return text;
}

}  // namespace

int run_vectors(const Options& options) {
  if (options.arguments.empty()) throw Error(Errc::usage, "vectors takes manifests");
  if (options.jobs < 0 || options.jobs > 1024) throw Error(Errc::usage, "--jobs is a number from 1 to 1024");
  vectors::RunOptions run;
  run.filter = options.filter;
  run.jobs = static_cast<unsigned>(options.jobs);
  run.tool = options.tool;
  if (!run.tool.empty() && trim(run.tool).empty()) throw Error(Errc::usage, "--tool names no program");
  if (options.tool_timeout < 1 || options.tool_timeout > 86400)
    throw Error(Errc::usage, "--tool-timeout is a number of seconds, from 1 to 86400");
  run.tool_timeout = std::chrono::seconds(options.tool_timeout);
  const vectors::RunResult result = vectors::run_manifests(options.arguments, run);
  std::unique_ptr<OutputFile> junit;
  if (!options.junit.empty()) {
    junit = std::make_unique<OutputFile>(options.junit);
    junit->write(vectors::junit_xml(result));
    junit->finish();
  }
  if (options.json) {
    print_json(vectors::result_json(result));
  } else {
    std::string text;
    for (const CaseResult& one : result.cases)
      if (options.verbose || one.outcome == Outcome::fail) text += case_text(one);
    text += std::to_string(result.count(Outcome::pass)) + " passed, " + std::to_string(result.count(Outcome::fail)) +
            " failed, " + std::to_string(result.count(Outcome::acceptable)) + " acceptable, " +
            std::to_string(result.skipped) + " skipped\n";
    print_result(text);
  }
  if (junit) junit->commit();
  if (result.cases.empty()) {
    print_error(Error(Errc::usage, "no case was run", options.filter));
    return 1;
  }
  return result.count(Outcome::fail) == 0 ? 0 : 1;
}

}  // namespace mimeseal::cli
