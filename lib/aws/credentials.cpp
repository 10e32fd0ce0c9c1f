// SPDX-License-Identifier: MIT
#include "mimeseal/aws/credentials.h"

#include "aws/providers.h"
#include "mimeseal/core/error.h"

namespace mimeseal::aws {
namespace {

using namespace std::chrono_literals;

/// Credentials that end sooner are renewed; botocore and the other tools leave about as much.
constexpr std::chrono::seconds kRenewBefore = 5min;

/// A pin and a client certificate are meant for the service itself, not for STS or SSO.
Context for_credentials(Context context) {
  context.tls.pin.clear();
  context.tls.client_cert.clear();
  return context;
}

Error nothing_found(std::string what, std::vector<std::string> tried) {
  Error error(Errc::refused, std::move(what), {},
              "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or see `aws configure`");
  error.with_details(std::move(tried));
  return error;
}

}  // namespace

struct CredentialChain::State {
  State(Context given, std::string where)
      : context(for_credentials(std::move(given))),
        region(std::move(where)),
        exchange(context),
        attempts(context, SharedFiles(context)) {}

  Credentials find() {
    const SharedFiles files(context);  // read anew: another program may have renewed them
    Search search{context, files, exchange, attempts, region, {}};
    try {
      if (Found found = look(search, files)) return std::move(*found);
    } catch (const Error& error) {
      if (error.code() != Errc::refused) throw;
      search.tried.emplace_back(error.what());
      throw nothing_found("no AWS credentials: a source that is set up does not give any", std::move(search.tried));
    }
    throw nothing_found("no AWS credentials were found", std::move(search.tried));
  }

  Found look(Search& search, const SharedFiles& files) const {
    if (context.profile.empty()) {
      if (Found found = from_environment(search)) return found;
      if (Found found = from_web_identity_variables(search)) return found;
    } else {
      search.tried.emplace_back("the environment: not asked, since a profile was named");
    }
    if (Found found = from_profile(search, files.profile())) return found;
    if (Found found = from_container(search)) return found;
    return from_instance(search);
  }

  Context context;
  std::string region;
  Exchange exchange;
  Attempts attempts;
  Found current;
};

CredentialChain::CredentialChain(Context context, std::string region)
    : state_(std::make_unique<State>(std::move(context), std::move(region))) {}

CredentialChain::~CredentialChain() = default;

const Credentials& CredentialChain::get() {
  State& state = *state_;
  const Time now = state.context.clock->now();
  if (state.current && (!state.current->expiry || *state.current->expiry - now > kRenewBefore)) return *state.current;
  try {
    state.current = state.find();
  } catch (const Error&) {
    // What is still good is better than nothing.
    if (!state.current || *state.current->expiry <= now) throw;
  }
  return *state.current;
}

void CredentialChain::forget() noexcept {
  state_->current.reset();
}

}  // namespace mimeseal::aws
