// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "mimeseal/core/source.h"

namespace mimeseal {

/// Where `input` is a spool whose file can get a name, and nobody else holds it: puts the file in the place of the one
/// at `path`, by way of the name `beside`, makes octets [begin, end) all that it holds, unencrypted, and gives its
/// descriptor; the input cannot be read any more. -1 where that is not possible: then nothing has changed. Throws
/// Error(io).
[[nodiscard]] int move_spool_file(const InputPtr& input, std::uint64_t begin, std::uint64_t end,
                                  const std::string& path, const std::string& beside);

/// Whether the input waits in a spool, where nobody can change it.
[[nodiscard]] bool is_spool(const Input& input) noexcept;

}  // namespace mimeseal
