// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/aws/context.h"
#include "mimeseal/aws/credentials.h"
#include "mimeseal/core/clock.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"

namespace mimeseal::aws {

/// A sender for
/// ses://REGION[?api=v1|v2&configuration-set=…&tenant=…&list=…&topic=…&feedback=…&fips=1&dualstack=1&endpoint=…
/// &profile=…]: the raw message through the HTTPS API, signed with SigV4. Credentials as every AWS tool finds them.
///
/// There is no idempotency token: what may have been accepted is repeated only with Envelope::retry_unknown. Throttling
/// and failures before the last octet are retried as AWS's standard mode does.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Sender> make_ses_sender(const SenderUrl& url, SenderOptions options,
                                                                   const Clock& clock = system_clock());

/// The same over a context of one's own: another environment, no network.
[[nodiscard]] MIMESEAL_API std::unique_ptr<Sender> make_ses_sender(const SenderUrl& url, const Context& context);

/// The SMTP password of an IAM secret for a region.
[[nodiscard]] MIMESEAL_API SecretBytes smtp_password(const SecretBytes& secret, std::string_view region);
/// The same from the credentials that the chain finds. Error(refused) when they are temporary: no password can be made
/// of those.
[[nodiscard]] MIMESEAL_API SecretBytes smtp_password(const Credentials& credentials, std::string_view region);

enum class SesApi { v2, v1 };

/// What a person says about SES; what is left empty comes from the environment and the profile.
struct SesSettings {
  std::string region;  ///< empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string
      endpoint;  ///< "https://HOST[:PORT]"; empty: AWS_ENDPOINT_URL_SESV2 (v1: _SES), AWS_ENDPOINT_URL, the profile's
  SesApi api = SesApi::v2;
  bool fips = false;        ///< or AWS_USE_FIPS_ENDPOINT
  bool dual_stack = false;  ///< or AWS_USE_DUALSTACK_ENDPOINT
  std::string profile;      ///< named explicitly: turns the environment's credentials off
  std::string configuration_set;
  std::string tenant;
  std::string list;   ///< contact list
  std::string topic;  ///< of that list
  std::string feedback;

  friend bool operator==(const SesSettings&, const SesSettings&) = default;
};

/// The settings that a ses: URL holds. Error(usage) for a parameter that is not known or not well-formed.
[[nodiscard]] MIMESEAL_API SesSettings ses_settings(const SenderUrl& url);

/// Where SES is, after environment and profile were asked.
struct SesPlace {
  std::string region;
  std::string endpoint;  ///< "https://email.eu-central-1.amazonaws.com"
  bool fips = false;
  bool custom = false;  ///< the endpoint was named, not derived from the region
};

/// Error(config) without a region, for FIPS with a custom endpoint, or for FIPS where SES has none; Error(usage) for a
/// region or endpoint that is none.
[[nodiscard]] MIMESEAL_API SesPlace resolve_ses(const SesSettings& settings, const Context& context);

/// What `probe ses://REGION` looks at: the HTTPS endpoint, and SMTP with STARTTLS (587) and TLS Wrapper (465) unless
/// the endpoint is a custom one.
[[nodiscard]] MIMESEAL_API std::vector<SenderUrl> ses_probe_targets(const SenderUrl& url, const Context& context);

/// The account's sending limits. -1: no limit.
struct SesQuota {
  double max_24_hour = 0;
  double max_per_second = 0;
  double sent_24_hour = 0;
  std::optional<bool> sending_enabled;    ///< version 2 says these three
  std::optional<bool> production_access;  ///< else the account is in the sandbox
  std::string enforcement;                ///< "HEALTHY", "PROBATION", "SHUTDOWN"
};

/// Whether SES may fall back to plaintext towards the receiver's server.
enum class TlsDelivery { optional, require };
/// "OPTIONAL", "REQUIRE".
[[nodiscard]] MIMESEAL_API std::string_view to_string(TlsDelivery value) noexcept;
/// Either case; nothing when it is neither.
[[nodiscard]] MIMESEAL_API std::optional<TlsDelivery> parse_tls_delivery(std::string_view text) noexcept;

/// SES's account and configuration sets (both APIs). Errors: refused (credentials, permission), unavailable, temporary
/// (throttled), config (no such configuration set), protocol. One thread at a time.
class MIMESEAL_API SesClient {
 public:
  SesClient(const SesSettings& settings, Context context);
  ~SesClient();
  SesClient(const SesClient&) = delete;
  SesClient& operator=(const SesClient&) = delete;

  [[nodiscard]] const SesPlace& place() const noexcept;
  [[nodiscard]] SesQuota quota();
  [[nodiscard]] TlsDelivery tls_policy(const std::string& configuration_set);
  void set_tls_policy(const std::string& configuration_set, TlsDelivery policy);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mimeseal::aws
