// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// A sender's or probe's URL taken apart: "smtp://mail.example:2525", "ses://eu-central-1?api=v1", "file:/tmp/x",
/// "exec:/usr/sbin/sendmail". Values are percent-decoded where a query has them.
struct SenderUrl {
  std::string scheme;  ///< lower case
  std::string host;    ///< without brackets; empty for file:, maildir:, exec:
  std::optional<std::uint16_t> port;
  std::string path;  ///< of file:, maildir: and exec:, as it stands; "/bucket/key" after a host
  std::vector<std::pair<std::string, std::string>> query;

  [[nodiscard]] MIMESEAL_API const std::string* find(std::string_view name) const noexcept;
  /// scheme://host:port, for reports.
  [[nodiscard]] MIMESEAL_API std::string display() const;
};

/// Throws Error(usage) naming what is wrong: no scheme, user or password in it, control characters, a bad port, a
/// parameter twice.
[[nodiscard]] MIMESEAL_API SenderUrl parse_sender_url(std::string_view text);

}  // namespace mimeseal
