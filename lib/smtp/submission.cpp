// SPDX-License-Identifier: MIT
#include "smtp/submission.h"

#include <algorithm>
#include <numeric>

#include "mimeseal/core/error.h"
#include "smtp/content.h"

namespace mimeseal::smtp {
namespace {

/// Everything that follows from a refusal for the recipients who were not refused themselves.
Delivery sum_of(const std::vector<RecipientReceipt>& results) {
  const bool refused = std::any_of(results.begin(), results.end(),
                                   [](const RecipientReceipt& one) { return one.result == Delivery::refused; });
  return refused ? Delivery::refused : Delivery::deferred;
}

bool demands_credentials(const Reply& reply) {
  return reply.code == 530 || reply.code == 535 || reply.code == 538;
}

}  // namespace

void Session::open() {
  const std::uint64_t most = connection_ ? connection_->offers().most_messages : 0;
  if (connection_ && (most == 0 || transactions_ < most) && connection_->is_idle()) return;
  connection_.reset();
  connection_ = std::make_unique<Connection>(url_, options_);
  transactions_ = 0;
}

std::size_t Session::recipient_limit() const noexcept {
  const std::uint64_t offered = connection_ ? connection_->offers().most_recipients : 0;
  std::size_t limit = offered != 0 ? static_cast<std::size_t>(std::min<std::uint64_t>(offered, SIZE_MAX)) : SIZE_MAX;
  if (learned_limit_ != 0) limit = std::min(limit, learned_limit_);
  return limit;
}

Submission::Submission(Session& session, const Envelope& envelope, Source& message, const MessageFacts& facts)
    : session_(session), envelope_(envelope), message_(message), facts_(facts) {
  for (const std::string& address : envelope_.recipients)
    receipt_.recipients.push_back({address, Delivery::deferred, 0, {}, {}, {}});
}

Receipt Submission::run() {
  Group all(envelope_.recipients.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  deliver(std::move(all));
  if (envelope_.retry_unknown) retry_unknown();

  const std::string& first = receipt_.recipients.front().id;
  const bool one_id = std::all_of(receipt_.recipients.begin(), receipt_.recipients.end(),
                                  [&](const RecipientReceipt& one) { return one.id == first; });
  if (one_id) receipt_.message_id = first;
  return std::move(receipt_);
}

std::optional<Receipt> Submission::refusal() {
  Group all(envelope_.recipients.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  // Again for each limit on recipients that the server turns out to have; each is lower than the one before.
  for (std::size_t limit = 0;;) {
    session_.open();
    limit = session_.recipient_limit();
    if (!rehearse(all)) return std::move(receipt_);
    if (limit == session_.recipient_limit()) return std::nullopt;
  }
}

void Submission::deliver(Group todo) {
  bool rehearsed = false;
  while (!todo.empty()) {
    try {
      session_.open();
      const Group group = first_group(todo);
      if (!envelope_.partial && group.size() < todo.size() && !rehearsed && !anything_sent()) {
        const std::size_t limit = session_.recipient_limit();
        if (!rehearse(todo)) return;
        rehearsed = limit == session_.recipient_limit();
        continue;
      }
      const Outcome outcome = transact(group, false);
      if (outcome.limit) {
        session_.learn_recipient_limit(*outcome.limit);
        rehearsed = false;
        if (!outcome.fits) continue;  // nothing was sent
      }
      record(group, outcome);
      todo.erase(todo.begin(), todo.begin() + static_cast<std::ptrdiff_t>(group.size()));
      todo.insert(todo.begin(), outcome.over_limit.begin(), outcome.over_limit.end());
      const bool anybody = std::any_of(outcome.results.begin(), outcome.results.end(), [](const RecipientReceipt& one) {
        return one.result == Delivery::accepted || one.result == Delivery::unknown;
      });
      if (!anybody && !(envelope_.partial && !outcome.mail_refused && !outcome.fits)) {
        hold_back(todo, sum_of(outcome.results), "not sent: the server did not take the message for others");
        return;
      }
    } catch (const Error& error) {
      if (!anything_sent()) throw;
      hold_back(todo, Delivery::deferred, std::string("not sent: ") + error.what());
      return;
    }
  }
}

Submission::Group Submission::first_group(const Group& todo) const {
  const std::size_t size = std::min(todo.size(), session_.recipient_limit());
  return {todo.begin(), todo.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// Without `partial` nobody may get the message when one is refused. Where it takes several transactions, the server is
/// therefore asked about all recipients before the first of them is completed.
bool Submission::rehearse(const Group& todo) {
  Group rest = todo;
  bool all_fit = true;
  std::vector<RecipientReceipt> results;
  while (!rest.empty()) {
    const Group group = first_group(rest);
    const Outcome outcome = transact(group, true);
    if (outcome.limit) {
      session_.learn_recipient_limit(*outcome.limit);
      return true;  // begins again, in smaller groups
    }
    all_fit = all_fit && outcome.fits;
    record(group, outcome);
    results.insert(results.end(), outcome.results.begin(), outcome.results.end());
    if (outcome.mail_refused) all_fit = false;
    rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(group.size()));
  }
  if (all_fit) return true;
  Delivery result = Delivery::deferred;
  for (const RecipientReceipt& one : results)
    if (one.code != 0 && one.result == Delivery::refused) result = Delivery::refused;
  for (const std::size_t i : todo)
    if (receipt_.recipients[i].code == 0)
      hold_back(
          {i}, result,
          std::string("not sent: another recipient was ") + (result == Delivery::refused ? "refused" : "deferred"));
  return false;
}

Submission::Outcome Submission::outcome_of(const Transaction& transaction, const Group& group) {
  Outcome outcome{transaction.results(),
                  {},
                  transaction.recipient_limit(),
                  transaction.recipients_fit(),
                  transaction.mail_refusal().has_value()};
  for (std::size_t i = 0; i < group.size(); ++i)
    if (transaction.is_over_limit(i)) outcome.over_limit.push_back(group[i]);
  return outcome;
}

Submission::Outcome Submission::transact(const Group& group, bool rehearsal) {
  for (bool again = false;; again = true) {
    if (again || !session_.is_open()) session_.open();
    const bool fresh = session_.transactions() == 0;
    Connection& connection = session_.connection();
    const Offers& offers = connection.offers();
    receipt_.tls = connection.tls();
    std::vector<std::string> rcpt;
    for (const std::size_t i : group)
      rcpt.push_back(rcpt_command(envelope_, i));
    Transaction transaction(mail_command(envelope_, facts_, offers), std::move(rcpt),
                            {offers.pipelining, offers.chunking, envelope_.partial, rehearsal});
    if (connection.refusal()) {
      transaction.refuse(*connection.refusal());
    } else {
      demand_offered(envelope_, facts_, offers, connection.where());
      try {
        session_.count_transaction();
        drive(transaction, offers.chunking);
      } catch (const Error& error) {
        const std::optional<Reply> last_words = connection.last_words();
        session_.drop();
        if (transaction.is_settled()) return outcome_of(transaction, group);
        if (transaction.content_complete()) {
          Outcome outcome{transaction.results(), {}, {}, true, false};
          for (RecipientReceipt& one : outcome.results)
            if (one.result == Delivery::unknown) one.reply = std::string("after the last octet: ") + error.what();
          return outcome;
        }
        // A kept connection may have ended between two messages: nothing of this one has been taken.
        if (!fresh && !again && !transaction.content_began() && error.code() == Errc::unavailable) continue;
        if (!transaction.content_began() || !last_words) throw;
        transaction.cut_short(*last_words);
        if (!transaction.content_refused()) throw;
      } catch (...) {
        session_.drop();
        throw;
      }
    }
    const auto& mail_refusal = transaction.mail_refusal();
    if (mail_refusal && mail_refusal->code == 421 && !fresh && !again) {
      session_.drop();
      continue;
    }
    if (mail_refusal && demands_credentials(*mail_refusal) && session_.options().user.empty())
      throw Error(Errc::refused,
                  "the server takes no mail without signing in: " + std::to_string(mail_refusal->code) + " " +
                      mail_refusal->words(),
                  connection.where(), "give --user and --password-file");
    if (transaction.must_hang_up()) session_.drop();
    return outcome_of(transaction, group);
  }
}

void Submission::drive(Transaction& transaction, bool chunking) {
  Connection& connection = session_.connection();
  std::optional<Content> content;
  while (true) {
    switch (transaction.next()) {
      case Transaction::Step::write:
        connection.say(transaction.take_output(), patience(Phase::mail));
        break;
      case Transaction::Step::read:
        read_reply(transaction);
        break;
      case Transaction::Step::content:
        if (!content) {
          content.emplace(message_, facts_, chunking, patience(Phase::chunk));
          if (session_.options().trace)
            session_.options().trace("> (" + std::to_string(facts_.size) + " octets of content)");
        }
        content->send(connection, transaction);
        break;
      case Transaction::Step::done:
        return;
    }
  }
}

void Submission::read_reply(Transaction& transaction) {
  transaction.take(session_.connection().receive(patience(transaction.phase())));
}

/// RFC 5321, section 4.5.3.2, unless one patience was given for all.
Connection::Milliseconds Submission::patience(Phase phase) const {
  using std::chrono::minutes;
  const auto given = session_.options().timeout;
  if (given.count() > 0) return given;
  switch (phase) {
    case Phase::data:
      return minutes(2);
    case Phase::chunk:
      return minutes(3);
    case Phase::final_dot:
      return minutes(10);
    case Phase::mail:
    case Phase::rcpt:
    case Phase::rset:
      break;
  }
  return minutes(5);
}

void Submission::record(const Group& group, const Outcome& outcome) {
  for (std::size_t i = 0; i < group.size(); ++i) {
    RecipientReceipt& to = receipt_.recipients[group[i]];
    std::string address = std::move(to.address);
    to = outcome.results[i];
    to.address = std::move(address);
  }
}

void Submission::hold_back(const Group& rest, Delivery result, const std::string& why) {
  for (const std::size_t i : rest) {
    RecipientReceipt& to = receipt_.recipients[i];
    to.result = result;
    to.reply = why;
  }
}

bool Submission::anything_sent() const {
  return std::any_of(receipt_.recipients.begin(), receipt_.recipients.end(), [](const RecipientReceipt& one) {
    return one.result == Delivery::accepted || one.result == Delivery::unknown;
  });
}

void Submission::retry_unknown() {
  Group unknown;
  for (std::size_t i = 0; i < receipt_.recipients.size(); ++i)
    if (receipt_.recipients[i].result == Delivery::unknown) unknown.push_back(i);
  if (unknown.empty()) return;
  const std::vector<RecipientReceipt> before = receipt_.recipients;
  deliver(unknown);
  // What was unknown stays so unless the message was taken now: the first try may still arrive.
  for (const std::size_t i : unknown)
    if (receipt_.recipients[i].result != Delivery::accepted) receipt_.recipients[i] = before[i];
}

}  // namespace mimeseal::smtp
