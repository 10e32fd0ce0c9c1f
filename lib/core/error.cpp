// SPDX-License-Identifier: MIT
#include "mimeseal/core/error.h"

#include <system_error>
#include <utility>

namespace mimeseal {

Error::Error(Errc code, std::string what, std::string where, std::string hint)
    : code_(code), what_(std::move(what)), where_(std::move(where)), hint_(std::move(hint)) {}

Error& Error::with_details(std::vector<std::string> lines) {
  details_ = std::move(lines);
  return *this;
}

Error& Error::with_cause(std::string cause) {
  cause_ = std::move(cause);
  return *this;
}

Error& Error::with_hint(std::string hint) {
  hint_ = std::move(hint);
  return *this;
}

Error& Error::with_where(std::string where) {
  where_ = std::move(where);
  return *this;
}

int exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::usage:
      return 64;
    case Errc::malformed:
    case Errc::limit:
    case Errc::unsupported:
      return 65;
    case Errc::no_input:
      return 66;
    case Errc::no_recipient:
      return 67;
    case Errc::unavailable:
      return 69;
    case Errc::internal:
      return 70;
    case Errc::cannot_create:
      return 73;
    case Errc::io:
      return 74;
    case Errc::temporary:
      return 75;
    case Errc::protocol:
      return 76;
    case Errc::refused:
      return 77;
    case Errc::config:
      return 78;
  }
  return 70;
}

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::usage:
      return "usage";
    case Errc::malformed:
      return "malformed";
    case Errc::limit:
      return "limit";
    case Errc::unsupported:
      return "unsupported";
    case Errc::no_input:
      return "no_input";
    case Errc::no_recipient:
      return "no_recipient";
    case Errc::unavailable:
      return "unavailable";
    case Errc::internal:
      return "internal";
    case Errc::cannot_create:
      return "cannot_create";
    case Errc::io:
      return "io";
    case Errc::temporary:
      return "temporary";
    case Errc::protocol:
      return "protocol";
    case Errc::refused:
      return "refused";
    case Errc::config:
      return "config";
  }
  return "internal";
}

Error errno_error(Errc code, std::string_view what, std::string where, int number) {
  std::string reason = std::generic_category().message(number);
  Error error(code, std::string(what) + ": " + reason, std::move(where));
  error.with_cause("errno " + std::to_string(number));
  return error;
}

}  // namespace mimeseal
