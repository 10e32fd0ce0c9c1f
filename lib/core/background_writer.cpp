// SPDX-License-Identifier: MIT
#include "core/background_writer.h"

#include <utility>

#include "mimeseal/core/secret.h"
#include "mimeseal/core/thread.h"

namespace mimeseal {
BackgroundWriter::BackgroundWriter(Work work) : work_(std::move(work)) {
  for (std::vector<char>& block : blocks_)
    block.reserve(kBlock);
  thread_ = quiet_thread([this] { run(); });
}

BackgroundWriter::~BackgroundWriter() {
  stop(true);
  for (std::vector<char>& block : blocks_) {
    block.resize(kBlock);
    cleanse(std::span<char>(block));
  }
}

void BackgroundWriter::write(std::string_view octets) {
  while (!octets.empty()) {
    std::vector<char>& block = blocks_[written_ % kBlocks];  // written_ changes in this thread alone
    const std::string_view step = octets.substr(0, kBlock - block.size());
    block.insert(block.end(), step.begin(), step.end());
    octets.remove_prefix(step.size());
    if (block.size() < kBlock) continue;
    std::unique_lock lock(mutex_);
    hand_over(lock);
  }
}

/// The full block goes to the worker; returns when the next one is free.
void BackgroundWriter::hand_over(std::unique_lock<std::mutex>& lock) {
  ++written_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return written_ - worked_ < kBlocks || failure_; });
  if (failure_) std::rethrow_exception(failure_);
}

void BackgroundWriter::finish() {
  if (!blocks_[written_ % kBlocks].empty()) {
    std::unique_lock lock(mutex_);
    hand_over(lock);
  }
  stop(false);
  if (failure_) std::rethrow_exception(failure_);
}

void BackgroundWriter::stop(bool drop) {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    dropped_ = drop;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BackgroundWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return worked_ < written_ || ended_; });
    if (worked_ == written_ || dropped_) return;
    std::vector<char>& block = blocks_[worked_ % kBlocks];
    lock.unlock();
    std::exception_ptr failure;
    try {
      work_(block);
    } catch (...) {
      failure = std::current_exception();
    }
    block.clear();
    lock.lock();
    ++worked_;
    if (failure) failure_ = failure;
    changed_.notify_all();
    if (failure) return;
  }
}

}  // namespace mimeseal
