// SPDX-License-Identifier: MIT
#include "pgp/packets.h"

#include <gmock/gmock.h>

#include "mimeseal/core/text.h"

namespace mimeseal::pgp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string octets(std::string_view digits) {
  return unhex(digits).value();
}

PacketWalker walk(std::string_view stream, std::size_t step = 4096) {
  PacketWalker walker;
  for (std::size_t i = 0; i < stream.size(); i += step)
    walker.feed(stream.substr(i, step));
  walker.finish();
  return walker;
}

std::string fault(std::string_view stream) {
  return walk(stream).fault();
}

TEST(Packets, EveryFormOfLength_IsRead) {
  for (const std::size_t size : {0U, 1U, 191U, 192U, 8383U, 8384U, 70'000U}) {
    const std::string body(size, 'b');
    const std::string stream = write_packet(tag::kUserId, body) + write_packet(tag::kMarker, "PGP");
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, std::size_t{100'000}}) {
      const PacketWalker walker = walk(stream, step);
      EXPECT_EQ(walker.fault(), "");
      ASSERT_EQ(walker.packets().size(), 2U);
      EXPECT_EQ(walker.packets()[0].length, size);
      EXPECT_TRUE(walker.packets()[0].complete);
    }
  }
  const PacketWalker old =
      walk(octets("b4024142") + octets("b5000141") + octets("b60000000141") + octets("a741424344"));
  EXPECT_EQ(old.fault(), "");
  ASSERT_EQ(old.packets().size(), 4U);
  EXPECT_EQ(old.packets()[0].body, "AB");
  EXPECT_EQ(old.packets()[3].tag, tag::kEncryptedNoMdc);
  EXPECT_EQ(old.packets()[3].body, "ABCD");
  EXPECT_TRUE(old.packets()[3].complete);
}

TEST(Packets, PartialLengths_MakeOnePacket) {
  const std::string part(512, 'x');
  const std::string stream =
      octets("d2e9") + part + octets("e9") + part + octets("03") + "end" + write_packet(tag::kMarker, "PGP");
  for (const std::size_t step : {std::size_t{1}, std::size_t{511}, std::size_t{4096}}) {
    const PacketWalker walker = walk(stream, step);
    EXPECT_EQ(walker.fault(), "");
    ASSERT_EQ(walker.packets().size(), 2U);
    EXPECT_EQ(walker.packets()[0].length, 1027U);
    EXPECT_TRUE(walker.packets()[0].complete);
  }
}

TEST(Packets, BrokenFraming_IsSaid) {
  EXPECT_THAT(fault("plain text"), HasSubstr("no OpenPGP packet"));
  EXPECT_THAT(fault(octets("c0")), HasSubstr("cut off"));
  EXPECT_THAT(fault(octets("c005414243")), HasSubstr("reserved"));
  EXPECT_THAT(fault(octets("cd05414243")), HasSubstr("cut off"));
  EXPECT_THAT(fault(octets("cdff0000")), HasSubstr("cut off"));
  EXPECT_THAT(fault(octets("cde9") + std::string(512, 'x') + octets("00")), HasSubstr("partial length"));
  EXPECT_THAT(fault(octets("d2e1") + "xx" + octets("00")), HasSubstr("partial length"));
  EXPECT_THAT(fault(octets("b7414243")), HasSubstr("no length"));
  EXPECT_THAT(fault(octets("d2e9") + std::string(512, 'x')), HasSubstr("cut off"));
}

TEST(Packets, ManyPackets_AreALimit) {
  std::string stream;
  for (int i = 0; i < 30'000; ++i)
    stream += octets("ca00");
  const PacketWalker walker = walk(stream);
  EXPECT_TRUE(walker.too_many());
  EXPECT_LE(walker.packets().size(), 20'000U);
  std::string large;
  for (int i = 0; i < 400; ++i)
    large += write_packet(tag::kUserId, std::string(65'536, 'x'));
  EXPECT_TRUE(walk(large).too_many());
}

TEST(Packets, OutlineTellsTheShape) {
  const std::string pkesk = write_packet(tag::kPkesk, octets("0301020304050607080100080f"));
  const std::string data = write_packet(tag::kEncrypted, octets("01aabbccdd"));
  const std::string literal = write_packet(tag::kLiteral, octets("62000000000041"));
  const std::string one_pass = write_packet(tag::kOnePass, octets("03000801010203040506070801"));
  const std::string signature = write_packet(tag::kSignature, octets("0400010800000000abcd00"));
  const auto shape = [](const std::string& stream) { return outline(walk(stream).packets(), true); };
  EXPECT_EQ(shape(pkesk + data).shape, Shape::encrypted);
  EXPECT_THAT(shape(pkesk + data).session_keys.at(0).recipient, "0102030405060708");
  EXPECT_EQ(shape(write_packet(tag::kMarker, "PGP") + pkesk + data).shape, Shape::encrypted);
  EXPECT_EQ(shape(one_pass + literal + signature).shape, Shape::signed_message);
  EXPECT_EQ(shape(signature + literal).shape, Shape::signed_message);
  EXPECT_EQ(shape(signature + signature).shape, Shape::signatures);
  EXPECT_EQ(shape(literal).shape, Shape::unprotected);
  for (const std::string& odd :
       {pkesk, pkesk + literal, pkesk + data + literal, pkesk + data + data, one_pass + literal, literal + signature,
        one_pass + literal + signature + literal, one_pass + signature, data + pkesk, std::string()}) {
    EXPECT_EQ(shape(odd).shape, Shape::broken) << hex(odd);
  }
  EXPECT_THAT(shape(pkesk + write_packet(tag::kEncrypted, octets("0209"))).unsupported, HasSubstr("AEAD"));
  EXPECT_THAT(shape(write_packet(tag::kPkesk, octets("06")) + data).unsupported, HasSubstr("version 6"));
  EXPECT_THAT(shape(write_packet(tag::kSkesk, octets("040704")) + data).unsupported, HasSubstr("Argon2"));
}

TEST(Packets, SignatureHeads_AreRead) {
  EXPECT_FALSE(read_signature(""));
  EXPECT_FALSE(read_signature(octets("0400")));
  EXPECT_FALSE(read_signature(octets("04001608000a0501")));
  // RFC 9580, appendix A.2.
  const auto head = read_signature(octets("040016080006050255f95f95000a09108cfde12197965a9af622"));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->version, 4);
  EXPECT_EQ(head->public_key, 22);
  EXPECT_EQ(head->digest, 8);
  EXPECT_EQ(head->issuer, "8cfde12197965a9a");
  EXPECT_EQ(head->created, parse_rfc3339("2015-09-16T12:24:53Z"));
  const auto v3 = read_signature(octets("03050055f95f958cfde12197965a9a0102abcd"));
  ASSERT_TRUE(v3);
  EXPECT_EQ(v3->issuer, "8cfde12197965a9a");
  EXPECT_EQ(v3->digest, 2);
}

TEST(Packets, AddressesOfUserIds) {
  EXPECT_EQ(address_of("Alice <alice@a.example>"), "alice@a.example");
  EXPECT_EQ(address_of("alice@a.example"), "alice@a.example");
  EXPECT_EQ(address_of("<Alice@A.example>"), "Alice@A.example");
  EXPECT_EQ(address_of("eve@e.example <alice@a.example>"), "alice@a.example");
  for (const char* none : {"", "Alice", "Alice <>", "Alice <alice>", "Alice <a@b", "a b@c", "<a@b\nc>"})
    EXPECT_EQ(address_of(none), "") << none;
}

TEST(Packets, OneUserIdIsKept) {
  const std::string key = write_packet(tag::kPublicKey, "key");
  const std::string a = write_packet(tag::kUserId, "A <a@x.example>") + write_packet(tag::kSignature, "sig a");
  const std::string b = write_packet(tag::kUserId, "B <b@x.example>") + write_packet(tag::kSignature, "sig b");
  const std::string photo = write_packet(tag::kUserAttribute, "jpeg") + write_packet(tag::kSignature, "sig photo");
  const std::string sub = write_packet(tag::kPublicSubkey, "sub") + write_packet(tag::kSignature, "sig sub");
  EXPECT_EQ(keep_user_id(key + a + photo + b + sub, "B@x.example"), key + b + sub);
  EXPECT_EQ(keep_user_id(key + a + sub, "c@x.example"), std::nullopt);
  EXPECT_EQ(keep_user_id("rubbish", "a@x.example"), std::nullopt);
}

}  // namespace
}  // namespace mimeseal::pgp
