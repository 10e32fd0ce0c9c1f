// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/mime/header.h"

namespace mimeseal::mail {

/// What an Autocrypt or Autocrypt-Gossip field says (Autocrypt Level 1, section 2.1).
struct AutocryptField {
  std::string address;
  std::string key;  ///< a transferable public key, binary
};

/// "addr=…; keydata=…", the key in base64, folded. `name` is Autocrypt or Autocrypt-Gossip.
[[nodiscard]] HeaderField autocrypt_field(std::string name, std::string_view address, std::string_view binary_key);

/// Nothing when it lacks addr or keydata, or has an attribute that is critical (no leading underscore) and unknown.
[[nodiscard]] std::optional<AutocryptField> parse_autocrypt(const HeaderField& field);

/// The octets in an ASCII armour (RFC 9580, section 6), its checksum aside; nothing when it is none.
[[nodiscard]] std::optional<std::string> dearmor(std::string_view armored);

}  // namespace mimeseal::mail
