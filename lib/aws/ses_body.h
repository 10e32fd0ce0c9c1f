// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal::aws {

/// How the message stands in the request's body.
enum class BodyForm {
  json,  ///< base64 in one line
  form,  ///< the same, its "+", "/" and "=" percent-encoded
};

/// A request's body around a message: prefix, the message in base64, suffix. Read in constant memory as often as
/// needed; every pass gives the same octets.
class SesBody final : public Source {
 public:
  SesBody(std::string prefix, Source& message, std::string suffix, BodyForm form);

  /// A whole pass: counts, hashes, and shows the message to `watcher`. Throws Error(limit) when base64 makes more than
  /// `limit` octets of it.
  void measure(Sink& watcher, std::uint64_t limit, const char* limit_words);
  /// Of the whole body, in hexadecimal; known after measure().
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }
  [[nodiscard]] std::uint64_t message_size() const noexcept { return message_size_; }

  std::size_t read(std::span<char> into) override;
  void rewind() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

 private:
  enum class Part { prefix, message, suffix, end };
  void refill();
  void encode(std::size_t octets);

  std::string prefix_;
  Source& message_;
  std::string suffix_;
  BodyForm form_;
  Sink* watcher_ = nullptr;
  std::optional<std::uint64_t> size_;
  std::uint64_t message_size_ = 0;
  std::string sha256_;

  Part part_ = Part::prefix;
  std::vector<char> raw_;
  std::string ready_;
  std::size_t given_ = 0;
};

}  // namespace mimeseal::aws
