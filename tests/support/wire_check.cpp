// SPDX-License-Identifier: MIT
#include "support/wire_check.h"

#include <algorithm>

namespace mimeseal::test {
namespace {

std::string fault(std::string_view what, std::string_view line) {
  return std::string(what) + ": [" + std::string(line) + "]\n";
}

std::string line_faults(std::string_view line) {
  std::string out;
  if (line.size() > 998) out += fault("longer than 998", line);
  if (line.ends_with(' ') || line.ends_with('\t')) out += fault("a blank at the end", line);
  if (line.starts_with("From ")) out += fault("From at the start", line);
  for (const char c : line)
    if (static_cast<unsigned char>(c) > 126 || c == '\0' || c == '\r' || c == '\n') {
      out += fault("an octet that is not for 7bit", line);
      break;
    }
  return out;
}

std::string header_line_faults(std::string_view line) {
  std::string out;
  if (line.find_first_not_of(" \t") == std::string_view::npos) out += fault("blank line in the header", line);
  const bool encoded = line.find("=?utf-8?") != std::string_view::npos;
  if (encoded && line.size() > 76) out += fault("encoded word on a line over 76", line);
  if (line.size() <= 78) return out;
  // It may be longer only when there is no blank left to fold at: "Name: word" or " word".
  const std::size_t colon = line.front() == ' ' || line.front() == '\t' ? 0 : line.find(':') + 1;
  const std::size_t word = line.find_first_not_of(" \t", colon);
  // The only word after the name, when it would not fit on a line of its own either.
  const std::size_t quoted = line.find('"');  // a quoted string is one word
  const std::size_t blank = std::min(line.find_first_of(" \t", word), quoted);
  if (blank < line.size() && blank != quoted) out += fault("could be folded", line);
  if (colon != 0 && line.size() - colon <= 78) out += fault("could be folded after the name", line);
  return out;
}

}  // namespace

std::string header_faults(std::string_view header) {
  std::string out;
  while (!header.empty()) {
    const std::size_t end = header.find("\r\n");
    if (end == std::string_view::npos) return out + fault("no CRLF", header);
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(end + 2);
    if (line.empty()) return out + "an empty line\n";
    out += line_faults(line);
    out += header_line_faults(line);
  }
  return out;
}

std::string wire_faults(std::string_view message) {
  const std::size_t blank = message.find("\r\n\r\n");
  if (blank == std::string_view::npos) return "no blank line after the header\n";
  std::string out = header_faults(message.substr(0, blank + 2));
  message.remove_prefix(blank + 4);
  while (!message.empty()) {
    const std::size_t end = message.find("\r\n");
    if (end == std::string_view::npos) return out + fault("no CRLF at the end", message);
    out += line_faults(message.substr(0, end));
    message.remove_prefix(end + 2);
  }
  return out;
}

}  // namespace mimeseal::test
