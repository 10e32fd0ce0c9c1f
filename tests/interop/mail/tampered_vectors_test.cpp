// SPDX-License-Identifier: MIT
// Every S/MIME message of the vectors, with one octet changed in every region: what is then called intact is what was
// sealed.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/toolkit/engines.h"
#include "support/process.h"

namespace mimeseal::test {
namespace {

using Json = nlohmann::json;

const std::string kData = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/";
constexpr std::size_t kFlips = 90;

bool is_smime(const OpenedLayer& layer) {
  return layer.facts.type != LayerType::pgp_signed && layer.facts.type != LayerType::pgp_encrypted;
}

std::string payload_of(const Opened& opened) {
  return opened.payload ? read_range(*opened.payload, opened.payload_begin, opened.payload_end, 16U << 20U)
                        : std::string();
}

/// Without names: in a header that nothing protects, those are nobody's word.
std::vector<std::string> addresses_of(const Opened& opened) {
  std::vector<std::string> list;
  for (const Mailbox& mailbox : opened.headers.from)
    list.push_back(mailbox.address());
  return list;
}

/// A message and those who can read it.
class Vector {
 public:
  Vector(const std::string& folder, const Json& one) : whole_(read_file(folder + one["input"].get<std::string>())) {
    KeySettings keys;
    const auto paths = [&](const char* name) {
      std::vector<std::string> list;
      for (const Json& path : one.value("keys", Json::object()).value(name, Json::array()))
        list.push_back(path.get<std::string>().starts_with('/') ? path.get<std::string>()
                                                                : folder + path.get<std::string>());
      return list;
    };
    keys.identities = paths("identities");
    keys.recipient_keys = paths("recipient_keys");
    keys.trust = paths("trust");
    keys.allow_legacy = settings_.allow_legacy = true;
    const std::string passphrase = one.value("keys", Json::object()).value("passphrase", std::string());
    keys.passphrase = [passphrase](const std::string&) { return SecretBytes(passphrase); };
    engines_ = std::make_unique<Engines>(keys);
    settings_.engines = {&engines_->get(Protocol::smime)};
    settings_.at = parse_rfc3339(one.value("at", std::string("2026-01-01"))).value();
    settings_.allow_unauthenticated = true;
  }

  [[nodiscard]] const std::string& whole() const { return whole_; }
  [[nodiscard]] std::optional<Opened> open(const std::string& octets) const {
    try {
      return open_message(memory_input(octets), settings_);
    } catch (const Error&) {
      return std::nullopt;  // a clear error is no good answer
    }
  }

 private:
  std::string whole_;
  OpenSettings settings_;
  std::unique_ptr<Engines> engines_;
};

struct Claims {
  bool intact = false;            ///< by every layer around the message that can say so, and one does
  std::set<std::string> signed_;  ///< digests of parts that are called signed
};

Claims claims_of(const Opened& opened) {
  Claims claims;
  bool all = true;
  for (const OpenedLayer& layer : opened.layers) {
    if (layer.errant || !is_smime(layer)) continue;
    const LayerFacts& facts = layer.facts;
    if (facts.type == LayerType::smime_auth_enveloped) {
      EXPECT_EQ(facts.authenticated, facts.result == LayerResult::good);
      claims.intact = claims.intact || facts.authenticated;
      all = all && facts.authenticated;
    } else if (facts.type == LayerType::smime_enveloped) {
      EXPECT_FALSE(facts.authenticated);
      EXPECT_NE(facts.result, LayerResult::good);
    } else if (facts.type == LayerType::smime_signed) {
      const bool fits = facts.result != LayerResult::bad && !facts.signers.empty() &&
                        std::all_of(facts.signers.begin(), facts.signers.end(),
                                    [](const SignerFacts& s) { return s.integrity == Integrity::good; });
      claims.intact = claims.intact || fits;
      all = all && fits;
    }
  }
  claims.intact = (claims.intact && all) || opened.summary.signed_ == SignedState::good;
  for (const OpenedPart& part : opened.parts)
    if (part.signed_) claims.signed_.insert(part.sha256);
  return claims;
}

class TamperedVectors : public testing::TestWithParam<const char*> {};

TEST_P(TamperedVectors, OneOctetChanged_IsNeverCalledIntactWithOtherContent) {
  const std::string folder = kData + GetParam() + "/";
  std::size_t messages = 0;
  std::size_t refused = 0;
  const Json manifest = Json::parse(read_file(folder + "manifest.json"));
  for (const Json& one : manifest["cases"]) {
    if (one["do"] != "open" && one["do"] != "header-protection") continue;
    const Vector vector(folder, one);
    const std::optional<Opened> untouched = vector.open(vector.whole());
    if (!untouched || std::none_of(untouched->layers.begin(), untouched->layers.end(), is_smime)) continue;
    ++messages;
    const std::string payload = payload_of(*untouched);
    const Claims before = claims_of(*untouched);
    const std::size_t stride = std::max<std::size_t>(1, vector.whole().size() / kFlips);
    for (std::size_t step = 0; step * stride < vector.whole().size(); ++step) {
      const std::size_t at = step * stride + step % stride;
      if (at >= vector.whole().size()) break;
      std::string changed = vector.whole();
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (step % 2 == 0 ? 1U : 4U));
      const std::optional<Opened> opened = vector.open(changed);
      const Claims claims = opened ? claims_of(*opened) : Claims{};
      refused += claims.intact ? 0U : 1U;
      if (!opened) continue;
      if (claims.intact) {
        EXPECT_EQ(payload_of(*opened), payload) << one["id"] << " at " << at;
      }
      if (opened->summary.signed_ == SignedState::good) {
        EXPECT_EQ(untouched->summary.signed_, SignedState::good) << one["id"] << " at " << at;
        EXPECT_EQ(addresses_of(*opened), addresses_of(*untouched)) << one["id"] << " at " << at;
      }
      for (const std::string& digest : claims.signed_)
        EXPECT_TRUE(before.signed_.contains(digest)) << one["id"] << " at " << at;
    }
  }
  EXPECT_GT(messages, 0U);
  EXPECT_GT(refused, messages);
}

INSTANTIATE_TEST_SUITE_P(Sets, TamperedVectors,
                         testing::Values("bc-mail", "ietf-rfc4134", "ietf-rfc8591", "ietf-rfc9788", "kde",
                                         "nss-interop", "openssl", "thunderbird-smime", "own"),
                         [](const auto& set) {
                           std::string name = set.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace mimeseal::test
