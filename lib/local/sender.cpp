// SPDX-License-Identifier: MIT
#include "mimeseal/local/sender.h"

#include <unistd.h>

#include <utility>

#include "local/deliver.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/text.h"

namespace mimeseal::local {
namespace {

/// What all three share: a place, and one outcome for all recipients.
class LocalSender final : public Sender {
 public:
  LocalSender(const SenderUrl& url, const Clock& clock)
      : name_(url.display()), scheme_(url.scheme), path_(url.path), clock_(clock) {}

  Receipt submit(const Envelope& envelope, Source& message) override {
    (void)make_envelope(envelope.from, envelope.recipients);
    demand_possible(envelope);
    message.rewind();
    const Delivered delivered = deliver(envelope, message);
    Receipt receipt;
    receipt.sender = name_;
    receipt.bytes = delivered.bytes;
    receipt.message_id = delivered.id;
    for (const std::string& address : envelope.recipients)
      receipt.recipients.push_back({address, delivered.result, 0, {}, delivered.reply, delivered.id});
    return receipt;
  }

  void check(const Envelope& envelope, Source& /*message*/) override {
    (void)make_envelope(envelope.from, envelope.recipients);
    demand_possible(envelope);
    if (scheme_ == "exec" && path_.find('/') != std::string::npos && access(path_.c_str(), X_OK) != 0)
      throw Error(Errc::unavailable, "the program cannot be run", visible(path_));
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  void demand_possible(const Envelope& envelope) const {
    if (envelope.require_tls) throw Error(Errc::protocol, "REQUIRETLS cannot be demanded of a local delivery", name_);
    if (asks_dsn(envelope))
      throw Error(Errc::usage, "delivery notifications (DSN) cannot be asked of a local delivery", name_);
    if (!envelope.tags.empty()) throw Error(Errc::usage, "only SES knows message tags", name_);
  }

  Delivered deliver(const Envelope& envelope, Source& message) {
    if (scheme_ == "maildir") return deliver_to_maildir(path_, message, clock_);
    if (scheme_ == "exec") return deliver_to_program(path_, envelope, message);
    // A second message would take the place of the first, which somebody was told is there.
    if (written_)
      throw Error(Errc::cannot_create, "a file takes one message, and this one has been written", name_,
                  "maildir: takes any number");
    OutputFile file(path_);
    Delivered delivered;
    delivered.bytes = copy(message, file);
    file.commit();
    written_ = true;
    delivered.result = Delivery::accepted;
    return delivered;
  }

  std::string name_;
  std::string scheme_;
  std::string path_;
  const Clock& clock_;
  bool written_ = false;
};

}  // namespace

std::unique_ptr<Sender> make_sender(const SenderUrl& url, const Clock& clock) {
  if (url.scheme != "file" && url.scheme != "maildir" && url.scheme != "exec")
    throw Error(Errc::usage, "no scheme of a local delivery", visible(url.scheme), "file:, maildir: or exec:");
  if (url.path.empty() || has_crlf_or_nul(url.path)) throw Error(Errc::usage, "the URL names no path", url.display());
  return std::make_unique<LocalSender>(url, clock);
}

}  // namespace mimeseal::local
