// SPDX-License-Identifier: MIT
// STS, SSO, the container's endpoint and the instance's metadata service.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "aws/places.h"
#include "aws/providers.h"
#include "aws/uri.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kStsTimeout = 20s;
constexpr std::chrono::milliseconds kContainerTimeout = 2s;
constexpr std::chrono::milliseconds kInstanceTimeout = 1s;
constexpr const char* kTokenSeconds = "21600";

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw Error(Errc::internal, "SHA-1 failed");
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string sts_url(const Search& search, const std::string& region) {
  const std::string named = named_endpoint({}, "sts", search.context, search.files);
  if (!named.empty()) return named + "/";
  const bool fips = asks_for("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", search.context, search.files);
  return std::string("https://sts") + (fips ? "-fips" : "") + "." + region + "." + domain_of(region) + "/";
}

std::string role_form(const Search& search, const char* action, const Role& role) {
  std::string session = role.session_name;
  if (session.empty()) session = "mimeseal-" + std::to_string(search.context.clock->now().time_since_epoch().count());
  std::string form = std::string("Action=") + action + "&Version=2011-06-15&RoleArn=" + uri_encode(role.arn) +
                     "&RoleSessionName=" + uri_encode(session);
  if (!role.duration.empty()) form += "&DurationSeconds=" + uri_encode(role.duration);
  return form;
}

/// The Credentials of STS's answer, whose text is cleansed.
Credentials sts_credentials(net::HttpResponse& response, const std::string& from) {
  Credentials credentials;
  credentials.source = from;
  credentials.access_key_id = xml_text(response.body, "AccessKeyId").value_or("");
  std::string secret = xml_text(response.body, "SecretAccessKey").value_or("");
  std::string token = xml_text(response.body, "SessionToken").value_or("");
  const std::string expiry = xml_text(response.body, "Expiration").value_or("");
  credentials.secret = SecretBytes(secret);
  credentials.session_token = SecretBytes(token);
  const bool bad_token = token.empty() || has_crlf_or_nul(token);
  cleanse(secret);
  cleanse(token);
  cleanse(response.body);
  credentials.expiry = parse_expiry(expiry);
  if (credentials.access_key_id.empty() || credentials.secret.empty() || bad_token || !credentials.expiry ||
      has_crlf_or_nul(credentials.access_key_id))
    give_up(from, "the answer of STS holds no credentials");
  return credentials;
}

std::string region_of_sts(const Search& search) {
  return search.region.empty() ? "us-east-1" : search.region;
}

/// Where secrets may come from in the clear: this machine, and the link-local addresses of containers.
bool is_container_host(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "169.254.170.2" || host == "169.254.170.23" ||
         host == "fd00:ec2::23" ||
         (host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3 &&
          host.find_first_not_of("0123456789.") == std::string::npos);
}

std::string container_url(const Search& search, const std::string& from) {
  const std::string relative = search.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) {
    if (relative.front() != '/') give_up(from, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
    return "http://169.254.170.2" + relative;
  }
  std::string full = search.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (full.empty()) return {};
  const auto parts = split_url(full);
  if (!parts) give_up(from, "AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL");
  if (parts->scheme != "https" && !is_container_host(host_alone(parts->host)))
    give_up(from, "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https: nor on this machine");
  return full;
}

/// The token to show to the container's endpoint; empty when none is asked for.
std::string container_token(const Search& search, const std::string& from) {
  const std::string file = search.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  std::string token = search.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (!file.empty()) {
    auto text = read_small_file(file);
    if (!text) give_up(from, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: " + visible(file));
    token = trim(*text);
    cleanse(*text);
  }
  if (has_crlf_or_nul(token)) give_up(from, "the authorization token holds a line end");
  return token;
}

std::string instance_url(const Search& search) {
  std::string url = search.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (url.empty()) url = search.files.setting("ec2_metadata_service_endpoint");
  if (url.empty()) {
    std::string mode = search.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (mode.empty()) mode = search.files.setting("ec2_metadata_service_endpoint_mode");
    url = iequals(mode, "ipv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  }
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

/// IAM's names, which stand in a path as they are.
bool is_role_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
}

net::HttpRequest plain_request(std::string method, std::string url, std::chrono::milliseconds timeout) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.allow_plain = true;
  request.connect_timeout = timeout;
  request.timeout = timeout;
  request.max_response = 64U << 10U;
  return request;
}

}  // namespace

net::HttpResponse ask(Search& search, const std::string& from, int attempts,
                      const std::function<net::HttpRequest()>& make) {
  for (int done = 1;; ++done) {
    const net::HttpRequest request = make();
    net::HttpFailure failure;
    net::HttpResponse response = search.exchange.perform(request, nullptr, &failure);
    if (response.status >= 200 && response.status < 300) return response;
    const ServiceError error = response.status == 0 ? ServiceError() : service_error(response);
    const bool again = response.status == 0
                           ? failure.transient
                           : response.status >= 500 || is_throttling(error, response.status) ||
                                 is_transient(error, response.status) || error.code == "IDPCommunicationError";
    if (!again || done >= attempts) {
      if (response.status == 0) give_up(from, failure.what);
      std::string why = "answered " + std::to_string(response.status);
      if (!error.code.empty()) why += " " + error.code;
      if (!error.message.empty()) why += ": " + error.message;
      give_up(from, why);
    }
    search.attempts.wait(done);
  }
}

Credentials assume_role(Search& search, const Role& role, const Credentials& base) {
  const std::string from = role.from + ": assume role " + visible(role.arn);
  std::string form = role_form(search, "AssumeRole", role);
  if (!role.external_id.empty()) form += "&ExternalId=" + uri_encode(role.external_id);
  const std::string region = region_of_sts(search);
  const auto body = view_source(form);
  Call call;
  call.service = "sts";
  call.region = region;
  call.method = "POST";
  call.url = sts_url(search, region);
  call.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  call.body = body.get();
  call.payload_sha256 = hex(sha256(form));
  call.timeout = kStsTimeout;
  net::HttpResponse response = ask(search, from, search.attempts.limit(), [&] {
    body->rewind();
    return signed_request(call, base, search.context.clock->now());
  });
  return sts_credentials(response, from);
}

Credentials assume_role_with_token(Search& search, const Role& role, const std::string& token_file) {
  const std::string from = role.from + ": web identity for role " + visible(role.arn);
  auto token = read_small_file(token_file);
  if (!token) give_up(from, "the token cannot be read from " + visible(token_file));
  std::string form =
      role_form(search, "AssumeRoleWithWebIdentity", role) + "&WebIdentityToken=" + uri_encode(trim(*token));
  cleanse(*token);
  const auto body = view_source(form);
  const std::string url = sts_url(search, region_of_sts(search));
  net::HttpResponse response = ask(search, from, search.attempts.limit(), [&] {
    body->rewind();
    net::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"User-Agent", "mimeseal"}};
    request.body = body.get();
    request.timeout = kStsTimeout;
    return request;
  });
  cleanse(form);
  return sts_credentials(response, from);
}

Credentials from_sso(Search& search, const SsoSettings& settings) {
  const std::string& from = settings.from;
  const std::string path = search.files.home() + "/.aws/sso/cache/" + sha1_hex(settings.cache_key) + ".json";
  auto text = read_small_file(path);
  if (!text) give_up(from, "nobody is signed in: no token in " + visible(path) + " (run `aws sso login`)");
  auto cached = parse_json(*text);
  cleanse(*text);
  if (!cached) give_up(from, "the cached token cannot be read: " + visible(path));
  const SecretBytes token = take_secret(*cached, "accessToken");
  const auto expiry = parse_expiry(json_text(*cached, "expiresAt"));
  if (token.empty() || !expiry || has_crlf_or_nul(token.view()))
    give_up(from, "the cached token cannot be read: " + visible(path));
  if (*expiry <= search.context.clock->now())
    give_up(from, "the cached token ended at " + format_rfc3339(*expiry) + " (run `aws sso login`)");
  if (!is_region(settings.region)) give_up(from, "sso_region is no region: " + visible(settings.region));
  std::string base = named_endpoint({}, "sso", search.context, search.files);
  if (base.empty()) base = "https://portal.sso." + settings.region + "." + domain_of(settings.region);
  net::HttpResponse response = ask(search, from, search.attempts.limit(), [&] {
    net::HttpRequest request;
    request.url = base + "/federation/credentials?account_id=" + uri_encode(settings.account) +
                  "&role_name=" + uri_encode(settings.role);
    request.headers = {{"x-amz-sso_bearer_token", std::string(token.view())}, {"User-Agent", "mimeseal"}};
    request.timeout = kStsTimeout;
    return request;
  });
  auto json = parse_json(response.body);
  cleanse(response.body);
  if (!json || !json->is_object() || !json->contains("roleCredentials"))
    give_up(from, "the answer holds no credentials");
  Json& given = (*json)["roleCredentials"];
  Credentials credentials;
  credentials.source = from;
  credentials.access_key_id = json_text(given, "accessKeyId");
  credentials.secret = take_secret(given, "secretAccessKey");
  credentials.session_token = take_secret(given, "sessionToken");
  const auto milliseconds = json_number(given, "expiration");
  if (credentials.access_key_id.empty() || credentials.secret.empty() || has_crlf_or_nul(credentials.access_key_id) ||
      has_crlf_or_nul(credentials.session_token.view()))
    give_up(from, "the answer holds no credentials");
  constexpr double kLatest = 1e15;
  if (milliseconds && *milliseconds > 0 && *milliseconds < kLatest)
    credentials.expiry = Time(std::chrono::seconds(static_cast<std::int64_t>(*milliseconds / 1000)));
  return credentials;
}

Found from_container(Search& search) {
  const std::string from = "the container's endpoint";
  const std::string url = container_url(search, from);
  if (url.empty()) {
    search.tried.emplace_back(from + ": AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    return std::nullopt;
  }
  std::string token = container_token(search, from);
  net::HttpResponse response = ask(search, from, search.attempts.limit(), [&] {
    net::HttpRequest request = plain_request("GET", url, kContainerTimeout);
    request.headers = {{"Accept", "application/json"}, {"User-Agent", "mimeseal"}};
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    return request;
  });
  cleanse(token);
  auto json = parse_json(response.body);
  cleanse(response.body);
  if (!json) give_up(from, "the answer is no JSON");
  return credentials_in(*json, "Token", from);
}

Found from_instance(Search& search) {
  const std::string from = "the instance's metadata service";
  if (iequals(search.variable("AWS_EC2_METADATA_DISABLED"), "true")) {
    search.tried.emplace_back(from + ": switched off by AWS_EC2_METADATA_DISABLED");
    return std::nullopt;
  }
  const std::string base = instance_url(search);
  if (!split_url(base)) give_up(from, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL: " + visible(base));
  const std::string roles = base + "/latest/meta-data/iam/security-credentials/";
  try {
    // Version 2 only: the token first. A service that knows no tokens is not asked without one.
    net::HttpResponse answer = ask(search, from, 1, [&] {
      net::HttpRequest request = plain_request("PUT", base + "/latest/api/token", kInstanceTimeout);
      request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", kTokenSeconds}, {"User-Agent", "mimeseal"}};
      return request;
    });
    const SecretBytes token{trim(answer.body)};
    cleanse(answer.body);
    if (token.empty() || has_crlf_or_nul(token.view())) give_up(from, "its token cannot be used");
    const auto get = [&](const std::string& url) {
      return ask(search, from, 1, [&] {
        net::HttpRequest request = plain_request("GET", url, kInstanceTimeout);
        request.headers = {{"X-aws-ec2-metadata-token", std::string(token.view())}, {"User-Agent", "mimeseal"}};
        return request;
      });
    };
    const std::string listed = get(roles).body;
    const std::string role(trim(std::string_view(listed).substr(0, listed.find('\n'))));
    if (!is_role_name(role)) give_up(from, "the instance has no role");
    net::HttpResponse response = get(roles + role);
    auto json = parse_json(response.body);
    cleanse(response.body);
    if (!json) give_up(from, "the answer is no JSON");
    return credentials_in(*json, "Token", from);
  } catch (const Error& error) {
    // Most machines are no instances: this is the last source, and its failing is no fault of anybody's setup.
    if (error.code() != Errc::refused) throw;
    search.tried.emplace_back(error.what());
    return std::nullopt;
  }
}

}  // namespace mimeseal::aws
