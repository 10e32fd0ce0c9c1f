// SPDX-License-Identifier: MIT
#include "mime/body_meter.h"

namespace mimeseal::mime {

bool BodyMeter::suits(const Part& part) {
  const std::string& type = part.content_type.value;
  const bool layer = type.starts_with("application/pkcs7-") || type.starts_with("application/x-pkcs7-") ||
                     type.starts_with("application/pgp-");
  return part.transfer_encoding == "base64" && !layer;
}

void BodyMeter::add(std::string_view octets) {
  if (octets.empty()) return;
  decoder_->decode(octets, &decoded_);
  take();
}

DecodedFacts BodyMeter::finish() {
  decoder_->finish(&decoded_);
  take();
  facts_.clean = decoder_->clean();
  if (with_digest_) facts_.sha256 = hex(digest_.finish());
  return std::move(facts_);
}

void BodyMeter::take() {
  facts_.size += decoded_.size();
  if (with_digest_) digest_.update(decoded_);
}

}  // namespace mimeseal::mime
