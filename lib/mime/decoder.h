// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal::mime {

/// A transfer encoding undone over a Source, in chunks.
class Decoder : public Source {
 public:
  explicit Decoder(std::unique_ptr<Source> from) : from_(std::move(from)) {}

  std::size_t read(std::span<char> into) final;
  void rewind() final;
  [[nodiscard]] std::optional<std::uint64_t> size() const final { return std::nullopt; }
  /// Whether what was read so far was well-formed; final at the end.
  [[nodiscard]] bool clean() const noexcept { return clean_; }

  /// For those who have the encoded octets and no Source of them: what the next chunk holds takes the place of *out;
  /// false when the encoded content is over.
  virtual bool decode(std::string_view chunk, std::string* out) = 0;
  /// The end of the input.
  virtual void finish(std::string* out) = 0;

 protected:
  static constexpr std::size_t kChunk = std::size_t{64} << 10U;

  virtual void reset() = 0;
  void mark_bad() noexcept { clean_ = false; }

 private:
  void fill();

  std::unique_ptr<Source> from_;
  std::vector<char> chunk_;
  std::string out_;
  std::size_t given_ = 0;  ///< octets of out_ that were read
  bool done_ = false;
  bool clean_ = true;
};

[[nodiscard]] std::unique_ptr<Decoder> make_base64_decoder(std::unique_ptr<Source> from);
[[nodiscard]] std::unique_ptr<Decoder> make_quoted_printable_decoder(std::unique_ptr<Source> from);

}  // namespace mimeseal::mime
