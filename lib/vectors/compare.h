// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "mimeseal/vectors/runner.h"

namespace mimeseal::vectors {

/// Where `actual` is not as `expected` says: objects key by key, what is not expected is not judged; lists by length
/// and element. Depth is bounded by the schema and the reader's limit.
[[nodiscard]] std::vector<Difference> compare(const nlohmann::json& expected, const nlohmann::json& actual);

}  // namespace mimeseal::vectors
