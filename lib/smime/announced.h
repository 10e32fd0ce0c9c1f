// SPDX-License-Identifier: MIT
#pragma once

/// What a signed message tells of the person who signed it: certificates to answer to, and what can be read there
/// (RFC 8551, sections 2.5.2, 2.5.3 and 2.7.1).

#include <optional>
#include <string_view>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/crypto/policy.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// A certificate that its owner's signature speaks of.
struct Announced {
  X509Ptr certificate;
  std::optional<std::vector<Cipher>> ciphers;  ///< SMIMECapabilities, those of ours; none: the attribute is missing
  std::optional<Time> signed_at;
};

/// The signers of a SignedData whose signatures over their signed attributes hold (the content need not be at hand for
/// that, nor is anybody trusted for it), and the certificates that they ask to be encrypted to. Of the other
/// certificates that travel along nothing is said: anybody can add one. Throws Error(malformed).
[[nodiscard]] std::vector<Announced> announced_in(std::string_view signed_data);

}  // namespace mimeseal::smime
