// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <optional>

#include "commands.h"
#include "drafts.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "mimeseal/local/sender.h"
#include "mimeseal/toolkit/report.h"
#include "mimeseal/toolkit/senders.h"
#include "sealing.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

/// One transaction: some recipients, and the octets that they get.
struct Transaction {
  Envelope envelope;
  Rope message;
};

std::string wire(const Mailbox& mailbox) {
  // The local part may need SMTPUTF8; the domain never does.
  if (const auto address = mailbox.wire_address()) return *address;
  throw Error(Errc::usage, "the domain cannot be", visible(mailbox.address()));
}

std::string wire_address(const std::string& text) {
  if (has_crlf_or_nul(text)) throw Error(Errc::usage, "an address holds CR, LF or NUL", visible(text));
  const auto mailbox = Mailbox::parse(text);
  if (!mailbox) throw Error(Errc::usage, "not an address", visible(text));
  return wire(*mailbox);
}

/// "never", or events and what to return: "success,failure,full" (RFC 3461).
void apply_dsn(Envelope& envelope, const Options& options) {
  if (!options.envid.empty() && (has_crlf_or_nul(options.envid) || !is_ascii(options.envid)))
    throw Error(Errc::usage, "--envid is printable ASCII");
  envelope.envid = options.envid;
  if (options.dsn.empty()) return;
  std::vector<std::string> events;
  for (const std::string& word : split(ascii_lower(options.dsn), ',')) {
    if (word == "full") {
      envelope.ret = "FULL";
    } else if (word == "hdrs") {
      envelope.ret = "HDRS";
    } else if (word == "never" || word == "success" || word == "failure" || word == "delay") {
      std::string upper = word;
      for (char& c : upper)
        c = static_cast<char>(c - 'a' + 'A');
      if (std::find(events.begin(), events.end(), upper) == events.end()) events.push_back(std::move(upper));
    } else {
      throw Error(Errc::usage, "--dsn is never, or some of success, failure, delay, full, hdrs", visible(word));
    }
  }
  if (events.size() > 1 && std::find(events.begin(), events.end(), "NEVER") != events.end())
    throw Error(Errc::usage, "--dsn never stands alone");
  envelope.notify = join(events, ",");
  if (events.empty() || events.front() == "NEVER") return;
  // RFC 3461, section 4.2: at submission the original recipient is the recipient. (One that is not ASCII would be of
  // the type utf-8, which needs servers of RFC 6533.)
  for (const std::string& address : envelope.recipients)
    envelope.orcpt.push_back(is_ascii(address) ? std::optional("rfc822;" + address) : std::nullopt);
}

Envelope envelope_of(std::string from, std::vector<std::string> recipients, const Options& options) {
  Envelope envelope = make_envelope(std::move(from), std::move(recipients));
  envelope.require_tls = options.require_tls;
  envelope.partial = options.partial;
  envelope.retry_unknown = options.retry_unknown;
  apply_dsn(envelope, options);
  for (const std::string& tag : options.tag) {
    const std::size_t equals = tag.find('=');
    if (equals == std::string::npos || equals == 0) throw Error(Errc::usage, "--tag is NAME=VALUE", visible(tag));
    envelope.tags.emplace_back(tag.substr(0, equals), tag.substr(equals + 1));
  }
  return envelope;
}

std::string reverse_path(const Options& options, const std::vector<Mailbox>& from,
                         const std::optional<Mailbox>& sender) {
  if (options.envelope_from == "<>") return {};
  if (!options.envelope_from.empty()) return wire_address(options.envelope_from);
  if (sender) return wire(*sender);
  if (!from.empty()) return wire(from.front());
  throw Error(Errc::usage, "nothing tells who sends", {}, "give --envelope-from");
}

std::vector<std::string> named_recipients(const Options& options) {
  std::vector<std::string> list;
  for (const std::string& text : options.rcpt)
    list.push_back(wire_address(text));
  return list;
}

/// Whether the whole message is a layer that protects it, and not merely one by its name.
bool is_sealed(const InputPtr& input) {
  const Inspected inspected = inspect_message(input);
  const std::string* const smime_type = inspected.index.root.content_type.find("smime-type");
  if (smime_type != nullptr && iequals(*smime_type, "certs-only")) return false;
  return std::any_of(inspected.layers.begin(), inspected.layers.end(), [](const Inspected::Layer& layer) {
    return layer.path == "1" && layer.recognised && layer.type != LayerType::smime_compressed;
  });
}

[[noreturn]] void refuse_unsealed() {
  throw Error(Errc::usage, "the message is neither signed nor encrypted", {},
              "seal it with --sign and --encrypt, or say --unsealed");
}

std::vector<Transaction> raw_transactions(const Options& options) {
  if (wants_sealing(options)) throw Error(Errc::usage, "--raw submits the message as it is, and cannot be sealed");
  if (says_draft(options) || !options.message.empty() || !options.eml.empty() || !options.in_reply_to.empty())
    throw Error(Errc::usage, "--raw submits the message as it is: no option of a draft goes with it", {},
                "give --rcpt and --envelope-from, or --eml instead of --raw");
  refuse_arguments(options);
  const InputPtr input = open_message_input(options.raw);
  const PartIndex index = scan(*input);
  const HeaderFields& fields = index.root.fields;
  for (const char* name : {"Bcc", "Resent-Bcc"})
    if (find_field(fields, name) != nullptr)
      throw Error(Errc::malformed, std::string("the message has a ") + name + " field, which would tell everybody",
                  input->name(), "use --eml, which moves Bcc to the envelope");
  if (!options.unsealed && !is_sealed(input)) refuse_unsealed();
  std::vector<Mailbox> from;
  std::optional<Mailbox> sender;
  std::vector<std::string> recipients = named_recipients(options);
  for (const HeaderField& field : fields) {
    const AddressList list = parse_address_list(field.raw);
    if (iequals(field.name, "From")) from.insert(from.end(), list.mailboxes.begin(), list.mailboxes.end());
    if (iequals(field.name, "Sender") && !list.mailboxes.empty()) sender = list.mailboxes.front();
    if (options.rcpt.empty() && (iequals(field.name, "To") || iequals(field.name, "Cc")))
      for (const Mailbox& mailbox : list.mailboxes)
        recipients.push_back(wire(mailbox));
  }
  std::vector<Transaction> list;
  list.push_back({envelope_of(reverse_path(options, from, sender), std::move(recipients), options), Rope(input)});
  return list;
}

/// What --rcpt says goes only where one copy serves all.
std::vector<Transaction> prepared_transactions(const Options& options) {
  Engines engines(key_settings(options));
  const Prepared prepared = prepare(options, engines);
  const std::string from = reverse_path(options, prepared.from, prepared.sender);
  if (options.unsealed && !wants_sealing(options) && prepared.basis && prepared.basis->encrypt)
    throw Error(Errc::usage, "the message that is answered was encrypted: its answer is not sent in the clear",
                options.in_reply_to, "leave out --unsealed, and the answer is encrypted (RFC 9787, section 5.4)");
  std::vector<Transaction> list;
  if (wants_sealing(options) || (prepared.basis && prepared.basis->encrypt)) {
    const Sealed sealed = seal_prepared(prepared, options, engines);
    if (!options.rcpt.empty() && sealed.copies.size() > 1)
      throw Error(Errc::usage, "--rcpt and Bcc together do not say who gets which copy");
    for (const SealedCopy& one : sealed.copies) {
      if (one.recipients.empty() && options.rcpt.empty()) continue;  // everybody is a Bcc
      list.push_back(
          {envelope_of(from, options.rcpt.empty() ? one.recipients : named_recipients(options), options), one.message});
    }
    return list;
  }
  const Rope message = freeze(prepared.message, system_random());
  // An existing message may be sealed already.
  if (!options.unsealed) {
    Spool spool("the message");
    copy(*message.open(), spool);
    if (!is_sealed(spool.freeze())) refuse_unsealed();
  }
  std::vector<std::string> recipients = named_recipients(options);
  if (recipients.empty()) {
    for (const Mailbox& mailbox : prepared.recipients)
      recipients.push_back(wire(mailbox));
    for (const Mailbox& mailbox : prepared.bcc)
      recipients.push_back(wire(mailbox));
  }
  list.push_back({envelope_of(from, std::move(recipients), options), message});
  return list;
}

/// The copy that --save-sent asks for: opened before anything is sent, put in its place after.
class SentCopy {
 public:
  SentCopy(const std::string& target, const Transaction& transaction)
      : envelope_(make_envelope(transaction.envelope.from, transaction.envelope.recipients)),
        message_(transaction.message) {
    if (istarts_with(target, "maildir:")) {
      maildir_ = local::make_sender(parse_sender_url(target));
      const auto source = message_.open();
      maildir_->check(envelope_, *source);
    } else if (!target.empty()) {
      file_ = std::make_unique<OutputFile>(target);
      copy(*message_.open(), *file_);
    }
  }
  void keep() {
    if (file_) file_->commit();
    if (maildir_) {
      const auto source = message_.open();
      static_cast<void>(maildir_->submit(envelope_, *source));
    }
  }

 private:
  Envelope envelope_;  // without what was asked of the server
  Rope message_;
  std::unique_ptr<Sender> maildir_;
  std::unique_ptr<OutputFile> file_;
};

/// Once somebody has it, an error is no longer certain that nobody got it: it becomes what these recipients met.
Receipt failed_receipt(const Sender& sender, const Transaction& transaction, const Error& error) {
  const bool later = error.code() == Errc::temporary || error.code() == Errc::unavailable;
  Receipt receipt;
  receipt.sender = sender.name();
  for (const std::string& address : transaction.envelope.recipients)
    receipt.recipients.push_back({address, later ? Delivery::deferred : Delivery::refused, 0, {}, error.what(), {}});
  return receipt;
}

/// Without --partial all recipients get it or none, those of a Bcc copy too: the server is asked about these before the
/// first message goes out. What it says against it, as receipts; empty when nothing does.
std::vector<Receipt> refusals_of_copies(Sender& sender, const std::vector<Transaction>& transactions) {
  for (std::size_t refused = 1; refused < transactions.size(); ++refused) {
    if (transactions[refused].envelope.partial) continue;
    const auto source = transactions[refused].message.open();
    const std::optional<Receipt> refusal = sender.rehearse(transactions[refused].envelope, *source);
    if (!refusal) continue;
    const bool for_good = exit_code(*refusal) == 2;
    const Error why(for_good ? Errc::refused : Errc::temporary,
                    std::string("not sent: another recipient was ") + (for_good ? "refused" : "deferred"));
    std::vector<Receipt> receipts;
    for (std::size_t i = 0; i < transactions.size(); ++i)
      receipts.push_back(i == refused ? *refusal : failed_receipt(sender, transactions[i], why));
    return receipts;
  }
  return {};
}

std::vector<Receipt> submit_all(Sender& sender, const std::vector<Transaction>& transactions) {
  std::vector<Receipt> receipts = refusals_of_copies(sender, transactions);
  if (!receipts.empty()) return receipts;
  for (const Transaction& one : transactions) {
    try {
      const auto source = one.message.open();
      receipts.push_back(sender.submit(one.envelope, *source));
    } catch (const Error& error) {
      if (receipts.empty()) throw;
      receipts.push_back(failed_receipt(sender, one, error));
    }
    // The named recipients come first: when they get nothing, nobody is sent a copy of it.
    if (receipts.size() == 1 && exit_code(receipts.front()) != 0 && exit_code(receipts.front()) != 3) break;
  }
  for (std::size_t i = receipts.size(); i < transactions.size(); ++i)
    receipts.push_back(
        failed_receipt(sender, transactions[i],
                       Error(Errc::temporary, "not sent, because the message did not go to the named recipients")));
  return receipts;
}

Receipt joined(const std::vector<Receipt>& receipts) {
  Receipt all = receipts.front();
  for (std::size_t i = 1; i < receipts.size(); ++i)
    all.recipients.insert(all.recipients.end(), receipts[i].recipients.begin(), receipts[i].recipients.end());
  return all;
}

std::string receipt_line(const RecipientReceipt& one) {
  std::string line = std::string(to_string(one.result)) + " " + visible(one.address);
  if (one.code != 0) line += " " + std::to_string(one.code);
  if (!one.enhanced.empty() && one.reply.find(one.enhanced) == std::string::npos) line += " " + visible(one.enhanced);
  if (!one.reply.empty()) {
    std::string reply = visible(one.reply);
    const std::string code = std::to_string(one.code) + " ";
    if (one.code != 0 && reply.starts_with(code)) reply.erase(0, code.size());
    line += " " + reply;
  }
  if (!one.id.empty() && one.reply.find(one.id) == std::string::npos) line += " (id " + visible(one.id) + ")";
  return line + "\n";
}

int dry_run(Sender& sender, const std::vector<Transaction>& transactions, const Options& options) {
  std::vector<Receipt> receipts;
  std::string text;
  for (const Transaction& one : transactions) {
    const auto source = one.message.open();
    sender.check(one.envelope, *source);
    Receipt receipt;
    receipt.sender = sender.name();
    receipt.bytes = one.message.size();
    for (const std::string& address : one.envelope.recipients) {
      text += "not sent (dry run) " + visible(address) + " " + std::to_string(one.message.size()) + " octets through " +
              sender.name() + "\n";
      receipt.recipients.push_back({address, Delivery::deferred, 0, {}, "not sent (dry run)", {}});
    }
    receipts.push_back(std::move(receipt));
  }
  if (options.json) {
    print_json(report_json(receipts));
  } else {
    print_result(text);
  }
  return 0;
}

}  // namespace

int run_send(const Options& options) {
  if (options.via.empty()) throw Error(Errc::usage, "nothing says where to send", {}, "give --via URL");
  const bool json = options.json && !(options.json_by_config && (options.via == "file:-" || options.save_sent == "-"));
  if (json && (options.via == "file:-" || options.save_sent == "-"))
    throw Error(Errc::usage, "the report and the message would both go to standard output");
  const auto sender = SenderRegistry::standard().make(options.via, sender_options(options));
  const std::vector<Transaction> transactions =
      options.raw.empty() ? prepared_transactions(options) : raw_transactions(options);
  if (transactions.empty()) throw Error(Errc::usage, "the envelope has no recipient");
  if (transactions.size() > 1 && istarts_with(options.via, "file:"))
    throw Error(Errc::usage, "with Bcc there are several copies, and a file takes one", visible(options.via),
                "give --via maildir:PATH");
  if (options.dry_run) return dry_run(*sender, transactions, options);
  for (const Transaction& one : transactions) {
    const auto source = one.message.open();
    sender->check(one.envelope, *source);
  }
  SentCopy sent(options.save_sent, transactions.front());
  const std::vector<Receipt> receipts = submit_all(*sender, transactions);
  const Receipt all = joined(receipts);
  const int code = exit_code(all);
  // The receipt comes first: whatever fails now, the user must know what was sent.
  if (json) {
    print_json(report_json(receipts));
  } else {
    std::string text;
    for (const RecipientReceipt& one : all.recipients)
      text += receipt_line(one);
    print_result(text);
  }
  if (code == 4)
    print_hint("the connection broke after the last byte: the server may have the message; do not repeat it blindly");
  const bool somebody = std::any_of(all.recipients.begin(), all.recipients.end(),
                                    [](const RecipientReceipt& one) { return one.result == Delivery::accepted; });
  if (somebody) {
    try {
      sent.keep();
    } catch (const Error& error) {
      print_error(error);
      print_hint("the message was sent, but its copy was not kept");
      if (code == 0) return exit_code(error.code());
    }
  }
  return code;
}

}  // namespace mimeseal::cli
