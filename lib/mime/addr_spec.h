// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mimeseal::mime {

/// local-part@domain in its two halves, as they stand (RFC 5322, section 3.4.1, without comments and blanks).
struct AddrSpec {
  std::string_view local_part;
  std::string_view domain;
};

/// Nothing when it is not exactly that, or not UTF-8.
[[nodiscard]] std::optional<AddrSpec> split_addr_spec(std::string_view address) noexcept;
[[nodiscard]] bool is_dot_atom(std::string_view text) noexcept;
/// The local part's meaning: without quotes and quoted pairs.
[[nodiscard]] std::string unquoted_local_part(std::string_view local_part);
/// `content` as a local part: quoted where it must be.
[[nodiscard]] std::string quoted_local_part(std::string_view content);
/// The domain in A-labels, lower case (IDNA 2008, non-transitional); an address literal as it is.
[[nodiscard]] std::optional<std::string> domain_to_ascii(std::string_view domain);

}  // namespace mimeseal::mime
