// SPDX-License-Identifier: MIT
#pragma once

/// Marks what the shared library exports. Everything else is hidden.
#define MIMESEAL_API __attribute__((visibility("default")))
