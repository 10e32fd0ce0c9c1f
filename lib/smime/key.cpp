// SPDX-License-Identifier: MIT
#include "smime/key.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "mimeseal/core/text.h"
#include "smime/choose.h"

namespace mimeseal::smime {
namespace {

std::string curve_name(EVP_PKEY* key) {
  std::array<char, 80> group{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) {
    ERR_clear_error();
    return "explicit parameters";
  }
  const int nid = OBJ_txt2nid(group.data());
  const char* const nist = nid == NID_undef ? nullptr : EC_curve_nid2nist(nid);
  return nist != nullptr ? nist : group.data();
}

/// RFC 5280, section 4.2: a certificate with a critical extension that is not understood must not be used.
std::string unknown_critical_extensions(X509* certificate) {
  std::vector<std::string> names;
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* const extension = X509_get_ext(certificate, i);
    if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) != 0) continue;
    std::array<char, 80> name{};
    OBJ_obj2txt(name.data(), name.size(), X509_EXTENSION_get_object(extension), 0);
    names.emplace_back(name.data());
  }
  return join(names, ", ");
}

/// The bits of keyUsage, all of them when the extension is absent.
std::uint32_t key_usage_of(X509* certificate) {
  return X509_get_key_usage(certificate);
}

}  // namespace

SmimeKey::SmimeKey(X509Ptr certificate, EvpPkeyPtr secret, KeyInfo info, std::shared_ptr<void> token)
    : token_(std::move(token)),
      certificate_(std::move(certificate)),
      secret_(std::move(secret)),
      info_(std::move(info)) {}

std::shared_ptr<const SmimeKey> SmimeKey::revoked() const {
  KeyInfo info = info_;
  info.revoked = true;
  return std::make_shared<const SmimeKey>(share(certificate_.get()), share(secret_.get()), std::move(info), token_);
}

SmimeKeyPtr make_key(X509Ptr certificate, EvpPkeyPtr secret, std::string origin, std::shared_ptr<void> token) {
  KeyInfo info = key_info_of(certificate.get());
  info.has_secret = secret != nullptr;
  info.origin = std::move(origin);
  return std::make_shared<const SmimeKey>(std::move(certificate), std::move(secret), std::move(info), std::move(token));
}

const SmimeKey& smime_key(const Key& key) {
  const auto* const own = dynamic_cast<const SmimeKey*>(&key);
  if (own == nullptr) throw Error(Errc::usage, "the key is not an S/MIME key", key.info().fingerprint);
  return *own;
}

std::string fingerprint_of(X509* certificate) {
  return hex(sha256(to_der(certificate, i2d_X509)));
}

std::string name_of(const X509_NAME* name) {
  const BioPtr out(check(BIO_new(BIO_s_mem()), "making a memory BIO"));
  check(
      X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) >= 0,
      "printing a name");
  char* data = nullptr;
  const long length = BIO_get_mem_data(out.get(), &data);
  return length <= 0 ? std::string() : to_valid_utf8({data, static_cast<std::size_t>(length)});
}

std::string serial_of(const ASN1_INTEGER* serial) {
  std::string digits = hex(octets_of(serial));
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - (digits.empty() ? 0 : 1)));
  return ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" + digits : digits;
}

std::string algorithm_of(EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA-" + std::to_string(bits);
    case EVP_PKEY_RSA_PSS:
      return "RSA-PSS-" + std::to_string(bits);
    case EVP_PKEY_EC:
      return "EC " + curve_name(key);
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_ED448:
      return "Ed448";
    case EVP_PKEY_X25519:
      return "X25519";
    case EVP_PKEY_X448:
      return "X448";
    case EVP_PKEY_DSA:
      return "DSA-" + std::to_string(bits);
    default:
      break;
  }
  const char* const name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
  return name != nullptr ? name : "unknown";
}

std::string algorithm_of(X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  ERR_clear_error();
  if (key != nullptr) return algorithm_of(key);
  ASN1_OBJECT* algorithm = nullptr;
  X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, X509_get_X509_PUBKEY(certificate));
  std::array<char, 80> name{};
  OBJ_obj2txt(name.data(), name.size(), algorithm, 0);
  return name.data();
}

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return Time(std::chrono::seconds(timegm(&parts)));
}

std::string pem_of(X509* certificate) {
  const BioPtr out(check(BIO_new(BIO_s_mem()), "making a memory BIO"));
  check(PEM_write_bio_X509(out.get(), certificate) == 1, "writing a certificate");
  char* data = nullptr;
  const long length = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

bool allows_mail(X509* certificate) {
  const ExtendedKeyUsagePtr usages(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  if (!usages) {
    ERR_clear_error();
    return X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) < 0;
  }
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
    if (nid == NID_email_protect || nid == NID_anyExtendedKeyUsage) return true;
  }
  return false;
}

KeyInfo key_info_of(X509* certificate) {
  KeyInfo info;
  info.protocol = Protocol::smime;
  info.name = name_of(X509_get_subject_name(certificate));
  info.fingerprint = fingerprint_of(certificate);
  info.issuer = name_of(X509_get_issuer_name(certificate));
  info.serial = serial_of(X509_get0_serialNumber(certificate));
  info.addresses = addresses_of(certificate);
  info.not_before = time_of(X509_get0_notBefore(certificate));
  info.not_after = time_of(X509_get0_notAfter(certificate));

  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  info.algorithm = algorithm_of(certificate);
  info.obstacle = key_type_obstacle(certificate);
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0)
    info.obstacle = "the certificate's extensions cannot be read";
  if (const std::string unknown = unknown_critical_extensions(certificate); info.obstacle.empty() && !unknown.empty())
    info.obstacle = "it has a critical extension that is not understood (" + unknown + ")";
  const bool mail = allows_mail(certificate);
  const std::uint32_t usage = key_usage_of(certificate);
  const bool may_sign = mail && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
  const bool may_transport = mail && (usage & KU_KEY_ENCIPHERMENT) != 0;
  const bool may_agree = mail && (usage & KU_KEY_AGREEMENT) != 0;
  switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      info.can_sign = may_sign;
      info.can_encrypt = may_transport;
      break;
    case EVP_PKEY_EC:
      info.can_sign = may_sign;
      info.can_encrypt = may_agree;
      break;
    case EVP_PKEY_RSA_PSS:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      info.can_sign = may_sign;
      break;
    case EVP_PKEY_X25519:
    case EVP_PKEY_X448:
      info.can_encrypt = may_agree;
      break;
    default:
      break;
  }
  ERR_clear_error();
  return info;
}

}  // namespace mimeseal::smime
