// SPDX-License-Identifier: MIT
#pragma once

#include "mimeseal/crypto/engine.h"
#include "mimeseal/crypto/verdict.h"
#include "pgp/keys.h"
#include "pgp/packets.h"

/// From what gpg says about a signature, and what is known about its key, to facts.
namespace mimeseal::pgp {

/// `key` is the signer's, or null. Dates are compared with `at` here: gpg knows only the present.
[[nodiscard]] SignerFacts signer_facts(const _gpgme_signature& signature, const StoredPtr& key, KeyStore& store,
                                       TrustModel model, Time at);

/// Of a signature that gpg cannot judge.
[[nodiscard]] SignerFacts unjudged(const SignatureHead& head, Integrity integrity, std::string why, Time at);

}  // namespace mimeseal::pgp
