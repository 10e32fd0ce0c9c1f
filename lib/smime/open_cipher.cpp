// SPDX-License-Identifier: MIT
#include "smime/open_cipher.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <span>

namespace mimeseal::smime {
namespace {

struct BlockCipher {
  int nid;
  const char* name;
  const char* openssl_name;
  bool legacy;    ///< weak: only when allowed
  bool provider;  ///< found in the legacy provider only
};

constexpr std::array<BlockCipher, 9> kBlockCiphers{{
    {NID_aes_128_cbc, "aes-128-cbc", "AES-128-CBC", false, false},
    {NID_aes_192_cbc, "aes-192-cbc", "AES-192-CBC", false, false},
    {NID_aes_256_cbc, "aes-256-cbc", "AES-256-CBC", false, false},
    {NID_camellia_128_cbc, "camellia-128-cbc", "CAMELLIA-128-CBC", false, false},
    {NID_camellia_192_cbc, "camellia-192-cbc", "CAMELLIA-192-CBC", false, false},
    {NID_camellia_256_cbc, "camellia-256-cbc", "CAMELLIA-256-CBC", false, false},
    {NID_des_ede3_cbc, "des-ede3-cbc", "DES-EDE3-CBC", true, false},
    {NID_des_cbc, "des-cbc", "DES-CBC", true, true},
    {NID_rc2_cbc, "rc2-cbc", "RC2-CBC", true, true},
}};

struct GcmCipher {
  int nid;
  const char* name;
  const char* openssl_name;
};

constexpr std::array<GcmCipher, 3> kGcmCiphers{{
    {NID_aes_128_gcm, "aes-128-gcm", "AES-128-GCM"},
    {NID_aes_192_gcm, "aes-192-gcm", "AES-192-GCM"},
    {NID_aes_256_gcm, "aes-256-gcm", "AES-256-GCM"},
}};

/// id-alg-AEADChaCha20Poly1305 (RFC 8103): the parameters are the nonce of 12 octets, the tag has 16.
constexpr std::string_view kChaCha20Poly1305 = "1.2.840.113549.1.9.16.3.18";
constexpr std::size_t kChaChaNonce = 12;
constexpr std::size_t kFullTag = 16;
/// id-alg-cek-hkdf-sha256 (RFC 9709): the key is bound to the algorithm, so that GCM cannot be passed off as CBC.
constexpr std::string_view kCekHkdf = "1.2.840.113549.1.9.16.3.31";
constexpr std::string_view kCekHkdfSalt = "The Cryptographic Message Syntax";
/// RFC 5084, section 3.2: aes-ICVlen is 12 unless it says 13 to 16.
constexpr long kDefaultIcv = 12;
/// What OpenSSL takes for GCM.
constexpr std::size_t kMaxNonce = 128;

/// CMS_CEK_HKDF_SHA256 (RFC 9709, section 2).
SecretBytes derived_key(const SecretBytes& key, std::string info) {
  const EvpKdfPtr kdf(check(EVP_KDF_fetch(nullptr, "HKDF", nullptr), "HKDF"));
  const EvpKdfCtxPtr context(check(EVP_KDF_CTX_new(kdf.get()), "HKDF"));
  std::string digest("SHA256");
  std::string salt(kCekHkdfSalt);
  std::string input(key.view());
  const std::array<OSSL_PARAM, 5> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, input.data(), input.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
  std::string output(key.size(), '\0');
  const bool derived = EVP_KDF_derive(context.get(), bytes(output), output.size(), parameters.data()) == 1;
  cleanse(input);
  check(derived, "deriving a key");
  SecretBytes result{output};
  cleanse(output);
  return result;
}

}  // namespace

LegacyLibrary::LegacyLibrary()
    : context_(check(OSSL_LIB_CTX_new(), "a library context")),
      standard_(OSSL_PROVIDER_load(context_.get(), "default")),
      legacy_(OSSL_PROVIDER_load(context_.get(), "legacy")) {
  if (!standard_ || !legacy_) throw openssl_error(Errc::unavailable, "OpenSSL's legacy provider cannot be loaded");
}

ContentDecryptor::ContentDecryptor(const X509_ALGOR* algorithm, bool authenticated, bool allow_legacy)
    : name_(asn1::oid_name(asn1::object_of(algorithm))), authenticated_(authenticated) {
  X509AlgorPtr inner;
  if (asn1::oid_of(asn1::object_of(algorithm)) == kCekHkdf) {
    inner = asn1::decode_parameters<X509AlgorPtr>(algorithm, ASN1_ITEM_rptr(X509_ALGOR));
    if (!inner) {
      unsupported_ = "the parameters of the content key's derivation are malformed";
      return;
    }
    derivation_info_ = octets_of(algorithm->parameter->value.sequence);
    algorithm = inner.get();
    name_ = asn1::oid_name(asn1::object_of(algorithm));
  }
  if (authenticated) {
    read_authenticated(algorithm);
  } else {
    read_block(algorithm, allow_legacy);
  }
}

void ContentDecryptor::fetch(const char* openssl_name, OSSL_LIB_CTX* library) {
  cipher_.reset(EVP_CIPHER_fetch(library, openssl_name, nullptr));
  ERR_clear_error();
  if (!cipher_) {
    unsupported_ = "OpenSSL here does not provide " + name_;
    return;
  }
  key_length_ = static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher_.get()));
}

void ContentDecryptor::read_block(const X509_ALGOR* algorithm, bool allow_legacy) {
  const int nid = asn1::nid_of(algorithm);
  const BlockCipher* known = nullptr;
  for (const BlockCipher& cipher : kBlockCiphers) {
    if (cipher.nid == nid) known = &cipher;
  }
  if (known == nullptr) {
    unsupported_ = "the cipher " + name_ + " is not known here for enveloped-data";
    return;
  }
  name_ = known->name;
  if (known->legacy && !allow_legacy) {
    unsupported_ = "the cipher " + name_ + " is weak, and legacy ciphers are not allowed";
    return;
  }
  if (known->provider) legacy_ = std::make_unique<LegacyLibrary>();
  fetch(known->openssl_name, legacy_ ? legacy_->get() : nullptr);
  if (!unsupported_.empty()) return;

  // The parameters: an initialization vector, or for RC2 a SEQUENCE that also tells the key's length.
  algorithm_.reset(check(X509_ALGOR_dup(algorithm), "an algorithm"));
  const EvpCipherCtxPtr trial(check(EVP_CIPHER_CTX_new(), "a cipher"));
  check(EVP_DecryptInit_ex(trial.get(), cipher_.get(), nullptr, nullptr, nullptr) == 1, "a cipher");
  if (algorithm_->parameter == nullptr || EVP_CIPHER_asn1_to_param(trial.get(), algorithm_->parameter) <= 0) {
    unsupported_ = "the parameters of the cipher " + name_ + " are malformed";
  } else {
    key_length_ = static_cast<std::size_t>(EVP_CIPHER_CTX_get_key_length(trial.get()));
  }
  ERR_clear_error();
}

void ContentDecryptor::read_authenticated(const X509_ALGOR* algorithm) {
  if (asn1::oid_of(asn1::object_of(algorithm)) == kChaCha20Poly1305) {
    name_ = "chacha20-poly1305";
    fetch("ChaCha20-Poly1305", nullptr);
    const ASN1_TYPE* parameters = algorithm->parameter;
    if (parameters != nullptr && parameters->type == V_ASN1_OCTET_STRING) {
      nonce_ = octets_of(parameters->value.octet_string);
    }
    tag_length_ = kFullTag;
    if (nonce_.size() != kChaChaNonce) unsupported_ = "the parameters of the cipher " + name_ + " are malformed";
    return;
  }
  const int nid = asn1::nid_of(algorithm);
  const GcmCipher* known = nullptr;
  for (const GcmCipher& cipher : kGcmCiphers) {
    if (cipher.nid == nid) known = &cipher;
  }
  if (known == nullptr) {
    unsupported_ = "the cipher " + name_ + " is not known here for authenticated enveloped-data";
    return;
  }
  name_ = known->name;
  fetch(known->openssl_name, nullptr);
  const auto parameters =
      asn1::decode_parameters<asn1::GcmParametersPtr>(algorithm, ASN1_ITEM_rptr(asn1::GcmParameters));
  const long icv =
      parameters && parameters->icv_length != nullptr ? ASN1_INTEGER_get(parameters->icv_length) : kDefaultIcv;
  if (!parameters || icv < kDefaultIcv || icv > static_cast<long>(kFullTag)) {
    unsupported_ = "the parameters of the cipher " + name_ + " are malformed";
    return;
  }
  tag_length_ = static_cast<std::size_t>(icv);
  nonce_ = octets_of(parameters->nonce);
  if (nonce_.empty() || nonce_.size() > kMaxNonce) {
    unsupported_ = "a nonce of " + std::to_string(nonce_.size()) + " octets cannot be used with " + name_;
  }
}

void ContentDecryptor::start(const SecretBytes& key, std::string_view associated_data) {
  if (derivation_info_.empty()) {
    start_with(key, associated_data);
  } else {
    start_with(derived_key(key, derivation_info_), associated_data);
  }
}

void ContentDecryptor::start_with(const SecretBytes& key, std::string_view associated_data) {
  context_.reset(check(EVP_CIPHER_CTX_new(), "a cipher"));
  EVP_CIPHER_CTX* const context = context_.get();
  check(EVP_DecryptInit_ex(context, cipher_.get(), nullptr, nullptr, nullptr) == 1, "a cipher");
  if (!authenticated_) {
    check(EVP_CIPHER_asn1_to_param(context, algorithm_->parameter) > 0, "a cipher's parameters");
    check(EVP_CIPHER_CTX_set_key_length(context, static_cast<int>(key.size())) == 1, "a cipher's key");
    check(EVP_DecryptInit_ex(context, nullptr, nullptr, bytes(key.view()), nullptr) == 1, "a cipher's key");
    return;
  }
  check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(nonce_.size()), nullptr) == 1,
        "a nonce's length");
  check(EVP_DecryptInit_ex(context, nullptr, nullptr, bytes(key.view()), bytes(nonce_)) == 1, "a cipher's key");
  int written = 0;
  if (!associated_data.empty()) {
    check(EVP_DecryptUpdate(context, nullptr, &written, bytes(associated_data),
                            static_cast<int>(associated_data.size())) == 1,
          "associated data");
  }
}

void ContentDecryptor::update(std::string_view ciphertext, Sink& out) {
  if (buffer_.size() < ciphertext.size() + EVP_MAX_BLOCK_LENGTH) {
    cleanse(buffer_);
    buffer_.resize(ciphertext.size() + EVP_MAX_BLOCK_LENGTH);
  }
  int written = 0;
  check(EVP_DecryptUpdate(context_.get(), bytes(buffer_), &written, bytes(ciphertext),
                          static_cast<int>(ciphertext.size())) == 1,
        "decrypting");
  if (written > 0) out.write(std::string_view(buffer_).substr(0, static_cast<std::size_t>(written)));
}

bool ContentDecryptor::finish(std::string_view tag, Sink& out) {
  std::array<char, EVP_MAX_BLOCK_LENGTH> last{};
  int written = 0;
  bool fits = true;
  if (authenticated_) {
    std::string copy(tag);
    fits = tag.size() == tag_length_ &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(copy.size()), copy.data()) == 1;
  }
  fits = fits && EVP_DecryptFinal_ex(context_.get(), bytes(last.data()), &written) == 1;
  if (fits && written > 0) out.write(std::string_view(last.data(), static_cast<std::size_t>(written)));
  cleanse(last);
  cleanse(buffer_);
  buffer_.clear();
  context_.reset();
  ERR_clear_error();
  return fits;
}

}  // namespace mimeseal::smime
