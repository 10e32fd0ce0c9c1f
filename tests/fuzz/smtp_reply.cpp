// SPDX-License-Identifier: MIT
// What a server says, cut as the first octet asks: the same replies come out however it is cut, or an Error.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "mimeseal/core/error.h"
#include "smtp/offers.h"
#include "smtp/reply.h"

namespace {

using namespace mimeseal::smtp;

std::optional<std::vector<std::string>> replies(std::string_view octets, std::size_t step) {
  ReplyParser parser("host");
  std::vector<std::string> all;
  try {
    for (std::size_t at = 0; at < octets.size(); at += step) {
      parser.feed(octets.substr(at, step));
      while (const auto reply = parser.next()) {
        all.push_back(std::to_string(reply->code) + reply->enhanced() + reply->words() + id_in(*reply));
        (void)offers_in(*reply);
      }
    }
  } catch (const mimeseal::Error&) {
    return std::nullopt;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (replies(octets, data[0] % 64U + 1) != replies(octets, 1)) std::abort();
  return 0;
}
