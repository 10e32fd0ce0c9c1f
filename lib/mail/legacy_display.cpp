// SPDX-License-Identifier: MIT
#include "legacy_display.h"

#include <algorithm>
#include <array>

#include "html_text.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

/// Longer texts are no letters; they stay as they are.
constexpr std::uint64_t kMaxText = 16U << 20U;

constexpr std::array<std::string_view, 13> kUserFacing = {
    "subject", "from",        "to",        "cc",        "date",        "reply-to",     "followup-to",
    "sender",  "resent-from", "resent-to", "resent-cc", "resent-date", "resent-sender"};

bool is_text(const std::string& type) {
  return type == "text/plain" || type == "text/html";
}

/// One line, whatever a decoded value holds: a line end in it would end the element.
std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20U; }, ' ');
  return text;
}

std::string lines_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += name + ": " + value + "\n";
  return out;
}

/// A multipart/related whose root is another child than the first (RFC 2387, 3.2): none of its parts descends "via the
/// first child" and is shown as the main body (RFC 9788, 5.2.4).
bool starts_elsewhere(const Entity& entity, const ParameterizedValue& type) {
  const std::string* start = type.find("start");
  if (start == nullptr || type.value != "multipart/related") return false;
  const std::string wanted = bare_content_id(*start);
  for (std::size_t i = 1; i < entity.child_count(); ++i) {
    const HeaderFields fields = entity.child(i).fields();
    const HeaderField* id = find_field(fields, "Content-ID");
    if (id != nullptr && !wanted.empty() && bare_content_id(id->value()) == wanted) return true;
  }
  return false;
}

/// The leaves that a reader shows as the message itself (RFC 9787, 7.1): down the first child of each multipart, and
/// all children of multipart/alternative; nothing that is signed or encrypted already.
std::vector<Entity*> main_body_parts(Entity& body) {
  std::vector<Entity*> found;
  std::vector<Entity*> open = {&body};
  while (!open.empty()) {
    Entity& entity = *open.back();
    open.pop_back();
    const ParameterizedValue content_type = entity.content_type();
    const std::string& type = content_type.value;
    if (entity.disposition().value == "attachment" || starts_elsewhere(entity, content_type)) continue;
    if (is_text(type)) {
      found.push_back(&entity);
    } else if (type == "multipart/signed" || type == "multipart/encrypted" || !type.starts_with("multipart/")) {
      continue;
    } else {
      const std::size_t count =
          type == "multipart/alternative" ? entity.child_count() : std::min<std::size_t>(1, entity.child_count());
      for (std::size_t i = count; i-- > 0;)
        open.push_back(&entity.child(i));
    }
  }
  return found;
}

bool add_element(Entity& part, const std::string& lines) {
  const std::string text = part.decoded_text(kMaxText);
  // A cut or ill-formed text would not come out as it went in.
  if (text.size() >= kMaxText - 4 || text.find("\xEF\xBF\xBD") != std::string::npos) return false;
  if (part.content_type().value == "text/plain") {
    part.set_text(lines + "\n" + text);
  } else {
    const std::string element = "<div class=\"header-protection-legacy-display\">\n<pre>" +
                                escape_html(lines.substr(0, lines.size() - 1)) + "</pre></div>\n";
    const std::size_t at = body_start(text);
    part.set_text(text.substr(0, at) + (at > 0 && text[at - 1] != '\n' ? "\n" : "") + element + text.substr(at));
  }
  ParameterizedValue type = part.content_type();
  type.set("hp-legacy-display", "1");
  part.set_content_type(type);
  return true;
}

}  // namespace

std::string bare_content_id(std::string_view text) {
  text = trim(text);
  if (text.starts_with('<') && text.ends_with('>')) text = trim(text.substr(1, text.size() - 2));
  return std::string(text);
}

bool has_legacy_display(const Part& part) {
  const std::string* mark = part.content_type.find("hp-legacy-display");
  return mark != nullptr && trim(*mark) == "1" && is_text(part.content_type.value);
}

std::string_view without_legacy_display(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = std::min(end + 1, text.size());
    if (trim(line).empty()) return text.substr(at);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> hidden_user_facing(const HeaderFields& fields,
                                                                    const HeaderPolicy& policy) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const HeaderField& field : fields) {
    if (std::ranges::find(kUserFacing, ascii_lower(field.name)) == kUserFacing.end()) continue;
    const auto outer = policy.outer(field);
    if (!outer || outer->value() != field.value()) out.emplace_back(field.name, one_line(field.decoded()));
  }
  return out;
}

std::size_t add_legacy_display(Entity& body, const std::vector<std::pair<std::string, std::string>>& fields) {
  if (fields.empty()) return 0;
  const std::string lines = lines_of(fields);
  std::size_t left_alone = 0;
  for (Entity* part : main_body_parts(body)) {
    if (!add_element(*part, lines)) ++left_alone;
  }
  return left_alone;
}

}  // namespace mimeseal::mail
