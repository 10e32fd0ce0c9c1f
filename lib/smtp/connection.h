// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"
#include "net/curl.h"
#include "net/tls.h"
#include "smtp/offers.h"
#include "smtp/reply.h"

namespace mimeseal::smtp {

/// An SMTP session inside TLS, signed in where a user is given: libcurl connects (TCP, proxy, TLS or STARTTLS, EHLO,
/// AUTH), then commands and replies go through it as they are. After an Error nothing more can be done on it.
class Connection {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// Throws Error(unavailable) when it cannot be had, Error(protocol) when TLS cannot be had as demanded or the server
  /// does not speak SMTP, Error(refused) for credentials, Error(temporary) for a 4xx.
  Connection(const SenderUrl& url, const SenderOptions& options);
  /// Says QUIT when the connection is still good.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const Offers& offers() const noexcept { return offers_; }
  [[nodiscard]] const TlsFacts& tls() const noexcept { return tls_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

  /// The reply by which the server refused the session for good, instead of a session.
  [[nodiscard]] const std::optional<Reply>& refusal() const noexcept { return refusal_; }

  /// Sends command lines, and shows them to the trace.
  void say(std::string_view commands, Milliseconds patience);
  /// Hands all octets to the connection, or throws: then the last one was not handed over. Error(unavailable) when it
  /// broke, Error(temporary) when nothing moved for so long.
  void send(std::string_view octets, Milliseconds patience);
  /// Error(protocol) for what is no reply, else as send().
  [[nodiscard]] Reply receive(Milliseconds patience);
  /// A reply that has arrived already.
  [[nodiscard]] std::optional<Reply> receive_now();
  /// Whether the server still holds an idle connection: it has neither closed it nor said anything.
  [[nodiscard]] bool is_idle();
  /// What the server had still said when send() failed.
  [[nodiscard]] const std::optional<Reply>& last_words() const noexcept { return last_words_; }
  /// Ends it without QUIT.
  void hang_up() noexcept;

 private:
  enum class Moved { some, none, closed };
  Moved read_some();
  [[nodiscard]] bool wait(short events, std::chrono::steady_clock::time_point until);
  void hear_last_words();
  [[noreturn]] void fail(Errc code, const std::string& what);
  void quit() noexcept;
  void trace(const Reply& reply) const;

  std::string where_;
  const SenderOptions& options_;
  net::TlsGuard guard_;  // a renegotiation still asks it
  net::CurlHandle curl_;
  std::optional<Reply> refusal_;
  std::optional<Reply> last_words_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  Offers offers_;
  TlsFacts tls_;
  ReplyParser parser_;
  bool good_ = false;
};

}  // namespace mimeseal::smtp
