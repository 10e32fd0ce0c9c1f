// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>

#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {
namespace {

using mime::FieldWriter;

/// A run of blanks and the word after it.
struct Token {
  std::string_view blank;
  std::string_view word;
  bool encode = false;
};

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t word = std::min(text.find_first_not_of(" \t", at), text.size());
    const std::size_t end = std::min(text.find_first_of(" \t", word), text.size());
    tokens.push_back({text.substr(at, word - at), text.substr(word, end - word)});
    at = end;
  }
  return tokens;
}

/// Fields that people read. There a long word may be cut into encoded words; in others (a URL, a token) it may not,
/// since a program looks for it.
bool is_for_people(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 4> kNames = {"subject", "comments", "content-description",
                                                             "thread-topic"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view n) { return iequals(n, name); });
}

bool is_plain(std::string_view word) noexcept {
  return std::all_of(word.begin(), word.end(), [](char c) { return c > 32 && c < 127; });
}

/// Decides which words must be encoded: what is not printable ASCII, what would be taken for an encoded word, and
/// (for people) what is longer than a line or would lose its blanks.
void mark(std::vector<Token>& tokens, bool for_people) {
  constexpr std::size_t kManyBlanks = 40;
  const std::size_t longest = for_people ? 76 : 996;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    token.encode = token.encode || !is_plain(token.word) || token.word.find("=?") != std::string_view::npos ||
                   token.word.size() > longest;
    if (token.word.empty()) token.encode = true;  // blanks at the end
    if (token.word.empty() || token.blank.size() > kManyBlanks) {
      token.encode = true;
      if (i > 0) tokens[i - 1].encode = true;
    }
  }
  if (!tokens.empty() && !tokens.front().blank.empty()) tokens.front().encode = true;
}

bool is_atext(char c) noexcept {
  static constexpr std::string_view kSpecial = "!#$%&'*+-/=?^_`{|}~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kSpecial.find(c) != std::string_view::npos;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

void put_display_name(FieldWriter& writer, std::string_view name) {
  const std::vector<Token> tokens = tokenize(name);
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return c >= 32 && c < 127; });
  constexpr std::size_t kLongestAtom = 70;
  const bool encode = !ascii || name.find("=?") != std::string_view::npos;
  // Atoms, each separated by one blank: a phrase as it stands.
  const bool phrase = !encode && std::all_of(tokens.begin(), tokens.end(), [&](const Token& t) {
    const bool one_blank = &t == tokens.data() ? t.blank.empty() : t.blank == " ";
    return one_blank && !t.word.empty() && t.word.size() <= kLongestAtom &&
           std::all_of(t.word.begin(), t.word.end(), is_atext);
  });
  if (phrase) {
    for (const Token& token : tokens)
      writer.put(" ", token.word);
    return;
  }
  // A quoted string is not folded inside; a longer one becomes encoded words.
  constexpr std::size_t kLongestQuoted = 76;
  if (!encode) {
    const std::string text = quoted(name);
    if (text.size() <= kLongestQuoted) return writer.put(" ", text);
  }
  writer.put_encoded(" ", name, true);
}

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string two_digits(long long value) {
  return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

}  // namespace

HeaderField unstructured_field(std::string name, std::string_view utf8) {
  mime::check_field(name, utf8);
  if (!is_utf8(utf8)) throw Error(Errc::usage, "the value is not UTF-8", name);
  const bool for_people = is_for_people(name);
  if (!for_people || trim(utf8).empty()) utf8 = trim(utf8);
  std::vector<Token> tokens = tokenize(utf8);
  mark(tokens, for_people);

  FieldWriter writer(name);
  for (std::size_t i = 0; i < tokens.size();) {
    const std::string_view blank = i == 0 ? std::string_view(" ") : tokens[i].blank;
    if (!tokens[i].encode) {
      writer.put(blank, tokens[i].word);
      ++i;
      continue;
    }
    // Readers drop the blanks between encoded words, so neighbours are encoded as one text, blanks included.
    std::size_t last = i;
    while (last + 1 < tokens.size() && tokens[last + 1].encode)
      ++last;
    // The blanks before the first word of many go into the text, too, or they would stay outside of the encoding.
    const bool blank_inside = i == 0;
    const char* const begin = blank_inside ? tokens[i].blank.data() : tokens[i].word.data();
    const char* const end = tokens[last].word.data() + tokens[last].word.size();
    writer.put_encoded(blank, std::string_view(begin, static_cast<std::size_t>(end - begin)), false);
    i = last + 1;
  }
  std::string raw = writer.take();
  return {std::move(name), std::move(raw)};
}

HeaderField mailbox_field(std::string name, const std::vector<Mailbox>& mailboxes) {
  mime::check_field(name, {});
  if (mailboxes.empty()) throw Error(Errc::usage, "the field needs an address", name);
  FieldWriter writer(name);
  for (std::size_t i = 0; i < mailboxes.size(); ++i) {
    const Mailbox& mailbox = mailboxes[i];
    mime::check_field(name, mailbox.name());
    mime::check_field(name, mailbox.address());
    if (!is_utf8(mailbox.name())) throw Error(Errc::usage, "a display name is not UTF-8", name);
    // A local part beyond ASCII stands as raw UTF-8 (RFC 6532); such a message needs SMTPUTF8.
    const std::optional<std::string> address = mailbox.wire_address();
    if (!address) throw Error(Errc::usage, "the domain of " + visible(mailbox.address()) + " is not valid", name);
    const std::string_view display = trim(mailbox.name());
    std::string written;
    if (display.empty()) {
      written = *address;
    } else {
      put_display_name(writer, display);
      written = "<" + *address + ">";
    }
    if (i + 1 < mailboxes.size()) written += ',';
    writer.put(" ", written);
  }
  std::string raw = writer.take();
  return {std::move(name), std::move(raw)};
}

HeaderField date_field(std::string name, Time time) {
  mime::check_field(name, {});
  std::string raw = " " + format_date(time);
  return {std::move(name), std::move(raw)};
}

HeaderField token_field(std::string name, std::string_view ascii) {
  mime::check_field(name, ascii);
  ascii = trim(ascii);
  FieldWriter writer(name);
  for (const Token& token : tokenize(ascii)) {
    if (!is_plain(token.word)) throw Error(Errc::usage, "the value is not printable ASCII", name);
    writer.put(token.blank.empty() ? std::string_view(" ") : token.blank, token.word);
  }
  std::string raw = writer.take();
  return {std::move(name), std::move(raw)};
}

std::string format_date(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const int year = static_cast<int>(date.year());
  if (year < 1900 || year > 9999) throw Error(Errc::usage, "a date of that year cannot stand in a message");
  std::string out(kDays[std::chrono::weekday(day).c_encoding()]);
  out += ", " + two_digits(static_cast<unsigned>(date.day())) + ' ';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += ' ' + std::to_string(year) + ' ' + two_digits(clock.hours().count()) + ':' +
         two_digits(clock.minutes().count()) + ':' + two_digits(clock.seconds().count()) + " +0000";
  return out;
}

}  // namespace mimeseal
