// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "mimeseal/core/source.h"

namespace mimeseal::pgp {

/// A signed message (RFC 9580, section 10.3) around content that stays where it is: what gpg would write, had it the
/// secret keys of all signers in one place. A signature over a binary document is the same detached and inside.
class SignedMessage final : public Source {
 public:
  /// `signatures`: detached ones of type 0x00 over the content, binary. Throws Error(internal) when they are not that.
  SignedMessage(Source& content, std::string_view signatures);
  std::size_t read(std::span<char> into) override;
  void rewind() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  void begin();
  void refill();

  static constexpr unsigned kChunkBits = 16;
  Source& content_;
  std::string before_;  // up to the literal packet's length
  std::string after_;
  std::string pending_;
  std::size_t at_ = 0;
  std::array<char, std::size_t{1} << kChunkBits> chunk_;
  std::size_t filled_ = 0;
  bool ended_ = false;
};

}  // namespace mimeseal::pgp
