// SPDX-License-Identifier: MIT
#include "smtp/transaction.h"

#include <algorithm>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::smtp {
namespace {

constexpr int kServiceEnds = 421;

/// RFC 5321, section 4.5.3.1.10: 452, and from old servers 552; their words tell it from a full disk.
bool is_too_many(const Reply& reply) {
  if (reply.code / 100 != 4 && reply.code != 552) return false;
  const std::string enhanced = reply.enhanced();
  if (enhanced.ends_with(".5.3")) return true;
  return (reply.code == 452 || reply.code == 552) && ascii_lower(reply.words()).find("recipients") != std::string::npos;
}

Delivery failure_kind(const Reply& reply) {
  return reply.code / 100 == 5 ? Delivery::refused : Delivery::deferred;
}

/// A reply that is neither a success nor a failure here ends the session: what the server believes is anybody's guess.
void demand_verdict(const Reply& reply, const char* command) {
  if (reply.is_positive() || reply.code / 100 == 4 || reply.code / 100 == 5) return;
  throw Error(Errc::protocol, "the server answers " + std::string(command) + " with " + std::to_string(reply.code) +
                                  " " + reply.words());
}

}  // namespace

Transaction::Transaction(std::string mail, std::vector<std::string> rcpt, Terms terms)
    : terms_(terms), rcpt_commands_(std::move(rcpt)) {
  say(std::move(mail), Phase::mail);
  if (!terms_.pipelining) return;
  for (; rcpt_said_ < rcpt_commands_.size(); ++rcpt_said_)
    say(rcpt_commands_[rcpt_said_], Phase::rcpt);
  // RFC 2920, section 3.1: DATA may be the last of a group. The content itself still waits for the replies.
  if (!terms_.chunking && !terms_.rehearsal) say("DATA\r\n", Phase::data);
}

void Transaction::say(std::string command, Phase answer) {
  output_ += command;
  expected_.push_back(answer);
  step_ = Step::write;
}

std::string Transaction::take_output() {
  step_ = Step::read;
  return std::exchange(output_, {});
}

Phase Transaction::phase() const noexcept {
  return expected_.empty() ? Phase::rset : expected_.front();
}

void Transaction::take(const Reply& reply) {
  const Phase phase = this->phase();
  if (!expected_.empty()) expected_.pop_front();
  switch (phase) {
    case Phase::mail:
      take_mail(reply);
      break;
    case Phase::rcpt:
      demand_verdict(reply, "RCPT");
      rcpt_.push_back(reply);
      break;
    case Phase::data:
      take_data(reply);
      break;
    case Phase::chunk:
    case Phase::final_dot:
      take_content(phase, reply);
      break;
    case Phase::rset:
      break;
  }
  if (reply.code == kServiceEnds) {
    // The server leaves: what it has not answered yet it will not.
    if (!mail_refusal_) rcpt_.resize(rcpt_commands_.size(), reply);
    if (phase == Phase::data || (content_complete_ && !final_)) final_ = reply;
    hang_up_ = true;
    expected_.clear();
    step_ = Step::done;
    return;
  }
  go_on();
}

void Transaction::take_mail(const Reply& reply) {
  demand_verdict(reply, "MAIL");
  if (!reply.is_positive()) mail_refusal_ = reply;
}

void Transaction::take_data(const Reply& reply) {
  data_ = reply;
  if (!accepts_data() && reply.code / 100 != 4 && reply.code / 100 != 5)
    throw Error(Errc::protocol, "the server answers DATA with " + std::to_string(reply.code) + " " + reply.words());
}

void Transaction::take_content(Phase phase, const Reply& reply) {
  if (ending_) return;  // the answer to an empty content for nobody
  demand_verdict(reply, terms_.chunking ? "BDAT" : "the content");
  if (phase == Phase::chunk) {
    if (!reply.is_positive() && !final_) final_ = reply;
  } else if (!final_) {
    final_ = reply;
  } else if (reply.is_positive()) {
    throw Error(Errc::protocol, "the server refuses a chunk of the message and accepts the last");
  }
}

/// After a reply: what comes next.
void Transaction::go_on() {
  if (!expected_.empty()) {
    // While chunks are on their way, the caller goes on sending.
    const bool sending = judged_ && !ending_ && !content_complete_ && terms_.pipelining && !final_;
    step_ = sending ? Step::content : Step::read;
    return;
  }
  if (ending_) {
    step_ = Step::done;
    return;
  }
  if (!judged_) {
    if (!mail_refusal_ && rcpt_said_ < rcpt_commands_.size()) {
      say(rcpt_commands_[rcpt_said_], Phase::rcpt);
      ++rcpt_said_;
      return;
    }
    judge();
    return;
  }
  if (final_ && !content_complete_) {  // DATA, or a chunk, was refused
    give_up();
    return;
  }
  step_ = content_complete_ ? Step::done : Step::content;
}

/// All replies to MAIL and RCPT are in (and the one to DATA, where it was asked in the same group).
void Transaction::judge() {
  if (accepted() != 0 && std::any_of(rcpt_.begin(), rcpt_.end(), is_too_many)) recipient_limit_ = accepted();
  if (mail_refusal_ || terms_.rehearsal || !recipients_fit()) {
    judged_ = true;
    give_up();
    return;
  }
  if (!terms_.chunking && !data_) {
    say("DATA\r\n", Phase::data);
    return;
  }
  judged_ = true;
  if (!terms_.chunking && !accepts_data()) {
    final_ = data_;
    give_up();
    return;
  }
  content_began_ = true;
  step_ = Step::content;
}

/// Leaves the server without a transaction.
void Transaction::give_up() {
  ending_ = true;
  if (accepts_data()) {
    if (!mail_refusal_ && accepted() == 0) {
      // RFC 2920, section 3.1: DATA was accepted though no recipient was: a dot alone ends it, for nobody.
      say(".\r\n", Phase::final_dot);
      return;
    }
    // Content is expected and a dot would deliver an empty message: only hanging up takes it back.
    hang_up_ = true;
    step_ = Step::done;
    return;
  }
  if (mail_refusal_) {
    step_ = Step::done;
    return;
  }
  say("RSET\r\n", Phase::rset);
}

void Transaction::chunk_sent() {
  expected_.push_back(Phase::chunk);
  if (!terms_.pipelining) step_ = Step::read;
}

void Transaction::content_sent() {
  expected_.push_back(Phase::final_dot);
  content_complete_ = true;
  step_ = Step::read;
}

void Transaction::stop_content() {
  if (ending_) return;
  if (expected_.empty())
    give_up();
  else
    step_ = Step::read;
}

void Transaction::cut_short(const Reply& last_words) {
  if (last_words.code / 100 == 4 || last_words.code / 100 == 5) final_ = last_words;
  hang_up_ = true;
  step_ = Step::done;
}

void Transaction::refuse(const Reply& reply) {
  mail_refusal_ = reply;
  hang_up_ = true;
  step_ = Step::done;
}

bool Transaction::is_over_limit(std::size_t recipient) const {
  return recipient_limit_ && recipient < rcpt_.size() && is_too_many(rcpt_[recipient]);
}

std::size_t Transaction::accepted() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(rcpt_.begin(), rcpt_.end(), [](const Reply& reply) { return reply.is_positive(); }));
}

bool Transaction::recipients_fit() const noexcept {
  if (mail_refusal_ || rcpt_.size() != rcpt_commands_.size()) return false;
  const std::size_t taken = accepted();
  return taken != 0 && (terms_.partial || taken == rcpt_.size());
}

RecipientReceipt Transaction::result_of(std::size_t recipient) const {
  RecipientReceipt result;
  const auto tell = [&](const Reply& reply) {
    result.code = reply.code;
    result.enhanced = reply.enhanced();
    result.reply = reply.words();
  };
  if (mail_refusal_) {
    result.result = failure_kind(*mail_refusal_);
    tell(*mail_refusal_);
    return result;
  }
  if (recipient >= rcpt_.size()) {
    result.result = Delivery::deferred;
    result.reply = "not asked for";
    return result;
  }
  const Reply& reply = rcpt_[recipient];
  if (!reply.is_positive()) {
    result.result = is_too_many(reply) ? Delivery::deferred : failure_kind(reply);
    tell(reply);
    return result;
  }
  if (final_) {
    result.result = final_->is_positive() ? Delivery::accepted : failure_kind(*final_);
    tell(*final_);
    if (final_->is_positive()) result.id = id_in(*final_);
    return result;
  }
  if (content_complete_) return result;  // unknown
  const bool refused = std::any_of(rcpt_.begin(), rcpt_.end(), [](const Reply& one) {
    return !one.is_positive() && !is_too_many(one) && failure_kind(one) == Delivery::refused;
  });
  result.result = refused ? Delivery::refused : Delivery::deferred;
  result.reply = std::string("not sent: another recipient was ") + (refused ? "refused" : "deferred");
  return result;
}

std::vector<RecipientReceipt> Transaction::results() const {
  std::vector<RecipientReceipt> all;
  all.reserve(rcpt_commands_.size());
  for (std::size_t i = 0; i < rcpt_commands_.size(); ++i)
    all.push_back(result_of(i));
  return all;
}

}  // namespace mimeseal::smtp
