// SPDX-License-Identifier: MIT
#include "live_scan.h"

#include <system_error>
#include <utility>

#include "mimeseal/core/thread.h"

namespace mimeseal::mail {

LiveScan::~LiveScan() {
  if (thread_.joinable()) thread_.join();
}

void LiveScan::start(InputPtr input) {
  try {
    thread_ = quiet_thread([this, input = std::move(input)]() mutable {
      try {
        index_ = scan(*input, 0, UINT64_MAX, limits_, path_, work_);
      } catch (...) {
        failure_ = std::current_exception();
      }
      input.reset();
    });
  } catch (const std::system_error&) {
    return;
  }
}

PartIndex LiveScan::finish() {
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return std::move(index_);
}

}  // namespace mimeseal::mail
