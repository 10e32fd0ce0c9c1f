// SPDX-License-Identifier: MIT
#include "smime/chain.h"

#include <algorithm>

#include "smime/der.h"

namespace mimeseal::smime {
namespace {

constexpr int kMaxDepth = 16;

bool is_self_issued(X509* certificate) {
  return X509_check_issued(certificate, certificate) == X509_V_OK;
}

bool issued(X509* issuer, X509* certificate) {
  return X509_check_issued(issuer, certificate) == X509_V_OK && X509_get0_pubkey(issuer) != nullptr &&
         X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

X509* issuer_of(X509* certificate, const EngineState& state) {
  X509* found = nullptr;
  for (const auto* pool : {&state.intermediates, &state.anchors}) {
    for (const auto& candidate : *pool) {
      if (found == nullptr && issued(candidate.get(), certificate)) found = candidate.get();
    }
  }
  ERR_clear_error();
  return found;
}

}  // namespace

void CertificateSet::add(X509* certificate) {
  std::string der = to_der(certificate, i2d_X509);
  if (std::find(certificates_.begin(), certificates_.end(), der) == certificates_.end()) {
    certificates_.push_back(std::move(der));
  }
}

void CertificateSet::add_chain(X509* certificate, const EngineState& state) {
  add(certificate);
  for (int depth = 0; depth < kMaxDepth && !is_self_issued(certificate); ++depth) {
    certificate = issuer_of(certificate, state);
    if (certificate == nullptr || is_self_issued(certificate)) break;
    add(certificate);
  }
  ERR_clear_error();
}

std::string CertificateSet::encoded(unsigned char tag) const {
  return certificates_.empty() ? std::string() : der_set_of(certificates_, tag);
}

bool is_revoked(X509* certificate, const EngineState& state) {
  for (const auto& crl : state.crls) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl.get()), X509_get_issuer_name(certificate)) != 0) continue;
    X509* const issuer = issuer_of(certificate, state);
    // Where nobody's key can check the list, its word is taken against the certificate: the user has given both.
    if (issuer != nullptr && X509_CRL_verify(crl.get(), X509_get0_pubkey(issuer)) != 1) continue;
    X509_REVOKED* entry = nullptr;
    // 2 is an entry that takes a certificate off the list again (removeFromCRL).
    if (X509_CRL_get0_by_cert(crl.get(), &entry, certificate) == 1) return true;
  }
  ERR_clear_error();
  return false;
}

}  // namespace mimeseal::smime
