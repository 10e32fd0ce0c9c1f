// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mimeseal::test {

/// Scans the octets, decodes every part, and aborts when what comes out breaks a promise of scan.h.
void scan_and_check(std::string_view message);
/// Reads the octets as each kind of header value; aborts when what comes out is not UTF-8.
void read_header_and_check(std::string_view value);

}  // namespace mimeseal::test
