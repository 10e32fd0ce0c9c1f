// SPDX-License-Identifier: MIT
#include "mimeseal/core/thread.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace mimeseal {
namespace {

/// A thread that is begun while this lives inherits that all signals are blocked.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

std::thread quiet_thread(std::function<void()> work) {
  const NoSignals quiet;
  return std::thread(std::move(work));
}

}  // namespace mimeseal
