// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mimeseal::mail {

/// HTML reduced to text, for the reading view: one pass, no scripts, no styles, nothing loaded. Links show where they
/// lead; images show their alternative text. UTF-8 in and out, LF; at most `limit` octets. With `omit_legacy_display`,
/// every <div class="header-protection-legacy-display"> is left out (RFC 9788, 4.5.3.3).
[[nodiscard]] std::string html_to_text(std::string_view html, std::size_t limit, bool omit_legacy_display);

/// Where the first child of <body> begins; 0 when there is no <body> (RFC 9788, 5.2.3.1).
[[nodiscard]] std::size_t body_start(std::string_view html);

/// &, <, > and quotes as entities.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace mimeseal::mail
