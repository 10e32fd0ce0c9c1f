// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "mimeseal/mime/scan.h"

namespace mimeseal::mime {

/// scan() through a window of that many octets. What it finds is the same for every size; tests see to that. An input
/// whose size() is UINT64_MAX is one that still grows: its end is where read_at() gives nothing more.
[[nodiscard]] PartIndex scan_through(const Input& input, std::uint64_t begin, std::uint64_t end,
                                     const ScanLimits& limits, std::string path, std::size_t window_size,
                                     ScanWork work = {});

}  // namespace mimeseal::mime
