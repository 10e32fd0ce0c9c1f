// SPDX-License-Identifier: MIT
// RFC 5322 date-time (section 3.3) with the obsolete forms of section 4.3.
#include <algorithm>
#include <array>
#include <chrono>

#include "mime/lexer.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {

namespace {

using mime::is_digit;
using mime::Lexer;

struct Number {
  int value = 0;
  std::size_t digits = 0;
};

std::optional<Number> read_number(Lexer& lexer, std::size_t max_digits) {
  lexer.skip_blanks_and_comments();
  const std::string_view digits = lexer.while_true(is_digit);
  if (digits.empty() || digits.size() > max_digits) return std::nullopt;
  Number number{0, digits.size()};
  for (const char c : digits)
    number.value = number.value * 10 + (c - '0');
  return number;
}

std::string read_word(Lexer& lexer) {
  lexer.skip_blanks_and_comments();
  return ascii_lower(lexer.while_true(mime::is_alpha));
}

std::optional<unsigned> month_of(std::string_view word) {
  constexpr auto kMonths = std::to_array<std::string_view>(
      {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"});
  if (word.size() < 3) return std::nullopt;
  const auto* const found = std::find(kMonths.begin(), kMonths.end(), word.substr(0, 3));
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

/// Section 4.3: two digits are 1950 to 2049, three count from 1900.
int full_year(Number year) {
  if (year.digits == 2) return year.value + (year.value < 50 ? 2000 : 1900);
  if (year.digits == 3) return year.value + 1900;
  return year.value;
}

/// Minutes east of UTC. Names other than the American ones say nothing certain: UTC, as section 4.3 asks.
std::optional<int> read_zone(Lexer& lexer) {
  lexer.skip_blanks_and_comments();
  if (lexer.done()) return 0;
  const char sign = lexer.peek();
  if (sign == '+' || sign == '-') {
    lexer.advance();
    const std::optional<Number> offset = read_number(lexer, 4);
    if (!offset || offset->digits != 4 || offset->value % 100 > 59) return std::nullopt;
    const int minutes = offset->value / 100 * 60 + offset->value % 100;
    return sign == '+' ? minutes : -minutes;
  }
  struct Zone {
    std::string_view name;
    int hours;
  };
  constexpr auto kZones = std::to_array<Zone>(
      {{"est", -5}, {"edt", -4}, {"cst", -6}, {"cdt", -5}, {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7}});
  const std::string name = read_word(lexer);
  if (name.empty()) return std::nullopt;
  const auto* const zone = std::find_if(kZones.begin(), kZones.end(), [&](const Zone& z) { return z.name == name; });
  return zone == kZones.end() ? 0 : zone->hours * 60;
}

struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::optional<TimeOfDay> read_time_of_day(Lexer& lexer) {
  const std::optional<Number> hour = read_number(lexer, 2);
  lexer.skip_blanks_and_comments();
  if (!hour || !lexer.take(':')) return std::nullopt;
  const std::optional<Number> minute = read_number(lexer, 2);
  if (!minute) return std::nullopt;
  TimeOfDay time{hour->value, minute->value, 0};
  lexer.skip_blanks_and_comments();
  if (lexer.take(':')) {
    const std::optional<Number> second = read_number(lexer, 2);
    if (!second) return std::nullopt;
    time.second = second->value;
  }
  // 60 is a leap second.
  if (time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  return time;
}

}  // namespace

std::optional<Time> parse_date(std::string_view text) {
  Lexer lexer(text);
  lexer.skip_blanks_and_comments();
  if (mime::is_alpha(lexer.peek())) {  // the day's name: said twice, so not needed
    (void)read_word(lexer);
    lexer.skip_blanks_and_comments();
    lexer.take(',');
  }
  const std::optional<Number> day = read_number(lexer, 2);
  lexer.skip_blanks_and_comments();
  lexer.take('-');
  const std::optional<unsigned> month = month_of(read_word(lexer));
  lexer.skip_blanks_and_comments();
  lexer.take('-');
  const std::optional<Number> year = read_number(lexer, 4);
  if (!day || !month || !year || year->digits < 2) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(full_year(*year)), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(day->value))};
  if (!date.ok()) return std::nullopt;
  const std::optional<TimeOfDay> time = read_time_of_day(lexer);
  if (!time) return std::nullopt;
  const std::optional<int> zone = read_zone(lexer);
  if (!zone) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(time->hour) + std::chrono::minutes(time->minute - *zone) +
         std::chrono::seconds(time->second);
}

}  // namespace mimeseal
