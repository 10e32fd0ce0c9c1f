// SPDX-License-Identifier: MIT
// RFC 2045, section 6.7, read as its robust decoder: what is no escape stays as it is, and is reported.
#include <algorithm>
#include <array>

#include "mime/decoder.h"
#include "mime/lexer.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {

namespace mime {

namespace {

/// A longer run of blanks is content wherever it stands, so that what must wait for the next chunk is bounded.
constexpr std::size_t kMaxBlanks = 4096;

constexpr std::array<bool, 256> make_ordinary() {
  std::array<bool, 256> ordinary{};
  ordinary.fill(true);
  ordinary['='] = false;
  ordinary['\n'] = false;
  return ordinary;
}
constexpr std::array<bool, 256> kOrdinary = make_ordinary();

class QuotedPrintableDecoder final : public Decoder {
 public:
  using Decoder::Decoder;

 protected:
  bool decode(std::string_view chunk, std::string* out) override;
  void finish(std::string* out) override;
  void reset() override {
    tail_.clear();
    blanks_are_content_ = false;
  }

 private:
  void decode_all(std::string_view text, bool final, std::string* out);
  void hold_back_blanks(std::size_t floor, std::string* out);
  [[nodiscard]] std::size_t escape(std::string_view text, bool final, std::string* out);
  static void end_line(std::size_t floor, std::string* out);

  std::string tail_;  ///< encoded octets that only what follows explains: blanks, CR, the beginning of an escape
  bool blanks_are_content_ = false;  ///< the last chunk ended in more blanks than can be held
};

bool QuotedPrintableDecoder::decode(std::string_view chunk, std::string* out) {
  if (tail_.empty()) {
    decode_all(chunk, false, out);
  } else {
    std::string text = std::move(tail_);
    tail_.clear();
    text += chunk;
    decode_all(text, false, out);
  }
  return true;
}

void QuotedPrintableDecoder::finish(std::string* out) {
  const std::string text = std::move(tail_);
  tail_.clear();
  decode_all(text, true, out);
}

void QuotedPrintableDecoder::decode_all(std::string_view text, bool final, std::string* out) {
  out->reserve(text.size());
  std::size_t floor = out->size();  // octets before it are no trailing blanks of this line
  std::size_t at = 0;
  if (blanks_are_content_) {
    while (at < text.size() && is_blank(text[at]))
      *out += text[at++];
    floor = out->size();
    blanks_are_content_ = at == text.size();
  }
  while (at < text.size()) {
    const std::size_t begin = at;
    while (at < text.size() && kOrdinary[static_cast<unsigned char>(text[at])])
      ++at;
    out->append(text, begin, at - begin);
    if (at == text.size()) {
      if (!final) hold_back_blanks(floor, out);
      return;
    }
    if (text[at] == '\n') {
      end_line(floor, out);
      floor = out->size();
      ++at;
      continue;
    }
    const std::size_t used = escape(text.substr(at), final, out);
    if (used == 0) {
      tail_ = text.substr(at);
      return;
    }
    at += used;
    floor = out->size();
  }
}

/// How many blanks end the text, not looking before `floor`.
std::size_t trailing_blanks(std::string_view text, std::size_t floor) {
  std::size_t end = text.size();
  while (end > floor && is_blank(text[end - 1]))
    --end;
  return text.size() - end;
}

/// Blanks and CR at a chunk's end may turn out to be what is deleted before a line end.
void QuotedPrintableDecoder::hold_back_blanks(std::size_t floor, std::string* out) {
  const bool cr = out->size() > floor && out->back() == '\r';
  if (cr) out->pop_back();
  const std::size_t blanks = trailing_blanks(*out, floor);
  blanks_are_content_ = blanks > kMaxBlanks;
  if (!blanks_are_content_) {
    tail_ = out->substr(out->size() - blanks);
    out->resize(out->size() - blanks);
  }
  if (cr) tail_ += '\r';
}

/// Blanks before a line end were added on the way: "must be deleted" (rule 3).
void QuotedPrintableDecoder::end_line(std::size_t floor, std::string* out) {
  const bool crlf = out->size() > floor && out->back() == '\r';
  if (crlf) out->pop_back();
  const std::size_t blanks = trailing_blanks(*out, floor);
  if (blanks <= kMaxBlanks) out->resize(out->size() - blanks);
  if (crlf) *out += '\r';
  *out += '\n';
}

/// What stands at '='; says how many octets it took, 0 when more must be seen.
std::size_t QuotedPrintableDecoder::escape(std::string_view text, bool final, std::string* out) {
  if (text.size() >= 3 && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
    *out += static_cast<char>(hex_digit(text[1]) * 16 + hex_digit(text[2]));
    return 3;
  }
  // A soft line break, perhaps with blanks that were added on the way.
  std::size_t at = std::min(text.find_first_not_of(" \t", 1), text.size());
  if (at - 1 <= kMaxBlanks) {
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] == '\n') return at + 1;
    const bool could_go_on = at == text.size() || (text.size() == 2 && hex_digit(text[1]) >= 0);
    if (!final && could_go_on) return 0;
    if (final && at == text.size()) return at;  // the content ends in a soft line break
  }
  mark_bad();
  *out += '=';
  return 1;
}

}  // namespace

std::unique_ptr<Decoder> make_quoted_printable_decoder(std::unique_ptr<Source> from) {
  return std::make_unique<QuotedPrintableDecoder>(std::move(from));
}

}  // namespace mime

std::unique_ptr<Source> quoted_printable_decoder(std::unique_ptr<Source> from) {
  return mime::make_quoted_printable_decoder(std::move(from));
}

}  // namespace mimeseal
