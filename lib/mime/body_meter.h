// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mime/decoder.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal::mime {

/// Decodes a body that comes by in pieces, and keeps nothing of it but its measures. What follows the body's own
/// octets, the line end before a boundary, changes none of them in base64.
class BodyMeter {
 public:
  /// Whether the part's body can be measured so; false for what will be opened as a layer and not be shown.
  [[nodiscard]] static bool suits(const Part& part);

  explicit BodyMeter(bool with_digest) : decoder_(make_base64_decoder(view_source({}))), with_digest_(with_digest) {}

  void add(std::string_view octets);
  [[nodiscard]] DecodedFacts finish();

 private:
  void take();

  std::unique_ptr<Decoder> decoder_;
  std::string decoded_;
  Sha256 digest_;
  bool with_digest_;
  DecodedFacts facts_;
};

}  // namespace mimeseal::mime
