// SPDX-License-Identifier: MIT
#pragma once

// A TLS client by OpenSSL with exactly one version on offer, and no opinion about the certificate. For probing only:
// what may carry mail goes through TlsGuard.

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tcp.h"

namespace mimeseal::net {

struct SslCtxDeleter {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslCtxHandle = std::unique_ptr<SSL_CTX, SslCtxDeleter>;

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using SslHandle = std::unique_ptr<SSL, SslDeleter>;

class TlsPipe {
 public:
  enum class Met { accepted, refused, error };

  /// `version` is TLS1_VERSION … TLS1_3_VERSION. `client_cert` is a PEM file with its key, or empty.
  TlsPipe(TcpConnection& tcp, int version, const std::string& host, const std::string& client_cert);

  /// "Refused" is what the server does: an alert, another version, hanging up.
  [[nodiscard]] Met handshake();
  /// Why it was not accepted.
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }

  [[nodiscard]] bool send(std::string_view octets);
  /// 0 at the end.
  [[nodiscard]] std::size_t receive(std::span<char> into);

 private:
  [[nodiscard]] bool flush();
  [[nodiscard]] bool fill();
  [[nodiscard]] Met judge_failure(bool closed);

  TcpConnection& tcp_;
  SslCtxHandle context_;
  SslHandle ssl_;
  BIO* incoming_ = nullptr;  // owned by ssl_
  BIO* outgoing_ = nullptr;
  std::string why_;
};

}  // namespace mimeseal::net
