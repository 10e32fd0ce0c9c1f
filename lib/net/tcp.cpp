// SPDX-License-Identifier: MIT
#include "net/tcp.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "net/proxy.h"

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

}  // namespace

TcpConnection::TcpConnection(const std::string& host, std::uint16_t port, const Proxy& proxy, const std::string& scheme,
                             Deadline deadline)
    : curl_(make_curl()), deadline_(deadline) {
  CURL* handle = curl_.get();
  const bool ipv6 = host.find(':') != std::string::npos;
  const std::string authority = (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  const std::string where = visible(authority);
  CurlErrorText text;
  text.attach(handle);
  set(handle, CURLOPT_PROTOCOLS_STR, "http");
  set(handle, CURLOPT_URL, ("http://" + authority).c_str());
  set(handle, CURLOPT_CONNECT_ONLY, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max(1, milliseconds_until(deadline))));
  apply_proxy(handle, proxy, scheme);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);  // `text` goes, the handle stays
  if (code == CURLE_OK && curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &fd_) == CURLE_OK && fd_ != CURL_SOCKET_BAD)
    return;
  if (const auto blamed = proxy_failure(handle, code, text.get(code), where)) throw Error(*blamed);
  throw Error(Errc::unavailable, "cannot connect: " + text.get(code), where);
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
