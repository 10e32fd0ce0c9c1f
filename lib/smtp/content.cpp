// SPDX-License-Identifier: MIT
#include "smtp/content.h"

#include <algorithm>
#include <vector>

#include "mimeseal/core/error.h"

namespace mimeseal::smtp {
namespace {

constexpr std::size_t kBlock = 65536;

[[noreturn]] void changed() {
  throw Error(Errc::io, "the message changed while it was sent", {}, "nobody got it: its last octet was held back");
}

}  // namespace

Content::Content(Source& message, const MessageFacts& facts, bool chunking, Connection::Milliseconds patience)
    : message_(message), left_(facts.size), chunking_(chunking), patience_(patience) {
  message_.rewind();
}

void Content::send(Connection& connection, Transaction& transaction) {
  if (!chunking_) {
    send_data(connection);
    transaction.content_sent();
    return;
  }
  while (transaction.next() == Transaction::Step::content) {
    if (send_chunk(connection)) {
      transaction.content_sent();
      return;
    }
    transaction.chunk_sent();
    // What has been answered meanwhile: a refusal saves the rest of the way.
    while (transaction.next() == Transaction::Step::content) {
      const auto reply = connection.receive_now();
      if (!reply) break;
      transaction.take(*reply);
    }
    if (transaction.content_refused()) transaction.stop_content();
  }
}

void Content::send_data(Connection& connection) {
  DotStuffer stuffer;
  std::vector<char> block(static_cast<std::size_t>(std::min<std::uint64_t>(left_, kBlock)));
  std::string out;
  while (left_ != 0) {
    out.clear();
    stuffer.stuff({block.data(), read(block)}, out);
    if (left_ != 0) connection.send(out, patience_);
  }
  demand_end();
  stuffer.finish(out);
  connection.send(out, patience_);
}

bool Content::send_chunk(Connection& connection) {
  const std::uint64_t size = std::min(left_, kChunk);
  const bool last = size == left_;
  std::string out = "BDAT " + std::to_string(size) + (last ? " LAST\r\n" : "\r\n");
  std::uint64_t chunk_left = size;
  do {
    const std::size_t header = out.size();
    out.resize(header + static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left, kBlock)));
    const std::size_t got = read({out.data() + header, out.size() - header});
    out.resize(header + got);
    chunk_left -= got;
    if (chunk_left == 0 && last) demand_end();
    connection.send(out, patience_);
    out.clear();
  } while (chunk_left != 0);
  return last;
}

std::size_t Content::read(std::span<char> into) {
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_)));
  std::size_t filled = 0;
  while (filled < into.size()) {
    const std::size_t got = message_.read(into.subspan(filled));
    if (got == 0) changed();
    filled += got;
  }
  left_ -= filled;
  return filled;
}

void Content::demand_end() {
  char one = 0;
  if (message_.read({&one, 1}) != 0) changed();
}

}  // namespace mimeseal::smtp
