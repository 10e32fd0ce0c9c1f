// SPDX-License-Identifier: MIT
#include "vectors/compare.h"

#include <algorithm>
#include <set>

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;

std::string text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void compare_at(const std::string& path, const Json& expected, const Json& actual, std::vector<Difference>& found) {
  if (expected.is_object()) {
    if (!actual.is_object()) {
      found.push_back({path, text(expected), text(actual)});
      return;
    }
    for (const auto& [key, value] : expected.items()) {
      const auto at = actual.find(key);
      if (at == actual.end()) {
        found.push_back({path + "." + key, text(value), "nothing"});
      } else {
        compare_at(path + "." + key, value, *at, found);
      }
    }
    return;
  }
  if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    for (std::size_t i = 0; i < expected.size(); ++i)
      compare_at(path + "[" + std::to_string(i) + "]", expected[i], actual[i], found);
    return;
  }
  if (expected != actual) found.push_back({path, text(expected), text(actual)});
}

/// What stands in the place of a field that is not there: an error in place of a report says more than "nothing".
std::string nothing_of(const Json& actual) {
  const auto error = actual.find("error_text");
  return error == actual.end() ? "nothing" : text(*error);
}

/// Problems are expected by their codes, in any order.
void compare_problems(const Json& expected, const Json& actual, bool all, std::vector<Difference>& found) {
  std::set<std::string> seen;
  const auto reported = actual.find("problems");
  if (reported == actual.end() || !reported->is_array()) {
    const std::string there = reported == actual.end() ? nothing_of(actual) : text(*reported);
    found.push_back({all ? "$.problems" : "$.problems_include", text(expected), there});
    return;
  }
  for (const Json& problem : *reported)
    if (const Json code = problem.is_object() ? problem.value("code", Json()) : problem; code.is_string())
      seen.insert(code.get<std::string>());
  std::set<std::string> wanted;
  for (const Json& code : expected)
    wanted.insert(code.get<std::string>());
  const bool fits = all ? seen == wanted : std::includes(seen.begin(), seen.end(), wanted.begin(), wanted.end());
  if (!fits) found.push_back({all ? "$.problems" : "$.problems_include", text(Json(wanted)), text(Json(seen))});
}

/// Decisions that must be among those that were made.
void compare_choices(const Json& expected, const Json& actual, std::vector<Difference>& found) {
  const Json made = actual.contains("choices") ? actual["choices"] : Json::array();
  for (const Json& wanted : expected) {
    const bool there = std::any_of(made.begin(), made.end(), [&](const Json& one) {
      std::vector<Difference> differences;
      compare_at("", wanted, one, differences);
      return differences.empty();
    });
    if (!there) found.push_back({"$.choices", text(wanted), text(made)});
  }
}

}  // namespace

std::vector<Difference> compare(const Json& expected, const Json& actual) {
  std::vector<Difference> found;
  for (const auto& [key, value] : expected.items()) {
    if (key == "problems" || key == "problems_include") {
      compare_problems(value, actual, key == "problems", found);
    } else if (key == "choices") {
      compare_choices(value, actual, found);
    } else if (const auto at = actual.find(key); at == actual.end()) {
      found.push_back({"$." + key, text(value), nothing_of(actual)});
    } else {
      compare_at("$." + key, value, *at, found);
    }
  }
  // An error that nobody expected is a failure, whatever else was asked.
  if (!expected.contains("error") && actual.contains("error") && found.empty())
    found.push_back({"$.error", "nothing", text(actual["error_text"])});
  return found;
}

}  // namespace mimeseal::vectors
