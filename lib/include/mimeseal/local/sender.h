// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "mimeseal/core/clock.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"

namespace mimeseal::local {

/// file:PATH writes the message to a file (mode 0600, whole or not at all; "-" is standard output), maildir:PATH
/// delivers into a Maildir (tmp, then new), exec:PROGRAM runs `PROGRAM -i -f FROM -- RCPT…` with the message on
/// standard input, without a shell (exit 0: accepted; 75: deferred; else refused).
[[nodiscard]] MIMESEAL_API std::unique_ptr<Sender> make_sender(const SenderUrl& url,
                                                               const Clock& clock = system_clock());

}  // namespace mimeseal::local
