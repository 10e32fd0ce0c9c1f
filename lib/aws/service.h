// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws/answer.h"
#include "aws/shared_files.h"
#include "mimeseal/aws/context.h"
#include "mimeseal/aws/credentials.h"
#include "mimeseal/core/error.h"

// Calls of AWS's services: signed, traced, repeated where that is safe.
namespace mimeseal::aws {

/// libcurl under the context's TLS policy (AWS_CA_BUNDLE where it names no CA file), or what a test put in its place.
class Exchange {
 public:
  explicit Exchange(const Context& context);
  net::HttpResponse perform(const net::HttpRequest& request, Sink* into, net::HttpFailure* failure);

 private:
  HttpExchange given_;
  std::unique_ptr<net::HttpClient> client_;
};

/// One request before it is signed.
struct Call {
  std::string service;  ///< as SigV4 names it: "ses", "s3"
  std::string region;
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  Source* body = nullptr;
  std::string payload_sha256;  ///< hexadecimal; empty: of no body
  std::chrono::milliseconds timeout{60'000};
};

/// The request with its Host, date, token and Authorization fields.
net::HttpRequest signed_request(const Call& call, const Credentials& credentials, Time now);

/// "POST https://host/path 200" in two lines, without header fields and query.
void trace_call(const Context& context, const Call& call);
void trace_answer(const Context& context, const net::HttpResponse& response, const net::HttpFailure& failure,
                  const ServiceError& error);

/// What may be repeated, and how long to wait: AWS's standard mode.
class Attempts {
 public:
  Attempts(const Context& context, const SharedFiles& files);
  [[nodiscard]] int limit() const noexcept { return limit_; }
  /// Waits before the attempt after `done` ones: up to 2^(done-1) seconds, at most 20, with full jitter.
  void wait(int done) const;

 private:
  const Context& context_;
  int limit_;
};

/// "Throttling" and its sisters, and status 429: nothing was done, a later attempt may succeed.
bool is_throttling(const ServiceError& error, int status);
/// The request was not taken in whole: a 4xx that says so.
bool is_transient(const ServiceError& error, int status);
/// Who signs is not known, not allowed, or no longer.
bool is_refusal(const ServiceError& error, int status);
/// The credentials have ended: new ones may help.
bool is_expired(const ServiceError& error);

/// An Error that says what a service answered; `missing` is the kind for 404.
Error service_failure(const net::HttpResponse& response, const std::string& where, Errc missing = Errc::config);

/// Signed calls with credentials of the chain. One thread at a time.
class ServiceClient {
 public:
  ServiceClient(Context context, std::string region);

  [[nodiscard]] const Context& context() const noexcept { return context_; }
  [[nodiscard]] const Attempts& attempts() const noexcept { return attempts_; }
  /// One attempt. A status of 0: it broke off, and *failure says how.
  net::HttpResponse once(const Call& call, Sink* into, net::HttpFailure& failure);
  /// A call that may be repeated: until it gives an answer that is no throttling, 5xx or break. `fresh` makes the sink
  /// of each attempt. Throws when the attempts are used up.
  net::HttpResponse repeat(const Call& call, const std::function<Sink*()>& fresh = nullptr);
  void forget_credentials() noexcept { chain_.forget(); }
  const Credentials& credentials() { return chain_.get(); }

 private:
  Context context_;
  Attempts attempts_;
  Exchange exchange_;
  CredentialChain chain_;
};

}  // namespace mimeseal::aws
