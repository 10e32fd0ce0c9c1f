// SPDX-License-Identifier: MIT
#include "aws/service.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <thread>

#include "aws/uri.h"
#include "mimeseal/aws/sigv4.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr int kStandardAttempts = 3;
constexpr int kMostAttempts = 100;
constexpr double kLongestWait = 20.0;  // seconds

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), code) != list.end();
}

constexpr std::array<std::string_view, 14> kThrottling = {"Throttling",
                                                          "ThrottlingException",
                                                          "ThrottledException",
                                                          "RequestThrottledException",
                                                          "TooManyRequestsException",
                                                          "ProvisionedThroughputExceededException",
                                                          "TransactionInProgressException",
                                                          "RequestLimitExceeded",
                                                          "BandwidthLimitExceeded",
                                                          "RequestThrottled",
                                                          "SlowDown",
                                                          "PriorRequestNotComplete",
                                                          "EC2ThrottledException",
                                                          "TooManyRequests"};

constexpr std::array<std::string_view, 2> kTransient = {"RequestTimeout", "RequestTimeoutException"};

constexpr std::array<std::string_view, 5> kExpired = {"ExpiredToken", "ExpiredTokenException", "RequestExpired",
                                                      "TokenRefreshRequired", "CredentialsExpired"};

constexpr std::array<std::string_view, 16> kRefusals = {"AccessDenied",
                                                        "AccessDeniedException",
                                                        "UnauthorizedException",
                                                        "ForbiddenException",
                                                        "NotAuthorized",
                                                        "UnrecognizedClientException",
                                                        "InvalidClientTokenId",
                                                        "InvalidAccessKeyId",
                                                        "InvalidSignatureException",
                                                        "SignatureDoesNotMatch",
                                                        "IncompleteSignature",
                                                        "IncompleteSignatureException",
                                                        "MissingAuthenticationToken",
                                                        "MissingAuthenticationTokenException",
                                                        "OptInRequired",
                                                        "RequestTimeTooSkewed"};

/// 0 to 1, both possible.
double fraction(Random& random) {
  std::array<char, 4> octets{};
  random.fill(octets);
  std::uint32_t value = 0;
  for (const char c : octets)
    value = (value << 8U) | static_cast<unsigned char>(c);
  return static_cast<double>(value) / 4294967295.0;
}

std::string words_of(const net::HttpResponse& response, const ServiceError& error) {
  std::string words = "the service answers " + std::to_string(response.status);
  if (!error.code.empty()) words += " " + error.code;
  if (!error.message.empty()) words += ": " + error.message;
  return words;
}

std::string origin_of(const std::string& url) {
  const auto parts = split_url(url);
  return parts ? parts->scheme + "://" + parts->host : visible(url);
}

}  // namespace

Exchange::Exchange(const Context& context) : given_(context.http) {
  if (given_) return;
  TlsPolicy tls = context.tls;
  if (tls.ca_file.empty()) tls.ca_file = context.environment("AWS_CA_BUNDLE").value_or("");
  client_ = std::make_unique<net::HttpClient>(std::move(tls), context.proxy);
}

net::HttpResponse Exchange::perform(const net::HttpRequest& request, Sink* into, net::HttpFailure* failure) {
  if (given_) return given_(request, into, failure);
  return client_->perform(request, into, failure);
}

net::HttpRequest signed_request(const Call& call, const Credentials& credentials, Time now) {
  const auto parts = split_url(call.url);
  if (!parts) throw Error(Errc::internal, "no URL to sign", visible(call.url));
  const bool is_s3 = call.service == "s3";
  SigV4Request request;
  request.method = call.method;
  request.path = parts->path;
  request.query = parts->query;
  request.headers = call.headers;
  request.headers.emplace_back("Host", parts->host);
  request.payload_sha256 = call.payload_sha256.empty() ? std::string(kEmptySha256) : call.payload_sha256;
  SigV4Rules rules;
  rules.region = call.region;
  rules.service = call.service;
  rules.time = now;
  rules.normalize_path = !is_s3;
  rules.double_encode = !is_s3;
  rules.content_sha256 = is_s3;
  SigV4Result signature =
      sign(request, rules, credentials.access_key_id, credentials.secret, credentials.session_token);

  net::HttpRequest out;
  out.method = call.method;
  out.url = call.url;
  out.headers = std::move(request.headers);
  for (auto& header : signature.added_headers)
    out.headers.push_back(std::move(header));
  out.headers.emplace_back("User-Agent", "mimeseal");
  out.body = call.body;
  out.timeout = call.timeout;
  return out;
}

void trace_call(const Context& context, const Call& call) {
  if (!context.trace) return;
  const auto parts = split_url(call.url);
  std::string line = "> " + call.method + " " + origin_of(call.url) + (parts ? visible(parts->path) : "");
  if (call.body != nullptr) line += " (" + std::to_string(call.body->size().value_or(0)) + " octets)";
  context.trace(line);
}

void trace_answer(const Context& context, const net::HttpResponse& response, const net::HttpFailure& failure,
                  const ServiceError& error) {
  if (!context.trace) return;
  if (response.status == 0) return context.trace("< " + failure.what);
  std::string line = "< " + std::to_string(response.status);
  if (!error.code.empty()) line += " " + error.code;
  if (!error.message.empty()) line += ": " + error.message;
  context.trace(line);
}

Attempts::Attempts(const Context& context, const SharedFiles& files) : context_(context), limit_(kStandardAttempts) {
  std::string text = context.environment("AWS_MAX_ATTEMPTS").value_or("");
  if (text.empty()) text = files.setting("max_attempts");
  if (text.empty()) return;
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 1)
    throw Error(Errc::config, "AWS_MAX_ATTEMPTS is no number from 1", visible(text));
  limit_ = std::min(value, kMostAttempts);
}

void Attempts::wait(int done) const {
  const double longest = std::min(std::pow(2.0, done - 1), kLongestWait);
  const auto pause = std::chrono::milliseconds(static_cast<long>(fraction(*context_.random) * longest * 1000));
  if (context_.trace) context_.trace("* waits " + std::to_string(pause.count()) + " ms before the next attempt");
  if (context_.sleep) return context_.sleep(pause);
  std::this_thread::sleep_for(pause);
}

bool is_throttling(const ServiceError& error, int status) {
  return status == 429 || is_one_of(error.code, kThrottling);
}

bool is_transient(const ServiceError& error, int status) {
  return status >= 400 && status < 500 && (status == 408 || is_one_of(error.code, kTransient));
}

bool is_refusal(const ServiceError& error, int status) {
  return status == 401 || status == 403 || is_one_of(error.code, kRefusals) || is_expired(error);
}

bool is_expired(const ServiceError& error) {
  return is_one_of(error.code, kExpired);
}

Error service_failure(const net::HttpResponse& response, const std::string& where, Errc missing) {
  const ServiceError error = service_error(response);
  const std::string words = words_of(response, error);
  if (is_throttling(error, response.status) || is_transient(error, response.status) || response.status >= 500)
    return {Errc::temporary, words, where, "try again later"};
  if (is_refusal(error, response.status)) {
    const bool skewed = error.code == "RequestTimeTooSkewed" || error.message.find("Signature expired") == 0 ||
                        error.message.find("Signature not yet current") == 0;
    return {Errc::refused, words, where, skewed ? "the clock of this machine is wrong" : ""};
  }
  if (response.status == 404) return {missing, words, where};
  if (response.status >= 300 && response.status < 400)
    return {Errc::config, words, where, "the endpoint or region is another one"};
  return {Errc::protocol, words, where};
}

ServiceClient::ServiceClient(Context context, std::string region)
    : context_(std::move(context)),
      attempts_(context_, SharedFiles(context_)),
      exchange_(context_),
      chain_(context_, std::move(region)) {}

net::HttpResponse ServiceClient::once(const Call& call, Sink* into, net::HttpFailure& failure) {
  if (call.body != nullptr) call.body->rewind();
  const net::HttpRequest request = signed_request(call, chain_.get(), context_.clock->now());
  trace_call(context_, call);
  failure = {};
  net::HttpResponse response = exchange_.perform(request, into, &failure);
  trace_answer(context_, response, failure, response.status >= 300 ? service_error(response) : ServiceError());
  return response;
}

net::HttpResponse ServiceClient::repeat(const Call& call, const std::function<Sink*()>& fresh) {
  const std::string where = origin_of(call.url);
  bool renewed = false;
  for (int done = 1;; ++done) {
    net::HttpFailure failure;
    net::HttpResponse response = once(call, fresh ? fresh() : nullptr, failure);
    if (response.status == 0) {
      if (!failure.transient || done >= attempts_.limit()) throw Error(failure.code, failure.what);
    } else {
      const ServiceError error = response.status < 300 ? ServiceError() : service_error(response);
      if (is_expired(error) && !renewed) {
        renewed = true;
        forget_credentials();
        continue;
      }
      const bool again =
          response.status >= 500 || is_throttling(error, response.status) || is_transient(error, response.status);
      if (!again) return response;
      if (done >= attempts_.limit()) throw service_failure(response, where);
    }
    attempts_.wait(done);
  }
}

}  // namespace mimeseal::aws
