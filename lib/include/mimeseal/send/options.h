// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "mimeseal/core/secret.h"

namespace mimeseal {

enum class TlsVersion { v1_2, v1_3 };

/// What is asked of every TLS connection. The certificate and the name are always checked; only who is believed can
/// be changed.
struct TlsPolicy {
  TlsVersion min = TlsVersion::v1_2;
  std::string ca_file;      ///< PEM; empty: the system's roots
  std::string client_cert;  ///< PEM with certificate chain and key
  std::string pin;          ///< SHA-256 (hex) of the server's certificate, or "sha256//BASE64" of its public key
};

/// Through whom connections go. The password never stands in a URL.
struct Proxy {
  /// "http://HOST:PORT" (CONNECT), "socks5://HOST:PORT", or "socks5h://HOST:PORT" (the proxy looks names up). Empty:
  /// what the environment says (smtp_proxy, smtps_proxy or https_proxy, then all_proxy, in either case, but for the
  /// hosts of no_proxy).
  std::string url;
  std::string user;
  std::function<SecretBytes()> password;  ///< null: none
};

/// How a sender signs in and connects. Secrets come by callback, when they are needed.
struct SenderOptions {
  std::string user;
  std::function<SecretBytes()> password;  ///< null: none given
  std::function<SecretBytes()> token;     ///< OAuth bearer token
  std::string auth;                       ///< a SASL mechanism's name; empty: the best one offered
  TlsPolicy tls;
  std::chrono::seconds timeout{0};  ///< 0: RFC 5321's timeouts a phase
  Proxy proxy;
  std::string profile;  ///< SES: of the shared AWS files; a profile in the URL comes first
  std::string hello;    ///< the name said in EHLO; empty: the machine's own
  /// Sees the dialogue line by line ("> MAIL FROM:…", "< 250 …"), credentials masked. May be null.
  std::function<void(std::string_view line)> trace;
};

}  // namespace mimeseal
