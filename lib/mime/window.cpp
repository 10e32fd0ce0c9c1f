// SPDX-License-Identifier: MIT
#include "mime/window.h"

#include <algorithm>
#include <cstring>

#include "mimeseal/core/error.h"

namespace mimeseal::mime {

Window::Window(const Input& input, std::uint64_t begin, std::uint64_t end, std::size_t size)
    : input_(input),
      end_(end),
      buffer_(static_cast<std::size_t>(std::min<std::uint64_t>(size, end - begin))),
      loaded_at_(begin) {}

std::string_view Window::at(std::uint64_t offset, std::size_t wanted) {
  if (offset >= end_) return {};
  const std::uint64_t loaded_end = loaded_at_ + loaded_;
  wanted = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, end_ - offset));
  if (offset < loaded_at_ || offset + wanted > loaded_end) load(offset, wanted);
  const auto skip = static_cast<std::size_t>(offset - loaded_at_);
  return {buffer_.data() + skip, loaded_ - skip};
}

void Window::load(std::uint64_t offset, std::size_t wanted) {
  const std::uint64_t loaded_end = loaded_at_ + loaded_;
  std::size_t kept = 0;
  if (offset >= loaded_at_ && offset < loaded_end) {
    kept = static_cast<std::size_t>(loaded_end - offset);
    std::memmove(buffer_.data(), buffer_.data() + (offset - loaded_at_), kept);
  }
  if (wanted > buffer_.size()) buffer_.resize(wanted);
  loaded_at_ = offset;
  loaded_ = kept;
  const auto full = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end_ - offset));
  while (loaded_ < full) {
    const std::size_t got = input_.read_at(loaded_at_ + loaded_, {buffer_.data() + loaded_, full - loaded_});
    if (got == 0 && end_ == UINT64_MAX) {
      end_ = loaded_at_ + loaded_;
      return;
    }
    if (got == 0) throw Error(Errc::io, "the input ended before its size", input_.name());
    loaded_ += got;
  }
}

}  // namespace mimeseal::mime
