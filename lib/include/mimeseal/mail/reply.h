// SPDX-License-Identifier: MIT
#pragma once

#include "mimeseal/mail/header_policy.h"
#include "mimeseal/mail/open.h"

namespace mimeseal {

/// A policy that hides at least what `base` hides and what was confidential in the original message (RFC 9788,
/// section 6.1).
[[nodiscard]] MIMESEAL_API HeaderPolicy reply_policy(HeaderPolicy base, const ReplyBasis& basis);

}  // namespace mimeseal
