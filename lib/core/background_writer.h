// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace mimeseal {

/// Hands octets to `work` in a thread of its own, block by block and in order, while the caller makes the next ones.
/// What work() throws is thrown by the next write() or finish(). One thread writes. Its blocks are cleansed.
class BackgroundWriter {
 public:
  using Work = std::function<void(std::span<char>)>;

  /// Throws std::system_error where no thread can be had.
  explicit BackgroundWriter(Work work);
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;
  /// What was not worked on is dropped.
  ~BackgroundWriter();

  void write(std::string_view octets);
  /// Waits until all has been worked on. Nothing is written after it.
  void finish();

 private:
  static constexpr std::size_t kBlock = 256U << 10U;
  static constexpr std::size_t kBlocks = 4;

  void run();
  void hand_over(std::unique_lock<std::mutex>& lock);
  void stop(bool drop);

  Work work_;
  std::array<std::vector<char>, kBlocks> blocks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t written_ = 0;  ///< blocks handed over, ever
  std::size_t worked_ = 0;   ///< blocks done, ever
  bool ended_ = false;
  bool dropped_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace mimeseal
