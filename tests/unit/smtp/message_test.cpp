// SPDX-License-Identifier: MIT
#include "smtp/message.h"

#include <gtest/gtest.h>

#include <random>

#include "mimeseal/core/error.h"
#include "smtp/command.h"

namespace mimeseal::smtp {
namespace {

std::string stuffed(std::string_view message, std::size_t step) {
  DotStuffer stuffer;
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += step)
    stuffer.stuff(message.substr(at, step), out);
  stuffer.finish(out);
  return out;
}

/// What a server makes of it (RFC 5321, section 4.5.2), line by line.
std::string unstuffed(std::string_view wire) {
  std::string message;
  while (true) {
    const std::size_t end = wire.find("\r\n");
    if (end == std::string_view::npos) return "no final dot";
    std::string_view line = wire.substr(0, end);
    wire.remove_prefix(end + 2);
    if (line == ".") return wire.empty() ? message : "octets behind the final dot";
    if (line.starts_with('.')) line.remove_prefix(1);
    message += std::string(line) + "\r\n";
  }
}

TEST(DotStuffing, ServerGetsBackWhatWasSentHoweverItIsCut) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same cases every time
  for (int round = 0; round < 2000; ++round) {
    std::string message;
    for (auto lines = random() % 12; lines > 0; --lines) {
      for (auto length = random() % 5; length > 0; --length)
        message += ".a"[random() % 2];
      message += "\r\n";
    }
    const std::size_t step = 1 + random() % 9;
    EXPECT_EQ(unstuffed(stuffed(message, step)), message) << step;
    EXPECT_EQ(stuffed(message, step), stuffed(message, SIZE_MAX));
  }
  EXPECT_EQ(stuffed("", 1), ".\r\n");
  EXPECT_EQ(stuffed("no end", 2), "no end\r\n.\r\n");
  EXPECT_EQ(stuffed(".\r\n..\r\n", 1), "..\r\n...\r\n.\r\n");
}

class Pieces final : public Source {
 public:
  Pieces(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t size = std::min({into.size(), step_, text_.size() - at_});
    text_.copy(into.data(), size, at_);
    at_ += size;
    return size;
  }
  void rewind() override { at_ = 0; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

TEST(Examine, FindsWhatATransactionMustKnow) {
  const std::string header = "Subject: x\r\n\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{100}, std::size_t{100000}}) {
    Pieces plain(header + "body\r\n", step);
    EXPECT_EQ(examine(plain), (MessageFacts{header.size() + 6, 10, false, false}));
    Pieces body(header + "\xC3\xBC\r\n", step);
    EXPECT_EQ(examine(body), (MessageFacts{header.size() + 4, 10, true, false}));
    Pieces top("Subject: \xC3\xBC\r\n\r\n", step);
    EXPECT_EQ(examine(top), (MessageFacts{15, 11, true, true}));
    Pieces longest(header + std::string(5000, 'x') + "\r\n", step);
    EXPECT_EQ(examine(longest).longest_line, 5000U);
    Pieces open(header + "no end", step);
    EXPECT_EQ(examine(open).size, header.size() + 6);
    for (const std::string bad : {"a\nb\r\n", "a\rb\r\n", "a\r", "a\r\n\n", "\n", "a\r\r\n", "a\r\n.\n"}) {
      Pieces broken(header + bad, step);
      EXPECT_THROW((void)examine(broken), Error) << bad;
    }
    Pieces nul(header + std::string(1, '\0') + "\r\n", step);
    EXPECT_THROW((void)examine(nul), Error);
  }
}

TEST(Commands, XtextIsThatOfRfc3461) {
  EXPECT_EQ(xtext("a+b=c d~\x7F\xC3"), "a+2Bb+3Dc+20d~+7F+C3");
  EXPECT_EQ(xtext(""), "");
}

TEST(Commands, NullPathAndLabels) {
  Envelope envelope = make_envelope("", {"a@b\xC3\xBC"
                                         "cher.example"});
  Offers offers;
  offers.size = offers.eight_bit = true;
  EXPECT_EQ(mail_command(envelope, {5, 1, true, false}, offers), "MAIL FROM:<> SIZE=5 BODY=8BITMIME\r\n");
  EXPECT_EQ(rcpt_command(envelope, 0), "RCPT TO:<a@xn--bcher-kva.example>\r\n");
  envelope.recipients[0] = "a@example.org\r\nDATA";
  EXPECT_THROW((void)rcpt_command(envelope, 0), Error);
  EXPECT_THROW(demand_sound(envelope), Error);
}

}  // namespace
}  // namespace mimeseal::smtp
