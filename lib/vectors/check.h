// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "vectors/case.h"

namespace mimeseal::vectors {

/// What the schema cannot say of a case: that it has what its work needs and nothing that its work would pass over,
/// that times are times, and that the files are there. `path` is the case's place in the manifest. Throws
/// Error(malformed) with the JSON path, Error(no_input) for a missing file.
void check_case(const Case& one, const std::string& path);

}  // namespace mimeseal::vectors
