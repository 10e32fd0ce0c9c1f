// SPDX-License-Identifier: MIT
#include <idn2.h>

#include <memory>

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

std::string a_labels(std::string_view domain) {
  if (is_ascii(domain)) return ascii_lower(domain);
  const std::string text(domain);
  std::uint8_t* memory = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &memory,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, Releaser<idn2_free>> owner(memory);
  return result == IDN2_OK ? ascii_lower(reinterpret_cast<const char*>(memory)) : ascii_lower(domain);
}

}  // namespace

bool matches_address(std::string_view a, std::string_view b) {
  const auto split_a = a.rfind('@');
  const auto split_b = b.rfind('@');
  if (split_a == std::string_view::npos || split_b == std::string_view::npos) return false;
  return iequals(unquoted(a.substr(0, split_a)), unquoted(b.substr(0, split_b))) &&
         a_labels(a.substr(split_a + 1)) == a_labels(b.substr(split_b + 1));
}

}  // namespace mimeseal::smime
