// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace mimeseal::pgp {

/// A GNUPGHOME of our own, mode 0700, for keys that come from files. It goes with this object; when the process dies
/// first, a guardian process (it sees the end of a pipe) ends the agent and removes the home, even after SIGKILL.
class PrivateHome {
 public:
  /// Throws Error(cannot_create).
  PrivateHome();
  PrivateHome(const PrivateHome&) = delete;
  PrivateHome& operator=(const PrivateHome&) = delete;
  ~PrivateHome();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Writes a file of mode 0600 into it and gives its path. Never a message.
  std::string write(std::string_view name, std::string_view octets) const;

 private:
  void start_guardian();
  void remove() noexcept;
  void end_guardian() noexcept;

  std::string path_;
  int slot_ = -1;
  int pipe_ = -1;
  pid_t guardian_ = -1;
  pid_t owner_ = -1;
};

}  // namespace mimeseal::pgp
