// SPDX-License-Identifier: MIT
// What a ses: URL says, and where SES is.
#include <algorithm>
#include <array>

#include "aws/places.h"
#include "aws/uri.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::size_t kMaxName = 256;
constexpr std::uint16_t kStartTlsPort = 587;
constexpr std::uint16_t kWrapperPort = 465;

// Those that AWS documents; no others are made up.
constexpr std::array<std::string_view, 7> kFipsApi = {"ca-central-1",  "us-east-1", "us-east-2", "us-gov-east-1",
                                                      "us-gov-west-1", "us-west-1", "us-west-2"};
constexpr std::array<std::string_view, 5> kFipsSmtp = {"us-east-1", "us-east-2", "us-gov-west-1", "us-west-1",
                                                       "us-west-2"};

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& list, std::string_view region) {
  return std::find(list.begin(), list.end(), region) != list.end();
}

/// Names of sets, tenants, lists and topics: printable ASCII without blanks.
std::string name_of(const std::string& parameter, const std::string& value) {
  const bool fits = !value.empty() && value.size() <= kMaxName && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '<' && c != '>' && c != '@';
  });
  if (!fits) throw Error(Errc::usage, "the parameter '" + parameter + "' is no name", visible(value));
  return value;
}

bool flag_of(const std::string& parameter, const std::string& value) {
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  throw Error(Errc::usage, "the parameter '" + parameter + "' is 0 or 1", visible(value));
}

std::string address_of(const std::string& parameter, const std::string& value) {
  // make_envelope() knows what an address may hold.
  static_cast<void>(make_envelope({}, {value}));
  if (!is_ascii(value) || value.find('@') == std::string::npos)
    throw Error(Errc::usage, "the parameter '" + parameter + "' is no ASCII address", visible(value));
  return value;
}

void take_parameter(SesSettings& settings, const std::string& name, const std::string& value) {
  if (name == "api") {
    if (value != "v1" && value != "v2") throw Error(Errc::usage, "the parameter 'api' is v1 or v2", visible(value));
    settings.api = value == "v1" ? SesApi::v1 : SesApi::v2;
  } else if (name == "configuration-set") {
    settings.configuration_set = name_of(name, value);
  } else if (name == "tenant") {
    settings.tenant = name_of(name, value);
  } else if (name == "list") {
    settings.list = name_of(name, value);
  } else if (name == "topic") {
    settings.topic = name_of(name, value);
  } else if (name == "feedback") {
    settings.feedback = address_of(name, value);
  } else if (name == "profile") {
    settings.profile = value;
  } else if (name == "fips") {
    settings.fips = flag_of(name, value);
  } else if (name == "dualstack") {
    settings.dual_stack = flag_of(name, value);
  } else if (name == "endpoint") {
    settings.endpoint = value;
  } else {
    throw Error(
        Errc::usage, "ses: URLs have no parameter '" + visible(name) + "'", {},
        "there are api, configuration-set, tenant, list, topic, feedback, fips, dualstack, endpoint and profile");
  }
}

SenderUrl target(std::string scheme, std::string host, std::optional<std::uint16_t> port) {
  SenderUrl url;
  url.scheme = std::move(scheme);
  url.host = std::move(host);
  url.port = port;
  return url;
}

}  // namespace

SesSettings ses_settings(const SenderUrl& url) {
  if (url.scheme != "ses") throw Error(Errc::usage, "not a ses: URL", url.display());
  if (url.port || !url.path.empty())
    throw Error(Errc::usage, "a ses: URL names a region, without port or path", url.display(),
                "another endpoint is named by endpoint=https://HOST:PORT");
  SesSettings settings;
  settings.region = ascii_lower(url.host);
  if (!is_region(settings.region)) throw Error(Errc::usage, "not the name of an AWS region", visible(url.host));
  for (const auto& [name, value] : url.query)
    take_parameter(settings, name, value);
  if (!settings.topic.empty() && settings.list.empty())
    throw Error(Errc::usage, "the parameter 'topic' needs 'list'", url.display());
  if (settings.api == SesApi::v1 && !(settings.tenant.empty() && settings.list.empty() && settings.feedback.empty()))
    throw Error(Errc::usage, "version 1 of the API knows no tenant, list, topic and feedback", url.display(),
                "leave api=v1 out");
  return settings;
}

SesPlace resolve_ses(const SesSettings& settings, const Context& given) {
  Context context = given;
  if (!settings.profile.empty()) context.profile = settings.profile;
  const SharedFiles files(context);
  SesPlace place;
  place.region = resolve_region(settings.region, context, files);
  place.fips = settings.fips || asks_for("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", context, files);
  const bool dual =
      settings.dual_stack || asks_for("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", context, files);
  if (settings.api == SesApi::v1) place.endpoint = named_endpoint(settings.endpoint, "ses", context, files);
  if (place.endpoint.empty()) place.endpoint = named_endpoint(settings.endpoint, "sesv2", context, files);
  place.custom = !place.endpoint.empty();
  if (place.custom) {
    if (place.fips)
      throw Error(Errc::config, "FIPS and a custom endpoint exclude each other", visible(place.endpoint),
                  "leave out endpoint and AWS_ENDPOINT_URL…, or fips=1 and AWS_USE_FIPS_ENDPOINT");
    if (dual) throw Error(Errc::config, "dual-stack and a custom endpoint exclude each other", visible(place.endpoint));
    return place;
  }
  if (place.fips && !holds(kFipsApi, place.region))
    throw Error(
        Errc::config, "SES has no FIPS endpoint in " + place.region, {},
        "it has them in ca-central-1, us-east-1, us-east-2, us-west-1, us-west-2, us-gov-east-1, us-gov-west-1");
  const std::string domain = !dual                             ? domain_of(place.region)
                             : place.region.starts_with("cn-") ? "api.amazonwebservices.com.cn"
                                                               : "api.aws";
  place.endpoint = std::string("https://email") + (place.fips ? "-fips" : "") + "." + place.region + "." + domain;
  return place;
}

std::vector<SenderUrl> ses_probe_targets(const SenderUrl& url, const Context& context) {
  const SesPlace place = resolve_ses(ses_settings(url), context);
  const auto parts = split_url(place.endpoint);
  std::vector<SenderUrl> targets;
  std::optional<std::uint16_t> port;
  const std::size_t colon = parts->host.rfind(':');
  if (colon != std::string::npos && parts->host.find(']', colon) == std::string::npos)
    port = parse_sender_url("https://x" + parts->host.substr(colon)).port;
  targets.push_back(target("https", host_alone(parts->host), port));
  if (place.custom) return targets;
  if (place.fips && !holds(kFipsSmtp, place.region)) return targets;
  const std::string smtp =
      std::string("email-smtp") + (place.fips ? "-fips" : "") + "." + place.region + "." + domain_of(place.region);
  targets.push_back(target("smtp", smtp, kStartTlsPort));
  targets.push_back(target("smtps", smtp, kWrapperPort));
  return targets;
}

}  // namespace mimeseal::aws
