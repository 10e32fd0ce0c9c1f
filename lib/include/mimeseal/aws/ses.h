// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"

namespace mimeseal::aws {

/// A sender for ses://REGION[?api=v1|v2&configuration-set=…&tenant=…&list=…&topic=…&feedback=…&fips=1&endpoint=…]: the raw
/// message through the HTTPS API, signed with SigV4. Credentials as every AWS tool finds them.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Sender> make_ses_sender(const SenderUrl& url, SenderOptions options,
                                                                   const Clock& clock = system_clock());

/// The SMTP password of an IAM secret for a region.
[[nodiscard]] MIMESEAL_API SecretBytes smtp_password(const SecretBytes& secret, std::string_view region);

}  // namespace mimeseal::aws
