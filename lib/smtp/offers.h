// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smtp/reply.h"

namespace mimeseal::smtp {

/// What a server's EHLO reply offers (RFC 5321, section 4.1.1.1).
struct Offers {
  bool pipelining = false;            ///< RFC 2920
  bool chunking = false;              ///< RFC 3030
  bool eight_bit = false;             ///< RFC 6152
  bool smtputf8 = false;              ///< RFC 6531
  bool dsn = false;                   ///< RFC 3461
  bool require_tls = false;           ///< RFC 8689
  bool size = false;                  ///< RFC 1870
  std::uint64_t size_limit = 0;       ///< 0: none named
  std::uint64_t most_recipients = 0;  ///< LIMITS RCPTMAX; 0: none named
  std::uint64_t most_messages = 0;    ///< LIMITS MAILMAX; 0: none named
  std::vector<std::string> auth;      ///< SASL mechanisms, upper case
  friend bool operator==(const Offers&, const Offers&) = default;
};

[[nodiscard]] Offers offers_in(const Reply& ehlo);

}  // namespace mimeseal::smtp
