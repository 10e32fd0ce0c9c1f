// SPDX-License-Identifier: MIT
#include <idn2.h>

#include <algorithm>
#include <memory>
#include <set>

#include "mimeseal/core/text.h"
#include "smime/key.h"

namespace mimeseal::smime {
namespace {

/// A quoted local part without its quotes (RFC 5322, section 3.4.1: quoting does not make it another mailbox).
std::string unquoted(std::string_view local) {
  if (local.size() < 2 || local.front() != '"' || local.back() != '"') return std::string(local);
  local = local.substr(1, local.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (local[i] == '\\' && i + 1 < local.size()) ++i;
    out += local[i];
  }
  return out;
}

/// IDNA's A-labels, in lower case; nothing when it does not allow them.
std::string looked_up(std::string_view domain) {
  const std::string text(domain);
  std::uint8_t* memory = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &memory,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, Releaser<idn2_free>> owner(memory);
  return result == IDN2_OK ? ascii_lower(reinterpret_cast<const char*>(memory)) : std::string();
}

std::string a_labels(std::string_view domain) {
  std::string labels = is_ascii(domain) ? std::string() : looked_up(domain);
  return labels.empty() ? ascii_lower(domain) : labels;
}

constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestName = 253;

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_beyond_ascii(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x80;
}

/// Letters, digits and inner hyphens (RFC 5321, section 4.1.2); `more` lets U-labels be, which IDNA then judges.
bool is_host_name(std::string_view text, bool more) noexcept {
  std::size_t length = 0;
  char before = '.';
  for (const char c : text) {
    if (c == '.') {
      if (before == '.' || before == '-') return false;
      length = 0;
    } else {
      if (!is_letter_or_digit(c) && !(more && is_beyond_ascii(c)) && (c != '-' || before == '.')) return false;
      if (++length > kLongestLabel && !more) return false;
    }
    before = c;
  }
  return before != '.' && before != '-' && text.size() <= kLongestName;
}

bool is_address_literal(std::string_view text) noexcept {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1,
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == ':' || c == '-'; });
}

/// A name that IDNA reads as another one than stands there could be held against constraints as one and against From
/// as the other.
bool is_domain(std::string_view text, bool international) {
  if (is_address_literal(text)) return true;
  if (!is_host_name(text, international)) return false;
  if (is_ascii(text) && text.find("--") == std::string_view::npos) return true;  // no label that IDNA reads
  const std::string labels = looked_up(text);
  if (!is_ascii(text)) return !labels.empty() && is_host_name(labels, false);
  return labels.empty() || labels == ascii_lower(text);
}

bool is_dot_string(std::string_view text) noexcept {
  char before = '.';
  for (const char c : text) {
    const bool atom = is_letter_or_digit(c) || is_beyond_ascii(c) ||
                      std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
    if (c == '.' ? before == '.' : !atom) return false;
    before = c;
  }
  return before != '.';
}

/// A quoted string without blanks: one that a reader may fold or trim is nobody's name.
bool is_quoted_string(std::string_view text) noexcept {
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || (text[i] == '\\' && ++i == text.size())) return false;
    if (text[i] <= ' ' && !is_beyond_ascii(text[i])) return false;
    if (text[i] == 0x7F) return false;
  }
  return true;
}

/// Mailbox (RFC 5321, section 4.1.2; RFC 6531, section 3.3, when international), and nothing else: no blanks, controls,
/// comments or brackets around it.
bool is_mailbox(std::string_view text, bool international) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || !is_utf8(text) || (!international && !is_ascii(text))) return false;
  const std::string_view local = text.substr(0, at);
  // Local parts of ASCII alone are rfc822Name's (RFC 9598, section 3): name constraints can name only those.
  if (international && is_ascii(local)) return false;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (local.starts_with(kByteOrderMark)) return false;
  return (is_dot_string(local) || is_quoted_string(local)) && is_domain(text.substr(at + 1), international);
}

/// id-on-SmtpUTF8Mailbox (RFC 9598, section 3).
constexpr const char* kSmtpUtf8Mailbox = "1.3.6.1.5.5.7.8.9";

std::string utf8_of(const ASN1_STRING* text) {
  unsigned char* memory = nullptr;
  const int length = ASN1_STRING_to_UTF8(&memory, text);
  if (length < 0) {
    ERR_clear_error();
    return {};
  }
  const MemoryPtr owner(memory);
  return {reinterpret_cast<const char*>(memory), static_cast<std::size_t>(length)};
}

/// Collects addresses, each once. What is not written as its type demands is a trick, not an address: it is not heard.
class Addresses final {
 public:
  void add(std::string address, bool international) {
    if (is_mailbox(address, international) && seen_.insert(address).second) list_.push_back(std::move(address));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace

bool matches_address(std::string_view a, std::string_view b) {
  const auto split_a = a.rfind('@');
  const auto split_b = b.rfind('@');
  if (split_a == std::string_view::npos || split_b == std::string_view::npos) return false;
  return iequals(unquoted(a.substr(0, split_a)), unquoted(b.substr(0, split_b))) &&
         a_labels(a.substr(split_a + 1)) == a_labels(b.substr(split_b + 1));
}

std::vector<std::string> addresses_of(X509* certificate) {
  Addresses addresses;
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const Asn1ObjectPtr smtp_utf8(check(OBJ_txt2obj(kSmtpUtf8Mailbox, 1), "making an object identifier"));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_EMAIL) {
      addresses.add(std::string(octets_of(name->d.rfc822Name)), false);
    } else if (name->type == GEN_OTHERNAME && OBJ_cmp(name->d.otherName->type_id, smtp_utf8.get()) == 0 &&
               name->d.otherName->value->type == V_ASN1_UTF8STRING) {
      addresses.add(std::string(octets_of(name->d.otherName->value->value.utf8string)), true);
    }
  }
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, i)) >= 0;) {
    addresses.add(utf8_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i))), false);
  }
  ERR_clear_error();
  return addresses.take();
}

CanonicalMailbox canonical_mailbox(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return {.local_part = ascii_lower(unquoted(address.substr(0, at))), .domain = a_labels(address.substr(at + 1))};
}

}  // namespace mimeseal::smime
