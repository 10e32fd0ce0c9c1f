// SPDX-License-Identifier: MIT
#include "smtp/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "smtp/greeting.h"

namespace mimeseal::smtp {
namespace {

constexpr std::size_t kReadBlock = 16384;
constexpr std::chrono::milliseconds kQuitPatience{1000};

using SteadyClock = std::chrono::steady_clock;

std::string seconds(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Connection::Connection(const SenderUrl& url, const SenderOptions& options)
    : where_(place(url)), options_(options), guard_(options.tls), curl_(net::make_curl()), parser_(where_) {
  Greeting greeting(url, options_, guard_, curl_.get());
  if (!greeting.run()) {
    refusal_ = greeting.last();
    return;
  }
  offers_ = offers_in(greeting.ehlo());
  tls_ = greeting.tls();
  if (curl_easy_getinfo(curl_.get(), CURLINFO_ACTIVESOCKET, &socket_) != CURLE_OK || socket_ == CURL_SOCKET_BAD)
    throw Error(Errc::internal, "libcurl gives no socket", where_);
  good_ = true;
}

Connection::~Connection() {
  quit();
}

void Connection::quit() noexcept {
  if (!good_) return;
  try {
    say("QUIT\r\n", kQuitPatience);
    (void)receive(kQuitPatience);
  } catch (...) {  // NOLINT(bugprone-empty-catch): the messages are delivered; a rude end changes nothing
  }
  good_ = false;
}

void Connection::hang_up() noexcept {
  good_ = false;
  curl_.reset();
}

void Connection::fail(Errc code, const std::string& what) {
  hang_up();
  throw Error(code, what, where_);
}

bool Connection::wait(short events, SteadyClock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<Milliseconds>(until - SteadyClock::now()).count();
    if (left <= 0) return false;
    pollfd descriptor{socket_, events, 0};
    const int ready = poll(&descriptor, 1, static_cast<int>(std::min<std::int64_t>(left, 3'600'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) fail(Errc::unavailable, "waiting for the connection failed");
  }
}

Connection::Moved Connection::read_some() {
  std::array<char, kReadBlock> block;  // NOLINT(*-member-init): filled below
  // A server that talks while the message is sent, and never listens, must not fill the memory.
  if (parser_.is_full()) fail(Errc::protocol, "the server says more than was asked");
  std::size_t got = 0;
  const CURLcode code = curl_easy_recv(curl_.get(), block.data(), block.size(), &got);
  if (code == CURLE_AGAIN) return Moved::none;
  if (code != CURLE_OK || got == 0) return Moved::closed;
  parser_.feed({block.data(), got});
  return Moved::some;
}

void Connection::say(std::string_view commands, Milliseconds patience) {
  if (options_.trace) {
    for (const std::string& line : split(commands, '\n'))
      if (!line.empty()) options_.trace("> " + visible(trim(line)));
  }
  send(commands, patience);
}

void Connection::send(std::string_view octets, Milliseconds patience) {
  if (!good_) throw Error(Errc::internal, "the connection has ended already", where_);
  auto until = SteadyClock::now() + patience;
  while (!octets.empty()) {
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(curl_.get(), octets.data(), octets.size(), &sent);
    if (code == CURLE_OK && sent != 0) {
      octets.remove_prefix(sent);
      if (!octets.empty()) until = SteadyClock::now() + patience;
      continue;
    }
    if (code != CURLE_OK && code != CURLE_AGAIN) {
      hear_last_words();
      fail(Errc::unavailable, "the connection broke while it was written to");
    }
    // Replies are read too, or both sides could wait for each other (RFC 2920, section 3.1).
    if (!wait(POLLIN | POLLOUT, until)) fail(Errc::temporary, "the server has taken nothing for " + seconds(patience));
    if (read_some() == Moved::closed) {
      hear_last_words();
      fail(Errc::unavailable, "the server closed the connection");
    }
  }
}

/// A server that has had enough may say why before it closes.
void Connection::hear_last_words() {
  while (read_some() == Moved::some)
    continue;
  try {
    while (auto reply = parser_.next()) {
      trace(*reply);
      last_words_ = std::move(reply);
    }
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the break itself is what is told
  }
}

Reply Connection::receive(Milliseconds patience) {
  const auto until = SteadyClock::now() + patience;
  while (true) {
    if (auto reply = receive_now()) return std::move(*reply);
    if (!wait(POLLIN, until)) fail(Errc::temporary, "no reply within " + seconds(patience));
  }
}

std::optional<Reply> Connection::receive_now() {
  if (!good_) throw Error(Errc::internal, "the connection has ended already", where_);
  try {
    while (true) {
      if (auto reply = parser_.next()) {
        trace(*reply);
        return reply;
      }
      const Moved moved = read_some();
      if (moved == Moved::none) return std::nullopt;
      if (moved == Moved::closed) fail(Errc::unavailable, "the server closed the connection");
    }
  } catch (...) {
    hang_up();
    throw;
  }
}

bool Connection::is_idle() {
  if (!good_) return false;
  if (parser_.has_rest() || read_some() != Moved::none) hang_up();
  return good_;
}

void Connection::trace(const Reply& reply) const {
  if (!options_.trace) return;
  for (std::size_t i = 0; i < reply.lines.size(); ++i)
    options_.trace("< " + std::to_string(reply.code) + (i + 1 < reply.lines.size() ? "-" : " ") +
                   visible(reply.lines[i]));
}

}  // namespace mimeseal::smtp
