// SPDX-License-Identifier: MIT
#include "smime/ber.h"

#include <algorithm>
#include <span>

#include "mimeseal/core/error.h"

namespace mimeseal::smime {
namespace {

constexpr std::size_t kBufferSize = std::size_t{64} * 1024;
/// Identifier (with up to four more octets of a long tag number), the length's first octet and eight more.
constexpr std::size_t kMaxHeader = 14;

}  // namespace

BerReader::BerReader(Source& source, BerLimits limits)
    : source_(source), limits_(limits), buffer_(kBufferSize, '\0'), total_(source.size()) {}

void BerReader::fail(const std::string& why) const {
  throw Error(Errc::malformed, why, "octet " + std::to_string(offset_) + " of the CMS structure");
}

bool BerReader::fill(std::size_t wanted) {
  if (size_ - begin_ >= wanted) return true;
  if (begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(size_), buffer_.begin());
    size_ -= begin_;
    begin_ = 0;
  }
  while (size_ < wanted) {
    const std::size_t got = source_.read(std::span(buffer_).subspan(size_));
    if (got == 0) return false;
    size_ += got;
  }
  return true;
}

void BerReader::consume(std::size_t count) noexcept {
  begin_ += count;
  offset_ += count;
}

std::uint64_t BerReader::bound() const noexcept {
  if (!containers_.empty()) return containers_.back().end;
  return total_.value_or(UINT64_MAX);
}

BerHeader BerReader::parse_header() {
  fill(kMaxHeader);
  const std::string_view octets = buffered();
  std::size_t at = 0;
  const auto octet = [&]() -> std::uint8_t {
    if (at == octets.size()) fail("the structure breaks off");
    return static_cast<std::uint8_t>(octets[at++]);
  };

  BerHeader header;
  const std::uint8_t identifier = octet();
  header.tag.tag_class = static_cast<BerClass>(identifier >> 6U);
  header.constructed = (identifier & 0x20U) != 0;
  header.tag.number = identifier & 0x1FU;
  if (header.tag.number == 0x1F) {  // X.690, 8.1.2.4: the number follows in base 128
    header.tag.number = 0;
    std::uint8_t digit = 0;
    int digits = 0;
    do {
      digit = octet();
      if (++digits > 4) fail("a tag number is too large");
      header.tag.number = (header.tag.number << 7U) | (digit & 0x7FU);
    } while ((digit & 0x80U) != 0);
  }
  const std::uint8_t first = octet();
  if (first < 0x80) {
    header.length = first;
  } else if (first == 0x80) {
    if (!header.constructed) fail("a primitive element has no length");
  } else {
    const unsigned count = first & 0x7FU;
    if (count > 8) fail("a length has too many octets");
    std::uint64_t length = 0;
    for (unsigned i = 0; i < count; ++i)
      length = (length << 8U) | octet();
    header.length = length;
  }
  header.size = static_cast<std::uint8_t>(at);
  const std::uint64_t limit = bound();
  if (limit - offset_ < at || (header.length && *header.length > limit - offset_ - at)) {
    fail("an element is longer than what it stands in");
  }
  return header;
}

const BerHeader* BerReader::peek() {
  if (next_) return &*next_;
  if (!containers_.empty()) {
    const Container& container = containers_.back();
    if (offset_ == container.end) {
      if (container.indefinite) fail("the end of an element of indefinite length is missing");
      return nullptr;
    }
    if (container.indefinite) {
      if (!fill(2)) fail("the structure breaks off");
      if (buffered().substr(0, 2) == std::string_view("\0\0", 2)) {
        if (container.end - offset_ < 2) fail("an element is longer than what it stands in");
        return nullptr;
      }
    }
  } else if (!fill(1)) {
    return nullptr;
  }
  next_ = parse_header();
  if (next_->tag == BerTag{} && !containers_.empty()) fail("an end-of-contents mark where nothing ends");
  return &*next_;
}

bool BerReader::next_is(BerTag tag) {
  const BerHeader* header = peek();
  return header != nullptr && header->tag == tag;
}

void BerReader::take_header() {
  consume(next_->size);
  next_.reset();
}

void BerReader::push(const BerHeader& header) {
  if (containers_.size() >= limits_.depth) {
    throw Error(Errc::limit, "elements are nested deeper than " + std::to_string(limits_.depth),
                "octet " + std::to_string(offset_) + " of the CMS structure");
  }
  containers_.push_back({.indefinite = !header.length, .end = header.length ? offset_ + *header.length : bound()});
}

void BerReader::enter(BerTag tag, const char* what) {
  const BerHeader* header = peek();
  if (header == nullptr || header->tag != tag || !header->constructed) fail(std::string(what) + " is missing");
  const BerHeader taken = *header;
  take_header();
  push(taken);
}

void BerReader::leave(const char* what) {
  if (peek() != nullptr) fail(std::string("something follows where ") + what + " should end");
  if (containers_.back().indefinite) consume(2);
  containers_.pop_back();
}

void BerReader::account(std::uint64_t octets) {
  if (octets > limits_.copied - copied_) {
    throw Error(
        Errc::limit,
        "certificates, recipients and signers together are larger than " + std::to_string(limits_.copied) + " octets",
        "octet " + std::to_string(offset_) + " of the CMS structure");
  }
  copied_ += octets;
}

std::string BerReader::copy(const char* what) {
  if (peek() == nullptr) fail(std::string(what) + " is missing");
  std::string out;
  const OctetConsumer append = [&out](std::string_view octets) { out += octets; };
  const std::size_t base = containers_.size();
  // Of an element of definite length the inside need not be looked at; one of indefinite length ends where its last
  // inner one of indefinite length has ended.
  while (true) {
    const BerHeader* header = peek();
    if (header == nullptr) {
      account(2);
      out.append(2, '\0');
      leave(what);
    } else {
      const BerHeader taken = *header;
      account(taken.size + taken.length.value_or(0));
      out += buffered().substr(0, taken.size);
      take_header();
      if (taken.length) {
        drain(*taken.length, append, what);
      } else {
        push(taken);
      }
    }
    if (containers_.size() == base) return out;
  }
}

std::string BerReader::copy(BerTag tag, const char* what) {
  if (!next_is(tag)) fail(std::string(what) + " is missing");
  return copy(what);
}

void BerReader::drain(std::uint64_t length, const OctetConsumer& consumer, const char* what) {
  while (length > 0) {
    if (!fill(1)) fail(std::string(what) + " breaks off");
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - begin_));
    consumer(buffered().substr(0, count));
    consume(count);
    length -= count;
  }
}

void BerReader::read_octets(BerTag tag, const OctetConsumer& consumer, const char* what) {
  const std::size_t base = containers_.size();
  BerTag expected = tag;
  while (true) {
    const BerHeader* header = peek();
    if (header == nullptr) {
      if (containers_.size() == base) fail(std::string(what) + " is missing");
      leave(what);
    } else {
      if (header->tag != expected) fail(std::string(what) + " is no octet string");
      const BerHeader taken = *header;
      take_header();
      if (taken.constructed) {
        push(taken);
      } else {
        drain(*taken.length, consumer, what);
      }
      expected = kBerOctetString;
    }
    if (containers_.size() == base) return;
  }
}

bool BerReader::only_padding_follows() {
  while (fill(1)) {
    const std::string_view octets = buffered();
    if (octets.find_first_not_of(std::string_view("\r\n \t\0", 5)) != std::string_view::npos) return false;
    consume(octets.size());
  }
  return true;
}

}  // namespace mimeseal::smime
