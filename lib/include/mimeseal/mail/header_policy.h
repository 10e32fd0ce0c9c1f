// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/mime/header.h"

namespace mimeseal {

/// A Header Confidentiality Policy (RFC 9788, section 3): what of a non-structural field an encrypted message shows on
/// the outside. Returns the field to write there (as it was: kept; another value: changed) or nothing (removed). Pure,
/// and callable from any thread. Users may write their own.
struct MIMESEAL_API HeaderPolicy {
  std::string name;  ///< for reports: "baseline"
  std::function<std::optional<HeaderField>(const HeaderField&)> outer;
  bool protect = true;  ///< false ("off"): no header protection at all, the payload has structural fields only

  /// Subject is "[...]"; Comments and Keywords are removed (RFC 9788, section 3.2.1).
  [[nodiscard]] static HeaderPolicy baseline();
  /// Also display names of From, To and Cc are removed, and Date is in UTC (section 3.2.2).
  [[nodiscard]] static HeaderPolicy shy();
  /// All is kept, so integrity only (section 3.2.3).
  [[nodiscard]] static HeaderPolicy no_confidentiality();
  [[nodiscard]] static HeaderPolicy off();
  [[nodiscard]] static std::optional<HeaderPolicy> by_name(std::string_view name);
};

}  // namespace mimeseal
