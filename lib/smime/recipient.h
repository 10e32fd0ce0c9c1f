// SPDX-License-Identifier: MIT
#pragma once

/// One recipient of an EnvelopedData or AuthEnvelopedData: how the content key is sealed to it (RFC 5652, section 6.2).

#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/policy.h"
#include "smime/algorithms.h"
#include "smime/key.h"
#include "smime/provider.h"

namespace mimeseal::smime {

/// A content-encryption key, or one that wraps it: cleansed when it goes.
class SecretKey final {
 public:
  explicit SecretKey(std::size_t size) : octets_(size) {}
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  ~SecretKey() { OPENSSL_cleanse(octets_.data(), octets_.size()); }
  [[nodiscard]] unsigned char* data() noexcept { return octets_.data(); }
  [[nodiscard]] const unsigned char* data() const noexcept { return octets_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return octets_.size(); }

 private:
  std::vector<unsigned char> octets_;
};

/// Why this policy cannot seal to this key; empty when it can.
[[nodiscard]] std::string transport_obstacle(EVP_PKEY* key, const SmimePolicy& chosen);

/// RecipientInfo in DER, for the (resolved) policy; adds what was chosen and why.
[[nodiscard]] std::string make_recipient_info(const SmimeKey& recipient, const SecretKey& content_key,
                                              const ContentCipher& cipher, const SmimePolicy& chosen,
                                              const Provider& provider, std::vector<Choice>& choices);

/// KeyAgreeRecipientInfo by ECDH (RFC 5753), X25519 or X448 (RFC 8418); in agreement.cpp.
[[nodiscard]] std::string make_agreement_info(const SmimeKey& recipient, const SecretKey& content_key,
                                              const ContentCipher& cipher, const Provider& provider,
                                              std::vector<Choice>& choices);

}  // namespace mimeseal::smime
