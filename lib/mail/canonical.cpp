// SPDX-License-Identifier: MIT
#include "canonical.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace mimeseal::mail {
namespace {

constexpr std::size_t kChunk = 64U * 1024U;

/// Appends `octets` with CRLF for each bare LF; `last` is the octet before them, and becomes their last.
void append_canonical(std::string& out, std::string_view octets, char& last) {
  while (!octets.empty()) {
    const std::size_t lf = octets.find('\n');
    if (lf == std::string_view::npos) {
      out += octets;
      last = octets.back();
      return;
    }
    const char before = lf == 0 ? last : octets[lf - 1];
    out += octets.substr(0, lf);
    out += before == '\r' ? "\n" : "\r\n";
    last = '\n';
    octets.remove_prefix(lf + 1);
  }
}

class CanonicalSource final : public Source {
 public:
  explicit CanonicalSource(std::unique_ptr<Source> from) : from_(std::move(from)), chunk_(kChunk) {}

  std::size_t read(std::span<char> into) override {
    if (into.empty()) return 0;
    while (at_ == ready_.size()) {
      const std::size_t got = from_->read(chunk_);
      if (got == 0) return 0;
      ready_.clear();
      at_ = 0;
      append_canonical(ready_, {chunk_.data(), got}, last_);
    }
    const std::size_t count = std::min(into.size(), ready_.size() - at_);
    std::memcpy(into.data(), ready_.data() + at_, count);
    at_ += count;
    return count;
  }

  void rewind() override {
    from_->rewind();
    ready_.clear();
    at_ = 0;
    last_ = 0;
  }

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::unique_ptr<Source> from_;
  std::vector<char> chunk_;
  std::string ready_;
  std::size_t at_ = 0;
  char last_ = 0;
};

}  // namespace

std::unique_ptr<Source> canonical_source(std::unique_ptr<Source> from) {
  return std::make_unique<CanonicalSource>(std::move(from));
}

bool has_bare_lf(Source& source) {
  source.rewind();
  std::vector<char> chunk(kChunk);
  char last = 0;
  bool found = false;
  while (!found) {
    const std::size_t got = source.read(chunk);
    if (got == 0) break;
    const std::string_view octets(chunk.data(), got);
    for (std::size_t lf = octets.find('\n'); lf != std::string_view::npos; lf = octets.find('\n', lf + 1)) {
      if ((lf == 0 ? last : octets[lf - 1]) != '\r') {
        found = true;
        break;
      }
    }
    last = octets.back();
  }
  source.rewind();
  return found;
}

void CanonicalSink::write(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 32);
  append_canonical(out, octets, last_);
  to_.write(out);
}

}  // namespace mimeseal::mail
