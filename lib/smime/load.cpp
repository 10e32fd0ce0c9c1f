// SPDX-License-Identifier: MIT
#include "smime/load.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <filesystem>

#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"

namespace mimeseal::smime {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFile = 16U << 20U;
constexpr const char* kLegacyNote = "read with OpenSSL's legacy provider";

/// OpenSSL's "give me the passphrase" for keys in PEM's own encryption. No exception may cross it.
struct PemPassphrase {
  Asker& asker;
  std::optional<Error> error;
};

int give_passphrase(char* buffer, int size, int /*writing*/, void* user) noexcept {
  auto* const wanted = static_cast<PemPassphrase*>(user);
  try {
    const auto passphrase = wanted->asker.passphrase();
    if (passphrase.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, passphrase.data(), passphrase.size());
    return static_cast<int>(passphrase.size());
  } catch (const Error& error) {
    wanted->error = error;
  } catch (...) {
    wanted->error = Error(Errc::internal, "asking for a passphrase failed");
  }
  return -1;
}

/// A piece of PEM as PEM_read_bio gives it; its data may be a private key.
struct PemObject {
  PemObject() = default;
  PemObject(const PemObject&) = delete;
  PemObject& operator=(const PemObject&) = delete;
  ~PemObject() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(length));
  }
  [[nodiscard]] std::string_view octets() const noexcept {
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(length)};
  }
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
};

template <class Ptr, class D2i>
Ptr parse(std::string_view der, D2i d2i) {
  const unsigned char* at = bytes(der);
  Ptr object(d2i(nullptr, &at, static_cast<long>(der.size())));
  if (!object) ERR_clear_error();
  return object;
}

EvpPkeyPtr parse_key(std::string_view der) {
  const unsigned char* at = bytes(der);
  EvpPkeyPtr key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (!key) ERR_clear_error();
  return key;
}

bool add_cms_certificates(std::string_view der, Bundle& bundle) {
  const auto cms = parse<CmsPtr>(der, d2i_CMS_ContentInfo);
  if (!cms || OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_pkcs7_signed) return false;
  const X509StackPtr certificates(CMS_get1_certs(cms.get()));
  for (int i = 0; i < sk_X509_num(certificates.get()); ++i) {
    bundle.certificates.push_back(share(sk_X509_value(certificates.get(), i)));
  }
  const X509CrlStackPtr crls(CMS_get1_crls(cms.get()));
  for (int i = 0; i < sk_X509_CRL_num(crls.get()); ++i) {
    X509_CRL* const crl = sk_X509_CRL_value(crls.get(), i);
    X509_CRL_up_ref(crl);
    bundle.crls.emplace_back(crl);
  }
  if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms.get())) > 0) {
    bundle.is_signed = true;
    bundle.announced = announced_in(der);
  }
  ERR_clear_error();
  return true;
}

void append(Bundle& bundle, Bundle more) {
  std::move(more.certificates.begin(), more.certificates.end(), std::back_inserter(bundle.certificates));
  std::move(more.keys.begin(), more.keys.end(), std::back_inserter(bundle.keys));
  std::move(more.crls.begin(), more.crls.end(), std::back_inserter(bundle.crls));
  if (!more.note.empty()) bundle.note = more.note;
}

/// One DER object of any kind known here; false when it is none of them.
bool add_der(std::string_view der, Asker& asker, Keys keys, Bundle& bundle) {
  if (der.empty() || der.front() != '\x30') return false;
  if (auto certificate = parse<X509Ptr>(der, d2i_X509)) {
    bundle.certificates.push_back(std::move(certificate));
    return true;
  }
  if (auto pkcs12 = load_pkcs12(der, asker, keys)) {
    append(bundle, std::move(*pkcs12));
    return true;
  }
  if (auto crl = parse<X509CrlPtr>(der, d2i_X509_CRL)) {
    bundle.crls.push_back(std::move(crl));
    return true;
  }
  if (add_cms_certificates(der, bundle)) return true;
  if (auto key = parse_key(der)) {
    if (keys == Keys::wanted) bundle.keys.push_back(std::move(key));
    return true;
  }
  if (const auto locked = parse<X509SigPtr>(der, d2i_X509_SIG)) {
    if (keys == Keys::wanted) bundle.keys.push_back(unlock_pkcs8(locked.get(), asker, bundle.note));
    return true;
  }
  return false;
}

[[noreturn]] void throw_broken(const Asker& asker, std::string_view name) {
  throw openssl_error(Errc::malformed, "the " + to_valid_utf8(name) + " object cannot be read", asker.what());
}

/// Whether a cipher is to be had without OpenSSL's legacy provider.
bool is_at_hand(const EVP_CIPHER* cipher) {
  const EvpCipherPtr fetched(EVP_CIPHER_fetch(nullptr, EVP_CIPHER_get0_name(cipher), nullptr));
  ERR_clear_error();
  return fetched != nullptr;
}

/// Whether a PKCS#8 key may be locked with what the legacy provider alone has: PKCS#5 version 1 and PKCS#12's ways, and
/// PKCS#5 version 2 with an old cipher (RC2, DES).
bool needs_legacy(const X509_ALGOR* algorithm) {
  if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2) return true;
  const auto* const parameters = algorithm->parameter;
  if (parameters == nullptr || parameters->type != V_ASN1_SEQUENCE) return false;
  const unsigned char* at = parameters->value.sequence->data;
  const std::unique_ptr<PBE2PARAM, Releaser<PBE2PARAM_free>> scheme(
      d2i_PBE2PARAM(nullptr, &at, parameters->value.sequence->length));
  ERR_clear_error();
  const EVP_CIPHER* const cipher = scheme ? EVP_get_cipherbyobj(scheme->encryption->algorithm) : nullptr;
  return cipher != nullptr && !is_at_hand(cipher);
}

/// PEM's own encryption with an old cipher (DES, RC2), which PEM_do_header cannot reach.
bool unlock_old_pem(const EVP_CIPHER_INFO& cipher, PemObject& object, std::string_view passphrase) {
  const LegacyProviders legacy;
  const EvpCipherPtr fetched(EVP_CIPHER_fetch(legacy.context(), EVP_CIPHER_get0_name(cipher.cipher), nullptr));
  const EvpCipherCtxPtr context(check(EVP_CIPHER_CTX_new(), "making a cipher context"));
  std::array<unsigned char, EVP_MAX_KEY_LENGTH> key{};
  int length = 0;
  int rest = 0;
  bool opened = fetched && passphrase.size() <= INT_MAX &&
                EVP_BytesToKey(cipher.cipher, EVP_md5(), cipher.iv, bytes(passphrase),
                               static_cast<int>(passphrase.size()), 1, key.data(), nullptr) > 0 &&
                EVP_DecryptInit_ex2(context.get(), fetched.get(), key.data(), cipher.iv, nullptr) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  opened = opened &&
           EVP_DecryptUpdate(context.get(), object.data, &length, object.data, static_cast<int>(object.length)) == 1 &&
           EVP_DecryptFinal_ex(context.get(), object.data + length, &rest) == 1;
  if (opened) object.length = length + rest;
  return opened;
}

/// A private key in PEM's own encryption (Proc-Type, DEK-Info), or in none.
void add_pem_key(PemObject& object, Asker& asker, Bundle& bundle) {
  EVP_CIPHER_INFO cipher{};
  if (PEM_get_EVP_CIPHER_INFO(object.header, &cipher) != 1) throw_broken(asker, object.name);
  const bool locked = cipher.cipher != nullptr;
  bool opened = true;
  if (locked && !is_at_hand(cipher.cipher)) {
    opened = unlock_old_pem(cipher, object, asker.passphrase());
    bundle.note = kLegacyNote;
  } else if (locked) {
    PemPassphrase wanted{asker, std::nullopt};
    opened = PEM_do_header(&cipher, object.data, &object.length, give_passphrase, &wanted) == 1;
    if (wanted.error) {
      ERR_clear_error();
      throw *wanted.error;
    }
  }
  auto key = opened ? parse_key(object.octets()) : nullptr;
  // One wrong passphrase in 256 leaves what looks like padding.
  if (!key && locked)
    throw openssl_error(Errc::refused, "the passphrase does not unlock the private key", asker.what());
  if (!key) throw_broken(asker, object.name);
  bundle.keys.push_back(std::move(key));
}

void add_pem(PemObject& object, Asker& asker, Keys keys, Bundle& bundle) {
  const std::string_view name = object.name;
  if (name == PEM_STRING_X509_TRUSTED) {
    auto certificate = parse<X509Ptr>(object.octets(), d2i_X509_AUX);
    if (!certificate) throw_broken(asker, name);
    bundle.certificates.push_back(std::move(certificate));
  } else if (name == PEM_STRING_PKCS8 || name == PEM_STRING_PKCS8INF || name == "PKCS12" || name == PEM_STRING_PKCS7 ||
             name == PEM_STRING_PKCS7_SIGNED || name == PEM_STRING_CMS || name == PEM_STRING_X509 ||
             name == PEM_STRING_X509_OLD || name == PEM_STRING_X509_CRL) {
    if (!add_der(object.octets(), asker, keys, bundle)) throw_broken(asker, name);
  } else if (name == PEM_STRING_RSA || name == PEM_STRING_ECPRIVATEKEY) {
    if (keys == Keys::wanted) add_pem_key(object, asker, bundle);
  }
}

}  // namespace

std::string_view Asker::passphrase() {
  if (!answer_) {
    if (ask_) answer_ = ask_(what_);
    if (!answer_ || answer_->empty()) {
      answer_.reset();
      throw Error(Errc::refused, "a passphrase is needed", what_, "give it by --passphrase-file or --passphrase-fd");
    }
  }
  return answer_->view();
}

LegacyProviders::LegacyProviders() : context_(check(OSSL_LIB_CTX_new(), "making a library context")) {
  legacy_.reset(OSSL_PROVIDER_load(context_.get(), "legacy"));
  default_.reset(OSSL_PROVIDER_load(context_.get(), "default"));
  if (!legacy_ || !default_) {
    throw openssl_error(Errc::unsupported, "OpenSSL's legacy provider is needed and is not installed");
  }
}

EvpPkeyPtr unlock_pkcs8(const X509_SIG* locked, Asker& asker, std::string& note) {
  const auto passphrase = asker.passphrase();
  if (passphrase.size() > INT_MAX) throw Error(Errc::limit, "the passphrase is too long", asker.what());
  const int length = static_cast<int>(passphrase.size());
  Pkcs8Ptr plain(PKCS8_decrypt(locked, passphrase.data(), length));
  if (!plain) {
    const X509_ALGOR* algorithm = nullptr;
    X509_SIG_get0(locked, &algorithm, nullptr);
    const std::string cause = take_openssl_errors();
    // Where the default provider has all that it takes, the passphrase is at fault.
    if (needs_legacy(algorithm)) {
      const LegacyProviders legacy;
      plain.reset(PKCS8_decrypt_ex(locked, passphrase.data(), length, legacy.context(), nullptr));
      if (plain) note = kLegacyNote;
    }
    if (!plain) {
      ERR_clear_error();
      throw Error(Errc::refused, "the passphrase does not unlock the private key", asker.what()).with_cause(cause);
    }
  }
  EvpPkeyPtr key(EVP_PKCS82PKEY(plain.get()));
  if (!key)
    throw openssl_error(Errc::unsupported, "the private key is of a kind that OpenSSL cannot use", asker.what());
  return key;
}

Bundle load_octets(std::string_view octets, Asker& asker, Keys keys) {
  Bundle bundle;
  if (octets.find("-----BEGIN ") == std::string_view::npos) {
    add_der(octets, asker, keys, bundle);
    return bundle;
  }
  const BioPtr in = view_bio(octets);
  for (;;) {
    PemObject object;
    if (PEM_read_bio(in.get(), &object.name, &object.header, &object.data, &object.length) != 1) {
      const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      if (!at_end) throw openssl_error(Errc::malformed, "broken PEM", asker.what());
      ERR_clear_error();
      return bundle;
    }
    add_pem(object, asker, keys, bundle);
  }
}

Bundle load_file(const std::string& path, const Asker::Function& ask, Keys keys) {
  const InputPtr input = file_input(path);
  if (input->size() > kMaxFile) throw Error(Errc::limit, "the file is too large for keys or certificates", path);
  std::string octets = read_range(*input, 0, input->size(), kMaxFile);
  struct Cleanser {
    std::string& octets;
    ~Cleanser() { cleanse(octets); }
  } cleanser{octets};
  Asker asker(ask, path);
  return load_octets(octets, asker, keys);
}

std::vector<std::string> files_of(const std::string& path, bool* is_folder) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  *is_folder = fs::is_directory(status);
  if (!*is_folder) {
    if (!fs::exists(status)) throw Error(Errc::no_input, "there is no such file or folder", path);
    return {path};
  }
  std::vector<std::string> files;
  for (fs::directory_iterator entry(path, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) files.push_back(entry->path().string());
  }
  if (failed) throw errno_error(Errc::no_input, "the folder cannot be read", path, failed.value());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace mimeseal::smime
