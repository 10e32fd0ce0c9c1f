// SPDX-License-Identifier: MIT
#pragma once

#include "drafts.h"
#include "mimeseal/mail/seal.h"
#include "options.h"

namespace mimeseal::cli {

/// Whether anything of what was said asks for sealing.
[[nodiscard]] bool wants_sealing(const Options& options);
/// Seals what was prepared, as the options say; prints hints to standard error.
[[nodiscard]] Sealed seal_prepared(const Prepared& prepared, const Options& options, Engines& engines);

}  // namespace mimeseal::cli
