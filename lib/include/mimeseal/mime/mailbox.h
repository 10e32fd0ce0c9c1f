// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// A mailbox (RFC 5322, section 3.4): a display name and an address. The name is decoded UTF-8; the address is
/// local-part@domain, its domain as given (UTF-8 or A-labels). Not a group, and not a list.
class MIMESEAL_API Mailbox final {
 public:
  /// "Name <a@b>", "\"Doe, J.\" <a@b>", "a@b (comment)", "a@b". Encoded words in the name are decoded. Nothing when it
  /// is not exactly one mailbox, or holds CR, LF, NUL.
  [[nodiscard]] static std::optional<Mailbox> parse(std::string_view text);
  /// Nothing when the address is not local-part@domain (quoted local parts are, address literals too).
  [[nodiscard]] static std::optional<Mailbox> make(std::string name, std::string_view address);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] std::string local_part() const;
  [[nodiscard]] std::string domain() const;
  /// With the domain as A-labels (IDNA 2008); what goes on the wire. Nothing when the domain is not valid.
  [[nodiscard]] std::optional<std::string> wire_address() const;
  friend bool operator==(const Mailbox&, const Mailbox&) = default;

 private:
  Mailbox() = default;
  std::string name_;
  std::string address_;
};

/// What stands in a From, To or Cc field.
struct AddressList {
  std::vector<Mailbox> mailboxes;     ///< members of groups included
  std::vector<std::string> groups;    ///< names of the groups seen
  std::vector<std::string> problems;  ///< what could not be read, or that two readers could read differently
};

/// Reads an address list leniently (RFC 5322 with its obsolete forms); never throws.
[[nodiscard]] MIMESEAL_API AddressList parse_address_list(std::string_view text);

/// Whether two addresses are the same mailbox for matching keys and From: the domains by IDNA A-labels, the local
/// parts too, without regard to ASCII case; a quoted local part equals its unquoted form.
[[nodiscard]] MIMESEAL_API bool same_address(std::string_view a, std::string_view b);

}  // namespace mimeseal
