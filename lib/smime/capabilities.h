// SPDX-License-Identifier: MIT
#pragma once

/// What recipients' software says it can read, and the content cipher that follows from it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/policy.h"
#include "smime/handles.h"

namespace mimeseal::smime {

/// One recipient's word: the ciphers of ours that its SMIMECapabilities name (possibly none).
struct Capabilities {
  std::string who;
  std::vector<Cipher> ciphers;
  std::string where = "the certificate";  ///< where they stand
};

/// The ciphers of ours that a SMIMECapabilities value in DER names, in its order; nothing when it cannot be read or
/// speaks of no content cipher at all.
[[nodiscard]] std::optional<std::vector<Cipher>> ciphers_in(std::string_view capabilities);
/// The certificate's SMIMECapabilities extension (RFC 4262); nothing when it has none.
[[nodiscard]] std::optional<std::vector<Cipher>> capabilities_of(X509* certificate);

/// The content cipher and why: what was asked for; else the profile's, which under the default profile gives way to
/// what every recipient with known capabilities can read (RFC 8551, section 2.7.1). A pure function.
[[nodiscard]] Choice choose_cipher(const SmimePolicy& chosen, const std::vector<Capabilities>& known);

}  // namespace mimeseal::smime
