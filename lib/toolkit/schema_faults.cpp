// SPDX-License-Identifier: MIT
#include "toolkit/schema_faults.h"

#include <algorithm>
#include <numeric>

#include "mimeseal/core/text.h"
#include "toolkit/schema.h"

namespace mimeseal::toolkit {
namespace {

using Json = nlohmann::json;

std::string quoted(const Json& value) {
  return value.is_string() ? "\"" + value.get<std::string>() + "\"" : value.dump();
}

std::string one_of(const Json& values) {
  std::vector<std::string> words;
  for (const Json& value : values)
    words.push_back(quoted(value));
  return words.size() == 1 ? words.front() : "one of " + join(words, ", ");
}

std::vector<std::string> keys_of(const Json& schema) {
  std::vector<std::string> keys;
  if (!schema.contains("properties")) return keys;
  for (const auto& [key, ignored] : schema["properties"].items())
    keys.push_back(key);
  return keys;
}

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" && value.is_null();
}

std::string in_words(const std::string& type) {
  if (type == "string") return "a string";
  if (type == "boolean") return "true or false";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "array") return "a list";
  return type == "object" ? "an object" : type;
}

/// The type or types that the schema asks for.
std::vector<std::string> types_of(const Json& schema) {
  if (!schema.contains("type")) return {};
  if (schema["type"].is_string()) return {schema["type"].get<std::string>()};
  return schema["type"].get<std::vector<std::string>>();
}

bool has_type(const Json& value, const Json& schema) {
  const std::vector<std::string> types = types_of(schema);
  return types.empty() ||
         std::any_of(types.begin(), types.end(), [&](const std::string& type) { return is_of_type(value, type); });
}

std::size_t length_of(const std::string& text) {
  // Characters, as JSON Schema counts them: octets that continue one are left out.
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

class Finder {
 public:
  Finder(const Json& root, std::size_t most) : root_(root), most_(most) {}

  void look(const std::string& path, const Json& value, const Json& given) {
    if (faults.size() >= most_) return;
    const Json& schema = resolved(given);
    // Beside a reference may stand what this place is; that says more than what all such places are.
    const std::string meaning = given.value("description", schema.value("description", std::string()));
    if (schema.contains("oneOf")) return look_into_one(path, value, schema, meaning);
    if (!has_type(value, schema)) {
      std::vector<std::string> types;
      for (const std::string& type : types_of(schema))
        types.push_back(in_words(type));
      return found(path, describe(value), join(types, " or ") + (meaning.empty() ? "" : ": " + meaning));
    }
    if (schema.contains("const") && value != schema["const"])
      return found(path, describe(value), quoted(schema["const"]));
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
      return wrong_word(path, value, schema["enum"], meaning);
    if (value.is_string()) check_length(path, value.get_ref<const std::string&>(), schema, meaning);
    if (value.is_number()) check_range(path, value, schema, meaning);
    if (value.is_array()) look_at_items(path, value, schema, meaning);
    if (value.is_object()) look_at_keys(path, value, schema);
  }

  std::vector<std::string> faults;

 private:
  const Json& resolved(const Json& schema) const {
    const Json* at = &schema;
    for (int i = 0; i < 8 && at->contains("$ref"); ++i)
      at = &root_.at(Json::json_pointer((*at)["$ref"].get<std::string>().substr(1)));
    return *at;
  }

  void found(const std::string& path, const std::string& what, const std::string& expected) {
    if (faults.size() < most_) faults.push_back(path + ": found " + what + "; expected " + expected);
  }

  /// The one alternative that is of the value's type tells what is wrong; of several none does.
  void look_into_one(const std::string& path, const Json& value, const Json& schema, const std::string& meaning) {
    const Json* fitting = nullptr;
    for (const Json& alternative : schema["oneOf"]) {
      const Json* at = &resolved(alternative);
      if (at->contains("oneOf")) {  // a mailbox within mailboxes
        const auto& inner = (*at)["oneOf"];
        const auto some =
            std::find_if(inner.begin(), inner.end(), [&](const Json& one) { return has_type(value, resolved(one)); });
        if (some == inner.end()) continue;
      } else if (!has_type(value, *at)) {
        continue;
      }
      if (fitting != nullptr) return found(path, describe(value), meaning);
      fitting = &alternative;
    }
    if (fitting == nullptr) return found(path, describe(value), meaning);
    Json alternative = resolved(*fitting);
    if (!alternative.contains("description")) alternative["description"] = meaning;
    look(path, value, alternative);
  }

  void wrong_word(const std::string& path, const Json& value, const Json& known, const std::string& meaning) {
    std::vector<std::string> words;
    for (const Json& one : known)
      if (one.is_string()) words.push_back(one);
    const std::string meant = value.is_string() ? nearest(value, words) : std::string();
    constexpr std::size_t kShown = 20;
    if (words.size() > kShown && !meaning.empty())
      return found(path, describe(value), meaning + (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
    found(path, describe(value),
          one_of(known) + (meaning.empty() ? "" : " (" + meaning + ")") +
              (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
  }

  void check_length(const std::string& path, const std::string& text, const Json& schema, const std::string& meaning) {
    const auto characters = [](std::size_t n) { return std::to_string(n) + (n == 1 ? " character" : " characters"); };
    const std::size_t length = length_of(text);
    const auto least = schema.value("minLength", std::size_t{0});
    const auto most = schema.value("maxLength", std::string::npos);
    if (length >= least && length <= most) return;
    const std::string counted = length == 0 ? "an empty string" : describe(Json(text)) + " of " + characters(length);
    const std::string bound = least == most    ? characters(least)
                              : length < least ? "at least " + characters(least)
                                               : "at most " + characters(most);
    found(path, counted, meaning.empty() ? bound : meaning + "; it has " + bound);
  }

  void check_range(const std::string& path, const Json& value, const Json& schema, const std::string& meaning) {
    const std::string tail = meaning.empty() ? "" : ": " + meaning;
    if (schema.contains("minimum") && value < schema["minimum"]) {
      found(path, describe(value), "at least " + schema["minimum"].dump() + tail);
    } else if (schema.contains("maximum") && value > schema["maximum"]) {
      found(path, describe(value), "at most " + schema["maximum"].dump() + tail);
    }
  }

  void look_at_items(const std::string& path, const Json& value, const Json& schema, const std::string& meaning) {
    const std::string tail = meaning.empty() ? "" : ": " + meaning;
    if (value.size() < schema.value("minItems", std::size_t{0}))
      return found(path, describe(value), "at least " + schema["minItems"].dump() + " of them" + tail);
    if (value.size() > schema.value("maxItems", std::string::npos))
      return found(path, describe(value), "at most " + schema["maxItems"].dump() + " of them" + tail);
    for (std::size_t i = 0; schema.contains("items") && i < value.size(); ++i)
      look(path + "[" + std::to_string(i) + "]", value[i], schema["items"]);
  }

  void look_at_keys(const std::string& path, const Json& value, const Json& schema) {
    const std::vector<std::string> known = keys_of(schema);
    if (value.size() < schema.value("minProperties", std::size_t{0}))
      found(path, describe(value), "at least one of " + join(known, ", "));
    for (const Json& name : schema.value("required", Json::array())) {
      const auto key = name.get<std::string>();
      if (value.contains(key)) continue;
      const Json& missing = schema["properties"].contains(key) ? schema["properties"][key] : Json::object();
      const std::string meaning =
          missing.value("description", resolved(missing).value("description", std::string("it")));
      found(path, describe(value), "the key '" + key + "' too: " + meaning);
    }
    if (schema.value("additionalProperties", Json(true)) == Json(false))
      for (const auto& [key, ignored] : value.items())
        if (std::find(known.begin(), known.end(), key) == known.end()) {
          const std::string meant = nearest(key, known);
          found(path, "the unknown key '" + visible(key.substr(0, 60)) + "'",
                "one of " + join(known, ", ") + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
        }
    for (const auto& [key, inner] : value.items())
      if (schema.contains("properties") && schema["properties"].contains(key))
        look(path + "." + key, inner, schema["properties"][key]);
  }

  const Json& root_;
  std::size_t most_;
};

/// How many letters must be added, left out or exchanged to make one word of the other.
std::size_t distance(const std::string& one, const std::string& other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t k = 1; k <= other.size(); ++k) {
      const std::size_t exchanged = diagonal + (one[i - 1] == other[k - 1] ? 0 : 1);
      diagonal = std::exchange(row[k], std::min({exchanged, row[k] + 1, row[k - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 40;
  if (word.size() > kLongest) return {};
  std::string best;
  std::size_t least = std::max<std::size_t>((word.size() + 1) / 3, word.size() < 4 ? 1 : 2) + 1;
  for (const std::string& one : known)
    if (const std::size_t away = distance(word, one); away < least) {
      least = away;
      best = one;
    }
  return best;
}

std::vector<std::string> schema_faults(const Json& value, const Json& schema, std::size_t most) {
  Finder finder(schema, most);
  finder.look("$", value, schema);
  return std::move(finder.faults);
}

}  // namespace mimeseal::toolkit
