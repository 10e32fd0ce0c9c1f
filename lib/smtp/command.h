// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "mimeseal/send/sender.h"
#include "smtp/message.h"
#include "smtp/offers.h"

namespace mimeseal::smtp {

/// RFC 3461, section 4: every octet outside "!" to "~", "+" and "=" as +XX.
[[nodiscard]] std::string xtext(std::string_view text);

/// Throws Error(usage) for an envelope that no server could be asked to take: bad addresses, DSN wishes that are none.
void demand_sound(const Envelope& envelope);
/// Throws when the server does not offer what this envelope and message need: Error(limit) past its SIZE,
/// Error(unsupported) without SMTPUTF8, 8BITMIME or DSN where needed, Error(protocol) without a demanded REQUIRETLS.
void demand_offered(const Envelope& envelope, const MessageFacts& message, const Offers& offers,
                    const std::string& where);

/// "MAIL FROM:<…> …" with CRLF. Both lines throw Error(usage) rather than hold a control character.
[[nodiscard]] std::string mail_command(const Envelope& envelope, const MessageFacts& message, const Offers& offers);
/// "RCPT TO:<…> …" with CRLF, for the recipient of that index.
[[nodiscard]] std::string rcpt_command(const Envelope& envelope, std::size_t recipient);

}  // namespace mimeseal::smtp
