// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <thread>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// A thread to which no signal is delivered, so that the program's handlers run where it expects them. `work` must not
/// throw. Throws std::system_error where no thread can be had.
[[nodiscard]] MIMESEAL_API std::thread quiet_thread(std::function<void()> work);

}  // namespace mimeseal
