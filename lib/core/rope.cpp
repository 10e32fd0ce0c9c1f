// SPDX-License-Identifier: MIT
#include "mimeseal/core/rope.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "mimeseal/core/error.h"

namespace mimeseal {

namespace {

constexpr std::size_t kLineOctets = 57;    // what 76 characters of base64 hold
constexpr std::size_t kLineWidth = 78;     // with CRLF
constexpr std::size_t kLinesAtOnce = 512;  // 29 KB in, 40 KB out
constexpr std::size_t kBlock = kLineOctets * kLinesAtOnce;

std::uint64_t base64_size(std::uint64_t octets) {
  const std::uint64_t full = octets / kLineOctets;
  const std::uint64_t rest = octets % kLineOctets;
  return full * kLineWidth + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

/// Encodes whole lines (the last may be short) into `out`, which has room.
std::size_t encode_lines(const char* from, std::size_t size, char* out) {
  char* const start = out;
  while (size != 0) {
    const std::size_t n = std::min(size, kLineOctets);
    // EVP_EncodeBlock ends with a NUL, which the CRLF then overwrites.
    out += EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out), reinterpret_cast<const unsigned char*>(from),
                           static_cast<int>(n));
    *out++ = '\r';
    *out++ = '\n';
    from += n;
    size -= n;
  }
  return static_cast<std::size_t>(out - start);
}

class Base64Source final : public Source {
 public:
  explicit Base64Source(std::unique_ptr<Source> from, std::uint64_t raw_size)
      : from_(std::move(from)), size_(base64_size(raw_size)) {}

  std::size_t read(std::span<char> into) override {
    if (into.empty()) return 0;
    if (at_ == encoded_.size() && !refill()) return 0;
    const std::size_t n = std::min(into.size(), encoded_.size() - at_);
    std::memcpy(into.data(), encoded_.data() + at_, n);
    at_ += n;
    return n;
  }
  void rewind() override {
    from_->rewind();
    encoded_.clear();
    at_ = 0;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

 private:
  bool refill() {
    raw_.resize(kBlock);
    std::size_t have = 0;
    while (have < kBlock) {
      const std::size_t n = from_->read(std::span(raw_).subspan(have));
      if (n == 0) break;
      have += n;
    }
    encoded_.resize(kLinesAtOnce * kLineWidth + 1);
    encoded_.resize(encode_lines(raw_.data(), have, encoded_.data()));
    at_ = 0;
    return have != 0;
  }

  std::unique_ptr<Source> from_;
  std::uint64_t size_;
  std::vector<char> raw_;
  std::vector<char> encoded_;
  std::size_t at_ = 0;
};

}  // namespace

struct Rope::Piece {
  std::string memory;
  InputPtr input;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  Rope encoded;  ///< to be given in base64
  std::uint64_t size = 0;
};

namespace {

/// Memory pieces are read where they stand; their owner is kept alive by the RopeSource.
std::unique_ptr<Source> open_piece(const Rope::Piece& piece) {
  if (piece.input) return slice(piece.input, piece.begin, piece.end);
  if (!piece.encoded.empty()) return std::make_unique<Base64Source>(piece.encoded.open(), piece.encoded.size());
  return view_source(piece.memory);
}

class RopeSource final : public Source {
 public:
  RopeSource(std::vector<std::shared_ptr<const Rope::Piece>> pieces, std::uint64_t size)
      : pieces_(std::move(pieces)), size_(size) {}

  std::size_t read(std::span<char> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      if (!current_) {
        if (next_ == pieces_.size()) break;
        current_ = open_piece(*pieces_[next_++]);
      }
      const std::size_t n = current_->read(into.subspan(done));
      if (n == 0) current_.reset();
      done += n;
    }
    return done;
  }
  void rewind() override {
    current_.reset();
    next_ = 0;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::vector<std::shared_ptr<const Rope::Piece>> pieces_;
  std::uint64_t size_;
  std::size_t next_ = 0;
  std::unique_ptr<Source> current_;
};

}  // namespace

Rope::Rope(std::string octets) {
  append(std::move(octets));
}

Rope::Rope(InputPtr input, std::uint64_t begin, std::uint64_t end) {
  if (begin > end || end > input->size()) throw Error(Errc::internal, "rope past the end", input->name());
  if (begin == end) return;
  auto piece = std::make_shared<Piece>();
  piece->input = std::move(input);
  piece->begin = begin;
  piece->end = end;
  piece->size = size_ = end - begin;
  pieces_.push_back(std::move(piece));
}

Rope::Rope(InputPtr input) {
  const std::uint64_t end = input->size();
  *this = Rope(std::move(input), 0, end);
}

Rope Rope::base64(InputPtr input) {
  return base64(Rope(std::move(input)));
}

Rope Rope::base64(Rope rope) {
  Rope out;
  if (rope.empty()) return out;
  auto piece = std::make_shared<Piece>();
  piece->size = base64_size(rope.size());
  piece->encoded = std::move(rope);
  out.size_ = piece->size;
  out.pieces_.push_back(std::move(piece));
  return out;
}

Rope& Rope::append(const Rope& rope) {
  // By index: appending a rope to itself must not walk a vector that grows.
  const std::size_t count = rope.pieces_.size();
  const std::uint64_t added = rope.size_;
  pieces_.reserve(pieces_.size() + count);
  for (std::size_t i = 0; i < count; ++i)
    pieces_.push_back(rope.pieces_[i]);
  size_ += added;
  return *this;
}

Rope& Rope::append(std::string octets) {
  if (octets.empty()) return *this;
  auto piece = std::make_shared<Piece>();
  piece->size = octets.size();
  piece->memory = std::move(octets);
  size_ += piece->size;
  pieces_.push_back(std::move(piece));
  return *this;
}

std::unique_ptr<Source> Rope::open() const {
  return std::make_unique<RopeSource>(pieces_, size_);
}

std::string Rope::str(std::uint64_t limit) const {
  if (size_ > limit) throw Error(Errc::limit, "longer than the limit of " + std::to_string(limit) + " octets");
  const auto source = open();
  std::string octets(static_cast<std::size_t>(size_), '\0');
  std::size_t done = 0;
  while (done < octets.size()) {
    const std::size_t n = source->read(std::span(octets).subspan(done));
    if (n == 0) throw Error(Errc::io, "reading broke off");
    done += n;
  }
  return octets;
}

}  // namespace mimeseal
