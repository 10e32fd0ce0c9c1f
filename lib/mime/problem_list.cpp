// SPDX-License-Identifier: MIT
#include "mime/problem_list.h"

#include <algorithm>
#include <array>

#include "mimeseal/core/text.h"

namespace mimeseal {

namespace mime {

void ProblemList::add(std::string_view code, const std::string& path, std::string why) {
  if (problems_.size() > kMax || !seen_.emplace(code, path).second) return;
  if (problems_.size() == kMax) {
    code = "too-many-problems";
    why = "there are more than " + std::to_string(kMax) + " problems; the rest is left out";
  }
  problems_.push_back({std::string(code), path, std::move(why)});
}

void ProblemList::add_coded(std::string_view coded, const std::string& path, std::string_view of) {
  const std::size_t colon = coded.find(": ");
  if (colon == std::string_view::npos) return;
  add(coded.substr(0, colon), path, std::string(of) + ": " + std::string(coded.substr(colon + 2)));
}

}  // namespace mime

bool is_ambiguous(std::string_view problem_code) noexcept {
  constexpr auto kHarmless = std::to_array<std::string_view>({
      "lf-line-ends", "text-cut",
      "no-header",               // a part that is text from its first line on, as `openssl cms -sign` wraps any file
      "duplicate-mime-version",  // lists add a second one, and no reader takes anything from it
      "invalid-utf8",            // U+FFFD here and mojibake elsewhere: nobody takes either for another text
  });
  return std::find(kHarmless.begin(), kHarmless.end(), problem_code) == kHarmless.end();
}

}  // namespace mimeseal
