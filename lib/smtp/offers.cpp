// SPDX-License-Identifier: MIT
#include "smtp/offers.h"

#include <algorithm>
#include <charconv>

#include "mimeseal/core/text.h"

namespace mimeseal::smtp {
namespace {

/// 0 when it is no number: then nothing is known.
std::uint64_t number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() ? value : 0;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : split(text, ' '))
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

}  // namespace

Offers offers_in(const Reply& ehlo) {
  Offers offers;
  for (std::size_t i = 1; i < ehlo.lines.size(); ++i) {  // the first line greets
    const std::vector<std::string> words = words_of(upper(trim(ehlo.lines[i])));
    if (words.empty()) continue;
    const std::string& keyword = words.front();
    if (keyword == "PIPELINING") offers.pipelining = true;
    if (keyword == "CHUNKING") offers.chunking = true;
    if (keyword == "8BITMIME") offers.eight_bit = true;
    if (keyword == "SMTPUTF8") offers.smtputf8 = true;
    if (keyword == "DSN") offers.dsn = true;
    if (keyword == "REQUIRETLS") offers.require_tls = true;
    if (keyword == "SIZE") {
      offers.size = true;
      if (words.size() > 1) offers.size_limit = number_in(words[1]);
    }
    if (keyword == "AUTH") offers.auth.insert(offers.auth.end(), words.begin() + 1, words.end());
    if (keyword.starts_with("AUTH=")) offers.auth.push_back(keyword.substr(5));  // as old servers wrote it
    if (keyword != "LIMITS") continue;
    for (const std::string& word : words) {  // RFC 9422
      if (word.starts_with("RCPTMAX=")) offers.most_recipients = number_in(std::string_view(word).substr(8));
      if (word.starts_with("MAILMAX=")) offers.most_messages = number_in(std::string_view(word).substr(8));
    }
  }
  return offers;
}

}  // namespace mimeseal::smtp
