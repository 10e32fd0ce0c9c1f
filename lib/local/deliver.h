// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/source.h"
#include "mimeseal/send/sender.h"

namespace mimeseal::local {

struct Delivered {
  Delivery result = Delivery::unknown;
  std::string id;
  std::string reply;
  std::uint64_t bytes = 0;
};

/// Into tmp, then into new, under a name of its own. The folders are made when they are missing; the one they lie in
/// must be there. Throws Error(cannot_create) or Error(io), and leaves nothing.
[[nodiscard]] Delivered deliver_to_maildir(const std::string& path, Source& message, const Clock& clock);

/// Runs `PROGRAM -i -f FROM -- RCPT…` with the message on its standard input. Throws Error(unavailable) when it cannot
/// be started or ends by a signal before it had the whole message.
[[nodiscard]] Delivered deliver_to_program(const std::string& program, const Envelope& envelope, Source& message);

}  // namespace mimeseal::local
