// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/mail/open.h"
#include "mimeseal/pgp/engine.h"
#include "options.h"

namespace mimeseal::cli {

/// `keys import FILE…`: all of the files' keys, or none.
[[nodiscard]] int import_key_files(const Options& options, const std::vector<std::string>& files);

/// `open --import-keys`: the keys in parts of application/pgp-keys that were released. What a header field says of keys
/// (Autocrypt) is reported, and not imported.
[[nodiscard]] std::vector<pgp::ImportedKey> import_attached_keys(const Options& options, const Opened& opened);

/// One line a key, with its fingerprint, and one for each of its user ids.
[[nodiscard]] std::string import_text(const std::vector<pgp::ImportedKey>& keys);

}  // namespace mimeseal::cli
