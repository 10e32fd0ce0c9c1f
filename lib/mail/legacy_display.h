// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/mail/header_policy.h"
#include "mimeseal/mime/entity.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal::mail {

/// Whether a leaf part is marked as holding a legacy display element (RFC 9788, 4.5.3.1). It counts only inside the
/// payload of an encrypted message.
[[nodiscard]] bool has_legacy_display(const Part& part);

/// A Content-ID, or multipart/related's start that names one, without blanks and angle brackets.
[[nodiscard]] std::string bare_content_id(std::string_view text);

/// The text without its leading lines up to and including the first blank one (RFC 9788, 4.5.3.2); as it was when there
/// is none.
[[nodiscard]] std::string_view without_legacy_display(std::string_view text);

/// The User-Facing fields (RFC 9787, 1.1.2) that a policy hides or changes outside, decoded, in order.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> hidden_user_facing(const HeaderFields& fields,
                                                                                  const HeaderPolicy& policy);

/// Puts the element into every main body part of type text/plain and text/html and marks it (RFC 9788, 5.2.2 to 5.2.4).
/// Parts that cannot be rewritten without loss stay as they are; their number is returned.
[[nodiscard]] std::size_t add_legacy_display(Entity& body,
                                             const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace mimeseal::mail
