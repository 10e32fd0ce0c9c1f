// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// ASCII only; other octets stay as they are.
[[nodiscard]] MIMESEAL_API std::string ascii_lower(std::string_view text);
[[nodiscard]] MIMESEAL_API bool iequals(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] MIMESEAL_API bool istarts_with(std::string_view text, std::string_view prefix) noexcept;
/// Without leading and trailing SP, HTAB, CR and LF.
[[nodiscard]] MIMESEAL_API std::string_view trim(std::string_view text) noexcept;
[[nodiscard]] MIMESEAL_API std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] MIMESEAL_API std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// Lower-case hexadecimal, two digits an octet.
[[nodiscard]] MIMESEAL_API std::string hex(std::string_view octets);
[[nodiscard]] MIMESEAL_API std::optional<std::string> unhex(std::string_view digits);
/// Base64 without line ends, padded (RFC 4648, section 4); decoding is strict but skips white space.
[[nodiscard]] MIMESEAL_API std::string base64_encode(std::string_view octets);
[[nodiscard]] MIMESEAL_API std::optional<std::string> base64_decode(std::string_view text);
/// SHA-256, 32 octets.
[[nodiscard]] MIMESEAL_API std::string sha256(std::string_view octets);
[[nodiscard]] MIMESEAL_API std::string hmac_sha256(std::string_view key, std::string_view octets);

/// Whether the octets are well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] MIMESEAL_API bool is_utf8(std::string_view octets) noexcept;
[[nodiscard]] MIMESEAL_API bool is_ascii(std::string_view octets) noexcept;
/// Ill-formed sequences replaced by U+FFFD.
[[nodiscard]] MIMESEAL_API std::string to_valid_utf8(std::string_view octets);
/// Whether there is CR, LF or NUL in it: what may never come from outside into a header, address or URL.
[[nodiscard]] MIMESEAL_API bool has_crlf_or_nul(std::string_view octets) noexcept;
/// For terminals and error messages: control characters, bidi controls and ill-formed octets made visible as
/// \xNN or \u{NNNN}; with keep_newlines LF and TAB stay. The result is safe to print.
[[nodiscard]] MIMESEAL_API std::string visible(std::string_view text, bool keep_newlines = false);

/// Incremental SHA-256.
class MIMESEAL_API Sha256 final {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();
  void update(std::string_view octets);
  /// 32 octets; the object starts anew.
  [[nodiscard]] std::string finish();

 private:
  void* context_;
};

}  // namespace mimeseal
