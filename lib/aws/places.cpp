// SPDX-License-Identifier: MIT
#include "aws/places.h"

#include <algorithm>

#include "aws/uri.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::size_t kMaxLabel = 63;

std::string checked_endpoint(std::string url, Errc code, const std::string& from) {
  while (url.ends_with('/'))
    url.pop_back();
  const auto parts = split_url(url);
  if (!parts || parts->scheme != "https" || !parts->query.empty())
    throw Error(code, "the endpoint is no https://HOST[:PORT] URL: " + visible(url), from);
  return url;
}

bool is_true(std::string_view text) {
  return iequals(trim(text), "true") || trim(text) == "1";
}

}  // namespace

bool is_region(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string resolve_region(std::string_view named, const Context& context, const SharedFiles& files) {
  std::string region(named);
  Errc code = Errc::usage;
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (!region.empty()) break;
    code = Errc::config;
    region = context.environment(variable).value_or("");
  }
  if (region.empty()) region = files.setting("region");
  if (region.empty())
    throw Error(Errc::config, "nothing says which AWS region", {},
                "name it in the URL or by --region, or set AWS_REGION or the profile's region");
  region = ascii_lower(region);
  if (!is_region(region)) throw Error(code, "not the name of an AWS region", visible(region));
  return region;
}

std::string domain_of(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

std::string named_endpoint(std::string_view named, std::string_view service, const Context& context,
                           const SharedFiles& files) {
  if (!named.empty()) return checked_endpoint(std::string(named), Errc::usage, {});
  if (asks_for("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", context, files)) return {};
  std::string upper;
  for (const char c : service)
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const std::string& variable : {"AWS_ENDPOINT_URL_" + upper, std::string("AWS_ENDPOINT_URL")})
    if (const auto value = context.environment(variable); value && !value->empty())
      return checked_endpoint(*value, Errc::config, variable);
  const std::string profiled = files.endpoint(service);
  return profiled.empty() ? std::string() : checked_endpoint(profiled, Errc::config, files.config_path());
}

bool asks_for(const char* variable, std::string_view setting, const Context& context, const SharedFiles& files) {
  if (const auto value = context.environment(variable); value && !value->empty()) return is_true(*value);
  return is_true(files.setting(setting));
}

}  // namespace mimeseal::aws
