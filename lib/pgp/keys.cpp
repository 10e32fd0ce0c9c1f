// SPDX-License-Identifier: MIT
#include "pgp/keys.h"

#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {
namespace {

std::optional<Time> time_of(long seconds) {
  if (seconds <= 0) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

std::string text(const char* value) {
  return value != nullptr ? to_valid_utf8(value) : std::string();
}

std::string day(long seconds) {
  return format_rfc3339(Time(std::chrono::seconds(seconds))).substr(0, 10);
}

/// Why no part of the key can be used, whatever for.
std::string why_not_at_all(const _gpgme_key& key, Time at) {
  if (key.subkeys == nullptr) return "it has no key material";
  const _gpgme_subkey& primary = *key.subkeys;
  const long now = at.time_since_epoch().count();
  if (key.revoked || primary.revoked) return "revoked";
  if (key.disabled || primary.disabled) return "disabled";
  if (primary.expires > 0 && primary.expires <= now) return "expired on " + day(primary.expires);
  if (primary.timestamp > now) return "not valid before " + day(primary.timestamp);
  if (key.invalid || primary.invalid) return "invalid";
  return {};
}

template <typename Fits>
std::string why_not_by_subkeys(const _gpgme_key& key, Time at, const char* purpose, Fits fits) {
  if (std::string why = why_not_at_all(key, at); !why.empty()) return why;
  const long now = at.time_since_epoch().count();
  std::string why = std::string("not for ") + purpose;
  for (const _gpgme_subkey* subkey = key.subkeys; subkey != nullptr; subkey = subkey->next) {
    if (!fits(*subkey)) continue;
    const std::string name = std::string("its subkey for ") + purpose;
    if (subkey->revoked) {
      why = name + " is revoked";
    } else if (subkey->expires > 0 && subkey->expires <= now) {
      why = name + " expired on " + day(subkey->expires);
    } else if (subkey->timestamp > now) {
      why = name + " is not valid before " + day(subkey->timestamp);
    } else if (subkey->disabled || subkey->invalid) {
      why = name + " is invalid";
    } else {
      return {};
    }
  }
  return why;
}

}  // namespace

std::string_view validity_words(gpgme_validity_t validity) {
  switch (validity) {
    case GPGME_VALIDITY_NEVER:
      return "never";
    case GPGME_VALIDITY_MARGINAL:
      return "marginal";
    case GPGME_VALIDITY_FULL:
      return "full";
    case GPGME_VALIDITY_ULTIMATE:
      return "ultimate";
    case GPGME_VALIDITY_UNKNOWN:
    case GPGME_VALIDITY_UNDEFINED:
      break;
  }
  return "unknown";
}

std::string algorithm_name(const _gpgme_subkey& subkey) {
  const std::string curve = subkey.curve != nullptr ? ascii_lower(subkey.curve) : "";
  const std::string length = subkey.length != 0 ? "-" + std::to_string(subkey.length) : "";
  switch (static_cast<int>(subkey.pubkey_algo)) {
    case GPGME_PK_RSA:
    case GPGME_PK_RSA_E:
    case GPGME_PK_RSA_S:
      return "RSA" + length;
    case GPGME_PK_DSA:
      return "DSA" + length;
    case GPGME_PK_ELG:
    case GPGME_PK_ELG_E:
      return "ElGamal" + length;
    case GPGME_PK_ECC:
    case GPGME_PK_ECDSA:
    case GPGME_PK_ECDH:
    case GPGME_PK_EDDSA:
      break;
    default:
      return "algorithm " + std::to_string(static_cast<int>(subkey.pubkey_algo));
  }
  if (curve == "ed25519") return "Ed25519";
  if (curve == "cv25519") return "X25519";
  if (curve == "ed448") return "Ed448";
  if (curve == "x448") return "X448";
  if (curve == "nistp256") return "EC P-256";
  if (curve == "nistp384") return "EC P-384";
  if (curve == "nistp521") return "EC P-521";
  return "EC " + (subkey.curve != nullptr ? text(subkey.curve) : "of an unknown curve");
}

std::string address_of(const _gpgme_user_id& user_id) {
  // GpgME lower-cases `address`; the user id keeps it as it was written.
  std::string own = address_of(std::string_view(user_id.uid != nullptr ? user_id.uid : ""));
  if (own.empty() && user_id.address != nullptr) own = user_id.address;
  return to_valid_utf8(own);
}

bool stands(const _gpgme_key& key, const _gpgme_user_id& user_id) {
  // All user ids of a revoked key are listed as revoked; whose key it was is still to be told.
  return !user_id.invalid && (!user_id.revoked || key.revoked);
}

const _gpgme_user_id* user_id_for(const _gpgme_key& key, std::string_view address) {
  for (const _gpgme_user_id* user_id = key.uids; user_id != nullptr; user_id = user_id->next) {
    if (stands(key, *user_id) && iequals(address_of(*user_id), address)) return user_id;
  }
  return nullptr;
}

KeyInfo key_info(const _gpgme_key& key, std::string origin) {
  KeyInfo info;
  info.protocol = Protocol::pgp;
  info.origin = std::move(origin);
  info.fingerprint = ascii_lower(key.fpr != nullptr ? key.fpr : "");
  info.revoked = key.revoked != 0;
  info.disabled = key.disabled != 0;
  for (const _gpgme_user_id* user_id = key.uids; user_id != nullptr; user_id = user_id->next) {
    if (!stands(key, *user_id)) continue;
    info.user_ids.push_back(text(user_id->uid));
    if (info.name.empty()) info.name = info.user_ids.back();
    const std::string address = address_of(*user_id);
    if (!address.empty() && std::find(info.addresses.begin(), info.addresses.end(), address) == info.addresses.end()) {
      info.addresses.push_back(address);
    }
  }
  if (info.name.empty() && key.uids != nullptr) info.name = text(key.uids->uid);
  if (key.subkeys != nullptr) {
    info.algorithm = algorithm_name(*key.subkeys);
    info.not_before = time_of(key.subkeys->timestamp);
    info.not_after = time_of(key.subkeys->expires);
  }
  for (const _gpgme_subkey* subkey = key.subkeys; subkey != nullptr; subkey = subkey->next) {
    info.can_sign = info.can_sign || subkey->can_sign;
    info.can_encrypt = info.can_encrypt || subkey->can_encrypt;
    info.has_secret = info.has_secret || subkey->secret;
  }
  return info;
}

std::string why_not_encrypt(const _gpgme_key& key, Time at) {
  return why_not_by_subkeys(key, at, "encryption", [](const _gpgme_subkey& subkey) { return subkey.can_encrypt != 0; });
}

std::string why_not_sign(const _gpgme_key& key, Time at) {
  return why_not_by_subkeys(key, at, "signing",
                            [](const _gpgme_subkey& subkey) { return subkey.can_sign != 0 && subkey.secret != 0; });
}

void StoredKey::note_doubt() {
  gpgme_validity_t best = GPGME_VALIDITY_UNKNOWN;
  for (const _gpgme_user_id* user_id = key_->uids; user_id != nullptr; user_id = user_id->next) {
    if (stands(*key_, *user_id)) best = std::max(best, user_id->validity);
  }
  if (best == GPGME_VALIDITY_FULL || best == GPGME_VALIDITY_ULTIMATE) return;
  info_.distrust = "its validity in the keyring is " + std::string(validity_words(best));
}

StoredKey::StoredKey(KeyRef key, Place place, std::string origin)
    : key_(std::move(key)), place_(place), info_(key_info(*key_, std::move(origin))) {}

}  // namespace mimeseal::pgp
