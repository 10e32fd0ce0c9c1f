// SPDX-License-Identifier: MIT
// The environment and the profiles of the shared files.
#include <set>

#include "aws/process.h"
#include "aws/providers.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kProcessTimeout = 60s;

/// Both sections of a profile; the credentials file comes first where both say something.
struct Profile {
  const Section* config = nullptr;
  const Section* credentials = nullptr;
  std::string from;

  [[nodiscard]] std::string get(std::string_view name) const {
    for (const Section* section : {credentials, config})
      if (section != nullptr && section->find(name) != nullptr) return *section->find(name);
    return {};
  }
};

Profile profile_of(const Search& search, const std::string& name) {
  return {search.files.config(name), search.files.credentials(name), "profile '" + visible(name) + "'"};
}

/// An access key id stands in a header field.
void check_key_id(const std::string& id, const std::string& from) {
  for (const char c : id)
    if (c <= 0x20 || c == 0x7F || c == '/' || c == ',' || c == '=')
      give_up(from, "the access key id holds a character that none has");
}

Found static_keys(const Section* section, const std::string& from) {
  if (section == nullptr) return std::nullopt;
  const std::string* id = section->find("aws_access_key_id");
  const std::string* secret = section->find("aws_secret_access_key");
  if (id == nullptr && secret == nullptr) return std::nullopt;
  if (id == nullptr || secret == nullptr)
    give_up(from, id == nullptr ? "aws_access_key_id is missing" : "aws_secret_access_key is missing");
  check_key_id(*id, from);
  const std::string* token = section->find("aws_session_token");
  return Credentials{*id, SecretBytes(*secret), token == nullptr ? SecretBytes() : SecretBytes(*token), {}, from};
}

Found from_process(const Profile& profile) {
  const std::string command = profile.get("credential_process");
  if (command.empty()) return std::nullopt;
  const std::string from = profile.from + ": credential_process";
  const std::vector<std::string> argv = split_command(command);
  if (argv.empty()) give_up(from, "a quote in the command is not closed");
  ProcessOutput output = run_program(argv, kProcessTimeout);
  auto json = parse_json(output.out);
  cleanse(output.out);
  const std::string program = visible(argv.front());
  if (output.exit_code == 127) give_up(from, program + " cannot be run");
  if (output.timed_out) give_up(from, program + " did not end within a minute");
  if (output.too_large) give_up(from, program + " writes more than 64 KiB");
  if (output.exit_code != 0) give_up(from, program + " ended with " + std::to_string(output.exit_code));
  if (!json || !json->is_object()) give_up(from, program + " wrote no JSON object");
  if (json_number(*json, "Version") != 1.0) give_up(from, "its answer is not of Version 1");
  return credentials_in(*json, "SessionToken", from);
}

Found from_profile_sso(Search& search, const Profile& profile) {
  const std::string session = profile.get("sso_session");
  SsoSettings settings;
  settings.account = profile.get("sso_account_id");
  settings.role = profile.get("sso_role_name");
  settings.from = profile.from + ": SSO";
  if (settings.account.empty() && settings.role.empty()) return std::nullopt;
  if (settings.account.empty() || settings.role.empty())
    give_up(settings.from, "sso_account_id and sso_role_name belong together");
  if (session.empty()) {
    settings.cache_key = profile.get("sso_start_url");
    settings.region = profile.get("sso_region");
  } else {
    const Section* section = search.files.sso_session(session);
    if (section == nullptr) give_up(settings.from, "there is no [sso-session " + visible(session) + "]");
    settings.cache_key = session;
    settings.region = section->get("sso_region");
  }
  if (settings.cache_key.empty() || settings.region.empty())
    give_up(settings.from, "sso_start_url or sso_region is missing");
  return from_sso(search, settings);
}

/// What a profile holds itself, without roles to take on.
Found direct(Search& search, const Profile& profile) {
  if (Found found = from_profile_sso(search, profile)) return found;
  if (Found found = static_keys(profile.credentials, profile.from + " of the credentials file")) return found;
  if (Found found = from_process(profile)) return found;
  return static_keys(profile.config, profile.from + " of the config file");
}

Role role_of(const Profile& profile) {
  return {profile.get("role_arn"), profile.get("role_session_name"), profile.get("external_id"),
          profile.get("duration_seconds"), profile.from};
}

Credentials from_credential_source(Search& search, const std::string& source, const std::string& from) {
  Found found;
  if (source == "Environment") {
    found = from_environment(search);
  } else if (source == "EcsContainer") {
    found = from_container(search);
  } else if (source == "Ec2InstanceMetadata") {
    found = from_instance(search);
  } else {
    give_up(from, "credential_source is Environment, EcsContainer or Ec2InstanceMetadata, not " + visible(source));
  }
  if (!found) give_up(from, "credential_source " + source + " gives nothing");
  return std::move(*found);
}

/// The keys at the end of a chain of roles, and the roles that are taken on from there, the last one first.
struct RoleChain {
  Found base;
  std::vector<Role> roles;
};

RoleChain follow(Search& search, std::string name) {
  RoleChain chain;
  std::set<std::string> seen;
  while (true) {
    const Profile profile = profile_of(search, name);
    const std::string source = profile.get("source_profile");
    const std::string credential_source = profile.get("credential_source");
    const std::string token_file = profile.get("web_identity_token_file");
    if (profile.get("role_arn").empty()) {
      chain.base = direct(search, profile);
      return chain;
    }
    if (!token_file.empty()) {
      chain.base = assume_role_with_token(search, role_of(profile), expand_home(token_file, search.files.home()));
      return chain;
    }
    if (source.empty() == credential_source.empty())
      give_up(profile.from, "role_arn needs one of source_profile and credential_source");
    if (!profile.get("mfa_serial").empty())
      give_up(profile.from, "its role asks for an MFA code, and nobody is asked here; use a session made before");
    chain.roles.push_back(role_of(profile));
    if (!credential_source.empty()) {
      chain.base = from_credential_source(search, credential_source, profile.from);
      return chain;
    }
    if (source == name) {
      chain.base = direct(search, profile);
      return chain;
    }
    if (!seen.insert(name).second) give_up(profile.from, "its source_profile leads back to itself");
    if (!search.files.has(source)) give_up(profile.from, "there is no source_profile '" + visible(source) + "'");
    name = source;
  }
}

}  // namespace

void give_up(const std::string& from, const std::string& why) {
  throw Error(Errc::refused, from + ": " + why);
}

Credentials credentials_in(Json& json, const char* token_name, const std::string& from) {
  Credentials credentials;
  credentials.access_key_id = json_text(json, "AccessKeyId");
  credentials.secret = take_secret(json, "SecretAccessKey");
  credentials.session_token = take_secret(json, token_name);
  credentials.source = from;
  if (credentials.access_key_id.empty() || credentials.secret.empty())
    give_up(from, "the answer holds no AccessKeyId or SecretAccessKey");
  check_key_id(credentials.access_key_id, from);
  const std::string expiry = json_text(json, "Expiration");
  if (!expiry.empty()) {
    credentials.expiry = parse_expiry(expiry);
    if (!credentials.expiry) give_up(from, "the answer's Expiration is no time");
  }
  if (has_crlf_or_nul(credentials.session_token.view())) give_up(from, "the session token holds a line end");
  return credentials;
}

Found from_environment(Search& search) {
  const std::string id = search.variable("AWS_ACCESS_KEY_ID");
  std::string secret = search.variable("AWS_SECRET_ACCESS_KEY");
  const std::string from = "the environment";
  if (id.empty() && secret.empty()) {
    search.tried.emplace_back(from + ": AWS_ACCESS_KEY_ID is not set");
    return std::nullopt;
  }
  if (id.empty()) give_up(from, "AWS_ACCESS_KEY_ID is not set, but AWS_SECRET_ACCESS_KEY is");
  if (secret.empty()) give_up(from, "AWS_SECRET_ACCESS_KEY is not set, but AWS_ACCESS_KEY_ID is");
  check_key_id(id, from);
  std::string token = search.variable("AWS_SESSION_TOKEN");
  if (has_crlf_or_nul(token)) give_up(from, "AWS_SESSION_TOKEN holds a line end");
  Credentials credentials{id, SecretBytes(secret), SecretBytes(token), {}, from};
  cleanse(secret);
  cleanse(token);
  return credentials;
}

Found from_web_identity_variables(Search& search) {
  const std::string file = search.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string from = "web identity (environment)";
  if (file.empty()) {
    search.tried.emplace_back(from + ": AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    return std::nullopt;
  }
  const Role role{search.variable("AWS_ROLE_ARN"), search.variable("AWS_ROLE_SESSION_NAME"), {}, {}, from};
  if (role.arn.empty()) give_up(from, "AWS_ROLE_ARN is not set");
  return assume_role_with_token(search, role, expand_home(file, search.files.home()));
}

Found from_profile(Search& search, const std::string& name) {
  const std::string from = "profile '" + visible(name) + "'";
  if (!search.files.has(name)) {
    const std::string places = visible(search.files.config_path()) + " or " + visible(search.files.credentials_path());
    if (search.files.was_named()) give_up(from, "is neither in " + places);
    search.tried.emplace_back(from + ": is not in " + places);
    return std::nullopt;
  }
  RoleChain chain = follow(search, name);
  if (!chain.base) {
    if (!chain.roles.empty()) give_up(from, "its source_profile has no credentials");
    search.tried.emplace_back(from + ": has no credentials");
    return std::nullopt;
  }
  Credentials credentials = std::move(*chain.base);
  for (auto role = chain.roles.rbegin(); role != chain.roles.rend(); ++role)
    credentials = assume_role(search, *role, credentials);
  return credentials;
}

}  // namespace mimeseal::aws
