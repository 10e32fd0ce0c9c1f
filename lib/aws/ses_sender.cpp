// SPDX-License-Identifier: MIT
// The sender for ses: URLs: one message, one request, and what is known after it.
#include <algorithm>

#include "aws/message_check.h"
#include "aws/ses_api.h"
#include "aws/ses_request.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kLeastTimeout = 60s;
constexpr std::uint64_t kSlowest = 64U << 10U;  // octets a second that a line should manage

std::chrono::milliseconds timeout_for(std::uint64_t octets, std::chrono::seconds wished) {
  if (wished.count() > 0) return wished;
  return kLeastTimeout + std::chrono::seconds(octets / kSlowest);
}

std::string message_id_in(const std::string& body, SesApi api) {
  if (api == SesApi::v1) return visible(xml_text(body, "MessageId").value_or(""));
  const auto json = parse_json(body);
  return json ? visible(json_text(*json, "MessageId")) : std::string();
}

/// One message on its way: attempts, until there is something to tell.
class Submission {
 public:
  Submission(SesApiClient& client, const SesSettings& settings, const Envelope& envelope, const Call& call)
      : client_(client), settings_(settings), envelope_(envelope), call_(call) {}

  Receipt run() {
    for (int done = 1;; ++done) {
      last_ = done >= client_.service().attempts().limit();
      try {
        net::HttpFailure failure;
        const net::HttpResponse response = client_.service().once(call_, nullptr, failure);
        if (!response.tls.version.empty()) receipt_.tls = response.tls;
        const bool settled = response.status == 0 ? judge_break(failure) : judge_answer(response);
        if (settled) return std::move(receipt_);
      } catch (const Error& error) {
        // An earlier attempt may have been taken: whatever goes wrong now, "nobody got it" is not certain.
        if (!maybe_taken_) throw;
        fill(Delivery::unknown, 0, {}, error.what());
        return std::move(receipt_);
      }
      if (!std::exchange(at_once_, false)) client_.service().attempts().wait(done);
    }
  }

 private:
  /// Whether the receipt is filled in; otherwise another attempt follows.
  bool judge_break(const net::HttpFailure& failure) {
    if (failure.request_complete) return judge_unknown(0, {}, failure.what);
    if (!failure.transient || last_) throw Error(failure.code, failure.what);
    return false;
  }

  bool judge_unknown(int status, const std::string& code, const std::string& words) {
    maybe_taken_ = true;
    if (envelope_.retry_unknown && !last_) return false;
    fill(Delivery::unknown, status, code, words);
    return true;
  }

  bool judge_answer(const net::HttpResponse& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) {
      receipt_.message_id = message_id_in(response.body, settings_.api);
      fill(Delivery::accepted, status, {}, "OK");
      return true;
    }
    const ServiceError error = service_error(response);
    const std::string words = error.message.empty() ? error.code : error.message;
    if (is_throttling(error, status) || is_transient(error, status)) {
      if (!last_) return false;
      fill(maybe_taken_ ? Delivery::unknown : Delivery::deferred, status, error.code, words);
      return true;
    }
    if (status >= 500) return judge_unknown(status, error.code, words);
    if (is_expired(error) && !renewed_ && !last_) {
      renewed_ = at_once_ = true;
      client_.service().forget_credentials();
      return false;
    }
    if (is_refusal(error, status) || status < 400) throw service_failure(response, client_.place().endpoint);
    fill(maybe_taken_ ? Delivery::unknown : Delivery::refused, status, error.code, words);
    return true;
  }

  void fill(Delivery result, int status, const std::string& code, const std::string& words) {
    receipt_.recipients.clear();
    for (const std::string& address : envelope_.recipients)
      receipt_.recipients.push_back({address, result, status, code, words, receipt_.message_id});
  }

  SesApiClient& client_;
  const SesSettings& settings_;
  const Envelope& envelope_;
  const Call& call_;
  Receipt receipt_;
  bool last_ = false;
  bool maybe_taken_ = false;
  bool renewed_ = false;
  bool at_once_ = false;
};

class SesSender final : public Sender {
 public:
  SesSender(const SenderUrl& url, const SesSettings& settings, const Context& context)
      : name_(url.display()), settings_(settings), client_(settings, context) {}

  Receipt submit(const Envelope& envelope, Source& message) override {
    check_envelope(envelope, settings_);
    const SesRequest request = make_request(envelope, settings_);
    SesBody body(request.prefix, message, request.suffix, request.form);
    measure(body, request);
    if (envelope.require_tls) demand_tls();
    Call call = client_.call("POST", request.path);
    call.headers = {{"Content-Type", request.content_type}};
    call.body = &body;
    call.payload_sha256 = body.sha256();
    call.timeout = timeout_for(*body.size(), client_.service().context().timeout);
    Receipt receipt = Submission(client_, settings_, envelope, call).run();
    receipt.sender = name_;
    receipt.bytes = body.message_size();
    return receipt;
  }

  void check(const Envelope& envelope, Source& message) override {
    check_envelope(envelope, settings_);
    const SesRequest request = make_request(envelope, settings_);
    SesBody body(request.prefix, message, request.suffix, request.form);
    measure(body, request);
    message.rewind();
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  static void measure(SesBody& body, const SesRequest& request) {
    MessageCheck watcher;
    body.measure(watcher, request.limit, request.limit_words);
    watcher.finish();
    if (body.message_size() == 0) throw Error(Errc::malformed, "the message is empty");
  }

  /// Asked for each message: somebody may have changed it since the last one.
  void demand_tls() {
    if (client_.tls_policy(settings_.configuration_set) == TlsDelivery::require) return;
    throw Error(Errc::protocol, "SES may deliver in plaintext: the configuration set's TlsPolicy is OPTIONAL",
                settings_.configuration_set,
                "mimeseal ses tls-policy " + settings_.configuration_set + " REQUIRE demands TLS");
  }

  std::string name_;
  SesSettings settings_;
  SesApiClient client_;
};

}  // namespace

std::unique_ptr<Sender> make_ses_sender(const SenderUrl& url, const Context& context) {
  return std::make_unique<SesSender>(url, ses_settings(url), context);
}

std::unique_ptr<Sender> make_ses_sender(const SenderUrl& url, SenderOptions options, const Clock& clock) {
  return make_ses_sender(url, make_context(options, clock));
}

}  // namespace mimeseal::aws
