// SPDX-License-Identifier: MIT
#include "smime/der.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "smime/handles.h"

namespace mimeseal::smime {
namespace {

/// The octets of a positive number, big-endian, without leading zeros; none for 0.
std::string big_endian(std::uint64_t value) {
  std::string octets;
  for (; value != 0; value >>= 8U)
    octets.insert(octets.begin(), static_cast<char>(value & 0xFFU));
  return octets;
}

}  // namespace

std::uint64_t der_header_size(std::uint64_t length) noexcept {
  std::uint64_t size = 2;
  if (length >= 0x80) {
    for (; length != 0; length >>= 8U)
      ++size;
  }
  return size;
}

std::string der_header(unsigned char tag, std::uint64_t length) {
  std::string header(1, static_cast<char>(tag));
  if (length < 0x80) return header += static_cast<char>(length);
  const std::string octets = big_endian(length);
  header += static_cast<char>(0x80U | octets.size());
  return header += octets;
}

std::string der(unsigned char tag, std::initializer_list<std::string_view> parts) {
  std::uint64_t length = 0;
  for (const auto part : parts)
    length += part.size();
  std::string out = der_header(tag, length);
  out.reserve(out.size() + length);
  for (const auto part : parts)
    out += part;
  return out;
}

std::string der(unsigned char tag, std::string_view content) {
  return der(tag, {content});
}

std::string der_sequence(std::initializer_list<std::string_view> parts) {
  return der(tag::kSequence, parts);
}

std::string der_set_of(std::vector<std::string> members, unsigned char tag) {
  // char_traits<char>::compare orders as unsigned, which is what DER asks for; a prefix sorts first, as with the
  // padding of zeros that DER imagines.
  std::sort(members.begin(), members.end());
  std::uint64_t length = 0;
  for (const auto& member : members)
    length += member.size();
  std::string out = der_header(tag, length);
  out.reserve(out.size() + length);
  for (const auto& member : members)
    out += member;
  return out;
}

std::string der_integer(std::uint64_t value) {
  std::string octets = big_endian(value);
  if (octets.empty() || (static_cast<unsigned char>(octets.front()) & 0x80U) != 0) octets.insert(octets.begin(), '\0');
  return der(tag::kInteger, octets);
}

std::string der_octet_string(std::string_view octets) {
  return der(tag::kOctetString, octets);
}

std::string der_bit_string(std::string_view octets) {
  return der(tag::kBitString, {std::string_view("\0", 1), octets});
}

std::string der_null() {
  return {"\x05\x00", 2};
}

std::string der_oid(int nid) {
  return to_der(check(OBJ_nid2obj(nid), "looking up an object identifier"), i2d_ASN1_OBJECT);
}

std::string der_oid(const char* dotted) {
  const Asn1ObjectPtr object(check(OBJ_txt2obj(dotted, 1), "making an object identifier"));
  return to_der(object.get(), i2d_ASN1_OBJECT);
}

std::string der_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) throw Error(Errc::usage, "the signing time is outside of what a certificate can hold");
  const bool utc_time = year >= 1950 && year < 2050;
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), utc_time ? "%02d%02u%02u%02d%02d%02dZ" : "%04d%02u%02u%02d%02d%02dZ",
                    utc_time ? year % 100 : year, static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return der(utc_time ? tag::kUtcTime : tag::kGeneralizedTime,
             std::string_view(text.data(), static_cast<std::size_t>(length)));
}

}  // namespace mimeseal::smime
