// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"

namespace mimeseal::smtp {

/// A sender for smtp://HOST[:587] (STARTTLS, required) and smtps://HOST[:465] (TLS from the first octet). Connects when
/// the first message is submitted.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Sender> make_sender(const SenderUrl& url, SenderOptions options);

}  // namespace mimeseal::smtp
