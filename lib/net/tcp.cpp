// SPDX-License-Identifier: MIT
#include "net/tcp.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

int milliseconds_until(TcpConnection::Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

std::string reason(int number) {
  return std::generic_category().message(number);
}

/// 0, or why there is no connection.
int finish_connecting(int fd, TcpConnection::Deadline deadline) {
  pollfd descriptor{fd, POLLOUT, 0};
  int ready = 0;
  while ((ready = poll(&descriptor, 1, milliseconds_until(deadline))) < 0 && errno == EINTR)
    continue;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace

TcpConnection::TcpConnection(const std::string& host, std::uint16_t port, Deadline deadline) : deadline_(deadline) {
  const std::string where = visible(host) + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) throw Error(Errc::unavailable, std::string("cannot find the host: ") + gai_strerror(code), where);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  int why = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd =
        socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    if (fd < 0) {
      why = errno;
      continue;
    }
    why = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (why == EINPROGRESS) why = finish_connecting(fd, deadline);
    if (why == 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      fd_ = fd;
      return;
    }
    close(fd);
  }
  throw Error(Errc::unavailable, "cannot connect: " + reason(why), where);
}

TcpConnection::~TcpConnection() {
  if (fd_ >= 0) close(fd_);
}

void TcpConnection::wait(short events) const {
  pollfd descriptor{fd_, events, 0};
  while (true) {
    const int left = milliseconds_until(deadline_);
    const int ready = left == 0 ? 0 : poll(&descriptor, 1, left);
    if (ready > 0) return;
    if (ready == 0) throw Error(Errc::temporary, "no answer in time");
    if (errno != EINTR) throw Error(Errc::unavailable, "waiting for the connection failed: " + reason(errno));
  }
}

bool TcpConnection::send(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait(POLLOUT);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::size_t TcpConnection::receive(std::span<char> into) {
  while (true) {
    const ssize_t got = recv(fd_, into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      wait(POLLIN);
    else if (errno != EINTR)
      return 0;
  }
}

}  // namespace mimeseal::net
