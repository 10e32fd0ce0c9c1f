// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "mimeseal/mime/draft.h"

namespace mimeseal {

/// A draft in JSON (schemas/message.schema.json). Paths of attachments are relative to `base_folder`. Throws
/// Error(malformed) naming the JSON path, what was found and what was expected; Error(limit) past 64 MiB or 64 levels;
/// Error(no_input) for an attachment that cannot be read.
[[nodiscard]] MIMESEAL_API Draft read_draft_json(const InputPtr& json, const std::string& base_folder);

/// The text of a schema that is built in: "message", "vector", "report".
[[nodiscard]] MIMESEAL_API std::string_view schema_text(std::string_view name);

}  // namespace mimeseal
