// SPDX-License-Identifier: MIT
#include "smime/trust.h"

#include <algorithm>
#include <utility>

#include "smime/constraints.h"
#include "smime/inquiry.h"

namespace mimeseal::smime {
namespace {

/// RSA and DSA of 2048 bits, curves of 224: NIST SP 800-57's lowest strength still approved.
constexpr int kMinSecurityBits = 112;

void push_all(STACK_OF(X509) * stack, const std::vector<X509Ptr>& certificates) {
  for (const X509Ptr& certificate : certificates) {
    check(sk_X509_push(stack, certificate.get()) > 0, "keeping a certificate");
  }
}

void judge_time(X509* certificate, Time at, CertificateFacts& facts) {
  if (facts.validity == Validity::expired || facts.validity == Validity::not_yet_valid) return;
  const std::optional<Time> begin = time_of(X509_get0_notBefore(certificate));
  const std::optional<Time> end = time_of(X509_get0_notAfter(certificate));
  if (!begin || !end) {
    facts.validity = Validity::unknown;
    facts.validity_why = "the dates of " + quoted(certificate) + " cannot be read";
  } else if (at < *begin) {
    facts.validity = Validity::not_yet_valid;
    facts.validity_why = "the certificate of " + quoted(certificate) + " is valid only from " + format_rfc3339(*begin);
  } else if (at > *end) {
    facts.validity = Validity::expired;
    facts.validity_why = "the certificate of " + quoted(certificate) + " expired at " + format_rfc3339(*end);
  } else if (facts.validity_why.empty()) {
    facts.validity = Validity::valid;
  }
}

void judge_strength(X509* certificate, bool signature_counts, CertificateFacts& facts) {
  if (facts.algorithm == Algorithm::weak) return;
  std::string why = weakness_of(X509_get0_pubkey(certificate));
  int digest = NID_undef;
  if (why.empty() && signature_counts &&
      X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) == 1 && is_weak_digest(digest)) {
    why = std::string("it is signed with ") + OBJ_nid2sn(digest);
  }
  ERR_clear_error();
  if (why.empty()) return;
  facts.algorithm = Algorithm::weak;
  facts.algorithm_why = "the certificate of " + quoted(certificate) + " is weak: " + why;
}

/// keyUsage and extendedKeyUsage of the signer's own certificate (RFC 8550, sections 4.4.2 and 4.4.4).
void judge_usage(X509* certificate, CertificateFacts& facts) {
  const std::uint32_t usage = X509_get_key_usage(certificate);  // all bits when the extension is absent
  if ((usage & (X509v3_KU_DIGITAL_SIGNATURE | X509v3_KU_NON_REPUDIATION)) == 0) {
    facts.usage = Usage::not_for_mail;
    facts.usage_why = "the certificate's keyUsage does not allow signing";
  } else if (!allows_mail(certificate)) {
    facts.usage = Usage::not_for_mail;
    facts.usage_why = "the certificate's extendedKeyUsage does not name emailProtection";
  }
}

void say_revoked(X509* certificate, CertificateFacts& facts) {
  facts.trust = Trust::revoked;
  facts.trust_why = "the certificate of " + quoted(certificate) + " is revoked";
}

void say_unclear(X509* certificate, const std::string& why, CertificateFacts& facts) {
  facts.trust = Trust::unknown;
  facts.trust_why = "whether the certificate of " + quoted(certificate) + " is revoked cannot be told: " + why;
}

bool says_revoked(const ListFacts& told) {
  return told.status == ListFacts::Status::revoked;
}

}  // namespace

std::string weakness_of(EVP_PKEY* key) {
  if (key == nullptr) return "its key cannot be read";
  const int bits = EVP_PKEY_get_security_bits(key);
  if (bits >= kMinSecurityBits) return {};
  return algorithm_of(key) + " is too short";
}

bool is_weak_digest(int nid) noexcept {
  return nid == NID_md2 || nid == NID_md4 || nid == NID_md5 || nid == NID_sha1 || nid == NID_sha || nid == NID_mdc2 ||
         nid == NID_md5_sha1 || nid == NID_ripemd160;
}

PathValidator::PathValidator(const EngineState& state, const std::vector<X509Ptr>& carried, Time at,
                             RevocationFetcher* fetcher)
    : state_(state), at_(at), fetcher_(fetcher) {
  if (state.anchors.empty()) return;
  for (const X509CrlPtr& crl : state.crls)
    crls_.push_back(crl.get());
  store_ = make_store(state.anchors);
  untrusted_.reset(check(sk_X509_new_null(), "a list of certificates"));
  push_all(untrusted_.get(), carried);
  push_all(untrusted_.get(), state.intermediates);
  for (const std::vector<X509Ptr>* certificates : {&state.anchors, &state.intermediates, &carried}) {
    for (const X509Ptr& certificate : *certificates)
      known_.push_back(certificate.get());
  }
}

CertificateFacts PathValidator::judge(X509* certificate, bool worth_asking) const {
  CertificateFacts facts;
  judge_time(certificate, at_, facts);
  judge_usage(certificate, facts);
  judge_strength(certificate, false, facts);
  if (state_.anchors.empty()) {
    facts.trust_why = "no trust anchor was given to judge the signer's certificate by";
  } else {
    judge_path(certificate, worth_asking, facts);
  }
  ERR_clear_error();
  return facts;
}

void PathValidator::judge_path(X509* certificate, bool worth_asking, CertificateFacts& facts) const {
  const PathFacts path = walk_path(certificate, {.store = store_.get(), .untrusted = untrusted_.get(), .at = at_});
  if (!path.failure.empty()) {
    facts.trust = Trust::untrusted;
    facts.trust_why = "the path from the signer's certificate to a trust anchor fails at " + path.failure;
    return;
  }
  if (std::string fault = constraint_fault(path.chain); !fault.empty()) {
    facts.trust = Trust::untrusted;
    facts.trust_why = std::move(fault);
    return;
  }
  for (std::size_t depth = 0; depth < path.chain.size(); ++depth) {
    X509* const link = path.chain[depth].get();
    judge_time(link, at_, facts);
    judge_strength(link, depth + 1 < path.chain.size(), facts);  // nobody relies on the anchor's own signature
  }
  if (path.wrong_purpose && facts.usage == Usage::ok) {
    facts.usage = Usage::not_for_mail;
    facts.usage_why = "a certificate on the signer's path is not meant for mail";
  }
  const std::vector<ListFacts> told = ask_all(path.chain, crls_);
  if (fetcher_ != nullptr && worth_asking && std::none_of(told.begin(), told.end(), says_revoked)) {
    judge_by_servers(path.chain, facts);
  } else {
    judge_by_lists(path.chain, told, facts);
  }
}

std::vector<ListFacts> PathValidator::ask_all(const Chain& chain, const std::vector<X509_CRL*>& lists) const {
  std::vector<ListFacts> told;
  for (std::size_t depth = 0; depth + 1 < chain.size(); ++depth)
    told.push_back(ask_lists(chain[depth].get(), chain[depth + 1].get(), lists, at_));
  told.push_back(ask_lists_of_anchor(chain.back().get(), known_, lists, at_));
  return told;
}

void PathValidator::judge_by_lists(const Chain& chain, const std::vector<ListFacts>& told, CertificateFacts& facts) {
  facts.trust = Trust::trusted;
  for (std::size_t depth = 0; depth < told.size(); ++depth) {
    if (says_revoked(told[depth])) return say_revoked(chain[depth].get(), facts);
  }
  for (std::size_t depth = 0; depth < told.size(); ++depth) {  // one without a list need not have one
    if (told[depth].status == ListFacts::Status::unclear)
      return say_unclear(chain[depth].get(), told[depth].why, facts);
  }
}

void PathValidator::judge_by_servers(const Chain& chain, CertificateFacts& facts) const {
  const Inquiry inquiry = ask_servers(chain, crls_, at_, *fetcher_);
  std::vector<X509_CRL*> lists = crls_;
  for (const X509CrlPtr& list : inquiry.lists)
    lists.push_back(list.get());
  std::vector<ListFacts> told = ask_all(chain, lists);
  for (std::size_t depth = 0; depth < inquiry.answers.size(); ++depth) {
    const OcspAnswer& answer = inquiry.answers[depth];
    ListFacts& list = told[depth];
    if (answer.status == OcspAnswer::Status::revoked) {
      list.status = ListFacts::Status::revoked;
    } else if (answer.status == OcspAnswer::Status::good && !says_revoked(list) && !list.doubtful) {
      list.status = ListFacts::Status::good;
    } else if (list.status == ListFacts::Status::none) {
      list = {.status = ListFacts::Status::unclear,
              .why = answer.why.empty() ? "no list that was fetched is by its issuer" : answer.why};
    }
  }
  judge_by_lists(chain, told, facts);
}

}  // namespace mimeseal::smime
