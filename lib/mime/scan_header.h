// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "mime/boundary_set.h"
#include "mime/line_facts.h"
#include "mime/window.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal::mime {

/// A header as it was read, and what was odd about it.
struct ScannedHeader {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;       ///< the body's first octet
  std::uint64_t line_end = 0;  ///< length of the line end before `end`; 0 when no line was read
  HeaderFields fields;
  LineFacts lines;
  bool bad_line = false;    ///< a line that is no field
  bool no_header = false;   ///< a part that begins with its text, and has nothing that could be taken for a header
  bool blank_line = false;  ///< a line of blanks, read as folding
  bool blank_before_colon = false;
  bool mbox_line = false;      ///< a "From " line came first
  bool no_blank_line = false;  ///< a boundary follows the fields at once
};

/// What all headers of a message may take together, so that small input cannot become large memory.
class HeaderBudget {
 public:
  static constexpr std::uint64_t kTotal = std::uint64_t{32} << 20U;
  /// Throws Error(limit).
  void spend(std::uint64_t octets);

 private:
  std::uint64_t spent_ = 0;
};

/// Reads the header that begins at `at`. With `message` a leading mbox "From " line is skipped. A first line that is
/// no field means that there is no header: the body begins there, which is a doubt (bad_line) when fields come after
/// it. Throws Error(limit).
[[nodiscard]] ScannedHeader scan_header(Window& window, std::uint64_t at, bool message, const BoundarySet& boundaries,
                                        const ScanLimits& limits, HeaderBudget& budget);

}  // namespace mimeseal::mime
