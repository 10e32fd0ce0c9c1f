// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "mimeseal/mime/scan.h"

namespace mimeseal::mail {

/// Scans in a thread of its own: what a layer holds while it is still being decrypted or verified, or the message while
/// its layer is opened. What it finds of a layer counts only when that may be looked into; else it is thrown away with
/// this.
class LiveScan {
 public:
  LiveScan(const ScanLimits& limits, std::string path, ScanWork work)
      : limits_(limits), path_(std::move(path)), work_(work) {}
  LiveScan(const LiveScan&) = delete;
  LiveScan& operator=(const LiveScan&) = delete;
  ~LiveScan();

  /// A whole input, or a growing one as from Spool::when_long. Where no thread can be had, nothing happens.
  void start(InputPtr input);
  [[nodiscard]] bool is_running() const noexcept { return thread_.joinable(); }
  /// Waits for the end of the scan; throws what scan() threw.
  [[nodiscard]] PartIndex finish();

 private:
  ScanLimits limits_;
  std::string path_;
  ScanWork work_;
  PartIndex index_;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace mimeseal::mail
