// SPDX-License-Identifier: MIT
#include "mime/decoder.h"

#include <algorithm>
#include <cstring>

namespace mimeseal::mime {

std::size_t Decoder::read(std::span<char> into) {
  if (into.empty()) return 0;
  while (given_ == out_.size()) {
    if (done_) return 0;
    fill();
  }
  const std::size_t count = std::min(into.size(), out_.size() - given_);
  std::memcpy(into.data(), out_.data() + given_, count);
  given_ += count;
  return count;
}

void Decoder::fill() {
  out_.clear();
  given_ = 0;
  chunk_.resize(kChunk);
  const std::size_t got = from_->read(chunk_);
  if (got == 0) {
    finish(&out_);
    done_ = true;
  } else {
    done_ = !decode({chunk_.data(), got}, &out_);
  }
}

void Decoder::rewind() {
  from_->rewind();
  reset();
  out_.clear();
  given_ = 0;
  done_ = false;
  clean_ = true;
}

}  // namespace mimeseal::mime
