// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "mimeseal/send/sender.h"
#include "smtp/command.h"
#include "smtp/connection.h"
#include "smtp/message.h"
#include "smtp/transaction.h"

namespace mimeseal::smtp {

/// The connection that a sender keeps between messages, opened anew when the server has closed it.
class Session {
 public:
  Session(SenderUrl url, const SenderOptions& options) : url_(std::move(url)), options_(options) {}

  /// Makes sure of a connection that can take a transaction.
  void open();
  void drop() noexcept { connection_.reset(); }
  [[nodiscard]] bool is_open() const noexcept { return connection_ != nullptr; }
  void count_transaction() noexcept { ++transactions_; }
  [[nodiscard]] std::uint64_t transactions() const noexcept { return transactions_; }
  [[nodiscard]] Connection& connection() noexcept { return *connection_; }
  [[nodiscard]] const SenderOptions& options() const noexcept { return options_; }
  /// How many recipients one transaction takes, as far as the server has said.
  [[nodiscard]] std::size_t recipient_limit() const noexcept;
  void learn_recipient_limit(std::size_t limit) noexcept { learned_limit_ = limit; }

 private:
  SenderUrl url_;
  const SenderOptions& options_;
  std::unique_ptr<Connection> connection_;
  std::uint64_t transactions_ = 0;
  std::size_t learned_limit_ = 0;  // 0: none
};

/// One message to all its recipients, in as many transactions as the server's limit on recipients asks for.
class Submission {
 public:
  Submission(Session& session, const Envelope& envelope, Source& message, const MessageFacts& facts);

  /// Throws as Sender::submit() does.
  [[nodiscard]] Receipt run();
  /// What hinders it, as the server's replies to the envelope alone say; nothing is sent. Throws likewise.
  [[nodiscard]] std::optional<Receipt> refusal();

 private:
  using Group = std::vector<std::size_t>;  // indices of recipients

  struct Outcome {
    std::vector<RecipientReceipt> results;  // beside the group
    Group over_limit;                       // those of it to be asked for again
    std::optional<std::size_t> limit;
    bool fits = false;  // the recipients were taken as the envelope asks
    bool mail_refused = false;
  };

  void deliver(Group todo);
  [[nodiscard]] Group first_group(const Group& todo) const;
  /// Whether all of them would be taken; if not, the results say why and nothing has been sent.
  [[nodiscard]] bool rehearse(const Group& todo);
  [[nodiscard]] static Outcome outcome_of(const Transaction& transaction, const Group& group);
  [[nodiscard]] Outcome transact(const Group& group, bool rehearsal);
  void drive(Transaction& transaction, bool chunking);
  void read_reply(Transaction& transaction);
  void record(const Group& group, const Outcome& outcome);
  void hold_back(const Group& rest, Delivery result, const std::string& why);
  [[nodiscard]] bool anything_sent() const;
  [[nodiscard]] Connection::Milliseconds patience(Phase phase) const;
  void retry_unknown();

  Session& session_;
  const Envelope& envelope_;
  Source& message_;
  const MessageFacts& facts_;
  Receipt receipt_;
};

}  // namespace mimeseal::smtp
