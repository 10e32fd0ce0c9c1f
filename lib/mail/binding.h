// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "opening.h"

namespace mimeseal::mail {

/// The one address that a message says it is from, which is all that a signer can be held against; or none, and why.
struct Binding {
  std::string address;
  std::string why;
};

/// Reads From as strictly as trust needs: one field, one mailbox, nothing in it that two readers could read
/// differently. (What is not so the scanner has reported.)
[[nodiscard]] Binding bind_from(const HeaderFields& fields);

/// The first problem at or below `path` that lets two readers see two different messages, those in forwarded messages
/// (at the paths of `forwarded`) aside; null when there is none. Nothing is called good then.
[[nodiscard]] const Problem* ambiguity(const std::vector<Problem>& problems, const std::string& path,
                                       const std::vector<std::string>& forwarded = {});

/// Says for every signer of a layer whether From is one of its addresses, and computes the result of signing layers
/// from the verdicts. With `doubt`, none is bound.
void bind_signers(LayerFacts& facts, const Binding& from, const Problem* doubt);

/// What the envelope proves: RFC 9787, section 3.1. Signatures outside of an encryption do not speak for what is
/// inside.
[[nodiscard]] Summary summarize(const Chain& chain);

}  // namespace mimeseal::mail
