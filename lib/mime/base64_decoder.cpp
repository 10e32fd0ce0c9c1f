// SPDX-License-Identifier: MIT
// RFC 2045, section 6.8: octets outside the alphabet are skipped, padding ends the content.
#include "mime/base64_simd.h"
#include "mime/base64_table.h"
#include "mime/decoder.h"
#include "mime/lexer.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {

namespace mime {

namespace {

class Base64Decoder final : public Decoder {
 public:
  using Decoder::Decoder;

  bool decode(std::string_view chunk, std::string* out) override;
  void finish(std::string* out) override;

 protected:
  void reset() override {
    group_ = 0;
    held_ = 0;
    padding_ = 0;
    ended_ = false;
  }

 private:
  [[nodiscard]] static std::size_t decode_groups(std::string_view text, char** to);
  void one(char c, char** to);
  void end_group(char** to);

  std::uint32_t group_ = 0;  ///< the digits of a group that is not whole yet
  int held_ = 0;             ///< how many
  int padding_ = 0;
  bool ended_ = false;
};

/// Whole groups of four digits, until something else comes; says how many octets of text they were.
std::size_t Base64Decoder::decode_groups(std::string_view text, char** to) {
  const auto& [first, second, third, fourth] = kBase64Tables;
  const std::size_t blocks = decode_base64_blocks(text, *to);
  const char* at = text.data() + blocks;
  const char* const last = text.data() + text.size() - text.size() % 4;
  char* put = *to + blocks / 4 * 3;
  for (; at != last; at += 4, put += 3) {
    const std::uint32_t value = first[static_cast<unsigned char>(at[0])] | second[static_cast<unsigned char>(at[1])] |
                                third[static_cast<unsigned char>(at[2])] | fourth[static_cast<unsigned char>(at[3])];
    if (value >= kNotBase64) break;
    put[0] = static_cast<char>(value >> 16U);
    put[1] = static_cast<char>(value >> 8U);
    put[2] = static_cast<char>(value);
  }
  *to = put;
  return static_cast<std::size_t>(at - text.data());
}

bool Base64Decoder::decode(std::string_view chunk, std::string* out) {
  out->resize(chunk.size() / 4 * 3 + 6 + kBase64Slack);
  char* to = out->data();
  std::size_t at = 0;
  while (at < chunk.size()) {
    if (held_ == 0 && !ended_) at += decode_groups(chunk.substr(at), &to);
    // The rest of a line, its end, and what is odd: octet by octet up to where whole groups can begin.
    while (at < chunk.size()) {
      one(chunk[at++], &to);
      if (held_ == 0 && !ended_ && at < chunk.size() && base64_value(chunk[at]) >= 0) break;
    }
  }
  out->resize(static_cast<std::size_t>(to - out->data()));
  return true;
}

void Base64Decoder::one(char c, char** to) {
  if (is_blank_or_line_end(c)) return;
  if (c == '=') {
    if (!ended_) end_group(to);
    // More padding than the group needs, or none of its own to pad.
    if (--padding_ < 0) mark_bad();
    return;
  }
  const int value = base64_value(c);
  if (value < 0 || ended_) {
    mark_bad();
    return;
  }
  group_ = (group_ << 6U) | static_cast<std::uint32_t>(value);
  if (++held_ < 4) return;
  held_ = 0;
  *(*to)++ = static_cast<char>(group_ >> 16U);
  *(*to)++ = static_cast<char>(group_ >> 8U);
  *(*to)++ = static_cast<char>(group_);
}

/// What an incomplete last group holds; then content ends, and padding_ says how many '=' belong to it.
void Base64Decoder::end_group(char** to) {
  ended_ = true;
  padding_ = held_ == 0 ? 0 : 4 - held_;
  if (held_ == 1) mark_bad();
  if (held_ == 2) *(*to)++ = static_cast<char>(group_ >> 4U);
  if (held_ == 3) {
    *(*to)++ = static_cast<char>(group_ >> 10U);
    *(*to)++ = static_cast<char>(group_ >> 2U);
  }
  held_ = 0;
}

void Base64Decoder::finish(std::string* out) {
  out->resize(4);
  char* to = out->data();
  if (!ended_) end_group(&to);
  if (padding_ > 0) mark_bad();
  out->resize(static_cast<std::size_t>(to - out->data()));
}

}  // namespace

std::unique_ptr<Decoder> make_base64_decoder(std::unique_ptr<Source> from) {
  return std::make_unique<Base64Decoder>(std::move(from));
}

}  // namespace mime

std::unique_ptr<Source> base64_decoder(std::unique_ptr<Source> from) {
  return mime::make_base64_decoder(std::move(from));
}

}  // namespace mimeseal
