// SPDX-License-Identifier: MIT
#include "html_entities.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mimeseal::mail {
namespace {

struct Named {
  std::string_view name;
  std::uint32_t code;
};

/// Those that mail really holds; sorted by name.
constexpr std::array<Named, 118> kNamed = {{
    {"AMP", 38},     {"Aacute", 193},  {"Acirc", 194},   {"Agrave", 192}, {"Aring", 197},   {"Atilde", 195},
    {"Auml", 196},   {"Ccedil", 199},  {"Eacute", 201},  {"Ecirc", 202},  {"Egrave", 200},  {"Euml", 203},
    {"GT", 62},      {"Iacute", 205},  {"Icirc", 206},   {"Igrave", 204}, {"Iuml", 207},    {"LT", 60},
    {"Ntilde", 209}, {"Oacute", 211},  {"Ocirc", 212},   {"Ograve", 210}, {"Oslash", 216},  {"Otilde", 213},
    {"Ouml", 214},   {"QUOT", 34},     {"Uacute", 218},  {"Ucirc", 219},  {"Ugrave", 217},  {"Uuml", 220},
    {"aacute", 225}, {"acirc", 226},   {"acute", 180},   {"aelig", 230},  {"agrave", 224},  {"amp", 38},
    {"apos", 39},    {"aring", 229},   {"atilde", 227},  {"auml", 228},   {"bdquo", 8222},  {"bull", 8226},
    {"ccedil", 231}, {"cent", 162},    {"check", 10003}, {"copy", 169},   {"dagger", 8224}, {"darr", 8595},
    {"deg", 176},    {"divide", 247},  {"eacute", 233},  {"ecirc", 234},  {"egrave", 232},  {"emsp", 8195},
    {"ensp", 8194},  {"euml", 235},    {"euro", 8364},   {"frac12", 189}, {"frac14", 188},  {"frac34", 190},
    {"ge", 8805},    {"gt", 62},       {"hArr", 8660},   {"harr", 8596},  {"hellip", 8230}, {"iacute", 237},
    {"icirc", 238},  {"iexcl", 161},   {"igrave", 236},  {"infin", 8734}, {"iquest", 191},  {"iuml", 239},
    {"laquo", 171},  {"larr", 8592},   {"ldquo", 8220},  {"le", 8804},    {"lsaquo", 8249}, {"lsquo", 8216},
    {"lt", 60},      {"mdash", 8212},  {"micro", 181},   {"middot", 183}, {"minus", 8722},  {"nbsp", 160},
    {"ndash", 8211}, {"ne", 8800},     {"not", 172},     {"ntilde", 241}, {"oacute", 243},  {"ocirc", 244},
    {"ograve", 242}, {"oslash", 248},  {"otilde", 245},  {"ouml", 246},   {"para", 182},    {"permil", 8240},
    {"plusmn", 177}, {"pound", 163},   {"quot", 34},     {"raquo", 187},  {"rarr", 8594},   {"rdquo", 8221},
    {"reg", 174},    {"rsaquo", 8250}, {"rsquo", 8217},  {"sbquo", 8218}, {"sect", 167},    {"shy", 173},
    {"szlig", 223},  {"thinsp", 8201}, {"times", 215},   {"trade", 8482}, {"uacute", 250},  {"ucirc", 251},
    {"ugrave", 249}, {"uuml", 252},    {"yen", 165},     {"zwnj", 8204},
}};
static_assert(std::ranges::is_sorted(kNamed, {}, &Named::name));

void append_utf8(std::string& out, std::uint32_t code) {
  const auto octet = [&](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80U) {
    octet(code);
  } else if (code < 0x800U) {
    octet(0xC0U | (code >> 6U));
    octet(0x80U | (code & 0x3FU));
  } else if (code < 0x10000U) {
    octet(0xE0U | (code >> 12U));
    octet(0x80U | ((code >> 6U) & 0x3FU));
    octet(0x80U | (code & 0x3FU));
  } else {
    octet(0xF0U | (code >> 18U));
    octet(0x80U | ((code >> 12U) & 0x3FU));
    octet(0x80U | ((code >> 6U) & 0x3FU));
    octet(0x80U | (code & 0x3FU));
  }
}

int digit_of(char c, unsigned base) {
  int value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  return value >= 0 && static_cast<unsigned>(value) < base ? value : -1;
}

std::size_t append_numeric(std::string_view text, std::size_t at, std::string& out) {
  std::size_t next = at + 2;
  const bool hexadecimal = next < text.size() && (text[next] == 'x' || text[next] == 'X');
  const unsigned base = hexadecimal ? 16 : 10;
  if (hexadecimal) ++next;
  const std::size_t first = next;
  std::uint32_t code = 0;
  while (next < text.size() && digit_of(text[next], base) >= 0) {
    code = std::min<std::uint32_t>(0x110000U, code * base + static_cast<std::uint32_t>(digit_of(text[next], base)));
    ++next;
  }
  if (next == first) {
    out += '&';
    return 1;
  }
  if (next < text.size() && text[next] == ';') ++next;
  const bool is_text = code != 0 && code < 0x110000U && (code < 0xD800U || code > 0xDFFFU);
  append_utf8(out, is_text ? code : 0xFFFDU);
  return next - at;
}

}  // namespace

std::size_t append_entity(std::string_view text, std::size_t at, std::string& out) {
  if (at + 1 < text.size() && text[at + 1] == '#') return append_numeric(text, at, out);
  constexpr std::size_t kLongest = 8;
  std::size_t next = at + 1;
  while (next < text.size() && next - at <= kLongest &&
         ((text[next] >= 'a' && text[next] <= 'z') || (text[next] >= 'A' && text[next] <= 'Z') ||
          (text[next] >= '0' && text[next] <= '9'))) {
    ++next;
  }
  const std::string_view name = text.substr(at + 1, next - at - 1);
  const auto found = std::ranges::lower_bound(kNamed, name, {}, &Named::name);
  if (found == kNamed.end() || found->name != name) {
    out += '&';
    return 1;
  }
  if (next < text.size() && text[next] == ';') ++next;
  append_utf8(out, found->code);
  return next - at;
}

}  // namespace mimeseal::mail
