// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/mail/open.h"

namespace mimeseal::cli {

/// A file name that stays in its folder: no path, no control or bidi character, no leading dot, not too long, not
/// empty. The ending is kept.
[[nodiscard]] std::string safe_filename(const std::string& wanted, const std::string& fallback);

/// Writes the decoded parts of an opened message into a folder under safe names; nothing is overwritten, no symbolic
/// link is followed. Returns the paths. Throws Error(cannot_create), Error(io); after an error none of this call's
/// files is there.
std::vector<std::string> extract_parts(const Opened& opened, const std::string& folder);

}  // namespace mimeseal::cli
