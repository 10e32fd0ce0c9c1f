// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mimeseal/core/source.h"

namespace mimeseal::toolkit {

struct JsonLimits {
  std::uint64_t max_size = 64U << 20U;  ///< octets
  int max_depth = 64;
};

/// Reads JSON from outside: UTF-8, one value, no duplicate keys. Throws Error(malformed) with the place, Error(limit).
[[nodiscard]] nlohmann::json read_json(const InputPtr& input, const JsonLimits& limits = {});

/// Throws Error(malformed) naming the JSON path, what was found and what was expected, when the value does not fit the
/// built-in schema of that name; all faults that were found are details of it.
void check_schema(const nlohmann::json& value, std::string_view schema, const std::string& where);

/// A value in a few words, for messages: "the number 5", "an object with the keys a, b".
[[nodiscard]] std::string describe(const nlohmann::json& value);

}  // namespace mimeseal::toolkit
