// SPDX-License-Identifier: MIT
#pragma once

#include "mimeseal/mail/header_policy.h"
#include "mimeseal/mail/open.h"

namespace mimeseal {

/// A policy that hides at least what `base` hides and what was confidential in the original message (RFC 9788,
/// section 6.1); where something was, "off" becomes "no-confidentiality".
[[nodiscard]] MIMESEAL_API HeaderPolicy reply_policy(HeaderPolicy base, const ReplyBasis& basis);

/// What of a basis may stand in a message that is not encrypted: for everything that was confidential, what the same
/// derivation gives of what the original showed outside, or nothing (RFC 9788, section 6.1: MUST NOT be sent in
/// cleartext). The basis itself where nothing was confidential.
[[nodiscard]] MIMESEAL_API ReplyBasis reply_in_clear(const ReplyBasis& basis);

/// Without the replier among those who are answered: `own` are the addresses that the reply comes from. An answer to
/// oneself goes to those who had the message.
[[nodiscard]] MIMESEAL_API ReplyBasis reply_from(ReplyBasis basis, const std::vector<Mailbox>& own);

}  // namespace mimeseal
