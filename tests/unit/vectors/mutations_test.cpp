// SPDX-License-Identifier: MIT
// Every expectation of every manifest in testdata is judged: whichever single field is changed, the case fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "vectors/case.h"
#include "vectors/compare.h"

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;

std::vector<std::string> manifests() {
  std::vector<std::string> names;
  for (const auto& folder : std::filesystem::directory_iterator(std::string(MIMESEAL_SOURCE_DIR) + "/testdata"))
    if (std::filesystem::exists(folder.path() / "manifest.json")) names.push_back(folder.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

Json read_manifest(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

/// Lists whose elements must only be among what came: one fewer asks for less, and for nothing wrong.
bool is_subset(const std::string& pointer) {
  return pointer == "/problems_include" || pointer == "/choices";
}

/// Each way to change one field, with where it was changed.
void mutate(const Json& whole, const Json::json_pointer& at, std::vector<std::pair<std::string, Json>>& made) {
  const Json& value = whole[at];
  const auto add = [&](const char* how, Json changed) {
    Json copy = whole;
    copy[at] = std::move(changed);
    made.emplace_back(at.to_string() + " " + how, std::move(copy));
  };
  if (value.is_object()) {
    for (const auto& [key, ignored] : value.items())
      mutate(whole, at / key, made);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      mutate(whole, at / i, made);
    Json longer = value;
    longer.push_back(value.empty() || value.back().is_string() ? Json("another") : Json{{"path", "another"}});
    add("with one more", longer);
    if (value.empty() || is_subset(at.to_string())) return;
    Json shorter = value;
    shorter.erase(shorter.size() - 1);
    add("with one fewer", shorter);
  } else if (value.is_string()) {
    add("another word", value.get<std::string>() + "x");
  } else if (value.is_boolean()) {
    add("turned", !value.get<bool>());
  } else if (value.is_number()) {
    add("one more", value.get<std::int64_t>() + 1);
  } else {
    add("something", "x");
  }
}

/// What comes out of each case; several at a time, since gpg keeps one waiting.
std::vector<Json> run_all(const std::vector<Case>& cases) {
  std::vector<Json> actual(cases.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++)
      actual[i] = run_case(cases[i]);
  };
  {
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i)
      others.emplace_back(work);
    work();
  }
  return actual;
}

class Mutations : public testing::TestWithParam<std::string> {};

TEST_P(Mutations, WhateverIsChangedInAnExpectation_TheCaseFails) {
  const std::string folder = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/" + GetParam();
  const Json manifest = read_manifest(folder + "/manifest.json");
  std::vector<Case> cases;
  for (const Json& json : manifest["cases"])
    cases.push_back({folder + "/manifest.json", folder, json});
  const std::vector<Json> came = run_all(cases);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& one = cases[i];
    const Json& actual = came[i];
    SCOPED_TRACE(one.id());
    const Json expected = expectation(one);
    const std::vector<Difference> differences = compare(expected, actual);
    if (one.json.value("result", "valid") == "acceptable" && !differences.empty()) continue;
    ASSERT_TRUE(differences.empty()) << differences.front().path << ": " << differences.front().actual;
    std::vector<std::pair<std::string, Json>> made;
    mutate(expected, Json::json_pointer(), made);
    EXPECT_FALSE(made.empty());
    changed += made.size();
    for (const auto& [where, mutated] : made)
      EXPECT_FALSE(compare(mutated, actual).empty()) << where << " is not noticed";
  }
  EXPECT_GE(changed, manifest["cases"].size());
}

INSTANTIATE_TEST_SUITE_P(Testdata, Mutations, testing::ValuesIn(manifests()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Manifests, EveryKindOfWorkHasVectors) {
  std::set<std::string> done;
  for (const std::string& name : manifests()) {
    const Json manifest = read_manifest(std::string(MIMESEAL_SOURCE_DIR) + "/testdata/" + name + "/manifest.json");
    for (const Json& one : manifest["cases"])
      done.insert(one["do"].get<std::string>());
  }
  EXPECT_EQ(done, (std::set<std::string>{"encrypt", "header-protection", "inspect", "open", "s3-decrypt", "scan",
                                         "seal-open", "sign", "sigv4", "smtp-password"}));
}

}  // namespace
}  // namespace mimeseal::vectors
