// SPDX-License-Identifier: MIT
#include "mimeseal/mime/mailbox.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "mime/addr_spec.h"
#include "mime/lexer.h"
#include "mimeseal/core/text.h"

namespace mimeseal {

namespace mime {

namespace {

/// The end of a quoted-string that begins the text, or npos.
[[nodiscard]] std::size_t end_of_quoted(std::string_view text) noexcept {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return std::string_view::npos;
    if (c == '"') return i + 1;
    if (c == '\\' && (++i >= text.size() || static_cast<unsigned char>(text[i]) < 0x20)) break;
  }
  return std::string_view::npos;
}

[[nodiscard]] bool is_domain_literal(std::string_view text) noexcept {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != '\\'; });
}

/// Letters, digits and inner hyphens alone, no label that IDNA reads ("xn--…"): there IDNA changes nothing but the
/// case.
[[nodiscard]] bool is_plain_host_name(std::string_view text) noexcept {
  constexpr std::size_t kLongestLabel = 63;
  constexpr std::size_t kLongestName = 253;
  std::size_t length = 0;
  char before = '.';
  for (const char c : text) {
    if (c == '.') {
      if (before == '.' || before == '-') return false;
      length = 0;
    } else {
      if (!is_alpha(c) && !is_digit(c) && (c != '-' || before == '.' || before == '-')) return false;
      if (++length > kLongestLabel) return false;
    }
    before = c;
  }
  return before != '.' && before != '-' && text.size() <= kLongestName;
}

[[nodiscard]] bool is_domain_name(std::string_view text) noexcept {
  bool label_empty = true;
  for (const char c : text) {
    if (c == '.') {
      if (label_empty) return false;
      label_empty = true;
    } else if (is_alpha(c) || is_digit(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80) {
      label_empty = false;
    } else {
      return false;
    }
  }
  return !label_empty;
}

}  // namespace

bool is_dot_atom(std::string_view text) noexcept {
  bool atom_empty = true;
  for (const char c : text) {
    if (c == '.' ? atom_empty : !is_atext(c)) return false;
    atom_empty = c == '.';
  }
  return !atom_empty;
}

std::optional<AddrSpec> split_addr_spec(std::string_view address) noexcept {
  const std::size_t at = address.starts_with('"') ? end_of_quoted(address) : address.find('@');
  if (at == std::string_view::npos || at >= address.size() || address[at] != '@' || !is_utf8(address))
    return std::nullopt;
  const AddrSpec spec{address.substr(0, at), address.substr(at + 1)};
  if (!spec.local_part.starts_with('"') && !is_dot_atom(spec.local_part)) return std::nullopt;
  if (!is_domain_name(spec.domain) && !is_domain_literal(spec.domain)) return std::nullopt;
  return spec;
}

std::string unquoted_local_part(std::string_view local_part) {
  if (!local_part.starts_with('"')) return std::string(local_part);
  Lexer lexer(local_part);
  return lexer.quoted_string();
}

std::string quoted_local_part(std::string_view content) {
  if (is_dot_atom(content)) return std::string(content);
  std::string quoted = "\"";
  for (const char c : content) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::optional<std::string> domain_to_ascii(std::string_view domain) {
  if (is_domain_literal(domain) || is_plain_host_name(domain)) return ascii_lower(domain);
  if (!is_domain_name(domain)) return std::nullopt;
  const std::string terminated(domain);
  std::uint8_t* looked_up = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()), &looked_up,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owner(looked_up, &idn2_free);
  if (result != IDN2_OK) return std::nullopt;
  std::string ascii = ascii_lower(reinterpret_cast<const char*>(looked_up));
  // Mapping can make ASCII of other characters: "a@b℀c" must not become "a@ba/c".
  if (!is_ascii(ascii) || !is_domain_name(ascii) || ascii.size() > 253) return std::nullopt;
  return ascii;
}

}  // namespace mime

std::optional<Mailbox> Mailbox::make(std::string name, std::string_view address) {
  if (has_crlf_or_nul(name) || !is_utf8(name) || !mime::split_addr_spec(address)) return std::nullopt;
  Mailbox mailbox;
  mailbox.name_ = std::move(name);
  mailbox.address_ = address;
  return mailbox;
}

std::optional<Mailbox> Mailbox::parse(std::string_view text) {
  if (has_crlf_or_nul(text)) return std::nullopt;
  AddressList list = parse_address_list(text);
  if (list.mailboxes.size() != 1 || !list.groups.empty() || !list.problems.empty()) return std::nullopt;
  return std::move(list.mailboxes.front());
}

std::string Mailbox::local_part() const {
  const std::optional<mime::AddrSpec> spec = mime::split_addr_spec(address_);
  return spec ? std::string(spec->local_part) : std::string();
}

std::string Mailbox::domain() const {
  const std::optional<mime::AddrSpec> spec = mime::split_addr_spec(address_);
  return spec ? std::string(spec->domain) : std::string();
}

std::optional<std::string> Mailbox::wire_address() const {
  std::optional<std::string> ascii = mime::domain_to_ascii(domain());
  if (!ascii) return std::nullopt;
  return local_part() + "@" + *ascii;
}

bool same_address(std::string_view a, std::string_view b) {
  const std::optional<mime::AddrSpec> left = mime::split_addr_spec(trim(a));
  const std::optional<mime::AddrSpec> right = mime::split_addr_spec(trim(b));
  if (!left || !right) return iequals(trim(a), trim(b));
  if (!iequals(mime::unquoted_local_part(left->local_part), mime::unquoted_local_part(right->local_part))) return false;
  if (iequals(left->domain, right->domain)) return true;
  const std::optional<std::string> left_domain = mime::domain_to_ascii(left->domain);
  return left_domain && left_domain == mime::domain_to_ascii(right->domain);
}

}  // namespace mimeseal
