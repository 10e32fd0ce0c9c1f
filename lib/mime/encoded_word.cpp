// SPDX-License-Identifier: MIT
#include "mime/encoded_word.h"

#include <optional>

#include "mime/base64_table.h"
#include "mime/charset.h"
#include "mime/lexer.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal::mime {

namespace {

constexpr std::size_t kMaxCharsetName = 64;

struct Word {
  std::string_view charset;
  std::string octets;
  std::size_t end = 0;  ///< one past "?="
  bool clean = true;
};

std::string decode_q(std::string_view text, bool* clean) {
  std::string octets;
  octets.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      octets += ' ';
    } else if (text[i] != '=') {
      octets += text[i];
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      octets += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      octets += '=';
      *clean = false;
    }
  }
  return octets;
}

/// The encoded word that begins at `begin` ("=?"). Looks no further than the next '?' that cannot belong to it, so
/// that a text full of beginnings is read in linear time.
std::optional<Word> read_word(std::string_view text, std::size_t begin, bool* bad_word) {
  std::size_t at = begin + 2;
  while (at < text.size() && is_token_char(text[at]) && at - begin <= kMaxCharsetName + 2)
    ++at;
  if (at + 2 >= text.size() || at == begin + 2 || text[at] != '?' || text[at + 2] != '?') return std::nullopt;
  Word word;
  word.charset = text.substr(begin + 2, at - begin - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));  // a language (RFC 2231, section 5)
  const char encoding = text[at + 1];
  if (std::string_view("BbQq").find(encoding) == std::string_view::npos) return std::nullopt;
  const std::size_t content = at + 3;
  const std::size_t end = text.find('?', content);
  if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != '=') {
    *bad_word = true;
    return std::nullopt;
  }
  const std::string_view encoded = text.substr(content, end - content);
  word.end = end + 2;
  word.clean = encoded.find_first_of(" \t\r\n") == std::string_view::npos;
  if (encoding == 'B' || encoding == 'b') {
    word.octets = decode_base64_leniently(encoded, &word.clean);
  } else {
    word.octets = decode_q(encoded, &word.clean);
  }
  return word;
}

/// Consecutive words of one charset are one text: senders cut characters in two.
class WordDecoder {
 public:
  explicit WordDecoder(DecodedText* result) : result_(result) {}

  void plain(std::string_view text) {
    flush();
    if (text.empty()) return;
    if (is_utf8(text)) {
      result_->utf8 += text;
    } else {
      result_->ill_formed = true;
      result_->utf8 += to_valid_utf8(text);
    }
  }

  void word(const Word& word, std::string_view source, std::string_view gap) {
    if (!word.clean) result_->bad_word = true;
    const bool follows = pending_;
    if (!pending_ || !iequals(charset_, word.charset)) {
      flush();
      charset_ = word.charset;
      source_.clear();
    }
    // Blanks between two words are no text (RFC 2047, section 6.2), unless a word stays as it is.
    if (!follows || last_unknown_) {
      result_->utf8 += gap;
      gap = {};
    }
    pending_ = true;
    last_unknown_ = false;
    octets_ += word.octets;
    source_ += gap;
    source_ += source;
  }

  void flush() {
    if (!pending_) return;
    pending_ = false;
    std::optional<Converted> converted = charsets_.to_utf8(octets_, charset_);
    if (converted) {
      if (hides_ascii(charset_)) result_->bad_word = true;
      if (converted->ill_formed || converted->cut_short) result_->ill_formed = true;
      append_clean(converted->utf8);
    } else {
      result_->unknown_charset = true;
      if (!is_utf8(source_)) result_->ill_formed = true;
      result_->utf8 += to_valid_utf8(source_);
      last_unknown_ = true;
    }
    octets_.clear();
  }

 private:
  /// A word cannot break the line it stands in.
  void append_clean(const std::string& utf8) {
    if (!has_crlf_or_nul(utf8)) {
      result_->utf8 += utf8;
      return;
    }
    result_->bad_word = true;
    for (const char c : utf8)
      result_->utf8 += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  }

  DecodedText* result_;
  CharsetReader charsets_;
  std::string charset_;
  std::string octets_;
  std::string source_;
  bool pending_ = false;
  bool last_unknown_ = false;
};

}  // namespace

std::string decode_base64_leniently(std::string_view text, bool* clean) {
  std::string octets;
  octets.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) {
      if (c != '=') *clean = false;
      if (c == '=') count = 0;
      continue;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    ++count;
    if (count == 2) octets += static_cast<char>(bits >> 4U);
    if (count == 3) octets += static_cast<char>(bits >> 2U);
    if (count == 4) octets += static_cast<char>(bits);
    if (count == 4) count = 0;
  }
  return octets;
}

DecodedText decode_text(std::string_view text) {
  DecodedText result;
  WordDecoder decoder(&result);
  std::size_t plain_begin = 0;
  bool after_word = false;
  std::size_t at = 0;
  while ((at = text.find("=?", at)) != std::string_view::npos) {
    const std::optional<Word> word = read_word(text, at, &result.bad_word);
    if (!word) {
      at += 2;
      continue;
    }
    std::string_view gap = text.substr(plain_begin, at - plain_begin);
    if (!after_word || gap.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      decoder.plain(gap);
      gap = {};
    }
    decoder.word(*word, text.substr(at, word->end - at), gap);
    after_word = true;
    at = word->end;
    plain_begin = at;
  }
  decoder.plain(text.substr(plain_begin));
  return result;
}

}  // namespace mimeseal::mime

namespace mimeseal {

std::string decode_words(std::string_view text) {
  return mime::decode_text(text).utf8;
}

}  // namespace mimeseal
