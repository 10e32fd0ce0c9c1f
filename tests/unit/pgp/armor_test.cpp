// SPDX-License-Identifier: MIT
#include "pgp/armor.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace mimeseal::pgp {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Read {
  std::string octets;
  std::string fault;
  ArmorType type = ArmorType::none;
  bool found = false;
};

/// Gives out at most `step` octets at a time.
class Slowly final : public Source {
 public:
  Slowly(std::string_view text, std::size_t step) : text_(text), step_(step) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = std::min({into.size(), step_, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, into.data());
    at_ += count;
    return count;
  }
  void rewind() override { at_ = 0; }
  std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string_view text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

Read dearmor(std::string_view text, std::size_t step = 4096) {
  Slowly source(text, step);
  Dearmor binary(source);
  Read read;
  read.octets = read_all(binary);
  read.fault = binary.fault();
  read.type = binary.type();
  read.found = binary.found();
  return read;
}

std::string octets(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text.push_back(static_cast<char>(i * 31 + i / 7));
  return text;
}

TEST(Armor, GoesThereAndBackInAnyPieces) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text = octets(size);
    const std::string armored = armor(text, "PGP MESSAGE");
    EXPECT_THAT(armored, StartsWith("-----BEGIN PGP MESSAGE-----\r\n\r\n"));
    EXPECT_TRUE(armored.ends_with("\r\n-----END PGP MESSAGE-----\r\n"));
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{64}, std::size_t{4096}}) {
      const Read read = dearmor(armored, step);
      EXPECT_EQ(read.octets, text);
      EXPECT_EQ(read.fault, "") << size << " " << step;
      EXPECT_EQ(read.type, ArmorType::message);
    }
  }
}

TEST(Armor, SameWhateverPiecesItIsWrittenIn) {
  const std::string text = octets(1000);
  for (const std::size_t step : {std::size_t{1}, std::size_t{47}, std::size_t{48}, std::size_t{49}, std::size_t{333}}) {
    StringSink out;
    ArmorSink sink(out, "PGP MESSAGE");
    for (std::size_t i = 0; i < text.size(); i += step)
      sink.write(std::string_view(text).substr(i, step));
    sink.finish();
    EXPECT_EQ(out.str(), armor(text, "PGP MESSAGE"));
  }
}

TEST(Armor, CrcIsTheRfcs) {
  // RFC 9580, appendix A.2: the same signature without and with a checksum computed elsewhere ("=2Nzb" and the like are
  // read in the interop tests); the empty message has the initial value.
  EXPECT_THAT(armor("", "PGP MESSAGE"), HasSubstr("=twTO"));
}

TEST(Armor, BinaryPassesThrough) {
  const Read read = dearmor("\xC1\x02xy");
  EXPECT_EQ(read.octets, "\xC1\x02xy");
  EXPECT_EQ(read.type, ArmorType::none);
  EXPECT_TRUE(read.found);
}

TEST(Armor, HeadersTextBeforeAndWhiteSpaceAreNoMatter) {
  const Read read = dearmor(
      "Some words\r\n\r\n-----BEGIN PGP SIGNATURE-----  \nVersion: 1\nComment: x\n \t\nAAEC\nAwQF \r\n=WprE\n-----END "
      "PGP SIGNATURE-----\n\n-- \nfooter\n");
  EXPECT_EQ(read.octets, std::string("\0\1\2\3\4\5", 6));
  EXPECT_EQ(read.type, ArmorType::signature);
  EXPECT_EQ(dearmor("-----BEGIN PGP SIGNATURE-----\n\nAAEC\n-----END PGP SIGNATURE-----").fault, "");
}

TEST(Armor, FaultsAreSaid) {
  const std::string good = armor(octets(100), "PGP MESSAGE");
  const auto fault = [](std::string text) { return dearmor(text).fault; };
  EXPECT_THAT(fault(good + good), HasSubstr("more than one"));
  EXPECT_THAT(fault(good.substr(0, 80)), HasSubstr("cut off"));
  EXPECT_THAT(fault(good.substr(0, good.size() - 10)), HasSubstr("end as it began"));
  std::string other = good;
  other[40] = other[40] == 'A' ? 'B' : 'A';
  EXPECT_THAT(fault(other), HasSubstr("checksum"));
  other = good;
  other[40] = '!';
  EXPECT_THAT(fault(other), HasSubstr("base64"));
  EXPECT_THAT(fault("-----BEGIN PGP MESSAGE-----\nno header\n\nAAEC\n-----END PGP MESSAGE-----\n"),
              HasSubstr("no header"));
  EXPECT_THAT(fault("-----BEGIN PGP MESSAGE-----\n\nAAF=\n-----END PGP MESSAGE-----\n"), HasSubstr("stray bits"));
  EXPECT_THAT(fault("-----BEGIN PGP MESSAGE-----\n\nAA==AAEC\n-----END PGP MESSAGE-----\n"), HasSubstr("padding"));
  EXPECT_THAT(fault("-----BEGIN PGP MESSAGE-----\n\nAAECA\n-----END PGP MESSAGE-----\n"), HasSubstr("cut off"));
}

TEST(Armor, NoOpenPgp_IsNotFound) {
  for (const char* text : {"", "hello\n", "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n"}) {
    EXPECT_FALSE(dearmor(text).found) << text;
  }
}

TEST(Armor, ClearsignedText_IsNotDecoded) {
  const Read read = dearmor(
      "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\ntext\n-----BEGIN PGP SIGNATURE-----\n\nAAEC\n-----END PGP "
      "SIGNATURE-----\n");
  EXPECT_EQ(read.type, ArmorType::cleartext);
  EXPECT_EQ(read.octets, "");
}

TEST(Armor, RewindStartsAnew) {
  const std::string text = octets(500);
  const auto source = view_source(text);
  const std::string armored = armor(text, "PGP MESSAGE");
  const auto from = view_source(armored);
  Dearmor binary(*from);
  std::array<char, 100> some;
  EXPECT_NE(binary.read(some), 0U);
  binary.rewind();
  EXPECT_EQ(read_all(binary), text);
  EXPECT_EQ(binary.fault(), "");
}

}  // namespace
}  // namespace mimeseal::pgp
