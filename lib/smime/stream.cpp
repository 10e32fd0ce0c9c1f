// SPDX-License-Identifier: MIT
#include "smime/stream.h"

#include "smime/der.h"

namespace mimeseal::smime {

std::uint64_t for_each_chunk(Source& source, const std::function<void(std::string_view)>& take) {
  std::vector<char> buffer(kChunk);
  std::uint64_t total = 0;
  for (;;) {
    const std::size_t length = source.read(buffer);
    if (length == 0) return total;
    total += length;
    take({buffer.data(), length});
  }
}

NestedHeaders::NestedHeaders(std::initializer_list<Level> levels, std::uint64_t content_size) {
  std::uint64_t inner = content_size;
  for (auto level = std::rbegin(levels); level != std::rend(levels); ++level) {
    const std::uint64_t length = level->before.size() + inner + level->after.size();
    before_.insert(0, der_header(level->tag, length) + level->before);
    after_ += level->after;
    inner = der_header_size(length) + length;
  }
}

}  // namespace mimeseal::smime
