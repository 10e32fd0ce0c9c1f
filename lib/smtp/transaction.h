// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/send/sender.h"
#include "smtp/reply.h"

namespace mimeseal::smtp {

/// The replies a client waits for, each with a patience of its own (RFC 5321, section 4.5.3.2).
enum class Phase { mail, rcpt, data, chunk, final_dot, rset };

/// One mail transaction for one group of recipients: says what to write and judges the replies. A value without a
/// connection, so that many of them can take turns on one.
///
///     while (t.next() != Step::done) …write / read a reply / hand over the content…
///
/// The content is asked for only after every RCPT reply is in and the recipients fit the terms. The caller then sends
/// it and says so by content_sent(); from then on what no reply tells is unknown.
class Transaction {
 public:
  enum class Step { write, read, content, done };
  struct Terms {
    bool pipelining = false;  ///< commands leave in one group
    bool chunking = false;    ///< BDAT instead of DATA
    bool partial = false;     ///< go on when some recipients are refused
    bool rehearsal = false;   ///< ask for the recipients only, then RSET
  };

  Transaction(std::string mail, std::vector<std::string> rcpt, Terms terms);

  [[nodiscard]] Step next() const noexcept { return step_; }
  /// What to write now, once.
  [[nodiscard]] std::string take_output();
  /// What the reply to be read now answers.
  [[nodiscard]] Phase phase() const noexcept;
  void take(const Reply& reply);

  /// One chunk that was not the last has been sent (BDAT).
  void chunk_sent();
  /// All octets have been sent: DATA's final dot, or the last chunk.
  void content_sent();
  /// Whether the server has refused a chunk, so that no more need be sent; then stop_content().
  [[nodiscard]] bool content_refused() const noexcept { return final_.has_value(); }
  void stop_content();
  /// The connection broke before the last octet left, and this is what the server had still said.
  void cut_short(const Reply& last_words);
  /// The server had refused the whole session before the transaction began.
  void refuse(const Reply& reply);
  /// Only the end of a failed transaction is still being said: its outcome is settled.
  [[nodiscard]] bool is_settled() const noexcept { return ending_; }
  [[nodiscard]] bool content_began() const noexcept { return content_began_; }
  [[nodiscard]] bool content_complete() const noexcept { return content_complete_; }

  /// The outcome for each recipient, in order. Code 0: held back because of another one.
  [[nodiscard]] std::vector<RecipientReceipt> results() const;
  /// The connection cannot be used again: the server waits for content that will not come, or has said 421.
  [[nodiscard]] bool must_hang_up() const noexcept { return hang_up_; }
  /// How many recipients were taken when the server said that one more is too many.
  [[nodiscard]] std::optional<std::size_t> recipient_limit() const noexcept { return recipient_limit_; }
  /// Whether this one was over that limit, and nothing else is known of it.
  [[nodiscard]] bool is_over_limit(std::size_t recipient) const;
  /// The reply that refused MAIL, if it did.
  [[nodiscard]] const std::optional<Reply>& mail_refusal() const noexcept { return mail_refusal_; }
  /// Whether the terms let these recipients have the message.
  [[nodiscard]] bool recipients_fit() const noexcept;

 private:
  void say(std::string command, Phase answer);
  void go_on();
  void judge();
  void give_up();
  void take_mail(const Reply& reply);
  void take_data(const Reply& reply);
  void take_content(Phase phase, const Reply& reply);
  [[nodiscard]] bool accepts_data() const noexcept { return data_ && data_->code == 354; }
  [[nodiscard]] std::size_t accepted() const noexcept;
  [[nodiscard]] RecipientReceipt result_of(std::size_t recipient) const;

  Terms terms_;
  std::vector<std::string> rcpt_commands_;
  std::size_t rcpt_said_ = 0;
  std::string output_;
  std::deque<Phase> expected_;  // the replies outstanding
  Step step_ = Step::write;

  std::optional<Reply> mail_refusal_;
  std::vector<Reply> rcpt_;
  std::optional<Reply> data_;
  std::optional<Reply> final_;
  std::optional<std::size_t> recipient_limit_;
  bool judged_ = false;
  bool content_began_ = false;
  bool content_complete_ = false;
  bool ending_ = false;  // nothing more is wanted of the server
  bool hang_up_ = false;
};

}  // namespace mimeseal::smtp
