// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/smime/engine.h"

namespace mimeseal {

/// The S/MIME signatures of a mail message in a file: what somebody who answers it knows of its signers. Empty when the
/// file is no mail message or is not signed. When the file was `named`, not merely
/// found in a folder, Error(malformed) with a hint for an encrypted message, whose signature cannot be seen.
[[nodiscard]] std::vector<smime::SignedMessage> signed_messages(const std::string& path, bool named);

}  // namespace mimeseal
