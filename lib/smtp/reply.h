// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mimeseal::smtp {

/// One reply of a server, all its lines (RFC 5321, section 4.2).
struct Reply {
  int code = 0;
  std::vector<std::string> lines;  ///< without code, separator and line end

  [[nodiscard]] bool is_positive() const noexcept { return code / 100 == 2; }
  [[nodiscard]] bool is_transient() const noexcept { return code / 100 == 4; }
  /// RFC 3463: "5.1.1" at the beginning of the text, of the same class as the code; else empty.
  [[nodiscard]] std::string enhanced() const;
  /// The lines' words in one line, enhanced codes left out; safe to print.
  [[nodiscard]] std::string words() const;
};

/// Makes replies of octets as they arrive, however they are cut. Throws Error(protocol) for what is no reply, or too
/// long for one; `where` is the host, for that.
class ReplyParser {
 public:
  static constexpr std::size_t kMaxLine = 8192;
  static constexpr std::size_t kMaxReply = 262144;
  static constexpr std::size_t kMaxKept = 16U << 20U;

  explicit ReplyParser(std::string where) : where_(std::move(where)) {}

  void feed(std::string_view octets);
  /// More has been said than a client that is still sending its message has to keep.
  [[nodiscard]] bool is_full() const noexcept { return buffer_.size() > kMaxKept; }
  /// The next whole reply, once.
  [[nodiscard]] std::optional<Reply> next();
  /// Whether there is something that is not yet a reply.
  [[nodiscard]] bool has_rest() const noexcept { return !buffer_.empty() || reply_.code != 0; }

 private:
  [[nodiscard]] bool take_line(std::string_view line);

  std::string where_;
  std::string buffer_;
  Reply reply_;
  std::size_t reply_octets_ = 0;
};

/// What the server calls the message it has accepted, as far as its words tell.
[[nodiscard]] std::string id_in(const Reply& reply);

}  // namespace mimeseal::smtp
