// SPDX-License-Identifier: MIT
#include "terminal.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "mimeseal/core/text.h"

namespace mimeseal::cli {
namespace {

/// Standard error may be closed or full: that is never a reason to fail.
void to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// \uNNNN of one character in UTF-8, as two where it lies past U+FFFF (RFC 8259, section 7).
std::string json_escape(std::string_view one) {
  unsigned point = static_cast<unsigned char>(one.front());
  if (one.size() > 1) point &= 0x7FU >> one.size();
  for (const char c : one.substr(1))
    point = (point << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  std::array<char, 16> text;
  if (point < 0x10000) {
    std::snprintf(text.data(), text.size(), "\\u%04x", point);
  } else {
    std::snprintf(text.data(), text.size(), "\\u%04x\\u%04x", 0xD7C0U + (point >> 10U), 0xDC00U + (point & 0x3FFU));
  }
  return text.data();
}

void line(std::string_view kind, std::string_view text) {
  to_stderr("mimeseal: " + std::string(kind) + ": " + visible(text) + "\n");
}

/// The terminal without echo, put back as it was at the end.
class Quiet {
 public:
  explicit Quiet(int fd) : fd_(fd), known_(::tcgetattr(fd, &before_) == 0) {
    if (!known_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  ~Quiet() {
    if (known_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }

 private:
  int fd_;
  termios before_{};
  bool known_;
};

}  // namespace

void print_error(const Error& error) {
  std::string text = error.what();
  if (!error.where().empty()) text = error.where() + ": " + text;
  const std::string& cause = error.cause();  // of a library below; an errno's words stand in the text already
  if (!cause.empty() && !cause.starts_with("errno ") && text.find(cause) == std::string::npos)
    text += " (" + cause + ")";
  line("error", text);
  for (const std::string& detail : error.details())
    line("error", detail);
  if (!error.hint().empty()) print_hint(error.hint());
}

void print_hint(std::string_view text) {
  line("hint", text);
}
void print_note(std::string_view text) {
  line("note", text);
}

void print_result(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error(Errc::io, "writing broke off", "standard output", errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void print_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const auto lead = static_cast<unsigned char>(json.front());
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const std::string_view one = json.substr(0, length);
    if (lead >= 0x7F && visible(one) != one) {
      out += json_escape(one);
    } else {
      out += one;
    }
    json.remove_prefix(one.size());
  }
  print_result(out);
}

bool use_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

SecretBytes ask_secret(const std::string& prompt) {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    throw Error(Errc::refused, "a passphrase is needed and there is no terminal to ask on", prompt,
                "give --passphrase-file or --passphrase-fd");
  const std::string question = visible(prompt) + ": ";
  try {
    const Quiet quiet(fd);
    if (::write(fd, question.data(), question.size()) < 0)
      throw errno_error(Errc::io, "writing broke off", "/dev/tty", errno);
    SecretBytes secret = read_secret_fd(fd);
    if (::write(fd, "\n", 1) < 0) throw errno_error(Errc::io, "writing broke off", "/dev/tty", errno);
    ::close(fd);
    return secret;
  } catch (...) {
    ::close(fd);
    throw;
  }
}

}  // namespace mimeseal::cli
