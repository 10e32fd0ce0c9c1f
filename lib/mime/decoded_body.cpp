// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mime/charset.h"
#include "mime/decoder.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {

namespace {

/// A decoder that says at the end of its first pass what was wrong.
class ReportingSource final : public Source {
 public:
  ReportingSource(std::unique_ptr<mime::Decoder> decoder, Problem problem, std::vector<Problem>* problems)
      : decoder_(std::move(decoder)), problem_(std::move(problem)), problems_(problems) {}

  std::size_t read(std::span<char> into) override {
    const std::size_t got = decoder_->read(into);
    if (got == 0 && !into.empty() && problems_ != nullptr) {
      if (!decoder_->clean()) problems_->push_back(problem_);
      problems_ = nullptr;
    }
    return got;
  }
  void rewind() override { decoder_->rewind(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return decoder_->size(); }

 private:
  std::unique_ptr<mime::Decoder> decoder_;
  Problem problem_;
  std::vector<Problem>* problems_;
};

void report(std::vector<Problem>* problems, std::string code, const Part& part, std::string why) {
  if (problems != nullptr) problems->push_back({std::move(code), part.path, std::move(why)});
}

/// The octets in the charset that the part names, or what they most likely are when it names none.
std::string to_utf8(const std::string& octets, bool is_cut, const Part& part, std::vector<Problem>* problems) {
  const std::string* named = part.content_type.find("charset");
  const std::string charset = named == nullptr ? "us-ascii" : std::string(trim(*named));
  mime::CharsetReader reader;
  std::optional<mime::Converted> converted = reader.to_utf8(octets, charset);
  if (mime::hides_ascii(charset)) {
    report(problems, "switching-charset", part,
           "the text is in " + visible(charset) + ": without it, it reads as another text");
  }
  const bool says_ascii = iequals(charset, "us-ascii") || iequals(charset, "ascii");
  if (says_ascii && !is_ascii(octets)) {
    report(problems, "undeclared-charset", part,
           "the text is not in US-ASCII, and names no other charset: read as UTF-8");
    converted = reader.to_utf8(octets, "utf-8");
  } else if (!converted) {
    report(problems, "unknown-charset", part, "the charset \"" + visible(charset) + "\" is not known: read as UTF-8");
    converted = reader.to_utf8(octets, "utf-8");
  }
  if (!converted) return to_valid_utf8(octets);
  // A character cut in two where we stopped reading is our doing.
  if (converted->ill_formed || (converted->cut_short && !is_cut)) {
    const bool utf8 = iequals(charset, "utf-8") || says_ascii;
    report(problems, utf8 ? "invalid-utf8" : "invalid-charset", part,
           "the text has octets that are not of its charset, shown as U+FFFD");
  }
  return std::move(converted->utf8);
}

[[nodiscard]] std::string with_lf(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      result += '\n';
    }
  }
  return result;
}

}  // namespace

std::unique_ptr<Source> decoded_body(InputPtr input, const Part& part, std::vector<Problem>* problems) {
  std::unique_ptr<Source> body = slice(std::move(input), part.body_begin, part.body_end);
  if (part.transfer_encoding == "base64") {
    return std::make_unique<ReportingSource>(
        mime::make_base64_decoder(std::move(body)),
        Problem{"bad-base64", part.path, "the base64 holds other octets, or its end is not as it should be"}, problems);
  }
  if (part.transfer_encoding == "quoted-printable") {
    return std::make_unique<ReportingSource>(
        mime::make_quoted_printable_decoder(std::move(body)),
        Problem{"bad-quoted-printable", part.path, "the quoted-printable holds '=' that escapes nothing"}, problems);
  }
  return body;
}

std::string decoded_text(const InputPtr& input, const Part& part, std::uint64_t limit, std::vector<Problem>* problems) {
  const std::unique_ptr<Source> body = decoded_body(input, part, problems);
  // No charset needs more than four octets for a character; the rest is for escapes and a byte order mark.
  const std::uint64_t enough = limit > (UINT64_MAX - 64) / 4 ? UINT64_MAX : limit * 4 + 64;
  std::string octets;
  std::vector<char> chunk(
      static_cast<std::size_t>(std::min<std::uint64_t>(65'536, part.body_end - part.body_begin + 1)));
  bool cut = false;
  while (octets.size() <= enough) {
    const std::size_t got = body->read(chunk);
    if (got == 0) break;
    octets.append(chunk.data(), got);
  }
  if (octets.size() > enough) {
    octets.resize(static_cast<std::size_t>(enough));
    cut = true;
  }
  std::string text = with_lf(to_utf8(octets, cut, part, problems));
  if (text.size() > limit) {
    auto end = static_cast<std::size_t>(limit);
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
      --end;
    text.resize(end);
    cut = true;
  }
  if (cut) report(problems, "text-cut", part, "the text is longer than " + std::to_string(limit) + " octets");
  return text;
}

}  // namespace mimeseal
