// SPDX-License-Identifier: MIT
#include "mimeseal/smtp/sender.h"

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "net/proxy.h"
#include "smtp/greeting.h"
#include "smtp/submission.h"

namespace mimeseal::smtp {
namespace {

class SmtpSender final : public Sender {
 public:
  SmtpSender(const SenderUrl& url, SenderOptions options)
      : name_(url.display()), scheme_(url.scheme), options_(std::move(options)), session_(url, options_) {}

  Receipt submit(const Envelope& envelope, Source& message) override {
    demand_sound(envelope);
    const MessageFacts facts = examine(message);
    Receipt receipt = Submission(session_, envelope, message, facts).run();
    receipt.sender = name_;
    receipt.bytes = facts.size;
    return receipt;
  }

  void check(const Envelope& envelope, Source& message) override {
    demand_sound(envelope);
    (void)examine(message);
    demand_usable(options_);
    (void)net::TlsGuard(options_.tls);
    net::demand_usable(options_.proxy, scheme_);
  }

  std::optional<Receipt> rehearse(const Envelope& envelope, Source& message) override {
    demand_sound(envelope);
    const MessageFacts facts = examine(message);
    std::optional<Receipt> receipt = Submission(session_, envelope, message, facts).refusal();
    if (receipt) receipt->sender = name_;
    return receipt;
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::string name_;
  std::string scheme_;
  SenderOptions options_;
  Session session_;
};

}  // namespace

std::unique_ptr<Sender> make_sender(const SenderUrl& url, SenderOptions options) {
  if (url.scheme != "smtp" && url.scheme != "smtps")
    throw Error(Errc::usage, "no scheme of SMTP submission", visible(url.scheme), "smtp:// (STARTTLS) or smtps://");
  if (!url.path.empty() || !url.query.empty())
    throw Error(Errc::usage, "a URL of SMTP submission is a host and a port", url.display());
  return std::make_unique<SmtpSender>(url, std::move(options));
}

}  // namespace mimeseal::smtp
