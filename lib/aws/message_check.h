// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal::aws {

/// Watches a message go by and throws when SES would refuse it: Error(limit) for a line of more than 1000 octets,
/// Error(unsupported) for an attachment whose name SES blocks. Constant memory. Not a MIME parser: it
/// knows where header fields stand by the boundaries that were announced, and does not check what it reads.
class MessageCheck final : public Sink {
 public:
  void write(std::string_view octets) override;
  /// The last line has come.
  void finish();

 private:
  void take_line();
  void end_field();
  void end_header();

  std::string line_;          ///< the line so far, cut at a limit
  std::uint64_t length_ = 0;  ///< of the line
  std::uint64_t number_ = 0;
  bool in_header_ = true;
  bool holds_message_ = false;  ///< this part is a message/rfc822: another header follows its own
  std::string field_;           ///< the Content-Type or Content-Disposition field so far, unfolded
  std::vector<std::string> boundaries_;
};

/// The names that a Content-Type or Content-Disposition field gives a part (RFC 2183, 2231, and RFC 2047 in practice).
std::vector<std::string> names_in_field(std::string_view field);
/// The boundary that a Content-Type field announces, or empty.
std::string boundary_in_field(std::string_view field);
/// The extension that SES blocks ("exe"), or empty.
std::string blocked_extension(std::string_view name);

}  // namespace mimeseal::aws
