// SPDX-License-Identifier: MIT
#include "pgp/facts.h"

#include <algorithm>

#include "mimeseal/core/text.h"

namespace mimeseal::pgp {
namespace {

// Two clocks are never quite the same: a signature that is this little ahead of the time judged at is not from the
// future.
constexpr long kClockSkew = 300;

struct Found {
  Integrity integrity = Integrity::unsupported;
  std::string why;
};

Found integrity_of(const _gpgme_signature& signature, bool key_known) {
  const auto code = gpgme_err_code(signature.status);
  switch (code) {
    case GPG_ERR_NO_ERROR:
    case GPG_ERR_SIG_EXPIRED:  // the four mean: the mathematics is right
    case GPG_ERR_KEY_EXPIRED:
    case GPG_ERR_CERT_REVOKED:
      if (!key_known) return {Integrity::unsupported, "gpg does not name the key that made the signature"};
      return {Integrity::good, {}};
    case GPG_ERR_BAD_SIGNATURE:
      return {Integrity::bad, "the signature does not fit the content"};
    case GPG_ERR_NO_PUBKEY:
      return {Integrity::no_key, "the signer's key is not known here"};
    case GPG_ERR_UNSUPPORTED_ALGORITHM:
    case GPG_ERR_DIGEST_ALGO:
    case GPG_ERR_PUBKEY_ALGO:
      return {Integrity::unsupported, "the signature's algorithm is not supported or not accepted by gpg"};
    default:
      break;
  }
  return {Integrity::unsupported, "gpg cannot judge the signature: " + error_words(signature.status)};
}

bool weak_key(const _gpgme_subkey& subkey) {
  switch (static_cast<int>(subkey.pubkey_algo)) {
    case GPGME_PK_RSA:
    case GPGME_PK_RSA_E:
    case GPGME_PK_RSA_S:
    case GPGME_PK_DSA:
      return subkey.length < 2048;
    default:
      return false;
  }
}

struct Belief {
  Trust trust = Trust::unknown;
  std::string why;
  std::vector<const _gpgme_user_id*> user_ids;
};

std::vector<const _gpgme_user_id*> valid_user_ids(const _gpgme_key& key) {
  std::vector<const _gpgme_user_id*> result;
  for (const _gpgme_user_id* user_id = key.uids; user_id != nullptr; user_id = user_id->next) {
    if (stands(key, *user_id)) result.push_back(user_id);
  }
  return result;
}

Belief keyring_belief(const _gpgme_key& key, TrustModel model) {
  Belief belief;
  const auto all = valid_user_ids(key);
  if (model == TrustModel::always || key.owner_trust == GPGME_VALIDITY_ULTIMATE) {
    belief.trust = Trust::trusted;
    belief.user_ids = all;
    return belief;
  }
  bool never = false;
  for (const _gpgme_user_id* user_id : all) {
    if (user_id->validity == GPGME_VALIDITY_FULL || user_id->validity == GPGME_VALIDITY_ULTIMATE) {
      belief.user_ids.push_back(user_id);
    }
    never = never || user_id->validity == GPGME_VALIDITY_NEVER;
  }
  if (!belief.user_ids.empty()) {
    belief.trust = Trust::trusted;
  } else if (never) {
    belief.trust = Trust::untrusted;
    belief.why = "the keyring says never to trust the signer's key";
  } else if (key.expired) {
    belief.why =
        "the signer's key has expired, and the keyring tells no validity of it any more; its file can be trusted";
  } else {
    belief.why = "no user id of the signer's key is valid in the keyring";
  }
  return belief;
}

Belief belief_in(const StoredKey& key, const _gpgme_subkey* subkey, KeyStore& store, TrustModel model) {
  Belief belief;
  if (key.place() == Place::files && key.trusted) {
    belief.trust = Trust::trusted;
    belief.user_ids = valid_user_ids(*key.get());
  } else if (key.place() == Place::keyring) {
    belief = keyring_belief(*key.get(), model);
  } else if (const StoredPtr same = store.find(key.info().fingerprint, Place::keyring)) {
    belief = keyring_belief(*same->get(), model);
    // These user ids belong to an object that may go: name them by the copy that stays.
    std::vector<const _gpgme_user_id*> own;
    for (const _gpgme_user_id* other : belief.user_ids) {
      for (const _gpgme_user_id* user_id : valid_user_ids(*key.get())) {
        if (std::string_view(user_id->uid) == other->uid) own.push_back(user_id);
      }
    }
    belief.user_ids = std::move(own);
  } else {
    belief.why = "the signer's key is known, but nothing here says that it is to be believed";
  }
  if (key.get()->disabled && belief.trust == Trust::trusted) {
    belief.trust = Trust::untrusted;
    belief.why = "the signer's key is disabled in the keyring";
  }
  // A file may be older than the keyring: a revocation that either knows counts.
  if (key.place() == Place::files && belief.trust == Trust::trusted) {
    const StoredPtr same = store.find(key.info().fingerprint, Place::keyring);
    if (same && same->get()->revoked) {
      belief.trust = Trust::revoked;
      belief.why = "the signer's key is revoked in the keyring";
    }
  }
  if (key.get()->revoked || (subkey != nullptr && subkey->revoked)) {
    belief.trust = Trust::revoked;
    belief.why = "the signer's key is revoked";
  }
  return belief;
}

struct Dated {
  Validity validity = Validity::valid;
  std::string why;
};

Dated validity_at(const _gpgme_signature& signature, const _gpgme_key& key, const _gpgme_subkey* subkey, Time at) {
  const long now = at.time_since_epoch().count();
  const auto made = static_cast<long>(signature.timestamp);
  const auto ends = static_cast<long>(signature.exp_timestamp);
  const auto day = [](long seconds) { return format_rfc3339(Time(std::chrono::seconds(seconds))); };
  for (const _gpgme_subkey* part : {static_cast<const _gpgme_subkey*>(key.subkeys), subkey}) {
    if (part == nullptr) return {Validity::unknown, "the dates of the signer's key are not known"};
    if (part->timestamp > now + kClockSkew) {
      return {Validity::not_yet_valid, "the signer's key is not valid before " + day(part->timestamp)};
    }
    if (part->expires > 0 && part->expires <= now) {
      return {Validity::expired, "the signer's key expired at " + day(part->expires)};
    }
  }
  if (made > now + kClockSkew)
    return {Validity::not_yet_valid, "the signature was made at " + day(made) + ", after the time judged at"};
  if (ends > 0 && ends <= now) return {Validity::expired, "the signature expired at " + day(ends)};
  if (made + kClockSkew < subkey->timestamp) {
    return {Validity::not_yet_valid,
            "the signature claims to be older than its key, made at " + day(subkey->timestamp)};
  }
  return {};
}

}  // namespace

SignerFacts signer_facts(const _gpgme_signature& signature, const StoredPtr& key, KeyStore& store, TrustModel model,
                         Time at) {
  SignerFacts facts;
  facts.judged_at = at;
  facts.digest = digest_name(static_cast<int>(signature.hash_algo));
  if (signature.timestamp != 0) facts.signed_at = Time(std::chrono::seconds(static_cast<long>(signature.timestamp)));
  const Found found = integrity_of(signature, key != nullptr);
  facts.integrity = found.integrity;
  facts.why = found.why;
  const bool weak_digest = facts.digest == "md5" || facts.digest == "sha1" || facts.digest == "ripemd160";
  if (weak_digest) facts.algorithm = Algorithm::weak;
  if (found.integrity == Integrity::no_key && signature.fpr != nullptr) {
    facts.why += "; the signature names " + ascii_lower(visible(signature.fpr));
  }
  if (!key || key->get()->subkeys == nullptr) return facts;

  const _gpgme_key& own = *key->get();
  const std::string signer = ascii_lower(signature.fpr != nullptr ? signature.fpr : "");
  const _gpgme_subkey* subkey = nullptr;
  for (const _gpgme_subkey* part = own.subkeys; part != nullptr; part = part->next) {
    const std::string id = ascii_lower(part->fpr != nullptr ? part->fpr : "");
    if (id == signer || (signer.size() == 16 && id.ends_with(signer))) subkey = part;
  }
  facts.fingerprint = key->info().fingerprint;
  facts.who = key->info().name;
  const Belief belief = belief_in(*key, subkey, store, model);
  facts.trust = belief.trust;
  if (gpgme_err_code(signature.status) == GPG_ERR_CERT_REVOKED) facts.trust = Trust::revoked;
  if (!belief.user_ids.empty()) {
    facts.who = to_valid_utf8(belief.user_ids.front()->uid != nullptr ? belief.user_ids.front()->uid : "");
    for (const _gpgme_user_id* user_id : belief.user_ids) {
      std::string address = address_of(*user_id);
      if (!address.empty()) facts.addresses.push_back(std::move(address));
    }
  } else {
    // Not believed: `trust` says so. What the key claims is still what From is compared with.
    facts.addresses = key->info().addresses;
  }
  const Dated dated = validity_at(signature, own, subkey, at);
  facts.validity = dated.validity;
  const bool weak_keys = weak_key(*own.subkeys) || (subkey != nullptr && weak_key(*subkey));
  if (weak_keys) facts.algorithm = Algorithm::weak;
  if (signature.wrong_key_usage || subkey == nullptr || !subkey->can_sign) facts.usage = Usage::not_for_mail;

  if (!facts.why.empty()) return facts;
  if (facts.trust != Trust::trusted) {
    facts.why = belief.why.empty() ? "the signer's key is revoked" : belief.why;
  } else if (facts.validity != Validity::valid) {
    facts.why = dated.why;
  } else if (facts.algorithm != Algorithm::ok) {
    facts.why = weak_keys ? "the signer's key is too short" : "the digest " + facts.digest + " is broken";
  } else if (facts.usage != Usage::ok) {
    facts.why = "the signer's key is not made for signing";
  }
  return facts;
}

SignerFacts unjudged(const SignatureHead& head, Integrity integrity, std::string why, Time at) {
  SignerFacts facts;
  facts.integrity = integrity;
  facts.judged_at = at;
  facts.digest = digest_name(head.digest);
  if (facts.digest == "md5" || facts.digest == "sha1" || facts.digest == "ripemd160") facts.algorithm = Algorithm::weak;
  facts.signed_at = head.created;
  facts.why = std::move(why);
  return facts;
}

}  // namespace mimeseal::pgp
