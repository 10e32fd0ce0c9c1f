// SPDX-License-Identifier: MIT
#include "toolkit/schema.h"

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
#include "toolkit/schema_faults.h"

namespace mimeseal::toolkit {
namespace {

using Json = nlohmann::json;

/// Where the reader stands, as people write it: $.key[0].
class Place {
 public:
  /// Before a value, an object or a list begins.
  void enter_value() {
    if (!open_.empty() && open_.back().is_list) ++open_.back().count;
  }
  void open(bool is_list) { open_.push_back({is_list, 0, {}, {}}); }
  void close() { open_.pop_back(); }
  /// False: the key stands twice in this object.
  [[nodiscard]] bool enter_key(const std::string& key) {
    open_.back().key = key;
    return open_.back().keys.insert(key).second;
  }
  [[nodiscard]] std::string path() const {
    std::string path = "$";
    for (const Open& one : open_)
      if (one.is_list) {
        path += "[" + std::to_string(one.count == 0 ? 0 : one.count - 1) + "]";
      } else if (&one != &open_.back()) {
        path += "." + visible(one.key);
      }
    return path;
  }

 private:
  struct Open {
    bool is_list;
    std::size_t count;
    std::string key;
    std::set<std::string> keys;
  };
  std::vector<Open> open_;
};

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
  Place place;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::value || event == Event::object_start || event == Event::array_start) place.enter_value();
    if (depth > limits.max_depth)
      throw Error(Errc::limit,
                  place.path() + ": found lists and objects deeper than " + std::to_string(limits.max_depth) +
                      " levels; expected no more",
                  input->name());
    if (event == Event::object_start || event == Event::array_start) place.open(event == Event::array_start);
    if (event == Event::object_end || event == Event::array_end) place.close();
    if (event == Event::key && !place.enter_key(parsed.get<std::string>()))
      throw Error(Errc::malformed,
                  place.path() + ": found the key '" + visible(parsed.get<std::string>()) + "' twice; expected it once",
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

  std::vector<std::string> faults = schema_faults(value, document);
  if (faults.empty()) {
    valijson::ValidationResults::Error error;
    while (results.popError(error))
      faults.push_back("$" + join(error.context, "").substr(std::string("<root>").size()) + ": " + error.description);
  }
  const std::string first =
      faults.empty() ? "$: found what does not fit; expected " + std::string(name) : faults.front();
  Error refusal(Errc::malformed, first, where);
  if (faults.size() > 1) refusal.with_details({faults.begin() + 1, faults.end()});
  throw refusal;
}

}  // namespace mimeseal::toolkit
