// SPDX-License-Identifier: MIT
#include "aws/answer.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::size_t kMaxJson = 4U << 20U;
constexpr int kMaxLevels = 32;
constexpr std::size_t kMaxWords = 1000;  // of an error, for people

/// Whether no place in the text is nested deeper than allowed: asked before the parser allocates anything.
bool is_shallow(std::string_view text) {
  int level = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++level > kMaxLevels) return false;
    } else if (c == '}' || c == ']') {
      --level;
    }
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

/// The character an entity stands for, "&" and ";" left out; nothing when it is none.
std::optional<std::string> entity(std::string_view name) {
  if (name == "amp") return "&";
  if (name == "lt") return "<";
  if (name == "gt") return ">";
  if (name == "quot") return "\"";
  if (name == "apos") return "'";
  if (!name.starts_with('#')) return std::nullopt;
  name.remove_prefix(1);
  const bool is_hex = name.starts_with('x');
  if (is_hex) name.remove_prefix(1);
  std::uint32_t point = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), point, is_hex ? 16 : 10);
  if (error != std::errc() || stop != name.data() + name.size() || point == 0 || point > 0x10FFFF ||
      (point >= 0xD800 && point < 0xE000))
    return std::nullopt;
  std::string out;
  append_utf8(out, point);
  return out;
}

std::string decode_entities(std::string_view text) {
  constexpr std::size_t kLongestEntity = 10;
  std::string out;
  while (!text.empty()) {
    const std::size_t amp = std::min(text.find('&'), text.size());
    out += text.substr(0, amp);
    text.remove_prefix(amp);
    if (text.empty()) break;
    const std::size_t end = text.substr(0, kLongestEntity + 2).find(';');
    const auto found = end == std::string_view::npos ? std::nullopt : entity(text.substr(1, end - 1));
    out += found ? *found : "&";
    text.remove_prefix(found ? end + 1 : 1);
  }
  return out;
}

std::optional<std::string> decode_q(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out += ' ';
    } else if (text[i] == '=') {
      const auto octet = i + 2 < text.size() ? unhex(text.substr(i + 1, 2)) : std::nullopt;
      if (!octet) return std::nullopt;
      out += *octet;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// "charset?B?text" of one encoded word.
std::optional<std::string> decode_word(std::string_view word) {
  const std::size_t first = word.find('?');
  if (first == std::string_view::npos || first + 2 >= word.size() || word[first + 2] != '?') return std::nullopt;
  const std::string charset = ascii_lower(word.substr(0, std::min(word.find('*'), first)));
  const char encoding = word[first + 1];
  const std::string_view text = word.substr(first + 3);
  std::optional<std::string> octets;
  if (encoding == 'B' || encoding == 'b') octets = base64_decode(text);
  if (encoding == 'Q' || encoding == 'q') octets = decode_q(text);
  if (!octets || charset == "utf-8" || charset == "us-ascii") return octets;
  if (charset != "iso-8859-1") return std::nullopt;
  std::string out;
  for (const char c : *octets)
    append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

std::string first_line(std::string_view text) {
  text = trim(text);
  text = text.substr(0, std::min(text.find_first_of("\r\n"), kMaxWords));
  return visible(to_valid_utf8(text));
}

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
  if (text.size() > kMaxJson || !is_shallow(text)) return std::nullopt;
  bool twice = false;
  std::vector<std::vector<std::string>> names;
  const Json::parser_callback_t watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end && !names.empty()) {
      std::sort(names.back().begin(), names.back().end());
      twice = twice || std::adjacent_find(names.back().begin(), names.back().end()) != names.back().end();
      names.pop_back();
    }
    if (event == Json::parse_event_t::key && !names.empty()) names.back().push_back(value.get<std::string>());
    return true;
  };
  Json json = Json::parse(text, watch, false);
  if (json.is_discarded() || twice) return std::nullopt;
  return json;
}

std::string json_text(const Json& object, std::string_view name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

SecretBytes take_secret(Json& object, std::string_view name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  auto& text = found->get_ref<std::string&>();
  SecretBytes secret(text);
  cleanse(text);
  return secret;
}

std::optional<double> json_number(const Json& object, std::string_view name) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (!found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> xml_text(std::string_view xml, std::string_view element) {
  const std::string open = "<" + std::string(element);
  for (std::size_t at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at + 1)) {
    const std::size_t after = at + open.size();
    if (after >= xml.size()) return std::nullopt;
    if (xml[after] != '>' && xml[after] != ' ' && xml[after] != '/') continue;  // a longer name
    const std::size_t begin = xml.find('>', after);
    if (begin == std::string_view::npos) return std::nullopt;
    if (xml[begin - 1] == '/') return std::string();
    const std::size_t end = xml.find('<', begin + 1);
    if (end == std::string_view::npos) return std::nullopt;
    return decode_entities(xml.substr(begin + 1, end - begin - 1));
  }
  return std::nullopt;
}

std::string decode_encoded_words(std::string_view text) {
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find("=?"), text.size());
    std::string_view between = text.substr(0, begin);
    // Blanks between two encoded words are not shown (RFC 2047, section 6.2).
    const bool joins = after_word && begin < text.size() && trim(between).empty();
    if (!joins) out += between;
    text.remove_prefix(begin);
    if (text.empty()) break;
    const std::size_t first = text.find('?', 2);
    const std::size_t second = first == std::string_view::npos ? first : text.find('?', first + 1);
    const std::size_t end = second == std::string_view::npos ? second : text.find("?=", second + 1);
    if (end == std::string_view::npos) {
      out += text;
      break;
    }
    const auto word = decode_word(text.substr(2, end - 2));
    out += word ? *word : std::string(text.substr(0, end + 2));
    after_word = word.has_value();
    text.remove_prefix(end + 2);
  }
  return out;
}

ServiceError service_error(const net::HttpResponse& response) {
  ServiceError error;
  const std::string_view body = trim(response.body);
  if (body.starts_with('{')) {
    const auto json = parse_json(body);
    if (json) {
      error.code = json_text(*json, "__type");
      if (error.code.empty()) error.code = json_text(*json, "code");
      error.message = json_text(*json, "message");
      if (error.message.empty()) error.message = json_text(*json, "Message");
    }
  } else if (body.starts_with('<')) {
    error.code = xml_text(body, "Code").value_or("");
    error.message = xml_text(body, "Message").value_or("");
  }
  if (const std::string* type = response.find("x-amzn-errortype"); type != nullptr && !type->empty())
    error.code = *type;
  // "com.amazonaws.ses#MessageRejected", "MessageRejected:http://internal.amazon.com/coral/…"
  error.code = error.code.substr(0, error.code.find(':'));
  if (const std::size_t hash = error.code.rfind('#'); hash != std::string::npos) error.code.erase(0, hash + 1);
  error.code = first_line(error.code);
  error.message = first_line(error.message);
  return error;
}

std::optional<Time> parse_expiry(std::string_view text) {
  text = trim(text);
  if (const auto time = parse_rfc3339(text)) return time;
  // botocore writes "2026-11-22T12:00:00UTC" into SSO's cache; others leave the zone out.
  std::string plain(text.ends_with("UTC") ? text.substr(0, text.size() - 3) : text);
  if (plain.size() >= 5 && (plain[plain.size() - 5] == '+' || plain[plain.size() - 5] == '-') &&
      plain.find(':') != std::string::npos) {
    plain.insert(plain.size() - 2, ":");  // "+0000"
    return parse_rfc3339(plain);
  }
  return parse_rfc3339(plain + "Z");
}

}  // namespace mimeseal::aws
