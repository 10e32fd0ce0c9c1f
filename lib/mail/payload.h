// SPDX-License-Identifier: MIT
#pragma once

#include "mimeseal/mail/seal.h"
#include "people.h"

namespace mimeseal::mail {

/// The cryptographic payload, frozen, and the fields that go outside (RFC 9788, section 5.2.1).
struct Payload {
  HeaderFields outer;
  Rope octets;
};

/// `at` names no secret: `report` gets the policy, what became confidential, and hints.
[[nodiscard]] Payload make_payload(const Message& message, const SealSpec& spec, const People& people, Time at,
                                   SealReport& report);

}  // namespace mimeseal::mail
