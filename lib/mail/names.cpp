// SPDX-License-Identifier: MIT
#include "mimeseal/mail/open.h"

namespace mimeseal {

std::string_view to_string(MessageState value) noexcept {
  switch (value) {
    case MessageState::unprotected:
      return "unprotected";
    case MessageState::verified:
      return "verified";
    case MessageState::confidential:
      return "confidential";
    case MessageState::encrypted_unverified:
      return "encrypted-unverified";
  }
  return "unprotected";
}

std::string_view to_string(SignedState value) noexcept {
  switch (value) {
    case SignedState::none:
      return "none";
    case SignedState::good:
      return "good";
    case SignedState::bad:
      return "bad";
    case SignedState::unverified:
      return "unverified";
  }
  return "none";
}

std::string_view to_string(FieldState value) noexcept {
  switch (value) {
    case FieldState::unprotected:
      return "unprotected";
    case FieldState::signed_only:
      return "signed-only";
    case FieldState::encrypted_only:
      return "encrypted-only";
    case FieldState::signed_and_encrypted:
      return "signed-and-encrypted";
  }
  return "unprotected";
}

std::string_view to_string(HeaderProtection value) noexcept {
  switch (value) {
    case HeaderProtection::none:
      return "none";
    case HeaderProtection::clear:
      return "clear";
    case HeaderProtection::cipher:
      return "cipher";
  }
  return "none";
}

}  // namespace mimeseal
