// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "mimeseal/aws/context.h"
#include "mimeseal/aws/credentials.h"
#include "mimeseal/aws/s3.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/text.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

using Json = nlohmann::ordered_json;

aws::SesSettings ses_settings(const Options& options) {
  aws::SesSettings settings;
  settings.region = options.region;
  settings.endpoint = options.endpoint;
  settings.fips = options.fips;
  if (options.api == "v1") {
    settings.api = aws::SesApi::v1;
  } else if (!options.api.empty() && options.api != "v2") {
    throw Error(Errc::usage, "--api is v1 or v2, not '" + visible(options.api) + "'");
  }
  return settings;
}

aws::Context context(const Options& options) {
  aws::Context context;
  context.tls = tls_policy(options);
  context.profile = options.aws_profile;
  context.proxy = proxy(options);
  context.timeout = timeout(options);
  context.trace = trace(options);
  return context;
}

const std::string& argument(const Options& options, std::size_t index, const char* what) {
  if (options.arguments.size() <= index) throw Error(Errc::usage, std::string("missing: ") + what);
  return options.arguments[index];
}

void refuse_more(const Options& options, std::size_t count) {
  if (options.arguments.size() > count)
    throw Error(Errc::usage, "an argument too many", visible(options.arguments[count]));
}

std::string number(double value) {
  return Json(value).dump();
}

std::string limit(double value) {
  return value < 0 ? std::string("no limit") : number(value);
}

int quota(const Options& options) {
  refuse_more(options, 1);
  aws::SesClient client(ses_settings(options), context(options));
  const aws::SesQuota quota = client.quota();
  const auto flag = [](const std::optional<bool>& value) { return value ? Json(*value) : Json(nullptr); };
  if (options.json) {
    const Json json = {{"region", client.place().region},
                       {"max_24_hour", quota.max_24_hour},
                       {"max_per_second", quota.max_per_second},
                       {"sent_24_hour", quota.sent_24_hour},
                       {"sending_enabled", flag(quota.sending_enabled)},
                       {"production_access", flag(quota.production_access)},
                       {"enforcement", quota.enforcement.empty() ? Json(nullptr) : Json(quota.enforcement)}};
    print_json(json.dump(2) + "\n");
    return 0;
  }
  std::string text = "in 24 hours   " + limit(quota.max_24_hour) + "\n";
  text += "a second      " + limit(quota.max_per_second) + "\n";
  text += "sent          " + number(quota.sent_24_hour) + "\n";
  if (quota.sending_enabled)
    text += std::string("sending       ") + (*quota.sending_enabled ? "enabled" : "disabled") + "\n";
  if (quota.production_access)
    text += std::string("access        ") + (*quota.production_access ? "production" : "sandbox") + "\n";
  if (!quota.enforcement.empty()) text += "enforcement   " + visible(quota.enforcement) + "\n";
  print_result(text);
  return 0;
}

int tls_delivery(const Options& options) {
  const std::string& set = argument(options, 1, "the configuration set's name");
  refuse_more(options, 3);
  std::optional<aws::TlsDelivery> wanted;
  if (options.arguments.size() == 3) {
    wanted = aws::parse_tls_delivery(options.arguments[2]);
    if (!wanted) throw Error(Errc::usage, "the policy is REQUIRE or OPTIONAL", visible(options.arguments[2]));
  }
  aws::SesClient client(ses_settings(options), context(options));
  if (wanted) client.set_tls_policy(set, *wanted);
  // What was set is read again: an answer of 200 is not yet the policy.
  const aws::TlsDelivery now = client.tls_policy(set);
  if (options.json) {
    print_json(Json{{"configuration_set", set}, {"tls_policy", aws::to_string(now)}}.dump(2) + "\n");
  } else {
    print_result(std::string(aws::to_string(now)) + "\n");
  }
  if (wanted && now != *wanted) {
    print_error(Error(Errc::protocol, "the policy was set, but reads otherwise", visible(set)));
    return 1;
  }
  return 0;
}

/// The secret that a pipe or file gives on standard input; empty when nothing is there.
SecretBytes secret_from_input() {
  struct stat there {};
  if (::isatty(STDIN_FILENO) == 1 || ::fstat(STDIN_FILENO, &there) != 0 || S_ISCHR(there.st_mode)) return {};
  try {
    return read_secret_fd(STDIN_FILENO);
  } catch (const Error& error) {
    if (error.code() == Errc::malformed && std::string_view(error.what()).find("empty") != std::string_view::npos)
      return {};
    throw;
  }
}

int smtp_password(const Options& options) {
  refuse_more(options, 1);
  aws::Context where = context(options);
  std::string region = options.region;
  if (region.empty()) region = aws::resolve_ses(ses_settings(options), where).region;
  const SecretBytes secret = secret_from_input();
  SecretBytes password;
  if (secret.empty()) {
    aws::CredentialChain chain(std::move(where), region);
    password = aws::smtp_password(chain.get(), region);
  } else {
    password = aws::smtp_password(secret, region);
  }
  std::string line = std::string(password.view()) + "\n";
  print_result(line);
  cleanse(line);
  return 0;
}

int fetch(const Options& options) {
  const std::string output = options.output.empty() ? "-" : options.output;
  aws::StoredMessage message;
  if (!options.metadata.empty() || !options.data_key.empty()) {
    if (options.metadata.empty() || options.data_key.empty())
      throw Error(Errc::usage, "--metadata and --data-key go together, with the object's file");
    const std::string& object = argument(options, 1, "the object's file");
    refuse_more(options, 2);
    message = aws::decrypt_stored(open_input(options.metadata), aws::read_data_key(options.data_key),
                                  open_input(object), options.allow_cbc);
  } else {
    const std::string& url = argument(options, 1, "s3://BUCKET/KEY");
    refuse_more(options, 2);
    aws::S3Settings settings;
    settings.region = options.region;
    settings.endpoint = options.endpoint;
    settings.fips = options.fips;
    settings.allow_cbc = options.allow_cbc;
    message = aws::fetch_message(url, settings, context(options));
  }
  OutputFile out(output);
  const auto source = slice(message.content);
  copy(*source, out);
  out.finish();
  if (options.json && output != "-") {
    Json json = {{"encrypted", message.encrypted},
                 {"authenticated", message.authenticated},
                 {"cipher", message.cipher},
                 {"wrapping", message.wrapping},
                 {"bytes", message.content->size()}};
    json["description"] = message.description;
    print_json(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  out.commit();
  if (!message.encrypted) print_hint("the object was not encrypted by the client");
  if (message.encrypted && !message.authenticated) print_hint("AES-CBC proves nothing about who wrote the message");
  return 0;
}

}  // namespace

int run_ses(const Options& options) {
  const std::string& action = argument(options, 0, "quota, tls-policy, smtp-password or fetch");
  if (action == "quota") return quota(options);
  if (action == "tls-policy") return tls_delivery(options);
  if (action == "smtp-password") return smtp_password(options);
  if (action == "fetch") return fetch(options);
  throw Error(Errc::usage, "ses takes quota, tls-policy, smtp-password or fetch", visible(action));
}

}  // namespace mimeseal::cli
