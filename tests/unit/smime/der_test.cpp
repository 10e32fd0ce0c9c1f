// SPDX-License-Identifier: MIT
#include "smime/der.h"

#include <gtest/gtest.h>
#include <openssl/objects.h>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "smime/stream.h"

namespace mimeseal::smime {
namespace {

TEST(Der, LengthsTakeTheShortestForm) {
  EXPECT_EQ(hex(der_header(0x30, 0)), "3000");
  EXPECT_EQ(hex(der_header(0x30, 127)), "307f");
  EXPECT_EQ(hex(der_header(0x30, 128)), "308180");
  EXPECT_EQ(hex(der_header(0x04, 65535)), "0482ffff");
  EXPECT_EQ(hex(der_header(0x04, std::uint64_t{5} << 32U)), "04850500000000");
  for (const std::uint64_t length : {0ULL, 127ULL, 128ULL, 255ULL, 256ULL, 65536ULL, 1ULL << 40U}) {
    EXPECT_EQ(der_header_size(length), der_header(0x30, length).size());
  }
}

TEST(Der, IntegersArePositiveAndMinimal) {
  EXPECT_EQ(hex(der_integer(0)), "020100");
  EXPECT_EQ(hex(der_integer(127)), "02017f");
  EXPECT_EQ(hex(der_integer(128)), "02020080");
  EXPECT_EQ(hex(der_integer(65536)), "0203010000");
}

TEST(Der, SetsAreOrderedByTheirOctets) {
  const std::string low = der_octet_string("a");
  const std::string high = der_octet_string("\xFF");
  EXPECT_EQ(der_set_of({high, low}), der_set_of({low, high}));
  EXPECT_EQ(hex(der_set_of({high, low})),
            "3106040161"
            "0401ff");
}

TEST(Der, ObjectIdentifiersByNidAndByNumbers) {
  EXPECT_EQ(hex(der_oid(NID_pkcs7_data)), "06092a864886f70d010701");
  EXPECT_EQ(hex(der_oid("1.2.840.113549.1.9.52")), "06092a864886f70d010934");
}

TEST(Der, TimesAreUtcTimeUntil2049) {
  const auto at = [](std::string_view text) { return hex(der_time(*parse_rfc3339(text))); };
  EXPECT_EQ(at("2026-11-22T12:34:56Z"), "170d" + hex("261122123456Z"));
  EXPECT_EQ(at("1969-12-31T23:59:59Z"), "170d" + hex("691231235959Z"));
  EXPECT_EQ(at("2050-01-01T00:00:00Z"), "180f" + hex("20500101000000Z"));
  EXPECT_EQ(at("1949-12-31T00:00:00Z"), "180f" + hex("19491231000000Z"));
}

TEST(NestedHeaders, WrapTheContentExactly) {
  for (const std::uint64_t size : {0U, 1U, 120U, 127U, 128U, 250U, 70'000U}) {
    const NestedHeaders headers({{tag::kSequence, "A", "Z"}, {tag::kSequence, "B", ""}, {tag::kOctetString, "", ""}},
                                size);
    const std::string content(size, 'x');
    const std::string inner = der(tag::kSequence, {"B", der_octet_string(content)});
    EXPECT_EQ(headers.before() + content + headers.after(), der(tag::kSequence, {"A", inner, "Z"})) << size;
  }
}

}  // namespace
}  // namespace mimeseal::smime
