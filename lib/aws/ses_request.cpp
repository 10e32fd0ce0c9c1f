// SPDX-License-Identifier: MIT
#include "aws/ses_request.h"

#include <algorithm>
#include <set>

#include "aws/answer.h"
#include "aws/uri.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::size_t kMaxRecipients = 50;
constexpr std::size_t kMaxTags = 50;
constexpr std::size_t kMaxTag = 256;
constexpr std::uint64_t kMegabyte = 1U << 20U;
constexpr std::uint64_t kLimitV1 = 10 * kMegabyte;
constexpr std::uint64_t kLimitV2 = 40 * kMegabyte;

bool is_tag_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTag && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void check_tags(const Envelope& envelope) {
  std::set<std::string_view> names;
  for (const auto& [name, value] : envelope.tags) {
    for (const std::string& text : {name, value}) {
      if (is_tag_word(text)) continue;
      if (text.find('@') != std::string::npos)
        throw Error(Errc::usage, "an address in a tag", visible(name),
                    "tags appear in AWS's metrics, logs and bills: name something that tells nobody who wrote to whom");
      throw Error(Errc::usage, "a tag's name and value are 1 to 256 letters, digits, - and _", visible(name));
    }
    if (!names.insert(name).second) throw Error(Errc::usage, "a tag stands twice", visible(name));
  }
  if (envelope.tags.size() > kMaxTags) throw Error(Errc::limit, "SES takes at most 50 tags");
}

Json object_of(const Envelope& envelope, const SesSettings& settings) {
  Json object;
  object["FromEmailAddress"] = envelope.from;
  // Every recipient stands here, and no Bcc field in the message: the destination alone says who gets it.
  object["Destination"]["ToAddresses"] = envelope.recipients;
  for (const auto& [name, value] : envelope.tags)
    object["EmailTags"].push_back({{"Name", name}, {"Value", value}});
  if (!settings.configuration_set.empty()) object["ConfigurationSetName"] = settings.configuration_set;
  if (!settings.tenant.empty()) object["TenantName"] = settings.tenant;
  if (!settings.feedback.empty()) object["FeedbackForwardingEmailAddress"] = settings.feedback;
  if (!settings.list.empty()) {
    object["ListManagementOptions"]["ContactListName"] = settings.list;
    if (!settings.topic.empty()) object["ListManagementOptions"]["TopicName"] = settings.topic;
  }
  return object;
}

std::string form_of(const Envelope& envelope, const SesSettings& settings) {
  std::string form = "Action=SendRawEmail&Version=2010-12-01&Source=" + uri_encode(envelope.from);
  std::size_t number = 0;
  for (const std::string& recipient : envelope.recipients)
    form += "&Destinations.member." + std::to_string(++number) + "=" + uri_encode(recipient);
  number = 0;
  for (const auto& [name, value] : envelope.tags) {
    const std::string member = "&Tags.member." + std::to_string(++number);
    form += member + ".Name=" + uri_encode(name) + member + ".Value=" + uri_encode(value);
  }
  if (!settings.configuration_set.empty()) form += "&ConfigurationSetName=" + uri_encode(settings.configuration_set);
  return form;
}

}  // namespace

void check_envelope(const Envelope& envelope, const SesSettings& settings) {
  if (envelope.recipients.empty()) throw Error(Errc::usage, "the envelope has no recipient");
  if (envelope.recipients.size() > kMaxRecipients)
    throw Error(Errc::limit,
                "SES takes at most 50 recipients of a message, not " + std::to_string(envelope.recipients.size()));
  if (envelope.from.empty())
    throw Error(Errc::usage, "SES sends nothing with the null reverse-path", {}, "name a sender by --envelope-from");
  const auto check_address = [](const std::string& address) {
    if (has_crlf_or_nul(address)) throw Error(Errc::usage, "an address holds CR, LF or NUL", visible(address));
    if (!is_ascii(address))
      throw Error(Errc::unsupported, "SES takes no address that is not ASCII (SMTPUTF8)", visible(address));
  };
  check_address(envelope.from);
  std::for_each(envelope.recipients.begin(), envelope.recipients.end(), check_address);
  if (asks_dsn(envelope))
    throw Error(Errc::usage, "SES's API takes no wishes for delivery status notifications (DSN)", {},
                "leave --dsn out; SES tells of bounces by its event destinations and the feedback address");
  check_tags(envelope);
  if (envelope.require_tls && settings.configuration_set.empty())
    throw Error(Errc::protocol, "TLS towards the receivers cannot be demanded: no configuration set is named", {},
                "name one whose TlsPolicy is REQUIRE: ses://REGION?configuration-set=NAME");
}

SesRequest make_request(const Envelope& envelope, const SesSettings& settings) {
  SesRequest request;
  if (settings.api == SesApi::v1) {
    request.path = "/";
    request.content_type = "application/x-www-form-urlencoded";
    request.prefix = form_of(envelope, settings) + "&RawMessage.Data=";
    request.form = BodyForm::form;
    request.limit = kLimitV1;
    request.limit_words = "the message is larger than the 10 MB that version 1 of SES's API takes";
    return request;
  }
  request.path = "/v2/email/outbound-emails";
  request.content_type = "application/json";
  request.prefix = object_of(envelope, settings).dump();
  request.prefix.pop_back();
  request.prefix += R"(,"Content":{"Raw":{"Data":")";
  request.suffix = R"("}}})";
  request.limit = kLimitV2;
  request.limit_words = "the message is larger than the 40 MB that SES takes";
  return request;
}

}  // namespace mimeseal::aws
