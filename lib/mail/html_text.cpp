// SPDX-License-Identifier: MIT
#include "html_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include "html_entities.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

constexpr std::string_view kLegacyClass = "header-protection-legacy-display";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// A tag as it stands; `next` is the octet after it.
struct Tag {
  std::string name;
  bool closing = false;
  bool self_closing = false;
  std::string_view attributes;
  std::size_t next = 0;
};

/// The end of a tag: the first '>' outside of quotes.
std::size_t tag_end(std::string_view html, std::size_t at) {
  char quote = 0;
  for (; at < html.size(); ++at) {
    const char c = html[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      if (html[at - 1] == '=' || is_blank(html[at - 1])) quote = c;
    } else if (c == '>') {
      return at;
    }
  }
  return std::string_view::npos;
}

/// Reads the tag at html[at] == '<'; a name that is empty: no tag, but text.
Tag read_tag(std::string_view html, std::size_t at) {
  Tag tag;
  std::size_t next = at + 1;
  if (next < html.size() && html[next] == '/') {
    tag.closing = true;
    ++next;
  }
  const std::size_t name_at = next;
  if (next >= html.size() || !is_letter(html[next])) return tag;
  while (next < html.size() && !is_blank(html[next]) && html[next] != '>' && html[next] != '/')
    ++next;
  tag.name = ascii_lower(html.substr(name_at, std::min<std::size_t>(next - name_at, 32)));
  std::size_t end = tag_end(html, next);
  if (end == std::string_view::npos) end = html.size();
  tag.attributes = html.substr(next, end - next);
  tag.self_closing = tag.attributes.ends_with('/');
  tag.next = std::min(end + 1, html.size());
  return tag;
}

/// The value of an attribute, references resolved; at most 2,000 octets of it.
std::string attribute(std::string_view attributes, std::string_view wanted) {
  std::size_t at = 0;
  while (at < attributes.size()) {
    while (at < attributes.size() && (is_blank(attributes[at]) || attributes[at] == '/'))
      ++at;
    const std::size_t name_at = at;
    while (at < attributes.size() && !is_blank(attributes[at]) && attributes[at] != '=')
      ++at;
    const std::string_view name = attributes.substr(name_at, at - name_at);
    while (at < attributes.size() && is_blank(attributes[at]))
      ++at;
    std::string_view value;
    if (at < attributes.size() && attributes[at] == '=') {
      ++at;
      while (at < attributes.size() && is_blank(attributes[at]))
        ++at;
      if (at < attributes.size() && (attributes[at] == '"' || attributes[at] == '\'')) {
        const std::size_t close = std::min(attributes.find(attributes[at], at + 1), attributes.size());
        value = attributes.substr(at + 1, close - at - 1);
        at = std::min(close + 1, attributes.size());
      } else {
        const std::size_t value_at = at;
        while (at < attributes.size() && !is_blank(attributes[at]))
          ++at;
        value = attributes.substr(value_at, at - value_at);
      }
    } else if (name.empty()) {
      ++at;
    }
    if (!iequals(name, wanted)) continue;
    value = value.substr(0, 2000);
    std::string out;
    for (std::size_t i = 0; i < value.size();) {
      if (value[i] == '&') {
        i += append_entity(value, i, out);
      } else {
        out += value[i++];
      }
    }
    return out;
  }
  return {};
}

bool has_class(const std::string& classes, std::string_view wanted) {
  std::string_view rest = classes;
  while (!rest.empty()) {
    const std::size_t begin = rest.find_first_not_of(" \t\r\n\f");
    if (begin == std::string_view::npos) return false;
    rest.remove_prefix(begin);
    const std::size_t end = std::min(rest.find_first_of(" \t\r\n\f"), rest.size());
    if (iequals(rest.substr(0, end), wanted)) return true;
    rest.remove_prefix(end);
  }
  return false;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

constexpr std::array<std::string_view, 8> kHidden = {"script", "style",  "title",    "template",
                                                     "iframe", "object", "noframes", "svg"};
constexpr std::array<std::string_view, 22> kBlocks = {
    "p",  "div",    "ul",         "ol", "table", "tr", "h1",  "h2",     "h3",      "h4",      "h5",
    "h6", "header", "blockquote", "dl", "dt",    "dd", "pre", "footer", "section", "article", "form"};
constexpr std::array<std::string_view, 11> kParagraphs = {"p",  "h1", "h2", "h3",    "h4", "h5",
                                                          "h6", "ul", "ol", "table", "pre"};

class Reducer {
 public:
  Reducer(std::string_view html, std::size_t limit, bool omit) : html_(html), limit_(limit), omit_(omit) {}

  std::string run() {
    while (at_ < html_.size() && out_.size() < limit_) {
      if (html_[at_] == '<' && markup()) continue;
      character();
    }
    if (out_.size() > limit_) out_.resize(limit_);
    while (!out_.empty() && is_blank(out_.back()))
      out_.pop_back();
    if (!out_.empty()) out_ += '\n';
    return to_valid_utf8(out_);
  }

 private:
  void skip_past(std::string_view end) {
    const std::size_t found = html_.find(end, at_);
    at_ = found == std::string_view::npos ? html_.size() : found + end.size();
  }

  bool markup() {
    const std::string_view rest = html_.substr(at_);
    if (rest.starts_with("<!--")) {
      at_ += 4;
      skip_past("-->");
      return true;
    }
    if (rest.starts_with("<!") || rest.starts_with("<?")) {
      skip_past(">");
      return true;
    }
    const Tag tag = read_tag(html_, at_);
    if (tag.name.empty()) return false;
    at_ = tag.next;
    if (!tag.closing && is_one_of(kHidden, tag.name)) {
      if (!tag.self_closing || tag.name != "svg") skip_element(tag.name);
      return true;
    }
    if (omitted_ > 0) {
      track_omitted(tag);
    } else if (omit_ && tag.name == "div" && !tag.closing &&
               has_class(attribute(tag.attributes, "class"), kLegacyClass)) {
      omitted_ = 1;
    } else {
      element(tag);
    }
    return true;
  }

  /// To the end tag of an element whose content is not text; without one, to the end. Each octet is looked at once.
  void skip_element(const std::string& name) {
    while (at_ < html_.size()) {
      const std::size_t open = html_.find("</", at_);
      if (open == std::string_view::npos) break;
      at_ = open + 2;
      if (istarts_with(html_.substr(at_), name)) {
        skip_past(">");
        return;
      }
    }
    at_ = html_.size();
  }

  void track_omitted(const Tag& tag) {
    if (tag.name == "div") {
      omitted_ = tag.closing ? omitted_ - 1 : omitted_ + 1;
    } else if (tag.name == "body" && tag.closing) {
      omitted_ = 0;  // a <div> that is never closed ends with the body
    }
  }

  void element(const Tag& tag) {
    const std::string& name = tag.name;
    if (name == "br") {
      end_line();
      newline();
    } else if (name == "hr") {
      block();
      put("----------------------------------------");
      block();
    } else if (name == "li") {
      if (!tag.closing) {
        block();
        put("* ");
      }
    } else if (name == "td" || name == "th") {
      if (tag.closing) put("\t");
    } else if (name == "img") {
      const std::string alt = attribute(tag.attributes, "alt");
      if (!tag.closing && !alt.empty()) text("[" + alt + "]");
    } else if (name == "a") {
      link(tag);
    } else if (is_one_of(kBlocks, name)) {
      block();
      if (is_one_of(kParagraphs, name)) paragraph();
      if (name == "pre") preformatted_ = !tag.closing;
      if (name == "blockquote") quote_ = tag.closing ? std::max(quote_ - 1, 0) : std::min(quote_ + 1, 8);
    }
  }

  /// A link shows where it leads, unless its text says so already: a reader of text cannot hover.
  void link(const Tag& tag) {
    if (!tag.closing) {
      href_ = attribute(tag.attributes, "href");
      link_begin_ = out_.size();
      return;
    }
    if (!href_.empty() && href_.front() != '#' && link_begin_ <= out_.size()) {
      const std::string shown(trim(std::string_view(out_).substr(link_begin_)));
      const bool same = shown == href_ || "mailto:" + shown == href_;
      if (!same && (istarts_with(href_, "http") || istarts_with(href_, "mailto:"))) text(" <" + href_ + ">");
    }
    href_.clear();
  }

  void character() {
    if (omitted_ > 0) {
      ++at_;
      return;
    }
    const char c = html_[at_];
    if (is_blank(c) && !preformatted_) {
      blank_ = true;
      ++at_;
    } else if (c == '\n') {
      newline();
      ++at_;
    } else if (c == '\r') {
      ++at_;
    } else if (c == '&') {
      std::string character;
      at_ += append_entity(html_, at_, character);
      put(character == "\xC2\xA0" ? " " : character);
    } else {
      const std::size_t end = std::min(html_.find_first_of("<& \t\r\n\f", at_ + 1), html_.size());
      put(html_.substr(at_, end - at_));
      at_ = end;
    }
  }

  /// Text out of an attribute, on one line.
  void text(const std::string& words) {
    std::string line = words;
    std::ranges::replace_if(
        line, [](char c) { return is_blank(c); }, ' ');
    put(line);
  }

  void put(std::string_view octets) {
    if (at_line_start_) {
      for (int i = 0; i < quote_; ++i)
        out_ += "> ";
    } else if (blank_) {
      out_ += ' ';
    }
    blank_ = false;
    at_line_start_ = false;
    empty_lines_ = 0;
    out_ += octets;
  }

  void end_line() {
    while (!out_.empty() && (out_.back() == ' ' || out_.back() == '\t'))
      out_.pop_back();
    blank_ = false;
  }

  void newline() {
    end_line();
    if (at_line_start_) {
      if (out_.empty() || empty_lines_ >= (preformatted_ ? 8 : 2)) return;
      ++empty_lines_;
    }
    out_ += '\n';
    at_line_start_ = true;
  }

  void block() {
    if (!at_line_start_) newline();
    blank_ = false;
  }

  void paragraph() {
    if (!out_.empty() && empty_lines_ == 0) newline();
  }

  std::string_view html_;
  std::size_t limit_;
  bool omit_;
  std::size_t at_ = 0;
  std::string out_;
  int omitted_ = 0;
  int quote_ = 0;
  int empty_lines_ = 0;
  bool preformatted_ = false;
  bool blank_ = false;
  bool at_line_start_ = true;
  std::string href_;
  std::size_t link_begin_ = 0;
};

}  // namespace

std::string html_to_text(std::string_view html, std::size_t limit, bool omit_legacy_display) {
  return Reducer(html, limit, omit_legacy_display).run();
}

std::size_t body_start(std::string_view html) {
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
    if (html.substr(at).starts_with("<!--")) {
      const std::size_t end = html.find("-->", at);
      if (end == std::string_view::npos) return 0;
      at = end;
      continue;
    }
    const Tag tag = read_tag(html, at);
    if (tag.name == "body" && !tag.closing) return tag.next;
    at = tag.name.empty() ? at + 1 : tag.next;
  }
  return 0;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace mimeseal::mail
