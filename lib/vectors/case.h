// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace mimeseal::vectors {

/// A case of a manifest that was validated.
struct Case {
  std::string manifest;  ///< its path
  std::string folder;    ///< where relative paths begin
  nlohmann::json json;

  [[nodiscard]] std::string id() const { return json["id"].get<std::string>(); }
  [[nodiscard]] std::string work() const { return json["do"].get<std::string>(); }
  /// The path of a file that the case names under this key; empty when it names none.
  [[nodiscard]] std::string file(const char* key) const;
  /// Relative paths made absolute ones.
  [[nodiscard]] std::string place(const std::string& path) const;
};

/// Does the work of a case: a report in the words of the schema, or {"error": kind, "error_text": …}. Payload octets
/// stand as payload_sha256. Never throws for what the case asks; throws what is a fault of the manifest.
[[nodiscard]] nlohmann::json run_case(const Case& one);
/// Likewise by another program; `tool` and `timeout` as in RunOptions. Throws Error(unavailable) when it cannot be
/// started, Error(protocol) when it gives no JSON object.
[[nodiscard]] nlohmann::json run_tool(const Case& one, const std::string& tool, std::chrono::seconds timeout);
/// Whether another program can be asked: cases that open a message.
[[nodiscard]] bool is_for_tools(const Case& one);

/// The expectation with what stands in files put in its place.
[[nodiscard]] nlohmann::json expectation(const Case& one);

}  // namespace mimeseal::vectors
