// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mimeseal/send/options.h"
#include "net/curl.h"

namespace mimeseal::net {

/// A TCP connection with one deadline for all that is done on it. libcurl makes it (names, addresses, proxies); what is
/// said on it is ours, since libcurl cannot speak old TLS on purpose.
class TcpConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// To a target of this scheme, which chooses among the environment's proxies. Throws Error(unavailable) naming the
  /// host and the reason; Error(refused) when the proxy wants other credentials.
  TcpConnection(const std::string& host, std::uint16_t port, const Proxy& proxy, const std::string& scheme,
                Deadline deadline);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// False when the peer has closed or reset the connection. Throws Error(temporary) at the deadline.
  [[nodiscard]] bool send(std::string_view octets);
  /// 0 when the peer has closed or reset the connection. Throws Error(temporary) at the deadline.
  [[nodiscard]] std::size_t receive(std::span<char> into);

 private:
  void wait(short events) const;

  CurlHandle curl_;
  curl_socket_t fd_ = CURL_SOCKET_BAD;
  Deadline deadline_;
};

}  // namespace mimeseal::net
