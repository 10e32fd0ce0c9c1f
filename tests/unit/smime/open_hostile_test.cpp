// SPDX-License-Identifier: MIT
// Input made to hurt: lengths that lie, depth without end, bombs, crowds. A clear answer within limits, in little
// memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "cms_forge.h"
#include "mimeseal/core/error.h"
#include "open_testing.h"
#include "support/smime_pki.h"

namespace mimeseal::test {
namespace {

OpenSpec now() {
  OpenSpec spec;
  spec.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return spec;
}

std::unique_ptr<Engine> ours() {
  return engine({smime_file("rsa.p12")}, {smime_file("root.crt")}, {}, "secret");
}

/// The most memory that this process ever had, in KiB.
long peak() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

constexpr long kLittle = 40L * 1024;

/// The error's kind, or nothing when it could be opened (which then must not be good).
std::optional<Errc> error_of(const std::string& der, const OpenSpec& spec = now()) {
  const auto reader = ours();
  NullSink nowhere;
  try {
    const LayerFacts facts = reader->open(*view_source(der), nowhere, spec);
    EXPECT_NE(facts.result, LayerResult::good) << facts.why;
    EXPECT_NE(facts.result, LayerResult::unauthenticated) << facts.why;
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

std::string nested(const std::string& opening, std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i)
    out += opening;
  return out;
}

/// Octets made while they are read: a prefix, a filler, a suffix.
class MadeSource final : public Source {
 public:
  MadeSource(std::string prefix, std::string filler, std::uint64_t fillers, std::string suffix)
      : prefix_(std::move(prefix)), filler_(std::move(filler)), fillers_(fillers), suffix_(std::move(suffix)) {}

  std::size_t read(std::span<char> into) override {
    const std::uint64_t middle = fillers_ * filler_.size();
    std::size_t done = 0;
    while (done < into.size() && at_ < prefix_.size() + middle + suffix_.size()) {
      std::string_view piece;
      if (at_ < prefix_.size()) {
        piece = std::string_view(prefix_).substr(at_);
      } else if (at_ < prefix_.size() + middle) {
        piece = std::string_view(filler_).substr((at_ - prefix_.size()) % filler_.size());
      } else {
        piece = std::string_view(suffix_).substr(at_ - prefix_.size() - middle);
      }
      const std::size_t count = std::min(piece.size(), into.size() - done);
      std::copy_n(piece.begin(), count, into.begin() + static_cast<std::ptrdiff_t>(done));
      done += count;
      at_ += count;
    }
    return done;
  }
  void rewind() override { at_ = 0; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::string prefix_;
  std::string filler_;
  std::uint64_t fillers_;
  std::string suffix_;
  std::uint64_t at_ = 0;
};

/// A structure cut in two where a long content goes; all of indefinite length.
std::string enveloping_prefix(const char* type, const std::string& before_content) {
  return std::string("\x30\x80", 2) + forge::oid(type) + std::string("\xA0\x80\x30\x80", 4) + before_content;
}

TEST(SmimeHostile, LengthsThatLie_AreMalformed) {
  const std::string oid = forge::oid(forge::kSignedData);
  for (const std::string& start :
       {std::string("\x30\x84\xFF\xFF\xFF\xFF", 6), std::string("\x30\x88\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10),
        std::string("\x30\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00", 11), std::string("\x30\xFF", 2),
        std::string("\x30", 1), std::string("\x3F\xFF\xFF\xFF\xFF\xFF\x01\x01", 8)}) {
    EXPECT_EQ(error_of(start + oid), Errc::malformed) << hex(start);
  }
  // A length inside that is longer than what it stands in; a primitive without length.
  for (const std::string& inside : {std::string("\x30\x84\x7F\xFF\xFF\xFF\x02\x01\x01", 9), std::string("\x04\x80", 2),
                                    std::string("\x30\x03\x02\x01\x01\x00\x00", 7), std::string("\x00\x00", 2)}) {
    EXPECT_EQ(error_of(forge::content_info(forge::kSignedData, inside)), std::nullopt) << hex(inside);
  }
}

TEST(SmimeHostile, DepthWithoutEnd_IsALimit) {
  const std::string head = std::string("\x30\x80", 2) + forge::oid(forge::kSignedData) +
                           std::string("\xA0\x80\x30\x80", 4) + forge::integer(1) + forge::set({}) +
                           std::string("\x30\x80", 2) + forge::oid(forge::kData) + std::string("\xA0\x80", 2);
  for (const std::size_t depth : {1'000U, 1'000'000U}) {
    // An OCTET STRING of pieces of pieces of pieces.
    EXPECT_EQ(error_of(head + nested(std::string("\x24\x80", 2), depth)), Errc::limit);
    // A recipient that never ends.
    EXPECT_EQ(
        error_of(std::string("\x30\x80", 2) + forge::oid(forge::kEnvelopedData) +
                 std::string("\xA0\x80\x30\x80\x02\x01\x00\x31\x80", 9) + nested(std::string("\x30\x80", 2), depth)),
        Errc::limit);
    EXPECT_NE(error_of(nested(std::string("\x30\x80", 2), depth)), std::nullopt);
  }
}

TEST(SmimeHostile, DeepDefiniteStructures_AreNotFollowed) {
  // Of definite length: OpenSSL's templates have to refuse them.
  std::string deep = forge::integer(1);
  for (int i = 0; i < 5000; ++i)
    deep = forge::tlv(0x30, deep);
  EXPECT_EQ(
      error_of(forge::content_info(forge::kEnvelopedData,
                                   forge::sequence({forge::integer(0), forge::tlv(0x31, deep), forge::integer(0)}))),
      std::nullopt);
  EXPECT_EQ(
      error_of(forge::content_info(forge::kSignedData, forge::sequence({forge::integer(1), forge::set({}),
                                                                        forge::sequence({forge::oid(forge::kData)}),
                                                                        forge::tlv(0xA0, deep), forge::set({})}))),
      std::nullopt);
}

TEST(SmimeHostile, EmptyPiecesWithoutNumber_TakeLinearTime) {
  const auto reader = ours();
  MadeSource source(
      enveloping_prefix(forge::kSignedData, forge::integer(1) + forge::set({forge::algorithm(forge::kSha256)}) +
                                                std::string("\x30\x80", 2) + forge::oid(forge::kData) +
                                                std::string("\xA0\x80\x24\x80", 4)),
      std::string("\x04\x00", 2), 20'000'000, std::string(12, '\0'));
  const long before = peak();
  NullSink out;
  EXPECT_EQ(reader->open(source, out, now()).result, LayerResult::bad);
  EXPECT_EQ(out.count(), 0U);
  EXPECT_LT(peak() - before, kLittle);
}

TEST(SmimeHostile, LongContent_NeedsNoMemory) {
  const auto reader = ours();
  constexpr std::uint64_t kChunks = 2000;
  std::string chunk = forge::octets(std::string(100'000, 'm'));
  const std::string signed_head =
      enveloping_prefix(forge::kSignedData, forge::integer(1) + forge::set({forge::algorithm(forge::kSha256)}) +
                                                std::string("\x30\x80", 2) + forge::oid(forge::kData) +
                                                std::string("\xA0\x80\x24\x80", 4));
  MadeSource source(signed_head, chunk, kChunks, std::string(6, '\0') + forge::set({}) + std::string(6, '\0'));
  const long before = peak();
  NullSink out;
  EXPECT_EQ(reader->open(source, out, now()).why, "the signed-data has content, but nobody signed it");
  EXPECT_EQ(out.count(), kChunks * 100'000);
  EXPECT_LT(peak() - before, kLittle);
}

TEST(SmimeHostile, OutputPastTheLimit_IsAnError) {
  const auto reader = ours();
  forge::Signed message;
  OpenSpec spec = now();
  spec.max_output = message.content.size();
  EXPECT_EQ(open(*reader, forge::make(message), spec).facts.signers.at(0).integrity, Integrity::good);
  spec.max_output = message.content.size() - 1;
  EXPECT_EQ(error_of(forge::make(message), spec), Errc::limit);
}

std::string recipient(unsigned serial) {
  return forge::sequence(
      {forge::integer(0),
       forge::sequence(
           {forge::sequence({forge::set({forge::sequence({forge::oid("2.5.4.3"), forge::tlv(0x0C, "Crowd")})})}),
            forge::tlv(0x02,
                       std::string(1, '\x01') + static_cast<char>(serial >> 8U) + static_cast<char>(serial & 0xFFU))}),
       forge::algorithm(forge::kRsa), forge::octets(std::string(256, 'k'))});
}

std::string crowd(unsigned recipients) {
  std::string all;
  for (unsigned i = 0; i < recipients; ++i)
    all += recipient(i);
  const std::string content = forge::sequence(
      {forge::oid(forge::kData), forge::algorithm("2.16.840.1.101.3.4.1.2", forge::octets(std::string(16, 'v'))),
       forge::tlv(0x80, std::string(32, 'c'))});
  return forge::content_info(forge::kEnvelopedData,
                             forge::sequence({forge::integer(0), forge::tlv(0x31, all), content}));
}

TEST(SmimeHostile, TenThousandRecipients_AreListedAndNoMore) {
  const auto reader = ours();
  const std::string der = crowd(10'000);
  const auto begin = std::chrono::steady_clock::now();
  const Opened opened = open(*reader, der, now());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(opened.facts.result, LayerResult::no_key);
  EXPECT_EQ(opened.facts.recipients.size(), 10'000U);
  EXPECT_EQ(opened.facts.recipients.back(), "CN=Crowd/1270f");
  EXPECT_EQ(error_of(crowd(10'001)), Errc::limit);
  OpenSpec few = now();
  few.max_recipients = 3;
  EXPECT_EQ(error_of(crowd(4), few), Errc::limit);
}

TEST(SmimeHostile, CrowdOfSignersOrCertificates_IsALimit) {
  const forge::Signed honest;
  const std::string certificate = forge::certificate(smime_file("rsa.crt"));
  const auto with = [&](const std::string& certificates, const std::string& signers) {
    return forge::content_info(
        forge::kSignedData,
        forge::sequence({forge::integer(1), forge::set({}),
                         forge::sequence({forge::oid(forge::kData), forge::tlv(0xA0, forge::octets("x"))}),
                         forge::tlv(0xA0, certificates), forge::tlv(0x31, signers)}));
  };
  const std::string signer =
      forge::sequence({forge::integer(1), forge::issuer_and_serial(smime_file("rsa.crt")),
                       forge::algorithm(forge::kSha256), forge::algorithm(forge::kRsa), forge::octets("signature")});
  std::string many;
  for (int i = 0; i < 1001; ++i)
    many += certificate;
  EXPECT_EQ(error_of(with(many, signer)), Errc::limit);
  many.clear();
  for (int i = 0; i < 65; ++i)
    many += signer;
  EXPECT_EQ(error_of(with(certificate, many)), Errc::limit);
}

TEST(SmimeHostile, CertificateOfManyMegabytes_IsALimit) {
  const auto reader = ours();
  MadeSource source(std::string("\x30\x80", 2) + forge::oid(forge::kSignedData) + std::string("\xA0\x80\x30\x80", 4) +
                        forge::integer(1) + forge::set({}) + forge::sequence({forge::oid(forge::kData)}) +
                        std::string("\xA0\x80\x30\x84\x7F\x00\x00\x00", 8),
                    std::string(4096, 'c'), 500'000, "");
  NullSink out;
  const long before = peak();
  EXPECT_THROW((void)reader->open(source, out, now()), Error);
  EXPECT_LT(peak() - before, kLittle);
}

/// CompressedData of `megabytes` of zeros, by our own engine.
std::string bomb(std::uint64_t megabytes) {
  MadeSource zeros("", std::string(1U << 20U, '\0'), megabytes, "");
  StringSink out;
  engine({})->compress(zeros, out);
  return out.take();
}

TEST(SmimeHostile, CompressedBomb_IsALimitBeforeItHurts) {
  const std::string der = bomb(200);
  EXPECT_LT(der.size(), 1U << 20U);
  const long before = peak();
  EXPECT_EQ(error_of(der), Errc::limit);
  OpenSpec small = now();
  small.max_output = 1U << 20U;
  EXPECT_EQ(error_of(der, small), Errc::limit);
  EXPECT_LT(peak() - before, kLittle);
}

TEST(SmimeHostile, CompressedContentThatIsDamaged_IsBad) {
  const auto reader = ours();
  const std::string content = "Content-Type: text/plain\r\n\r\nsome text, some text, some text\r\n";
  StringSink out;
  reader->compress(*view_source(content), out);
  const std::string der = out.take();
  ASSERT_EQ(open(*reader, der, now()).facts.result, LayerResult::good);
  std::size_t bad = 0;
  const std::size_t begin = der.find('\x78');  // zlib's first octet
  for (std::size_t i = begin; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const Opened opened = open(*reader, changed, now());
    if (opened.facts.result == LayerResult::bad) {
      ++bad;
    } else {
      EXPECT_EQ(opened.content, content);  // a bit between the last block and the check sum
    }
  }
  EXPECT_GE(bad + 2, der.size() - begin);
}

TEST(SmimeHostile, SomethingBehindTheCompressedContent_IsBad) {
  const auto reader = ours();
  StringSink out;
  reader->compress(*view_source("some text\r\n"), out);
  const std::string der = out.take();
  const std::string packed = der.substr(der.find('\x78'));
  const auto with = [](const std::string& content) {
    return forge::content_info(
        forge::kCompressedData,
        forge::sequence({forge::integer(0), forge::algorithm("1.2.840.113549.1.9.16.3.8"),
                         forge::sequence({forge::oid(forge::kData), forge::tlv(0xA0, forge::octets(content))})}));
  };
  EXPECT_EQ(open(*reader, with(packed), now()).facts.result, LayerResult::good);
  EXPECT_EQ(open(*reader, with(packed + "x"), now()).facts.result, LayerResult::bad);
  EXPECT_EQ(open(*reader, with(packed.substr(0, packed.size() - 1)), now()).facts.result, LayerResult::bad);
}

TEST(SmimeHostile, ThousandNestedLayers_ComeOffOneByOne) {
  const auto reader = ours();
  std::string layers = "the innermost";
  for (int i = 0; i < 1000; ++i) {
    layers = forge::content_info(
        forge::kSignedData,
        forge::sequence({forge::integer(1), forge::set({}),
                         forge::sequence({forge::oid(forge::kData), forge::tlv(0xA0, forge::octets(layers))}),
                         forge::set({})}));
  }
  const Opened opened = open(*reader, layers, now());
  EXPECT_EQ(opened.facts.result, LayerResult::bad);
  EXPECT_EQ(opened.content.substr(0, 2), "\x30\x82");
  EXPECT_LT(layers.size() - opened.content.size(), 64U);
}

}  // namespace
}  // namespace mimeseal::test
