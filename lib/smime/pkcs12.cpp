// SPDX-License-Identifier: MIT
#include <climits>
#include <deque>

#include "smime/load.h"

namespace mimeseal::smime {
namespace {

constexpr std::size_t kMaxBags = 10'000;

Pkcs12Ptr parse_pkcs12(std::string_view der, OSSL_LIB_CTX* context) {
  PKCS12* pkcs12 = PKCS12_init_ex(NID_pkcs7_data, context, nullptr);
  check(pkcs12, "making a PKCS#12 object");
  const unsigned char* at = bytes(der);
  // On failure d2i frees the object it was given and clears the pointer.
  if (d2i_PKCS12(&pkcs12, &at, static_cast<long>(der.size())) == nullptr) {
    ERR_clear_error();
    PKCS12_free(pkcs12);
    return nullptr;
  }
  return Pkcs12Ptr(pkcs12);
}

/// A passphrase as PKCS#12 takes it: none at all and an empty one are two things.
struct Passphrase {
  const char* text = nullptr;
  int length = 0;
};

/// Takes all bags out; nothing when one of them does not open.
class Unpacker final {
 public:
  Unpacker(OSSL_LIB_CTX* context, Passphrase passphrase, Keys keys)
      : context_(context), passphrase_(passphrase), keys_(keys) {}

  std::optional<Bundle> unpack(const PKCS12* pkcs12) {
    const Pkcs7StackPtr safes(PKCS12_unpack_authsafes(pkcs12));
    if (!safes) return std::nullopt;
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
      PKCS7* const safe = sk_PKCS7_value(safes.get(), i);
      const int type = OBJ_obj2nid(safe->type);
      SafebagStackPtr bags;
      if (type == NID_pkcs7_data) bags.reset(PKCS12_unpack_p7data(safe));
      if (type == NID_pkcs7_encrypted) {
        bags.reset(PKCS12_unpack_p7encdata(safe, passphrase_.text, passphrase_.length));
      }
      if (type != NID_pkcs7_data && type != NID_pkcs7_encrypted) continue;  // for a public key's owner: not for us
      if (!bags || !take(bags.get())) return std::nullopt;
    }
    return std::move(bundle_);
  }

 private:
  /// Bags may hold bags: a queue, so that the depth of the file is not the depth of our stack.
  bool take(const STACK_OF(PKCS12_SAFEBAG) * first) {
    std::deque<const STACK_OF(PKCS12_SAFEBAG)*> waiting{first};
    while (!waiting.empty()) {
      const auto* const bags = waiting.front();
      waiting.pop_front();
      for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
        if (++seen_ > kMaxBags) throw Error(Errc::limit, "the PKCS#12 file holds too many bags");
        const PKCS12_SAFEBAG* const bag = sk_PKCS12_SAFEBAG_value(bags, i);
        if (PKCS12_SAFEBAG_get_nid(bag) == NID_safeContentsBag) {
          waiting.push_back(PKCS12_SAFEBAG_get0_safes(bag));
        } else if (!take(bag)) {
          return false;
        }
      }
    }
    return true;
  }

  bool take(const PKCS12_SAFEBAG* bag) {
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_certBag:
        if (X509Ptr certificate{PKCS12_SAFEBAG_get1_cert(bag)}) bundle_.certificates.push_back(std::move(certificate));
        return true;
      case NID_crlBag:
        if (X509CrlPtr crl{PKCS12_SAFEBAG_get1_crl(bag)}) bundle_.crls.push_back(std::move(crl));
        return true;
      case NID_keyBag: {
        if (keys_ == Keys::skipped) return true;
        if (EvpPkeyPtr key{EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag))}) bundle_.keys.push_back(std::move(key));
        return true;
      }
      case NID_pkcs8ShroudedKeyBag: {
        if (keys_ == Keys::skipped) return true;
        const Pkcs8Ptr plain(PKCS12_decrypt_skey_ex(bag, passphrase_.text, passphrase_.length, context_, nullptr));
        if (!plain) return false;
        // In the default context: the legacy providers go when the file is read.
        if (EvpPkeyPtr key{EVP_PKCS82PKEY(plain.get())}) bundle_.keys.push_back(std::move(key));
        return true;
      }
      default:
        return true;
    }
  }

  OSSL_LIB_CTX* context_;
  Passphrase passphrase_;
  Keys keys_;
  Bundle bundle_;
  std::size_t seen_ = 0;
};

/// In the usual context, else with the legacy provider's RC2 and the like.
std::optional<Bundle> unpack(std::string_view der, const PKCS12* pkcs12, Passphrase passphrase, Keys keys) {
  if (auto bundle = Unpacker(nullptr, passphrase, keys).unpack(pkcs12)) return bundle;
  ERR_clear_error();
  const LegacyProviders legacy;
  const Pkcs12Ptr again = parse_pkcs12(der, legacy.context());
  if (!again) return std::nullopt;
  auto bundle = Unpacker(legacy.context(), passphrase, keys).unpack(again.get());
  if (bundle) bundle->note = "read with OpenSSL's legacy provider";
  ERR_clear_error();
  return bundle;
}

}  // namespace

std::optional<Bundle> load_pkcs12(std::string_view der, Asker& asker, Keys keys) {
  const Pkcs12Ptr pkcs12 = parse_pkcs12(der, nullptr);
  if (!pkcs12) return std::nullopt;

  const auto asked = [&asker] {
    const auto text = asker.passphrase();
    if (text.size() > INT_MAX) throw Error(Errc::limit, "the passphrase is too long", asker.what());
    return Passphrase{text.data(), static_cast<int>(text.size())};
  };
  const Passphrase empty{"", 0};
  const auto fits = [&pkcs12](Passphrase passphrase) {
    const bool ok = PKCS12_verify_mac(pkcs12.get(), passphrase.text, passphrase.length) == 1;
    ERR_clear_error();
    return ok;
  };

  std::optional<Bundle> bundle;
  if (PKCS12_mac_present(pkcs12.get()) == 1) {
    Passphrase passphrase;
    if (!fits(passphrase)) passphrase = empty;
    if (!fits(passphrase)) {
      passphrase = asked();
      if (!fits(passphrase)) throw Error(Errc::refused, "the passphrase does not unlock the file", asker.what());
    }
    bundle = unpack(der, pkcs12.get(), passphrase, keys);
    if (!bundle)
      throw Error(Errc::unsupported, "a part of the file is locked in a way that is not known", asker.what());
  } else {
    // Nothing tells a wrong passphrase from a right one but that the bags open.
    bundle = Unpacker(nullptr, empty, keys).unpack(pkcs12.get());
    ERR_clear_error();
    if (!bundle) bundle = unpack(der, pkcs12.get(), asked(), keys);
    if (!bundle) throw Error(Errc::refused, "the passphrase does not unlock the file", asker.what());
  }
  ERR_clear_error();
  return bundle;
}

}  // namespace mimeseal::smime
