// SPDX-License-Identifier: MIT
#pragma once

// libcurl's part of a session: from nothing to a server that has said EHLO inside TLS and knows the user.

#include <exception>
#include <string>
#include <vector>

#include "mimeseal/core/secret.h"
#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"
#include "net/curl.h"
#include "net/tls.h"
#include "smtp/reply.h"

namespace mimeseal::smtp {

/// "mail.example:587", for messages.
[[nodiscard]] std::string place(const SenderUrl& url);

/// Throws Error(usage) for a name that EHLO cannot say, a user without a secret, a mechanism that is not known or does
/// not fit, and Error(config) for one that this libcurl lacks. Asks for no secret.
void demand_usable(const SenderOptions& options);

/// Lets libcurl connect and reads its dialogue along: what the server has offered inside TLS, and whether it has really
/// said 235. Lives only while a connection is made; the handle keeps no pointer to it afterwards.
class Greeting {
 public:
  Greeting(const SenderUrl& url, const SenderOptions& options, net::TlsGuard& guard, CURL* curl);
  Greeting(const Greeting&) = delete;
  Greeting& operator=(const Greeting&) = delete;
  ~Greeting();

  /// Throws as Connection's constructor does. False when the server refuses the session for good: last() says how.
  [[nodiscard]] bool run();
  [[nodiscard]] const Reply& last() const noexcept { return last_; }
  [[nodiscard]] const Reply& ehlo() const noexcept { return ehlo_; }
  [[nodiscard]] const TlsFacts& tls() const noexcept { return tls_; }

 private:
  void set_address();
  void set_credentials();
  void take(std::string_view line);
  void take(const Reply& reply);
  void show(std::string_view direction, std::string_view line) const;
  [[nodiscard]] std::string without_secret(std::string text) const;
  [[nodiscard]] Error failure(CURLcode code) const;
  [[nodiscard]] Error auth_failure() const;
  [[nodiscard]] std::string said() const;
  void demand_signed_in() const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_debug(CURL* handle, curl_infotype type, char* data, std::size_t size, void* self) noexcept;

  const SenderUrl& url_;
  const SenderOptions& options_;
  CURL* curl_;
  std::string where_;
  net::TlsGuard& guard_;
  net::CurlErrorText text_;
  SecretBytes secret_;
  ReplyParser parser_;
  std::exception_ptr thrown_;

  Reply last_;  // code 0: none yet
  Reply ehlo_;  // inside TLS
  TlsFacts tls_;
  bool greeted_ = false;
  bool auth_answered_ = false;  // a reply has come after EHLO inside TLS
  bool signed_in_ = false;      // it was 235
};

}  // namespace mimeseal::smtp
