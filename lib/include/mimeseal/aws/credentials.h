// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mimeseal/aws/context.h"
#include "mimeseal/core/clock.h"
#include "mimeseal/core/secret.h"

namespace mimeseal::aws {

/// Who signs. Temporary ones have a session token and, mostly, an end.
struct Credentials {
  std::string access_key_id;
  SecretBytes secret;
  SecretBytes session_token;
  std::optional<Time> expiry;
  std::string source;  ///< where they came from, for people: "the environment", "profile 'mail'"

  [[nodiscard]] Credentials clone() const {
    return {access_key_id, secret.clone(), session_token.clone(), expiry, source};
  }
};

/// Finds credentials as every AWS tool does: the environment; the profile (assume role, web identity, SSO's cached
/// token, credentials file, credential_process, config file); the container; the instance (IMDSv2). What is set up but
/// does not work ends the search, so that nobody signs as somebody unexpected. One thread at a time.
class MIMESEAL_API CredentialChain {
 public:
  /// `region` is where STS is asked; empty: the environment's or profile's.
  explicit CredentialChain(Context context, std::string region = {});
  ~CredentialChain();
  CredentialChain(const CredentialChain&) = delete;
  CredentialChain& operator=(const CredentialChain&) = delete;

  /// Good for at least five minutes more where that can be had; found once, renewed when they are about to end. Throws
  /// Error(refused) whose details() tell each thing that was tried and why it gave nothing. Valid until the next call.
  const Credentials& get();
  /// The server said that they are no longer good: the next get() asks anew.
  void forget() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mimeseal::aws
