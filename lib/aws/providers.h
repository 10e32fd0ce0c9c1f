// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aws/service.h"
#include "aws/shared_files.h"
#include "mimeseal/aws/credentials.h"

// The places where credentials come from. Each gives credentials, or nothing when it is not set up (and says so in
// Search::tried), or throws Error(refused) when it is set up and does not work.
namespace mimeseal::aws {

struct Search {
  const Context& context;
  const SharedFiles& files;
  Exchange& exchange;
  const Attempts& attempts;
  std::string region;              ///< of STS; may be empty
  std::vector<std::string> tried;  ///< "the environment: AWS_ACCESS_KEY_ID is not set"

  [[nodiscard]] std::string variable(const char* name) const { return context.environment(name).value_or(""); }
};

using Found = std::optional<Credentials>;

Found from_environment(Search& search);
Found from_web_identity_variables(Search& search);
Found from_profile(Search& search, const std::string& name);
Found from_container(Search& search);
Found from_instance(Search& search);

/// A role to take on, of a profile or the environment.
struct Role {
  std::string arn;
  std::string session_name;
  std::string external_id;
  std::string duration;
  std::string from;  ///< "profile 'mail'"
};
Credentials assume_role(Search& search, const Role& role, const Credentials& base);
Credentials assume_role_with_token(Search& search, const Role& role, const std::string& token_file);

/// What a profile says about IAM Identity Center.
struct SsoSettings {
  std::string cache_key;  ///< the session's name or the start URL
  std::string region;
  std::string account;
  std::string role;
  std::string from;
};
Credentials from_sso(Search& search, const SsoSettings& settings);

/// Throws Error(refused) "from: why".
[[noreturn]] void give_up(const std::string& from, const std::string& why);

/// The credentials in a JSON answer (container, instance, credential_process): names as all of them have them, but for
/// the session token. Throws when one is missing.
Credentials credentials_in(Json& json, const char* token_name, const std::string& from);

/// An exchange that is repeated while the service throttles, fails or cannot be reached; throws give_up() otherwise
/// than with a 2xx. `make` makes the request of each attempt.
net::HttpResponse ask(Search& search, const std::string& from, int attempts,
                      const std::function<net::HttpRequest()>& make);

}  // namespace mimeseal::aws
