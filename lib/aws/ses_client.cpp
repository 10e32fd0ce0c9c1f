// SPDX-License-Identifier: MIT
// SES's account and configuration sets.
#include "aws/ses_api.h"
#include "aws/uri.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::string_view kXmlVersion = "2010-12-01";

[[noreturn]] void not_understood(const std::string& where) {
  throw Error(Errc::protocol, "the answer of SES is not understood", where);
}

double needed(std::optional<double> value, const std::string& where) {
  if (!value) not_understood(where);
  return *value;
}

std::optional<bool> json_flag(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::optional<double> xml_number(std::string_view xml, const char* element) {
  const auto text = xml_text(xml, element);
  return text ? json_number(Json{{"n", *text}}, "n") : std::nullopt;
}

}  // namespace

std::string_view to_string(TlsDelivery value) noexcept {
  return value == TlsDelivery::require ? "REQUIRE" : "OPTIONAL";
}

std::optional<TlsDelivery> parse_tls_delivery(std::string_view text) noexcept {
  if (iequals(text, "REQUIRE")) return TlsDelivery::require;
  if (iequals(text, "OPTIONAL")) return TlsDelivery::optional;
  return std::nullopt;
}

namespace {

Context with_profile(Context context, const SesSettings& settings) {
  if (!settings.profile.empty()) context.profile = settings.profile;
  return context;
}

}  // namespace

SesApiClient::SesApiClient(const SesSettings& settings, Context context)
    : api_(settings.api),
      place_(resolve_ses(settings, context)),
      service_(with_profile(std::move(context), settings), place_.region) {}

Call SesApiClient::call(std::string method, const std::string& path) const {
  Call call;
  call.service = "ses";
  call.region = place_.region;
  call.method = std::move(method);
  call.url = place_.endpoint + path;
  if (service_.context().timeout.count() > 0) call.timeout = service_.context().timeout;
  return call;
}

net::HttpResponse SesApiClient::checked(Call call, const std::string& body, const char* type) {
  std::unique_ptr<Source> source;
  if (type != nullptr) {
    source = view_source(body);
    call.headers = {{"Content-Type", type}};
    call.payload_sha256 = hex(sha256(body));
    call.body = source.get();
  }
  net::HttpResponse response = service_.repeat(call);
  if (response.status >= 200 && response.status < 300) return response;
  const ServiceError error = service_error(response);
  // Version 1 has its own name for it, at 400.
  if (error.code == "ConfigurationSetDoesNotExist") response.status = 404;
  throw service_failure(response, place_.endpoint, Errc::config);
}

net::HttpResponse SesApiClient::ask_v2(const char* method, const std::string& path, const Json* body) {
  const std::string text = body == nullptr ? std::string() : body->dump();
  return checked(call(method, path), text, body == nullptr ? nullptr : "application/json");
}

net::HttpResponse SesApiClient::ask_v1(const std::string& action, const std::string& rest) {
  return checked(call("POST", "/"), "Action=" + action + "&Version=" + std::string(kXmlVersion) + rest,
                 "application/x-www-form-urlencoded");
}

SesQuota SesApiClient::quota() {
  SesQuota quota;
  const std::string& where = place_.endpoint;
  if (api_ == SesApi::v1) {
    const std::string xml = ask_v1("GetSendQuota", {}).body;
    quota.max_24_hour = needed(xml_number(xml, "Max24HourSend"), where);
    quota.max_per_second = needed(xml_number(xml, "MaxSendRate"), where);
    quota.sent_24_hour = needed(xml_number(xml, "SentLast24Hours"), where);
    return quota;
  }
  const auto json = parse_json(ask_v2("GET", "/v2/email/account", nullptr).body);
  if (!json || !json->is_object() || !json->contains("SendQuota")) not_understood(where);
  const Json& limits = (*json)["SendQuota"];
  quota.max_24_hour = needed(json_number(limits, "Max24HourSend"), where);
  quota.max_per_second = needed(json_number(limits, "MaxSendRate"), where);
  quota.sent_24_hour = needed(json_number(limits, "SentLast24Hours"), where);
  quota.sending_enabled = json_flag(*json, "SendingEnabled");
  quota.production_access = json_flag(*json, "ProductionAccessEnabled");
  quota.enforcement = visible(json_text(*json, "EnforcementStatus"));
  return quota;
}

TlsDelivery SesApiClient::tls_policy(const std::string& set) {
  std::string text;
  if (api_ == SesApi::v1) {
    const std::string xml = ask_v1("DescribeConfigurationSet", "&ConfigurationSetName=" + uri_encode(set) +
                                                                   "&ConfigurationSetAttributeNames.member.1="
                                                                   "deliveryOptions")
                                .body;
    text = xml_text(xml, "TlsPolicy").value_or("");
    if (text.empty() && xml.find("DescribeConfigurationSetResult") == std::string::npos)
      not_understood(place_.endpoint);
  } else {
    const auto json = parse_json(ask_v2("GET", "/v2/email/configuration-sets/" + uri_encode(set), nullptr).body);
    if (!json || !json->is_object()) not_understood(place_.endpoint);
    const auto options = json->find("DeliveryOptions");
    if (options != json->end()) text = json_text(*options, "TlsPolicy");
  }
  if (text.empty()) return TlsDelivery::optional;  // what SES does when nothing was ever set
  const auto policy = parse_tls_delivery(text);
  if (!policy) not_understood(place_.endpoint);
  return *policy;
}

void SesApiClient::set_tls_policy(const std::string& set, TlsDelivery policy) {
  if (api_ == SesApi::v1) {
    const char* word = policy == TlsDelivery::require ? "Require" : "Optional";
    static_cast<void>(ask_v1("PutConfigurationSetDeliveryOptions",
                             "&ConfigurationSetName=" + uri_encode(set) + "&DeliveryOptions.TlsPolicy=" + word));
    return;
  }
  const Json body{{"TlsPolicy", std::string(to_string(policy))}};
  static_cast<void>(ask_v2("PUT", "/v2/email/configuration-sets/" + uri_encode(set) + "/delivery-options", &body));
}

struct SesClient::State {
  SesApiClient api;
};

SesClient::SesClient(const SesSettings& settings, Context context)
    : state_(new State{SesApiClient(settings, std::move(context))}) {}

SesClient::~SesClient() = default;

const SesPlace& SesClient::place() const noexcept {
  return state_->api.place();
}

SesQuota SesClient::quota() {
  return state_->api.quota();
}

namespace {

void check_set(const std::string& set) {
  if (set.empty() || has_crlf_or_nul(set) || !is_ascii(set))
    throw Error(Errc::usage, "not the name of a configuration set", visible(set));
}

}  // namespace

TlsDelivery SesClient::tls_policy(const std::string& configuration_set) {
  check_set(configuration_set);
  return state_->api.tls_policy(configuration_set);
}

void SesClient::set_tls_policy(const std::string& configuration_set, TlsDelivery policy) {
  check_set(configuration_set);
  state_->api.set_tls_policy(configuration_set, policy);
}

}  // namespace mimeseal::aws
