// SPDX-License-Identifier: MIT
#include "toolkit/schema.h"

#include <algorithm>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/toolkit/draft_json.h"

namespace mimeseal::toolkit {
namespace {

using Json = nlohmann::json;

/// valijson names a place as <root>, [key], [0]…; people read $.key[0].
std::vector<std::string> steps_of(const std::vector<std::string>& context) {
  std::vector<std::string> steps;
  for (const std::string& one : context)
    if (one.size() >= 2 && one.front() == '[' && one.back() == ']') steps.push_back(one.substr(1, one.size() - 2));
  return steps;
}

bool is_index(const std::string& step) {
  return !step.empty() && step.size() < 10 &&
         std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The value at that place, and the path as people write it.
const Json* walk(const Json& root, const std::vector<std::string>& steps, std::string& path) {
  const Json* at = &root;
  path = "$";
  for (const std::string& step : steps) {
    if (at->is_array() && is_index(step)) {
      path += "[" + step + "]";
      const std::size_t index = std::stoul(step);
      if (index >= at->size()) return nullptr;
      at = &(*at)[index];
    } else {
      path += "." + visible(step);
      if (!at->is_object() || !at->contains(step)) return nullptr;
      at = &(*at)[step];
    }
  }
  return at;
}

/// The subschema of a place as far as it can be told without alternatives: properties, items, references.
const Json* schema_at(const Json& schema, const std::vector<std::string>& steps) {
  const Json* at = &schema;
  const auto resolve = [&] {
    for (int i = 0; i < 8 && at != nullptr && at->contains("$ref"); ++i) {
      const std::string ref = (*at)["$ref"].get<std::string>();
      const Json::json_pointer pointer(ref.starts_with('#') ? ref.substr(1) : ref);
      at = schema.contains(pointer) ? &schema[pointer] : nullptr;
    }
  };
  for (const std::string& step : steps) {
    resolve();
    if (at == nullptr) return nullptr;
    if (at->contains("properties") && (*at)["properties"].contains(step)) {
      at = &(*at)["properties"][step];
    } else if (is_index(step) && at->contains("items") && (*at)["items"].is_object()) {
      at = &(*at)["items"];
    } else {
      return nullptr;
    }
  }
  if (at->contains("description")) return at;
  resolve();
  return at;
}

std::string expected_at(const Json& schema, const std::vector<std::string>& steps, const std::string& otherwise) {
  const Json* at = schema_at(schema, steps);
  if (at == nullptr || !at->contains("description")) return otherwise;
  return (*at)["description"].get<std::string>();
}

/// The keys that a place lacks or has too many: worth saying in their own words.
std::string key_fault(const Json& value, const Json* schema) {
  if (schema == nullptr || !value.is_object()) return {};
  for (const auto& key : schema->value("required", Json::array()))
    if (!value.contains(key.get<std::string>())) return "the key '" + key.get<std::string>() + "' is missing";
  if (schema->value("additionalProperties", Json(true)) == Json(false) && schema->contains("properties"))
    for (const auto& [key, ignored] : value.items())
      if (!(*schema)["properties"].contains(key)) return "the key '" + visible(key) + "' is unknown";
  return {};
}

}  // namespace

std::string describe(const Json& value) {
  constexpr std::size_t kShown = 60;
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "the number " + value.dump();
    case Json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      return "the string \"" + visible(text.substr(0, kShown)) + (text.size() > kShown ? "…\"" : "\"");
    }
    case Json::value_t::array:
      return "a list of " + std::to_string(value.size());
    case Json::value_t::object: {
      std::vector<std::string> keys;
      for (const auto& [key, ignored] : value.items()) {
        if (keys.size() == 5) {
          keys.emplace_back("…");
          break;
        }
        keys.push_back(visible(key.substr(0, kShown)));
      }
      return keys.empty() ? "an empty object" : "an object with the keys " + join(keys, ", ");
    }
    default:
      return "something that is no JSON";
  }
}

Json read_json(const InputPtr& input, const JsonLimits& limits) {
  if (input->size() > limits.max_size)
    throw Error(Errc::limit, "the JSON is longer than " + std::to_string(limits.max_size) + " octets", input->name());
  const std::string text = read_range(*input, 0, input->size(), limits.max_size);
  // One set of keys for each object that is open.
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > limits.max_depth)
      throw Error(Errc::limit, "the JSON is nested deeper than " + std::to_string(limits.max_depth) + " levels",
                  input->name());
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event == Json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second)
      throw Error(Errc::malformed, "the key '" + visible(parsed.get<std::string>()) + "' stands twice in one object",
                  input->name());
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": what follows the bracket is for people.
    std::string what = error.what();
    if (const std::size_t end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    throw Error(Errc::malformed, "not JSON: " + visible(what), input->name());
  }
}

void check_schema(const Json& value, std::string_view name, const std::string& where) {
  const Json document = Json::parse(schema_text(name));
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document), schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(value), &results)) return;

  // The deepest place says most: what is reported above it follows from it.
  valijson::ValidationResults::Error error;
  std::vector<std::string> deepest;
  std::string description = "something else";
  bool any = false;
  while (results.popError(error)) {
    const std::vector<std::string> steps = steps_of(error.context);
    if (any && steps.size() <= deepest.size()) continue;
    deepest = steps;
    description = error.description;
    any = true;
  }
  std::string path;
  const Json* found = walk(value, deepest, path);
  std::string what = found == nullptr ? "something is missing" : key_fault(*found, schema_at(document, deepest));
  if (what.empty()) what = "found " + describe(*found);
  throw Error(Errc::malformed, path + ": " + what + "; expected " + expected_at(document, deepest, description), where);
}

}  // namespace mimeseal::toolkit
