// SPDX-License-Identifier: MIT
#include "pgp/signed_message.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {
namespace {

/// Section 5.4. `last` stands directly before the content.
std::string one_pass(const SignatureHead& head, bool last) {
  const std::string issuer = unhex(head.issuer).value_or("");
  if (head.version != 4 || head.type != 0 || issuer.size() < 8) {
    throw Error(Errc::internal, "gpg made another signature than was asked for");
  }
  std::string body = "\x03";
  for (const int number : {head.type, head.digest, head.public_key})
    body.push_back(static_cast<char>(number));
  body += issuer.substr(issuer.size() - 8);
  body.push_back(last ? '\x01' : '\x00');
  return write_packet(tag::kOnePass, body);
}

}  // namespace

SignedMessage::SignedMessage(Source& content, std::string_view signatures) : content_(content) {
  PacketWalker walker;
  walker.feed(signatures);
  walker.finish();
  const std::vector<Packet>& packets = walker.packets();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const std::optional<SignatureHead> head = read_signature(packets[i].body);
    if (packets[i].tag != tag::kSignature || packets[i].body.size() != packets[i].length || !head) {
      throw Error(Errc::internal, "gpg made no signature", walker.fault());
    }
    before_ += one_pass(*head, i + 1 == packets.size());
    // The innermost comes first after the content.
    after_ = write_packet(tag::kSignature, packets[i].body) + after_;
  }
  before_ += static_cast<char>(0xC0U | static_cast<unsigned>(tag::kLiteral));
  begin();
}

/// Section 5.9: binary, no name, no date. In chunks (section 4.2.1.4), since the size need not be known.
void SignedMessage::begin() {
  constexpr std::array<char, 6> kLiteralHead = {'b', 0, 0, 0, 0, 0};
  std::copy(kLiteralHead.begin(), kLiteralHead.end(), chunk_.begin());
  filled_ = kLiteralHead.size();
  pending_ = before_;
  at_ = 0;
  ended_ = false;
}

void SignedMessage::refill() {
  pending_.clear();
  at_ = 0;
  if (ended_) return;
  while (filled_ < chunk_.size()) {
    const std::size_t got = content_.read(std::span(chunk_).subspan(filled_));
    if (got == 0) break;
    filled_ += got;
  }
  ended_ = filled_ < chunk_.size();
  if (ended_) {
    pending_.push_back('\xFF');
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      pending_.push_back(static_cast<char>((filled_ >> shift) & 0xFFU));
  } else {
    pending_.push_back(static_cast<char>(0xE0U | kChunkBits));
  }
  pending_.append(chunk_.data(), filled_);
  if (ended_) pending_ += after_;
  filled_ = 0;
}

std::size_t SignedMessage::read(std::span<char> into) {
  if (at_ == pending_.size()) refill();
  const std::size_t count = std::min(into.size(), pending_.size() - at_);
  std::memcpy(into.data(), pending_.data() + at_, count);
  at_ += count;
  return count;
}

void SignedMessage::rewind() {
  content_.rewind();
  begin();
}

}  // namespace mimeseal::pgp
