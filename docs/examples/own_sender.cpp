// SPDX-License-Identifier: MIT
// A sender of one's own: it posts the raw message to an HTTPS API of your choice, and stands beside smtp:// and ses://
// in the registry. Try it:  own_sender raw-api://api.example/messages FROM TO [CA-FILE] < message.eml
#include <iostream>
#include <iterator>

#include "mimeseal/core/error.h"
#include "mimeseal/net/http.h"
#include "mimeseal/toolkit/senders.h"

class RawApiSender final : public mimeseal::Sender {
 public:
  RawApiSender(const mimeseal::SenderUrl& url, const mimeseal::SenderOptions& options)
      : name_(url.display()), http_(options.tls, options.proxy) {}

  void check(const mimeseal::Envelope& envelope, mimeseal::Source& message) override {
    (void)mimeseal::make_envelope(envelope.from, envelope.recipients);  // no CR, LF or NUL reaches a header field
    if (envelope.require_tls || !message.size())
      throw mimeseal::Error(mimeseal::Errc::unsupported, "not to be had from this API", name_);
  }

  mimeseal::Receipt submit(const mimeseal::Envelope& envelope, mimeseal::Source& message) override {
    check(envelope, message);
    message.rewind();
    mimeseal::net::HttpRequest request{
        .method = "POST", .url = "https" + name_.substr(name_.find(':')), .body = &message};
    request.headers = {{"Content-Type", "message/rfc822"}, {"X-Envelope-From", envelope.from}};
    for (const std::string& address : envelope.recipients)
      request.headers.emplace_back("X-Envelope-To", address);

    mimeseal::net::HttpFailure failure;
    const auto response = http_.perform(request, nullptr, &failure);
    // Before its last octet was sent nobody can have the message: that is an Error. Afterwards nobody can tell.
    if (response.status == 0 && !failure.request_complete) throw mimeseal::Error(failure.code, failure.what, name_);
    auto result = mimeseal::Delivery::unknown;
    if (response.status / 100 == 2) result = mimeseal::Delivery::accepted;
    if (response.status / 100 == 4) result = mimeseal::Delivery::refused;
    if (response.status == 429) result = mimeseal::Delivery::deferred;

    mimeseal::Receipt receipt{.sender = name_, .tls = response.tls, .bytes = *message.size()};
    for (const std::string& address : envelope.recipients)
      receipt.recipients.push_back(
          {.address = address, .result = result, .code = response.status, .reply = failure.what});
    return receipt;
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::string name_;
  mimeseal::net::HttpClient http_;
};

int main(int count, char** words) try {
  if (count < 4) throw mimeseal::Error(mimeseal::Errc::usage, "own_sender URL FROM TO [CA-FILE] < message.eml");
  auto registry = mimeseal::SenderRegistry::standard();
  registry.add("raw-api",
               [](const auto& url, const auto& options) { return std::make_unique<RawApiSender>(url, options); });

  mimeseal::SenderOptions options;
  if (count > 4) options.tls.ca_file = words[4];
  const auto sender = registry.make(words[1], options);
  const std::string message{std::istreambuf_iterator<char>(std::cin), {}};
  const auto source = mimeseal::view_source(message);
  const mimeseal::Receipt receipt = sender->submit(mimeseal::make_envelope(words[2], {words[3]}), *source);
  for (const auto& one : receipt.recipients)
    std::cout << one.address << ": " << to_string(one.result) << "\n";
  return exit_code(receipt);
} catch (const mimeseal::Error& error) {
  std::cerr << "own_sender: error: " << error.what() << " (" << error.where() << ")\n";
  return exit_code(error.code());
}
