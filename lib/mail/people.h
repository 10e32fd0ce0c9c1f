// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/mail/seal.h"

namespace mimeseal::mail {

/// Whose keys a message is sealed with and to: found, and every lack of one named, before anything is encrypted.
struct People {
  struct Blind {
    Mailbox mailbox;
    KeyPtr key;  ///< null with a passphrase instead
  };
  std::vector<KeyPtr> signers;
  std::vector<KeyPtr> named;  ///< of the named recipients, each once
  KeyPtr self;                ///< the sender's own, where it can read along; may be among `named` too
  std::vector<Blind> bcc;     ///< without those who are named anyway
};

/// Fills in the report's signers, recipients (Bcc never) and hints. Throws Error(no_recipient) with a detail "address:
/// reason" for each recipient that cannot be sealed to; Error(refused) when no identity can sign.
[[nodiscard]] People find_people(const SealSpec& spec, const HeaderFields& fields, Time at, SealReport& report);

}  // namespace mimeseal::mail
