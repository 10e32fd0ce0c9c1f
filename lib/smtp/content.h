// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "mimeseal/core/source.h"
#include "smtp/connection.h"
#include "smtp/message.h"
#include "smtp/transaction.h"

namespace mimeseal::smtp {

/// Sends the content of one transaction: by DATA in one go, or chunk after chunk by BDAT (RFC 3030). The last octet
/// leaves only when the message had exactly the size that was announced.
class Content {
 public:
  static constexpr std::uint64_t kChunk = 1U << 20U;

  Content(Source& message, const MessageFacts& facts, bool chunking, Connection::Milliseconds patience);

  /// As much as can be sent before a reply has to be read. Throws Error(io) when the message has changed, else as
  /// Connection::send().
  void send(Connection& connection, Transaction& transaction);

 private:
  void send_data(Connection& connection);
  /// False when more chunks follow.
  bool send_chunk(Connection& connection);
  std::size_t read(std::span<char> into);
  void demand_end();

  Source& message_;
  std::uint64_t left_;
  bool chunking_;
  Connection::Milliseconds patience_;
};

}  // namespace mimeseal::smtp
