// SPDX-License-Identifier: MIT
#include "smtp/reply.h"

#include <algorithm>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::smtp {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The length of "5.1.1" at the beginning of a line whose code begins with `first`, or 0.
std::size_t enhanced_length(std::string_view line, char first) {
  if (line.size() < 5 || line[0] != first || line[1] != '.') return 0;
  std::size_t at = 2;
  for (int part = 0; part < 2; ++part) {
    const std::size_t begin = at;
    while (at < line.size() && is_digit(line[at]))
      ++at;
    if (at == begin || at - begin > 3) return 0;
    if (part == 0 && (at == line.size() || line[at++] != '.')) return 0;
  }
  return at == line.size() || line[at] == ' ' ? at : 0;
}

char class_of(int code) {
  return static_cast<char>('0' + code / 100);
}

bool looks_like_an_id(std::string_view word) {
  return word.size() >= 4 && word.size() <= 200 && std::any_of(word.begin(), word.end(), is_digit);
}

std::string_view word_at(std::string_view text, std::size_t at) {
  const std::string_view rest = trim(text.substr(at));
  std::string_view word = rest.substr(0, rest.find_first_of(" \t,;"));
  while (!word.empty() && (word.back() == '.' || word.back() == ']' || word.back() == ')'))
    word.remove_suffix(1);
  return word;
}

}  // namespace

std::string Reply::enhanced() const {
  if (lines.empty()) return {};
  return lines.front().substr(0, enhanced_length(lines.front(), class_of(code)));
}

std::string Reply::words() const {
  std::string text;
  for (const std::string& line : lines) {
    const std::string_view words = trim(std::string_view(line).substr(enhanced_length(line, class_of(code))));
    if (words.empty()) continue;
    if (!text.empty()) text += ' ';
    text += words;
    if (text.size() > 1000) {
      text.resize(1000);
      text += "…";
      break;
    }
  }
  return visible(text);
}

void ReplyParser::feed(std::string_view octets) {
  buffer_ += octets;
}

std::optional<Reply> ReplyParser::next() {
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = buffer_.find('\n', begin);
    if (end == std::string::npos) break;
    std::string_view line(buffer_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    begin = end + 1;
    if (!take_line(line)) continue;
    buffer_.erase(0, begin);
    reply_octets_ = 0;
    return std::exchange(reply_, Reply{});
  }
  buffer_.erase(0, begin);
  if (buffer_.size() > kMaxLine + 1) throw Error(Errc::protocol, "the server's reply has a line without end", where_);
  // Three octets tell whether this is SMTP at all: a server that says something else may never end its line.
  for (std::size_t i = 0; i < std::min<std::size_t>(3, buffer_.size()); ++i)
    if (!is_digit(buffer_[i])) throw Error(Errc::protocol, "the server's answer is no SMTP reply", where_);
  return std::nullopt;
}

bool ReplyParser::take_line(std::string_view line) {
  const bool has_code = line.size() >= 3 && std::all_of(line.begin(), line.begin() + 3, is_digit);
  const char separator = line.size() > 3 ? line[3] : ' ';
  if (!has_code || line[0] < '1' || line[0] > '5' || (separator != ' ' && separator != '-'))
    throw Error(Errc::protocol, "the server's answer is no SMTP reply", where_)
        .with_cause(visible(line.substr(0, 200)));
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (reply_.code != 0 && reply_.code != code)
    throw Error(Errc::protocol, "the lines of the server's reply have different codes", where_);
  reply_octets_ += line.size() + 2;
  if (line.size() > kMaxLine || reply_octets_ > kMaxReply)
    throw Error(Errc::protocol, "the server's reply is too long", where_);
  reply_.code = code;
  reply_.lines.emplace_back(line.size() > 4 ? line.substr(4) : std::string_view());
  return separator == ' ';
}

std::string id_in(const Reply& reply) {
  const std::string text = reply.words();
  const std::string lower = ascii_lower(text);
  for (const std::string_view mark : {"queued as ", "message-id: ", " id=", " id "}) {
    const std::size_t at = lower.find(mark);
    if (at == std::string::npos) continue;
    const std::string_view word = word_at(text, at + mark.size());
    if (!word.empty()) return std::string(word);
  }
  // "250 Ok 0102…-000000" (SES), "250 2.0.0 x1AB2 Message accepted for delivery" (sendmail)
  const std::string_view first =
      word_at(text, lower.starts_with("ok") ? std::min<std::size_t>(text.size(), text.find(' ')) : 0);
  return looks_like_an_id(first) ? std::string(first) : std::string();
}

}  // namespace mimeseal::smtp
