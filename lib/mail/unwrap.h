// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "opening.h"

namespace mimeseal::mail {

/// One layer done: its facts, and what it holds where that can be had.
struct Unwrapped {
  bool is_layer = true;  ///< false: the part only looked like one (a file called .p7m, certificates)
  LayerFacts facts;
  std::optional<Place> inside;
};

/// A layer that goes past a limit: an errant one is reported and stays closed, so that it takes nothing else with it;
/// any other is an Error(limit) that names the part.
[[nodiscard]] Unwrapped unwrap(Opening& opening, const Place& place, const LayerForm& form, bool errant);

}  // namespace mimeseal::mail
