// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mimeseal/crypto/engine.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/mime/compose.h"
#include "mimeseal/toolkit/engines.h"
#include "options.h"

namespace mimeseal::cli {

/// A message that was composed or adopted, and the people that its envelope needs.
struct Prepared {
  Message message;
  std::vector<Mailbox> from;
  std::optional<Mailbox> sender;
  std::vector<Mailbox> recipients;  ///< To and Cc
  std::vector<Mailbox> bcc;
  std::optional<ReplyBasis> basis;  ///< with --in-reply-to
};

/// Makes the message of the draft options, --message, --eml or a file given as argument. `engines` open the message
/// that --in-reply-to names; with `in_clear` nothing of it is taken that it hid (RFC 9788, section 6.1). Throws
/// Error(usage), Error(malformed), Error(no_input) naming the option or file.
[[nodiscard]] Prepared prepare(const Options& options, Engines& engines, bool in_clear = false);

/// Whether any option of a draft was given, --message, --eml and --in-reply-to aside.
[[nodiscard]] bool says_draft(const Options& options);

}  // namespace mimeseal::cli
