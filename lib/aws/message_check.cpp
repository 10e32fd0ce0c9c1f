// SPDX-License-Identifier: MIT
#include "aws/message_check.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "aws/answer.h"
#include "aws/uri.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::uint64_t kMaxLine = 998;  // and CR LF (RFC 5321, section 4.5.3.1.6)
constexpr std::size_t kMaxField = 16U << 10U;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, section 5.1.1
constexpr std::size_t kMaxBoundaries = 256;

// Amazon SES Developer Guide, "Unsupported attachment types"; sorted.
constexpr std::array<std::string_view, 90> kBlocked = {
    "ade",  "adp",  "app",      "asp",    "bas", "bat", "cer", "chm", "cmd",  "com",     "cpl",    "crt",     "csh",
    "der",  "exe",  "fxp",      "gadget", "hlp", "hta", "inf", "ins", "isp",  "its",     "js",     "jse",     "ksh",
    "lib",  "lnk",  "mad",      "maf",    "mag", "mam", "maq", "mar", "mas",  "mat",     "mau",    "mav",     "maw",
    "mda",  "mdb",  "mde",      "mdt",    "mdw", "mdz", "msc", "msh", "msh1", "msh1xml", "msh2",   "msh2xml", "mshxml",
    "msi",  "msp",  "mst",      "ops",    "pcd", "pif", "plg", "prf", "prg",  "ps1",     "ps1xml", "ps2",     "ps2xml",
    "psc1", "psc2", "reg",      "scf",    "scr", "sct", "shb", "shs", "sys",  "tmp",     "url",    "vb",      "vbe",
    "vbs",  "vps",  "vsmacros", "vss",    "vst", "vsw", "vxd", "ws",  "wsc",  "wsf",     "wsh",    "xnk"};

bool is_parameter_name(char c) {
  return c > ' ' && c < 0x7F && c != ';' && c != '=' && c != '"' && c != '(' && c != ')';
}

/// One parameter value: a quoted string or what stands before the next ";". Moves `text` past it.
std::string take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find(';'), text.size());
    value = trim(text.substr(0, end));
    text.remove_prefix(end);
    return value;
  }
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    value += text[i];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return value;
}

/// "utf-8'en'%e2%82%ac.exe" without charset and language, decoded; a continuation has only the last part.
std::string decode_extended(std::string_view value, bool first) {
  if (first) {
    const std::size_t one = value.find('\'');
    const std::size_t two = one == std::string_view::npos ? one : value.find('\'', one + 1);
    if (two != std::string_view::npos) value.remove_prefix(two + 1);
  }
  return uri_decode(value);
}

/// The number of "filename*2*", and whether it is percent-encoded; nothing when the name is none of ours.
struct Piece {
  std::string base;
  unsigned long index = 0;
  bool is_extended = false;
};
std::optional<Piece> piece_of(std::string_view parameter) {
  Piece piece;
  std::string name = ascii_lower(parameter);
  if (name.ends_with('*')) {
    piece.is_extended = true;
    name.pop_back();
  }
  const std::size_t star = name.find('*');
  if (star != std::string::npos) {
    const std::string digits = name.substr(star + 1);
    if (digits.empty() || digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    piece.index = std::stoul(digits);
    name.resize(star);
  }
  if (name != "name" && name != "filename") return std::nullopt;
  piece.base = name;
  return piece;
}

/// Calls `take` with each parameter's name and value.
template <class Take>
void for_each_parameter(std::string_view field, Take take) {
  const auto skip_blanks = [](std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
      text.remove_prefix(1);
  };
  while (true) {
    const std::size_t semicolon = field.find(';');
    if (semicolon == std::string_view::npos) return;
    field.remove_prefix(semicolon + 1);
    skip_blanks(field);
    std::size_t end = 0;
    while (end < field.size() && is_parameter_name(field[end]))
      ++end;
    const std::string_view name = field.substr(0, end);
    field.remove_prefix(end);
    skip_blanks(field);
    if (!field.starts_with('=')) continue;
    field.remove_prefix(1);
    skip_blanks(field);
    take(name, take_value(field));
  }
}

}  // namespace

std::vector<std::string> names_in_field(std::string_view field) {
  std::map<std::pair<std::string, unsigned long>, std::string> pieces;
  std::vector<std::string> names;
  for_each_parameter(field, [&](std::string_view name, std::string value) {
    const auto piece = piece_of(name);
    if (!piece) return;
    if (piece->is_extended) value = decode_extended(value, piece->index == 0);
    pieces[{piece->base, piece->index}] += value;
  });
  for (const auto& [key, value] : pieces) {
    if (key.second == 0 || names.empty()) names.emplace_back();
    names.back() += value;
  }
  for (std::string& name : names)
    name = decode_encoded_words(name);
  return names;
}

std::string boundary_in_field(std::string_view field) {
  std::string boundary;
  for_each_parameter(field, [&](std::string_view name, std::string value) {
    if (boundary.empty() && iequals(name, "boundary")) boundary = std::move(value);
  });
  return boundary;
}

std::string blocked_extension(std::string_view name) {
  name = trim(name);
  while (name.ends_with('.') || name.ends_with(' '))
    name.remove_suffix(1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  std::string extension = ascii_lower(name.substr(dot + 1));
  const bool found = std::binary_search(kBlocked.begin(), kBlocked.end(), std::string_view(extension));
  return found ? extension : std::string();
}

void MessageCheck::write(std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t end = octets.find('\n');
    const std::string_view part = octets.substr(0, end);
    length_ += part.size();
    if (line_.size() < kMaxLine + 2) line_ += part.substr(0, kMaxLine + 2 - line_.size());
    if (end == std::string_view::npos) return;
    take_line();
    octets.remove_prefix(end + 1);
  }
}

void MessageCheck::finish() {
  if (length_ != 0) take_line();
  end_field();
}

void MessageCheck::take_line() {
  ++number_;
  if (line_.ends_with('\r') && length_ == line_.size()) {
    line_.pop_back();
    --length_;
  }
  if (length_ > kMaxLine)
    throw Error(Errc::limit, "a line is longer than the 1000 octets that SES takes",
                "line " + std::to_string(number_) + " of the message");
  const bool continues = line_.starts_with(' ') || line_.starts_with('\t');
  if (in_header_) {
    if (continues) {
      if (!field_.empty() && field_.size() + line_.size() < kMaxField) field_ += line_;
    } else {
      end_field();
      if (istarts_with(line_, "content-type:") || istarts_with(line_, "content-disposition:")) field_ = line_;
      if (line_.empty()) end_header();
    }
  } else if (line_.starts_with("--")) {
    const std::string_view rest = std::string_view(line_).substr(2);
    in_header_ = std::any_of(boundaries_.begin(), boundaries_.end(), [&](const std::string& boundary) {
      return rest.starts_with(boundary) && trim(rest.substr(boundary.size())).empty();
    });
  }
  line_.clear();
  length_ = 0;
}

void MessageCheck::end_header() {
  in_header_ = std::exchange(holds_message_, false);
}

void MessageCheck::end_field() {
  if (field_.empty()) return;
  const std::string field = std::exchange(field_, {});
  if (istarts_with(field, "content-type:")) {
    const std::string_view type = trim(std::string_view(field).substr(field.find(':') + 1));
    holds_message_ = istarts_with(type, "message/rfc822") || istarts_with(type, "message/global");
    std::string boundary = boundary_in_field(field);
    if (!boundary.empty() && boundary.size() <= kMaxBoundary && boundaries_.size() < kMaxBoundaries)
      boundaries_.push_back(std::move(boundary));
  }
  for (const std::string& name : names_in_field(field)) {
    const std::string extension = blocked_extension(name);
    if (!extension.empty())
      throw Error(Errc::unsupported, "SES refuses attachments whose name ends in ." + extension,
                  visible(to_valid_utf8(name)), "rename it, or pack it into an archive");
  }
}

}  // namespace mimeseal::aws
