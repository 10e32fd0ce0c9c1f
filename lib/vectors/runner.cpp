// SPDX-License-Identifier: MIT
#include "mimeseal/vectors/runner.h"

#include <fnmatch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "toolkit/schema.h"
#include "vectors/case.h"
#include "vectors/check.h"
#include "vectors/compare.h"

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;

std::vector<Case> read_manifest(const std::string& path) {
  const Json manifest = toolkit::read_json(file_input(path));
  toolkit::check_schema(manifest, "vector", path);
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  std::vector<Case> cases;
  std::set<std::string> ids;
  for (const Json& json : manifest["cases"]) {
    Case one{path, folder, json};
    const std::string place = "$.cases[" + std::to_string(cases.size()) + "]";
    if (!ids.insert(one.id()).second)
      throw Error(Errc::malformed,
                  place + ".id: found '" + visible(one.id()) + "' a second time; expected an id of its own", path);
    check_case(one, place);
    cases.push_back(std::move(one));
  }
  return cases;
}

/// What is expected of a sealed message holds for every copy of it. A fault of ours is no answer that can be
/// acceptable.
void compare_copies(const Json& expected, const Json& actual, std::vector<Difference>& found) {
  if (actual.value("error", std::string()) == to_string(Errc::internal))
    throw Error(Errc::internal, actual.value("error_text", std::string()));
  std::size_t number = 0;
  for (const Json& copy : actual.value("bcc_copies", Json::array())) {
    ++number;
    for (Difference& difference : compare(expected, copy)) {
      difference.path += " of the Bcc copy " + std::to_string(number);
      found.push_back(std::move(difference));
    }
  }
}

CaseResult run_one(const Case& one, const RunOptions& options) {
  CaseResult result;
  result.manifest = one.manifest;
  result.id = one.id();
  const auto start = std::chrono::steady_clock::now();
  try {
    const Json actual = options.tool.empty() ? run_case(one) : run_tool(one, options.tool, options.tool_timeout);
    const Json expected = expectation(one);
    result.differences = compare(expected, actual);
    if (options.tool.empty()) compare_copies(expected, actual, result.differences);
  } catch (const Error& error) {
    if (error.code() == Errc::unavailable && !options.tool.empty()) throw;  // no such program: it is so for all cases
    result.outcome = Outcome::fail;
    result.reason = error.where().empty() ? error.what() : error.where() + ": " + error.what();
  } catch (const std::exception& error) {
    result.outcome = Outcome::fail;
    result.reason = error.what();
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (result.outcome != Outcome::fail && !result.differences.empty()) {
    const bool acceptable = one.json.value("result", "valid") == "acceptable";
    result.outcome = acceptable ? Outcome::acceptable : Outcome::fail;
    if (acceptable) result.reason = one.json["reason"].get<std::string>();
  }
  return result;
}

std::string escaped(std::string_view text) {
  std::string out;
  std::string shown = visible(text, true);
  // XML 1.0 has no U+FFFE and U+FFFF, escaped or not.
  for (const std::string_view none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (std::size_t at = 0; (at = shown.find(none, at)) != std::string::npos;)
      shown.replace(at, none.size(), "\xEF\xBF\xBD");
  for (const char c : shown) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string differences_text(const CaseResult& one) {
  std::string text = one.reason.empty() ? std::string() : one.reason + "\n";
  for (const Difference& difference : one.differences)
    text += difference.path + ": expected " + difference.expected + ", actual " + difference.actual + "\n";
  return text;
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "pass";
    case Outcome::acceptable:
      return "acceptable";
    case Outcome::fail:
      return "fail";
  }
  return "fail";
}

}  // namespace

std::size_t RunResult::count(Outcome outcome) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(cases.begin(), cases.end(), [&](const CaseResult& one) { return one.outcome == outcome; }));
}

RunResult run_manifests(const std::vector<std::string>& paths, const RunOptions& options) {
  std::vector<Case> cases;
  RunResult result;
  for (const std::string& path : paths)
    for (Case& one : read_manifest(path)) {
      const bool wanted = options.filter.empty() || ::fnmatch(options.filter.c_str(), one.id().c_str(), 0) == 0;
      if (!wanted || (!options.tool.empty() && !is_for_tools(one))) {
        ++result.skipped;
      } else {
        cases.push_back(std::move(one));
      }
    }
  result.cases.resize(cases.size());
  std::atomic<std::size_t> next{0};
  std::exception_ptr fault;
  std::mutex fault_mutex;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < cases.size(); i = next++)
        result.cases[i] = run_one(cases[i], options);
    } catch (...) {
      const std::lock_guard lock(fault_mutex);
      if (!fault) fault = std::current_exception();
      next = cases.size();
    }
  };
  const unsigned wanted = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min<std::size_t>(wanted, cases.size()); ++i)
    others.emplace_back(work);
  work();
  others.clear();  // joins
  if (fault) std::rethrow_exception(fault);
  return result;
}

std::string junit_xml(const RunResult& result) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (std::size_t begin = 0; begin < result.cases.size();) {
    std::size_t end = begin;
    std::size_t failures = 0;
    while (end < result.cases.size() && result.cases[end].manifest == result.cases[begin].manifest)
      if (result.cases[end++].outcome == Outcome::fail) ++failures;
    const std::string suite = escaped(result.cases[begin].manifest);
    xml += "  <testsuite name=\"" + suite + "\" tests=\"" + std::to_string(end - begin) + "\" failures=\"" +
           std::to_string(failures) + "\">\n";
    for (; begin < end; ++begin) {
      const CaseResult& one = result.cases[begin];
      xml += "    <testcase classname=\"" + suite + "\" name=\"" + escaped(one.id) + "\" time=\"" +
             std::to_string(one.seconds) + "\"";
      const std::string text = escaped(differences_text(one));
      if (one.outcome == Outcome::fail) {
        xml += "><failure message=\"not as expected\">" + text + "</failure></testcase>\n";
      } else if (one.outcome == Outcome::acceptable) {
        xml += "><system-out>acceptable: " + text + "</system-out></testcase>\n";
      } else {
        xml += "/>\n";
      }
    }
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

std::string result_json(const RunResult& result) {
  nlohmann::ordered_json json;
  json["format"] = 1;
  json["passed"] = result.count(Outcome::pass);
  json["acceptable"] = result.count(Outcome::acceptable);
  json["failed"] = result.count(Outcome::fail);
  json["skipped"] = result.skipped;
  json["cases"] = nlohmann::ordered_json::array();
  for (const CaseResult& one : result.cases) {
    nlohmann::ordered_json entry = {{"manifest", one.manifest}, {"id", one.id}, {"outcome", to_string(one.outcome)}};
    if (!one.reason.empty()) entry["reason"] = one.reason;
    entry["differences"] = nlohmann::ordered_json::array();
    for (const Difference& difference : one.differences)
      entry["differences"].push_back(
          {{"path", difference.path}, {"expected", difference.expected}, {"actual", difference.actual}});
    json["cases"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mimeseal::vectors
