// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "mimeseal/core/source.h"

namespace mimeseal::mail {

/// Another Source's octets with every bare LF as CRLF: the canonical form that signatures over mail are made of (RFC
/// 8551, 3.1.1; RFC 3156, section 5). Keeps no more than a chunk.
std::unique_ptr<Source> canonical_source(std::unique_ptr<Source> from);

/// Whether there is a LF that no CR stands before. One pass; rewinds before and after.
bool has_bare_lf(Source& source);

/// The same towards a Sink: what is written comes out with CRLF line ends.
class CanonicalSink final : public Sink {
 public:
  explicit CanonicalSink(Sink& to) : to_(to) {}
  void write(std::string_view octets) override;

 private:
  Sink& to_;
  char last_ = 0;
};

}  // namespace mimeseal::mail
