// SPDX-License-Identifier: MIT
#include "mimeseal/crypto/verdict.h"

#include <algorithm>

namespace mimeseal {

Verdict judge(const SignerFacts& facts) noexcept {
  if (facts.integrity == Integrity::bad) return Verdict::bad;
  const bool all_good = facts.integrity == Integrity::good && facts.trust == Trust::trusted &&
                        facts.validity == Validity::valid && facts.from == FromMatch::match &&
                        facts.algorithm == Algorithm::ok && facts.usage == Usage::ok;
  return all_good ? Verdict::good : Verdict::unverified;
}

LayerResult layer_result(const std::vector<SignerFacts>& signers) noexcept {
  const auto is = [](Verdict verdict) {
    return [verdict](const SignerFacts& facts) { return judge(facts) == verdict; };
  };
  if (signers.empty() || std::any_of(signers.begin(), signers.end(), is(Verdict::bad))) return LayerResult::bad;
  if (std::all_of(signers.begin(), signers.end(), is(Verdict::good))) return LayerResult::good;
  return LayerResult::unverified;
}

std::string_view to_string(Integrity value) noexcept {
  switch (value) {
    case Integrity::good:
      return "good";
    case Integrity::bad:
      return "bad";
    case Integrity::no_key:
      return "no-key";
    case Integrity::unsupported:
      return "unsupported";
  }
  return {};
}

std::string_view to_string(Trust value) noexcept {
  switch (value) {
    case Trust::trusted:
      return "trusted";
    case Trust::untrusted:
      return "untrusted";
    case Trust::revoked:
      return "revoked";
    case Trust::unknown:
      return "unknown";
  }
  return {};
}

std::string_view to_string(Validity value) noexcept {
  switch (value) {
    case Validity::valid:
      return "valid";
    case Validity::expired:
      return "expired";
    case Validity::not_yet_valid:
      return "not-yet-valid";
    case Validity::unknown:
      return "unknown";
  }
  return {};
}

std::string_view to_string(FromMatch value) noexcept {
  switch (value) {
    case FromMatch::match:
      return "match";
    case FromMatch::mismatch:
      return "mismatch";
  }
  return {};
}

std::string_view to_string(Algorithm value) noexcept {
  switch (value) {
    case Algorithm::ok:
      return "ok";
    case Algorithm::weak:
      return "weak";
  }
  return {};
}

std::string_view to_string(Usage value) noexcept {
  switch (value) {
    case Usage::ok:
      return "ok";
    case Usage::not_for_mail:
      return "not-for-mail";
  }
  return {};
}

std::string_view to_string(Verdict value) noexcept {
  switch (value) {
    case Verdict::good:
      return "good";
    case Verdict::bad:
      return "bad";
    case Verdict::unverified:
      return "unverified";
  }
  return {};
}

std::string_view to_string(LayerType value) noexcept {
  switch (value) {
    case LayerType::smime_signed:
      return "smime-signed";
    case LayerType::smime_enveloped:
      return "smime-enveloped";
    case LayerType::smime_auth_enveloped:
      return "smime-auth-enveloped";
    case LayerType::smime_compressed:
      return "smime-compressed";
    case LayerType::pgp_signed:
      return "pgp-signed";
    case LayerType::pgp_encrypted:
      return "pgp-encrypted";
  }
  return {};
}

std::string_view to_string(LayerResult value) noexcept {
  switch (value) {
    case LayerResult::good:
      return "good";
    case LayerResult::bad:
      return "bad";
    case LayerResult::unverified:
      return "unverified";
    case LayerResult::unauthenticated:
      return "unauthenticated";
    case LayerResult::no_key:
      return "no-key";
    case LayerResult::unsupported:
      return "unsupported";
  }
  return {};
}

}  // namespace mimeseal
