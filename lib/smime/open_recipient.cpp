// SPDX-License-Identifier: MIT
#include "smime/open_recipient.h"

#include <array>
#include <utility>

#include "mimeseal/core/text.h"

namespace mimeseal::smime {
namespace {

/// The context tags of RecipientInfo's CHOICE.
constexpr unsigned char kAgreement = 0xA1;
constexpr unsigned char kKeyEncryptionKey = 0xA2;
constexpr unsigned char kPassword = 0xA3;
constexpr unsigned char kSequence = 0x30;

[[noreturn]] void fail() {
  throw Error(Errc::malformed, "a RecipientInfo is malformed");
}

std::string name_of_id(const asn1::IssuerAndSerial& id) {
  return name_of(id.issuer) + "/" + serial_of(id.serial);
}

void count(std::size_t recipients, std::uint64_t limit) {
  if (recipients >= limit)
    throw Error(Errc::limit, "the message has more than " + std::to_string(limit) + " recipients");
}

/// SHA-1 over the public key's bits: the key id of RFC 5280, section 4.2.1.2 (1), for certificates that state none.
bool is_derived_key_id(X509* certificate, std::string_view key_id) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (X509_pubkey_digest(certificate, EVP_sha1(), digest.data(), &length) != 1) return false;
  return key_id == std::string_view(reinterpret_cast<const char*>(digest.data()), length);
}

}  // namespace

SmimeKeyPtr Recipients::find(const asn1::IssuerAndSerial& id) const {
  for (const SmimeKeyPtr& identity : identities_) {
    X509* const certificate = identity->certificate();
    if (identity->secret() != nullptr && ASN1_INTEGER_cmp(id.serial, X509_get0_serialNumber(certificate)) == 0 &&
        X509_NAME_cmp(id.issuer, X509_get_issuer_name(certificate)) == 0) {
      return identity;
    }
  }
  return nullptr;
}

SmimeKeyPtr Recipients::find(const ASN1_OCTET_STRING* key_id) const {
  for (const SmimeKeyPtr& identity : identities_) {
    if (identity->secret() == nullptr) continue;
    const ASN1_OCTET_STRING* const own = X509_get0_subject_key_id(identity->certificate());
    if (own != nullptr ? ASN1_OCTET_STRING_cmp(own, key_id) == 0
                       : is_derived_key_id(identity->certificate(), octets_of(key_id))) {
      return identity;
    }
  }
  return nullptr;
}

std::string refusal_of(const SmimeKey& key, const std::string& reason) {
  return "the device that holds the key does not decrypt with it" + (reason.empty() ? "" : " (" + reason + ")") + ": " +
         key.info().origin;
}

void Recipients::add(const std::string& recipient_info, std::uint64_t max_recipients) {
  count(names_.size(), max_recipients);
  switch (static_cast<unsigned char>(recipient_info.front())) {
    case kSequence:
      return add_transport(recipient_info);
    case kAgreement:
      return add_agreement(recipient_info, max_recipients);
    case kKeyEncryptionKey:
      names_.emplace_back("a shared key");
      return;
    case kPassword:
      names_.emplace_back("a password");
      return;
    default:
      names_.emplace_back("a recipient of another kind");
  }
}

void Recipients::add_transport(const std::string& recipient_info) {
  auto info = asn1::decode<asn1::KeyTransPtr>(recipient_info, ASN1_ITEM_rptr(asn1::KeyTransRecipientInfo));
  if (!info) fail();
  SmimeKeyPtr identity;
  if (info->rid->type == asn1::kIssuerAndSerial) {
    names_.push_back(name_of_id(*info->rid->d.issuer_and_serial));
    identity = find(*info->rid->d.issuer_and_serial);
  } else {
    names_.push_back(hex(octets_of(info->rid->d.key_id)));
    identity = find(info->rid->d.key_id);
  }
  if (identity) own_.push_back({.identity = std::move(identity), .transport = std::move(info)});
}

void Recipients::add_agreement(std::string recipient_info, std::uint64_t max_recipients) {
  recipient_info.front() = static_cast<char>(kSequence);  // [1] IMPLICIT
  auto info = asn1::decode<asn1::KeyAgreePtr>(recipient_info, ASN1_ITEM_rptr(asn1::KeyAgreeRecipientInfo));
  if (!info) fail();
  SmimeKeyPtr identity;
  int index = 0;
  for (int i = 0; i < asn1::sk_RecipientEncryptedKey_num(info->recipient_encrypted_keys); ++i) {
    count(names_.size(), max_recipients);
    const asn1::KeyAgreeRecipientIdentifier& rid =
        *asn1::sk_RecipientEncryptedKey_value(info->recipient_encrypted_keys, i)->rid;
    SmimeKeyPtr found;
    if (rid.type == asn1::kIssuerAndSerial) {
      names_.push_back(name_of_id(*rid.d.issuer_and_serial));
      found = find(*rid.d.issuer_and_serial);
    } else {
      names_.push_back(hex(octets_of(rid.d.key_id->key_id)));
      found = find(rid.d.key_id->key_id);
    }
    if (found && !identity) {
      identity = std::move(found);
      index = i;
    }
  }
  if (identity) {
    own_.push_back({.identity = std::move(identity), .agreement = std::move(info), .encrypted_key = index});
  }
}

}  // namespace mimeseal::smime
