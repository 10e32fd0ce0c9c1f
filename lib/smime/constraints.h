// SPDX-License-Identifier: MIT
#pragma once

/// Name constraints on mail addresses (RFC 5280, section 4.2.1.10; RFC 9598, section 6), held against the very form of
/// the addresses by which From is matched. OpenSSL compares the octets as they stand, which leaves room for another way
/// to write a name that is excluded.

#include <string>
#include <vector>

#include "smime/handles.h"

namespace mimeseal::smime {

/// `chain` leads from the signer's certificate to the anchor. Which of its CAs does not allow which address of the
/// signer's certificate, as addresses_of() gives them; empty when all are allowed.
[[nodiscard]] std::string constraint_fault(const std::vector<X509Ptr>& chain);

}  // namespace mimeseal::smime
