// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "mimeseal/mime/header.h"

namespace mimeseal::mime {

/// Like parse_parameterized(), but *boundary gets the boundary parameter's octets as they stand, to be compared with
/// the octets of the body. Each of .problems is "code: what", a code of docs/problems.md.
[[nodiscard]] ParameterizedValue parse_with_boundary(std::string_view raw, std::string* boundary);

}  // namespace mimeseal::mime
