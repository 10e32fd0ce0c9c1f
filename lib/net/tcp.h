// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mimeseal::net {

/// A TCP connection with one deadline for all that is done on it. For what libcurl cannot do: to speak old TLS on
/// purpose.
class TcpConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Throws Error(unavailable) naming the host and the reason.
  TcpConnection(const std::string& host, std::uint16_t port, Deadline deadline);
  TcpConnection(TcpConnection&& other) noexcept : fd_(std::exchange(other.fd_, -1)), deadline_(other.deadline_) {}
  TcpConnection& operator=(TcpConnection&&) = delete;
  TcpConnection(const TcpConnection&) = delete;
  ~TcpConnection();

  /// False when the peer has closed or reset the connection. Throws Error(temporary) at the deadline.
  [[nodiscard]] bool send(std::string_view octets);
  /// 0 when the peer has closed or reset the connection. Throws Error(temporary) at the deadline.
  [[nodiscard]] std::size_t receive(std::span<char> into);

 private:
  void wait(short events) const;

  int fd_ = -1;
  Deadline deadline_;
};

}  // namespace mimeseal::net
