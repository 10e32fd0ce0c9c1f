// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/mime/mailbox.h"

namespace mimeseal {

/// One header field as octets: `raw` is what follows the colon, folded with CRLF as on the wire, without the line
/// end. A value; made by the encoders below or by the scanner.
struct MIMESEAL_API HeaderField {
  std::string name;  ///< as spelt
  std::string raw;   ///< leading blank included (" text")

  /// Unfolded and trimmed, not decoded.
  [[nodiscard]] std::string value() const;
  /// Unfolded, RFC 2047 decoded to UTF-8 (ill-formed octets as U+FFFD).
  [[nodiscard]] std::string decoded() const;
  /// "Name: value\r\n" as on the wire.
  [[nodiscard]] std::string wire() const;
  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

using HeaderFields = std::vector<HeaderField>;

/// The first field of that name (ASCII case aside), or null.
[[nodiscard]] MIMESEAL_API const HeaderField* find_field(const HeaderFields& fields, std::string_view name) noexcept;
[[nodiscard]] MIMESEAL_API std::size_t count_fields(const HeaderFields& fields, std::string_view name) noexcept;
/// MIME-Version and Content-*: they describe the body, and RFC 9788 calls them structural.
[[nodiscard]] MIMESEAL_API bool is_structural(std::string_view field_name) noexcept;

/// Encoders (RFC 5322 folding at 78, RFC 2047 B or Q, whichever is shorter; 7bit always). They throw Error(usage) for a
/// name that is no field name and for values with CR, LF or NUL.
[[nodiscard]] MIMESEAL_API HeaderField unstructured_field(std::string name, std::string_view utf8);
[[nodiscard]] MIMESEAL_API HeaderField mailbox_field(std::string name, const std::vector<Mailbox>& mailboxes);
[[nodiscard]] MIMESEAL_API HeaderField date_field(std::string name, Time time);
/// A structured value that is ASCII already (msg-ids, tokens): folded at blanks only.
[[nodiscard]] MIMESEAL_API HeaderField token_field(std::string name, std::string_view ascii);

/// RFC 5322 date-time, in UTC ("+0000"), and its lenient reading (obsolete zones, comments).
[[nodiscard]] MIMESEAL_API std::string format_date(Time time);
[[nodiscard]] MIMESEAL_API std::optional<Time> parse_date(std::string_view text);

/// RFC 2047 decoding of unstructured text; unknown charsets leave the word as it is.
[[nodiscard]] MIMESEAL_API std::string decode_words(std::string_view text);

/// A value with parameters: Content-Type, Content-Disposition. `value` is lower case; parameters are decoded
/// (RFC 2231 continuations and charsets; RFC 2047 in them leniently), UTF-8, in order, names lower case.
struct MIMESEAL_API ParameterizedValue {
  std::string value;
  std::vector<std::pair<std::string, std::string>> parameters;
  /// Duplicates, forms that two readers could read differently: "code: what", a code of docs/problems.md.
  std::vector<std::string> problems;

  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  void set(std::string name, std::string value);
  void erase(std::string_view name);
  /// RFC 2231 where needed, folded.
  [[nodiscard]] HeaderField field(std::string name) const;
  friend bool operator==(const ParameterizedValue&, const ParameterizedValue&) = default;
};

/// Never throws; a value that cannot be read at all has an empty `value`.
[[nodiscard]] MIMESEAL_API ParameterizedValue parse_parameterized(std::string_view raw);

/// Octets in a named charset to UTF-8; nothing for an unknown charset. Ill-formed input becomes U+FFFD.
[[nodiscard]] MIMESEAL_API std::optional<std::string> charset_to_utf8(std::string_view octets,
                                                                      std::string_view charset);

}  // namespace mimeseal
