// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "mimeseal/core/api.h"

/// Runs manifests of test vectors (schemas/vector.schema.json) and judges what comes out, field by field.
namespace mimeseal::vectors {

/// One field that is not as expected; both sides as JSON text.
struct Difference {
  std::string path;  ///< "$.summary.signed"
  std::string expected;
  std::string actual;
};

enum class Outcome {
  pass,
  acceptable,  ///< differs, and the case says that it may
  fail,
};

struct CaseResult {
  std::string manifest;
  std::string id;
  Outcome outcome = Outcome::pass;
  std::string reason;  ///< of an acceptable case; or why the case could not be run
  std::vector<Difference> differences;
  double seconds = 0;
};

struct RunOptions {
  std::string filter;  ///< a glob over case ids ("smime-*"); empty: all
  unsigned jobs = 0;   ///< cases side by side; 0: one a processor
  /// Another program that opens messages and prints a report: its words divided at blanks, without a shell; {input},
  /// {identity}, {trust} and {at} are replaced. Only cases that open something are run then. Empty: mimeseal itself.
  std::string tool;
  std::chrono::seconds tool_timeout{60};  ///< a tool that takes longer is ended, and the case fails
};

struct RunResult {
  std::vector<CaseResult> cases;  ///< in the manifests' order
  std::size_t skipped = 0;        ///< by the filter, or because the tool does not do such work

  [[nodiscard]] MIMESEAL_API std::size_t count(Outcome outcome) const noexcept;
};

/// Reads all manifests first, then runs their cases. Throws Error(malformed) with the JSON path for a manifest that
/// does not fit, Error(no_input) for a file that a case names and that is not there, Error(unavailable) when the tool
/// cannot be started.
[[nodiscard]] MIMESEAL_API RunResult run_manifests(const std::vector<std::string>& paths, const RunOptions& options);

/// The results as JUnit XML, a suite a manifest.
[[nodiscard]] MIMESEAL_API std::string junit_xml(const RunResult& result);
/// The results as JSON.
[[nodiscard]] MIMESEAL_API std::string result_json(const RunResult& result);

}  // namespace mimeseal::vectors
