// SPDX-License-Identifier: MIT
#pragma once

/// Writing DER (X.690, section 10 and 8.1.3): what the sealing half's CMS structures are made of. Small pieces are
/// built as strings; of the content only headers are built, and its octets stream past.

#include <openssl/asn1.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/clock.h"

namespace mimeseal::smime {

namespace tag {
inline constexpr unsigned char kInteger = 0x02;
inline constexpr unsigned char kBitString = 0x03;
inline constexpr unsigned char kOctetString = 0x04;
inline constexpr unsigned char kUtcTime = 0x17;
inline constexpr unsigned char kGeneralizedTime = 0x18;
inline constexpr unsigned char kSequence = 0x30;
inline constexpr unsigned char kSet = 0x31;
/// [n], primitive (IMPLICIT over a primitive type).
constexpr unsigned char context(unsigned number) {
  return static_cast<unsigned char>(0x80U | number);
}
/// [n], constructed (EXPLICIT, or IMPLICIT over a SEQUENCE or SET).
constexpr unsigned char constructed(unsigned number) {
  return static_cast<unsigned char>(0xA0U | number);
}
}  // namespace tag

/// Identifier and length octets, in the shortest form.
[[nodiscard]] std::string der_header(unsigned char tag, std::uint64_t length);
/// How many octets der_header() takes for that length.
[[nodiscard]] std::uint64_t der_header_size(std::uint64_t length) noexcept;
[[nodiscard]] std::string der(unsigned char tag, std::initializer_list<std::string_view> parts);
[[nodiscard]] std::string der(unsigned char tag, std::string_view content);
[[nodiscard]] std::string der_sequence(std::initializer_list<std::string_view> parts);
/// SET OF: its members in DER's order (X.690, section 11.6), under `tag` when it is IMPLICIT.
[[nodiscard]] std::string der_set_of(std::vector<std::string> members, unsigned char tag = tag::kSet);
[[nodiscard]] std::string der_integer(std::uint64_t value);
[[nodiscard]] std::string der_octet_string(std::string_view octets);
[[nodiscard]] std::string der_bit_string(std::string_view octets);
[[nodiscard]] std::string der_null();
[[nodiscard]] std::string der_oid(int nid);
/// Dotted numbers, for what OpenSSL has no name of.
[[nodiscard]] std::string der_oid(const char* dotted);
/// UTCTime through 2049, GeneralizedTime after (RFC 5652, section 11.3).
[[nodiscard]] std::string der_time(Time time);

}  // namespace mimeseal::smime
