// SPDX-License-Identifier: MIT
#pragma once

/// Content encryption, undone as a stream: what a contentEncryptionAlgorithm asks for, by EVP.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mimeseal/core/secret.h"
#include "mimeseal/core/source.h"
#include "smime/open_asn1.h"

namespace mimeseal::smime {

/// OpenSSL's legacy provider (RC2, DES) in a library context of its own: the process's is left as it is.
class LegacyLibrary final {
 public:
  /// Throws Error(unavailable) when the provider is not installed.
  LegacyLibrary();
  [[nodiscard]] OSSL_LIB_CTX* get() const noexcept { return context_.get(); }

 private:
  LibCtxPtr context_;
  ProviderPtr standard_;
  ProviderPtr legacy_;
};

class ContentDecryptor final {
 public:
  /// Reads the algorithm; what cannot be used has a reason in unsupported().
  ContentDecryptor(const X509_ALGOR* algorithm, bool authenticated, bool allow_legacy);

  /// "aes-256-gcm"; the OID for what is not known.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Why it cannot be used, or empty.
  [[nodiscard]] const std::string& unsupported() const noexcept { return unsupported_; }
  [[nodiscard]] std::size_t key_length() const noexcept { return key_length_; }
  /// How long the tag of an authenticated cipher is (aes-ICVlen).
  [[nodiscard]] std::size_t tag_length() const noexcept { return tag_length_; }

  /// Starts (again) with a key of key_length() octets.
  void start(const SecretBytes& key, std::string_view associated_data = {});
  void update(std::string_view ciphertext, Sink& out);
  /// The end: whether the tag fits, or the padding is one (RFC 5652, section 6.3).
  [[nodiscard]] bool finish(std::string_view tag, Sink& out);

 private:
  void read_block(const X509_ALGOR* algorithm, bool allow_legacy);
  void read_authenticated(const X509_ALGOR* algorithm);
  void start_with(const SecretBytes& key, std::string_view associated_data);
  void fetch(const char* openssl_name, OSSL_LIB_CTX* library);

  std::string name_;
  std::string unsupported_;
  std::unique_ptr<LegacyLibrary> legacy_;
  EvpCipherPtr cipher_;
  EvpCipherCtxPtr context_;
  X509AlgorPtr algorithm_;  ///< block ciphers: their parameters, for OpenSSL to read
  std::string nonce_;
  std::string derivation_info_;  ///< RFC 9709: the inner AlgorithmIdentifier; empty when the key is used as it is
  std::size_t key_length_ = 0;
  std::size_t tag_length_ = 0;
  bool authenticated_ = false;
  std::string buffer_;
};

}  // namespace mimeseal::smime
