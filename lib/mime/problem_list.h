// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/mime/scan.h"

namespace mimeseal::mime {

/// Collects problems: each code once for a path, and no more than a reader can use.
class ProblemList {
 public:
  static constexpr std::size_t kMax = 1000;

  void add(std::string_view code, const std::string& path, std::string why);
  /// "code: why", as the parameter parser gives them.
  void add_coded(std::string_view coded, const std::string& path, std::string_view of);
  [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
  std::vector<Problem> problems_;
  std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace mimeseal::mime
