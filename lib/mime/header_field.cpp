// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mime/encoded_word.h"
#include "mime/lexer.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {

std::string HeaderField::value() const {
  return std::string(trim(mime::unfold(raw)));
}

std::string HeaderField::decoded() const {
  return mime::decode_text(value()).utf8;
}

std::string HeaderField::wire() const {
  return name + ":" + raw + "\r\n";
}

const HeaderField* find_field(const HeaderFields& fields, std::string_view name) noexcept {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const HeaderField& f) { return iequals(f.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

std::size_t count_fields(const HeaderFields& fields, std::string_view name) noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const HeaderField& f) { return iequals(f.name, name); }));
}

bool is_structural(std::string_view field_name) noexcept {
  return iequals(field_name, "MIME-Version") || istarts_with(field_name, "Content-");
}

}  // namespace mimeseal
