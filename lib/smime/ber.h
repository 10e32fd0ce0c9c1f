// SPDX-License-Identifier: MIT
#pragma once

/// A bounded, iterative reader of BER (X.690) over a Source: finds its way through a CMS structure of any size, hands
/// out small elements whole and large OCTET STRINGs piece by piece.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal::smime {

enum class BerClass : std::uint8_t { universal = 0, application = 1, context = 2, private_use = 3 };

struct BerTag {
  BerClass tag_class = BerClass::universal;
  std::uint32_t number = 0;
  friend bool operator==(const BerTag&, const BerTag&) = default;
};

inline constexpr BerTag kBerInteger{BerClass::universal, 2};
inline constexpr BerTag kBerOctetString{BerClass::universal, 4};
inline constexpr BerTag kBerOid{BerClass::universal, 6};
inline constexpr BerTag kBerSequence{BerClass::universal, 16};
inline constexpr BerTag kBerSet{BerClass::universal, 17};
[[nodiscard]] constexpr BerTag ber_context(std::uint32_t number) noexcept {
  return {BerClass::context, number};
}

struct BerHeader {
  BerTag tag;
  bool constructed = false;
  std::optional<std::uint64_t> length;  ///< none: indefinite
  std::uint8_t size = 0;                ///< octets of the header itself
};

struct BerLimits {
  std::size_t depth = 64;                           ///< containers inside one another
  std::uint64_t copied = std::uint64_t{16} << 20U;  ///< octets handed out whole, all in all
};

/// Takes a piece of an OCTET STRING; never empty.
using OctetConsumer = std::function<void(std::string_view)>;

/// Reads forwards only and never recurses; memory does not depend on the input. Throws Error(malformed) naming the
/// offset for octets that are not BER, Error(limit) past the limits.
class BerReader final {
 public:
  explicit BerReader(Source& source, BerLimits limits = {});

  /// The next element of the container that is open, without consuming it; null at the container's end.
  [[nodiscard]] const BerHeader* peek();
  /// Whether the next element has this tag (and there is one).
  [[nodiscard]] bool next_is(BerTag tag);
  /// Into the next element, which must be constructed and have this tag.
  void enter(BerTag tag, const char* what);
  /// Out of the container, which must be at its end.
  void leave(const char* what);
  /// The next element whole, header and all, as it stands in the input.
  [[nodiscard]] std::string copy(const char* what);
  /// Likewise, but it must have this tag.
  [[nodiscard]] std::string copy(BerTag tag, const char* what);
  /// The next element, an OCTET STRING under this (perhaps implicit) tag, primitive or constructed of pieces of pieces
  /// (X.690, 8.7.3): its octets go to `consume`.
  void read_octets(BerTag tag, const OctetConsumer& consume, const char* what);
  /// What follows after the outermost element, when all containers are left: whether it is nothing but line ends,
  /// blanks and NULs, as transports append them.
  [[nodiscard]] bool only_padding_follows();

  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  struct Container {
    bool indefinite = false;
    std::uint64_t end = 0;  ///< where it ends at the latest
  };

  [[nodiscard]] std::string_view buffered() const noexcept {
    return std::string_view(buffer_).substr(begin_, size_ - begin_);
  }
  bool fill(std::size_t wanted);
  void consume(std::size_t count) noexcept;
  void drain(std::uint64_t length, const OctetConsumer& consume, const char* what);
  void push(const BerHeader& header);
  void take_header();
  void account(std::uint64_t octets);
  [[nodiscard]] std::uint64_t bound() const noexcept;
  [[nodiscard]] BerHeader parse_header();
  [[noreturn]] void fail(const std::string& why) const;

  Source& source_;
  BerLimits limits_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t copied_ = 0;
  std::optional<std::uint64_t> total_;
  std::vector<Container> containers_;
  std::optional<BerHeader> next_;
};

}  // namespace mimeseal::smime
