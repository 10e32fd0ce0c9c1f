// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mimeseal::toolkit {

/// What does not fit, in words that let a person mend it: a line each of "$.path: found …; expected …", at most
/// `most` of them, outermost first. Knows the keywords that our schemas use; it explains a refusal and never decides
/// one. The value's depth is bounded by read_json.
[[nodiscard]] std::vector<std::string> schema_faults(const nlohmann::json& value, const nlohmann::json& schema,
                                                     std::size_t most = 20);

/// The word of the list that somebody who wrote `word` may have meant, or an empty text.
[[nodiscard]] std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace mimeseal::toolkit
