// SPDX-License-Identifier: MIT
#pragma once

// A TlsPolicy laid on libcurl's easy handle, and what the handshakes on it said. Over OpenSSL.

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "net/certificate.h"
#include "net/curl.h"

namespace mimeseal::net {

/// Facts of an established connection; empty for null.
[[nodiscard]] TlsFacts tls_facts(const SSL* ssl);
/// Of the connection that the handle uses now: only in its callbacks. Empty without TLS.
[[nodiscard]] TlsFacts tls_facts(CURL* handle);

/// Whether a TlsPolicy's pin is of this certificate, or of its public key.
[[nodiscard]] bool is_pinned(const std::string& pin, const X509* certificate);

/// Stays where it is and outlives the handle's transfers: OpenSSL's callbacks point at it.
class TlsGuard {
 public:
  /// Throws Error(no_input) for files that cannot be read, Error(usage) for a pin that is none.
  explicit TlsGuard(TlsPolicy policy);
  TlsGuard(const TlsGuard&) = delete;
  TlsGuard& operator=(const TlsGuard&) = delete;
  ~TlsGuard() = default;

  void apply(CURL* handle);
  /// Before each connection.
  void clear() noexcept;
  /// An Error(protocol) for a TLS failure (is_tls_failure()), Error(malformed) for the policy's own files. `where` is
  /// the host.
  [[nodiscard]] Error error(CURLcode code, const CurlErrorText& text, const std::string& where) const;
  [[nodiscard]] const TlsPolicy& policy() const noexcept { return policy_; }

 private:
  static CURLcode prepare(CURL* handle, void* context, void* self) noexcept;
  static int verify(int good, X509_STORE_CTX* store) noexcept;
  bool judge(bool good, X509_STORE_CTX* store);

  TlsPolicy policy_;
  std::string certificate_pin_;  // lower-case hexadecimal
  std::string problem_;          // why the chain was not believed
  bool issuer_unknown_ = false;
  std::vector<std::string> names_;
};

}  // namespace mimeseal::net
