// SPDX-License-Identifier: MIT
#include "mime/charset.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/header.h"

namespace mimeseal::mime {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Alias {
  std::string_view name;
  std::string_view iconv_name;
};

// What iconv may be asked for. A closed list: iconv knows hundreds, some of them (ISO-2022-CN-EXT, ISO-2022-JP-3,
// IBM's host code pages) are used by nobody in mail but have had memory and endless-loop faults.
constexpr auto kAliases = std::to_array<Alias>({
    {"iso-8859-1", "ISO-8859-1"},
    {"iso8859-1", "ISO-8859-1"},
    {"iso_8859-1", "ISO-8859-1"},
    {"iso_8859-1:1987", "ISO-8859-1"},
    {"latin1", "ISO-8859-1"},
    {"latin-1", "ISO-8859-1"},
    {"l1", "ISO-8859-1"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso8859-2", "ISO-8859-2"},
    {"latin2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"latin5", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "ISO-8859-11"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso8859-15", "ISO-8859-15"},
    {"latin9", "ISO-8859-15"},
    {"latin-9", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "CP1250"},
    {"cp1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"cp1251", "CP1251"},
    {"windows-1252", "CP1252"},
    {"cp1252", "CP1252"},
    {"cp-1252", "CP1252"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},
    {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},
    {"windows-874", "CP874"},
    {"cp874", "CP874"},
    {"tis-620", "TIS-620"},
    {"koi8-r", "KOI8-R"},
    {"koi8r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"koi8-ru", "KOI8-U"},
    {"cp866", "CP866"},
    {"ibm866", "CP866"},
    {"cp437", "CP437"},
    {"ibm437", "CP437"},
    {"cp850", "CP850"},
    {"ibm850", "CP850"},
    {"cp852", "CP852"},
    {"ibm852", "CP852"},
    {"macintosh", "MACINTOSH"},
    {"x-mac-roman", "MACINTOSH"},
    {"gb2312", "GBK"},  // its superset: what senders mean by it
    {"gb_2312-80", "GBK"},
    {"gbk", "GBK"},
    {"cp936", "GBK"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"cp950", "BIG5"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"euc-tw", "EUC-TW"},
    {"euc-jp", "EUC-JP"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"iso-2022-jp-1", "ISO-2022-JP-1"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"cp932", "CP932"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"cp949", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"utf-7", "UTF-7"},
    {"utf-16be", "UTF-16BE"},
    {"utf-16le", "UTF-16LE"},
    {"utf-32be", "UTF-32BE"},
    {"utf-32le", "UTF-32LE"},
});

[[nodiscard]] bool is_ascii_name(std::string_view name) noexcept {
  return name == "us-ascii" || name == "ascii" || name == "ansi_x3.4-1968" || name == "iso646-us";
}

[[nodiscard]] bool is_utf8_name(std::string_view name) noexcept {
  return name == "utf-8" || name == "utf8" || name == "unicode-1-1-utf-8";
}

Converted from_ascii(std::string_view octets) {
  Converted result;
  if (is_ascii(octets)) {
    result.utf8 = octets;
    return result;
  }
  result.ill_formed = true;
  for (const char c : octets) {
    if (static_cast<unsigned char>(c) < 0x80) {
      result.utf8 += c;
    } else {
      result.utf8 += kReplacement;
    }
  }
  return result;
}

/// Whether the octets end within a character that was well-formed so far.
[[nodiscard]] bool ends_within_utf8(std::string_view octets) {
  for (std::size_t back = 1; back <= 3 && back <= octets.size(); ++back) {
    const auto lead = static_cast<unsigned char>(octets[octets.size() - back]);
    if ((lead & 0xC0U) == 0x80U) continue;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    return length > back && is_utf8(octets.substr(0, octets.size() - back));
  }
  return false;
}

Converted from_utf8(std::string_view octets) {
  if (octets.starts_with("\xEF\xBB\xBF")) octets.remove_prefix(3);
  Converted result;
  if (is_utf8(octets)) {
    result.utf8 = octets;
  } else {
    result.cut_short = ends_within_utf8(octets);
    result.ill_formed = !result.cut_short;
    result.utf8 = to_valid_utf8(octets);
  }
  return result;
}

Converted run(iconv_t converter, std::string_view octets) {
  Converted result;
  iconv(converter, nullptr, nullptr, nullptr, nullptr);
  // iconv's signature lacks the const; it does not write through its input.
  char* in = const_cast<char*>(octets.data());
  std::size_t left = octets.size();
  std::array<char, 8192> buffer{};
  while (left > 0) {
    char* out = buffer.data();
    std::size_t room = buffer.size();
    const bool failed = iconv(converter, &in, &left, &out, &room) == static_cast<std::size_t>(-1);
    const int reason = errno;
    result.utf8.append(buffer.data(), buffer.size() - room);
    if (!failed) break;
    if (reason == E2BIG) continue;
    result.utf8 += kReplacement;
    if (reason == EINVAL) {
      result.cut_short = true;
      break;
    }
    result.ill_formed = true;
    ++in;
    --left;
  }
  char* out = buffer.data();
  std::size_t room = buffer.size();
  iconv(converter, nullptr, nullptr, &out, &room);  // what a stateful charset still holds back
  result.utf8.append(buffer.data(), buffer.size() - room);
  if (!is_utf8(result.utf8)) {
    result.utf8 = to_valid_utf8(result.utf8);
    result.ill_formed = true;
  }
  return result;
}

}  // namespace

bool hides_ascii(std::string_view charset) {
  const std::string name = ascii_lower(trim(charset));
  return name == "utf-7" || name.starts_with("utf-16") || name.starts_with("utf-32");
}

CharsetReader::~CharsetReader() {
  for (const auto& [name, converter] : open_)
    iconv_close(converter);
}

iconv_t CharsetReader::converter(std::string_view iconv_name) {
  for (const auto& [name, converter] : open_) {
    if (name == iconv_name) return converter;
  }
  open_.reserve(open_.size() + 1);
  iconv_t opened = iconv_open("UTF-8", std::string(iconv_name).c_str());
  // A system without that converter treats the charset as unknown.
  if (opened != reinterpret_cast<iconv_t>(-1)) open_.emplace_back(iconv_name, opened);
  return opened;
}

std::optional<Converted> CharsetReader::to_utf8(std::string_view octets, std::string_view charset) {
  const std::string name = ascii_lower(trim(charset));
  if (is_utf8_name(name)) return from_utf8(octets);
  if (is_ascii_name(name)) return from_ascii(octets);

  std::string_view iconv_name;
  if (name == "utf-16" || name == "utf-32") {
    // iconv would take the machine's own order; without a mark it is big-endian (RFC 2781, section 4.3).
    const bool wide = name == "utf-32";
    const std::string_view little_mark = wide ? std::string_view("\xFF\xFE\0\0", 4) : std::string_view("\xFF\xFE", 2);
    const std::string_view big_mark = wide ? std::string_view("\0\0\xFE\xFF", 4) : std::string_view("\xFE\xFF", 2);
    const bool little = octets.starts_with(little_mark);
    if (little || octets.starts_with(big_mark)) octets.remove_prefix(big_mark.size());
    iconv_name = wide ? (little ? "UTF-32LE" : "UTF-32BE") : (little ? "UTF-16LE" : "UTF-16BE");
  } else {
    const auto* const alias =
        std::find_if(kAliases.begin(), kAliases.end(), [&](const Alias& a) { return a.name == name; });
    if (alias == kAliases.end()) return std::nullopt;
    iconv_name = alias->iconv_name;
  }
  iconv_t opened = converter(iconv_name);
  if (opened == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  return run(opened, octets);
}

}  // namespace mimeseal::mime

namespace mimeseal {

std::optional<std::string> charset_to_utf8(std::string_view octets, std::string_view charset) {
  mime::CharsetReader reader;
  std::optional<mime::Converted> converted = reader.to_utf8(octets, charset);
  if (!converted) return std::nullopt;
  return std::move(converted->utf8);
}

}  // namespace mimeseal
