// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/core/clock.h"

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
  /// For a home in which keys are listed that are not imported: gpg 2.2 dies of a revoked one where its trust model
  /// needs no trust database.
  void prepare_for_listing() const;
  /// What gpg takes for the present here; nothing: the clock. Throws Error(usage) for a time that OpenPGP cannot state.
  void set_time(std::optional<Time> at) const;

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
