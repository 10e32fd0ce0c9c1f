// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/mime/scan.h"

namespace mimeseal::test {

inline std::string read_testdata(const std::string& path) {
  std::ifstream file(std::string(MIMESEAL_SOURCE_DIR) + "/testdata/" + path, std::ios::binary);
  if (!file) throw std::runtime_error("no test data: " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A scanned message with its octets.
struct Scanned {
  InputPtr input;
  PartIndex index;

  [[nodiscard]] const Part& part(std::string_view path) const {
    const Part* found = find_part(index.root, path);
    if (found == nullptr) throw std::runtime_error("no part " + std::string(path));
    return *found;
  }
  [[nodiscard]] std::string octets(std::uint64_t begin, std::uint64_t end) const {
    return read_range(*input, begin, end, UINT64_MAX);
  }
  [[nodiscard]] std::string body(std::string_view path) const {
    return octets(part(path).body_begin, part(path).body_end);
  }
  /// Header and body: what a signature over the part covers.
  [[nodiscard]] std::string whole(std::string_view path) const {
    return octets(part(path).header_begin, part(path).body_end);
  }
  [[nodiscard]] std::string text(std::string_view path, std::vector<Problem>* problems = nullptr) const {
    return decoded_text(input, part(path), UINT64_MAX, problems);
  }
  [[nodiscard]] std::string decoded(std::string_view path, std::vector<Problem>* problems = nullptr) const {
    return read_all(*decoded_body(input, part(path), problems));
  }
  /// "code@path", sorted.
  [[nodiscard]] std::vector<std::string> problems() const {
    std::vector<std::string> list;
    for (const Problem& problem : index.problems)
      list.push_back(problem.code + "@" + problem.path);
    std::sort(list.begin(), list.end());
    return list;
  }
};

inline Scanned scan_text(std::string message, const ScanLimits& limits = {}) {
  Scanned scanned;
  scanned.input = memory_input(std::move(message));
  scanned.index = scan(*scanned.input, limits);
  return scanned;
}

inline std::string crlf(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

}  // namespace mimeseal::test
