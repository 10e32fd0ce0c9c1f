// SPDX-License-Identifier: MIT
// SignedData (RFC 5652, section 5), detached and opaque. Written by ourselves over EVP: every key that OpenSSL can sign
// with takes the same way (its CMS knows no EdDSA), and the content streams past in definite-length DER.
#include <algorithm>
#include <array>
#include <cstdint>

#include "smime/chain.h"
#include "smime/choose.h"
#include "smime/der.h"
#include "smime/engine_impl.h"
#include "smime/signer.h"
#include "smime/stream.h"

namespace mimeseal::smime {
namespace {

/// One running digest of the content.
class ContentDigest final {
 public:
  ContentDigest(const Hash& hash, const Provider& provider)
      : hash_(hash), md_(provider.digest(hash.name)), context_(check(EVP_MD_CTX_new(), "making a digest context")) {
    check(EVP_DigestInit_ex2(context_.get(), md_.get(), nullptr) == 1, "starting a digest");
  }
  [[nodiscard]] const Hash& hash() const noexcept { return hash_; }
  void update(std::string_view octets) {
    check(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1, "computing a digest");
  }
  void finish() {
    value_.resize(hash_.size);
    unsigned length = 0;
    const bool ok = hash_.extendable ? EVP_DigestFinalXOF(context_.get(), bytes(value_), value_.size()) == 1
                                     : EVP_DigestFinal_ex(context_.get(), bytes(value_), &length) == 1;
    check(ok, "finishing a digest");
  }
  [[nodiscard]] const std::string& value() const noexcept { return value_; }

 private:
  const Hash& hash_;
  EvpMdPtr md_;
  EvpMdCtxPtr context_;
  std::string value_;
};

/// The content's digests, one for each hash that a signer uses.
class ContentDigests final {
 public:
  ContentDigests(const std::vector<SignerPlan>& plans, const Provider& provider) {
    for (const auto& plan : plans) {
      const auto same = [&plan](const ContentDigest& digest) { return digest.hash().nid == plan.hash->nid; };
      if (std::none_of(digests_.begin(), digests_.end(), same)) digests_.emplace_back(*plan.hash, provider);
    }
  }
  /// Reads the content to its end; says how many octets it has.
  std::uint64_t read(Source& content) {
    const std::uint64_t size = for_each_chunk(content, [this](std::string_view octets) {
      for (auto& digest : digests_)
        digest.update(octets);
    });
    for (auto& digest : digests_)
      digest.finish();
    return size;
  }
  [[nodiscard]] const std::string& of(const Hash& hash) const {
    return std::find_if(digests_.begin(), digests_.end(),
                        [&hash](const auto& digest) { return digest.hash().nid == hash.nid; })
        ->value();
  }
  /// SignedData.digestAlgorithms.
  [[nodiscard]] std::string identifiers() const {
    std::vector<std::string> members;
    for (const auto& digest : digests_)
      members.push_back(digest_identifier(digest.hash()));
    return der_set_of(std::move(members));
  }

 private:
  std::vector<ContentDigest> digests_;
};

std::vector<SignerPlan> plan_signers(const SignSpec& spec, std::vector<Choice>& choices) {
  if (spec.signers.empty()) throw Error(Errc::usage, "there is no key to sign with");
  std::vector<std::string> problems;
  for (const auto& signer : spec.signers) {
    const SmimeKey& key = smime_key(*signer);
    const std::string problem = obstacle(candidate_of(key), Purpose::sign, spec.at);
    if (!problem.empty()) problems.push_back(key.info().name + ": " + problem);
  }
  if (problems.size() == 1) throw Error(Errc::refused, "cannot sign with " + problems.front());
  if (!problems.empty()) throw Error(Errc::refused, "some keys cannot sign").with_details(std::move(problems));
  std::vector<SignerPlan> plans;
  for (const auto& signer : spec.signers)
    plans.push_back(plan_signer(smime_key(*signer), spec.policy, choices));
  return plans;
}

/// The signer's certificate for encrypting, when it is another than the one signed with: readers can answer at once
/// (RFC 8551, section 2.5.3).
SmimeKeyPtr encryption_key_beside(const SmimeKey& signer, const EngineState& state, Time at) {
  if (signer.info().can_encrypt || signer.info().addresses.empty()) return nullptr;
  const KeyChoice choice = choose_key(state.identities, Purpose::encrypt, signer.info().addresses.front(), at);
  return std::static_pointer_cast<const SmimeKey>(choice.key);
}

}  // namespace

SignResult SmimeEngine::sign(Source& content, Sink& out, const SignSpec& spec) {
  SignResult result;
  const Provider provider(spec.policy.profile);
  provider.explain(result.choices);
  const auto plans = plan_signers(spec, result.choices);
  for (const auto& plan : plans)
    result.digests.emplace_back(plan.hash->word);

  ContentDigests digests(plans, provider);
  const std::uint64_t size = digests.read(content);

  CertificateSet certificates;
  std::vector<std::string> signer_infos;
  for (const auto& plan : plans) {
    const SmimeKeyPtr beside = encryption_key_beside(*plan.key, state_, spec.at);
    X509* const beside_certificate = beside ? beside->certificate() : nullptr;
    signer_infos.push_back(make_signer_info(plan, {digests.of(*plan.hash), spec.at, beside_certificate}, provider));
    certificates.add_chain(plan.key->certificate(), state_);
    if (beside_certificate != nullptr) certificates.add(beside_certificate);
  }

  const std::string head = der_integer(1) + digests.identifiers();
  const std::string tail = certificates.encoded(tag::constructed(0)) + der_set_of(std::move(signer_infos));
  const std::string data = der_oid(NID_pkcs7_data);
  if (spec.detached) {
    const std::string body = der(tag::kSequence, {head, der_sequence({data}), tail});
    out.write(der_sequence({der_oid(NID_pkcs7_signed), der(tag::constructed(0), body)}));
    return result;
  }

  // Outer headers first, from lengths alone; then the content in a second pass.
  const NestedHeaders headers({{tag::kSequence, der_oid(NID_pkcs7_signed), {}},
                               {tag::constructed(0), {}, {}},
                               {tag::kSequence, head, tail},
                               {tag::kSequence, data, {}},
                               {tag::constructed(0), {}, {}},
                               {tag::kOctetString, {}, {}}},
                              size);
  out.write(headers.before());
  content.rewind();
  CountingSink counted(out);
  for_each_chunk(content, [&counted](std::string_view octets) { counted.write(octets); });
  if (counted.count() != size) throw Error(Errc::io, "the content changed between two reads");
  out.write(headers.after());
  return result;
}

void SmimeEngine::export_keys(const std::vector<KeyPtr>& keys, Sink& out) {
  CertificateSet certificates;
  for (const auto& key : keys)
    certificates.add_chain(smime_key(*key).certificate(), state_);
  // A degenerate SignedData: no signer, no content (RFC 8551, section 3.8).
  const std::string body = der_sequence({der_integer(1), der_set_of({}), der_sequence({der_oid(NID_pkcs7_data)}),
                                         certificates.encoded(tag::constructed(0)), der_set_of({})});
  out.write(der_sequence({der_oid(NID_pkcs7_signed), der(tag::constructed(0), body)}));
}

}  // namespace mimeseal::smime
