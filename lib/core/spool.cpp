// SPDX-License-Identifier: MIT
#include "mimeseal/core/spool.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/background_writer.h"
#include "core/spool_file.h"
#include "core/spool_output.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/core/thread.h"

namespace mimeseal {
namespace {

constexpr std::size_t kChunk = SpoolKey::kChunk;
/// Past so many octets a spool is written by a thread of its own: what comes is long.
constexpr std::uint64_t kInBackground = 4U << 20U;

/// How far a spool's file is written; for those who read behind its writer.
class Progress {
 public:
  void advance(std::uint64_t octets) {
    const std::scoped_lock lock(mutex_);
    written_ += octets;
    changed_.notify_all();
  }
  void end(bool whole) {
    const std::scoped_lock lock(mutex_);
    if (!ended_) whole_ = whole;
    ended_ = true;
    changed_.notify_all();
  }
  /// Waits until octets up to `end` are there, or no more will come; says how many there are. Throws when the spool was
  /// given up.
  [[nodiscard]] std::uint64_t wait_for(std::uint64_t end, const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return written_ >= end || ended_; });
    if (ended_ && !whole_) throw Error(Errc::io, "the temporary file was given up", name);
    return written_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t written_ = 0;
  bool ended_ = false;
  bool whole_ = false;
};

class GrowingInput final : public Input {
 public:
  GrowingInput(std::shared_ptr<const SpoolFile> file, std::shared_ptr<const SpoolKey> key,
               std::shared_ptr<Progress> progress, std::string name)
      : file_(std::move(file)), key_(std::move(key)), progress_(std::move(progress)), name_(std::move(name)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return UINT64_MAX; }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    const std::uint64_t there = progress_->wait_for(offset + into.size(), name_);
    if (offset >= there || into.empty()) return 0;
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), there - offset)));
    read_spooled(*file_, key_.get(), offset, into, name_);
    return into.size();
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::shared_ptr<const SpoolFile> file_;
  std::shared_ptr<const SpoolKey> key_;
  std::shared_ptr<Progress> progress_;
  std::string name_;
};

class SpoolInput final : public Input {
 public:
  SpoolInput(std::shared_ptr<const SpoolFile> file, std::shared_ptr<const SpoolKey> key, std::uint64_t size,
             std::string name)
      : file_(std::move(file)), key_(std::move(key)), size_(size), name_(std::move(name)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    if (offset >= size_ || into.empty()) return 0;
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset)));
    read_spooled(*file_, key_.get(), offset, into, name_);
    return into.size();
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] bool stands_in_the_clear() const noexcept override { return key_ == nullptr; }

  [[nodiscard]] const SpoolFile& file() const noexcept { return *file_; }

  /// Makes [begin, end) all that the file holds, unencrypted. Nothing can be read from this object any more.
  void lay_open(std::uint64_t begin, std::uint64_t end) const {
    if (begin > 0) {
      move(begin, end, begin);  // in order, since it writes where it will not read again
    } else if (key_) {
      decrypt_in_place(end);
    }
    file_->cut(end - begin, name_);
  }

 private:
  static constexpr std::uint64_t kMoved = 256U << 10U;
  static constexpr std::uint64_t kHalved = 32U << 20U;

  /// Octets [begin, end) go, unencrypted, `by` octets towards the front.
  void move(std::uint64_t begin, std::uint64_t end, std::uint64_t by) const {
    std::vector<char> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, kMoved)));
    try {
      for (std::uint64_t at = begin; at < end;) {
        const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - at));
        const std::size_t n = read_at(at, std::span(buffer).first(wanted));
        file_->write_at(at - by, std::span(buffer).first(n), name_);
        at += n;
        file_->start_syncing(at - by);
      }
    } catch (...) {
      cleanse(std::span<char>(buffer));
      throw;
    }
    cleanse(std::span<char>(buffer));
  }

  /// Nothing has to move: what is long is done in two halves at once.
  void decrypt_in_place(std::uint64_t end) const {
    const std::uint64_t half = end < kHalved ? 0 : end / 2 / kMoved * kMoved;
    std::exception_ptr failure;
    std::thread other;
    try {
      if (half > 0) {
        other = quiet_thread([&] {
          try {
            move(0, half, 0);
          } catch (...) {
            failure = std::current_exception();
          }
        });
      }
    } catch (const std::system_error&) {
      move(0, half, 0);
    }
    try {
      move(half, end, 0);
    } catch (...) {
      if (other.joinable()) other.join();
      throw;
    }
    if (other.joinable()) other.join();
    if (failure) std::rethrow_exception(failure);
  }

  std::shared_ptr<const SpoolFile> file_;
  std::shared_ptr<const SpoolKey> key_;
  std::uint64_t size_;
  std::string name_;
};

class SecretMemoryInput final : public Input {
 public:
  SecretMemoryInput(std::vector<char> octets, std::string name) : octets_(std::move(octets)), name_(std::move(name)) {}
  SecretMemoryInput(const SecretMemoryInput&) = delete;
  SecretMemoryInput& operator=(const SecretMemoryInput&) = delete;
  ~SecretMemoryInput() override { cleanse(std::span<char>(octets_)); }

  [[nodiscard]] std::uint64_t size() const noexcept override { return octets_.size(); }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    if (offset >= octets_.size() || into.empty()) return 0;
    const std::size_t n = std::min<std::size_t>(into.size(), octets_.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), octets_.data() + offset, n);
    return n;
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::vector<char> octets_;
  std::string name_;
};

}  // namespace

struct Spool::State {
  std::string name;
  std::string folder;
  bool secret = true;
  std::uint64_t threshold = 0;
  std::uint64_t limit = 0;
  std::uint64_t size = 0;
  std::uint64_t filed = 0;  ///< octets in the file; once there is a writer, its thread's
  std::vector<char> memory;
  std::shared_ptr<SpoolFile> file;
  std::shared_ptr<const SpoolKey> key;
  SpoolCipher cipher;
  std::function<void(InputPtr)> when_long;
  std::shared_ptr<Progress> progress;
  std::unique_ptr<BackgroundWriter> writer;

  ~State() {
    if (progress) progress->end(false);
    cleanse(std::span<char>(memory));
  }

  void remember(std::string_view octets) {
    if (memory.capacity() - memory.size() < octets.size()) {
      // Grown by hand: a reallocating vector would leave plaintext behind in freed memory.
      std::vector<char> larger;
      larger.reserve(std::max(memory.size() + octets.size(), memory.size() * 2));
      larger.assign(memory.begin(), memory.end());
      cleanse(std::span<char>(memory));
      memory = std::move(larger);
    }
    memory.insert(memory.end(), octets.begin(), octets.end());
  }

  /// The octets are encrypted where they are.
  void to_file(std::span<char> octets) {
    if (secret) SpoolKey::apply(*cipher, octets);
    file->write(octets, name, secret);
    filed += octets.size();
    if (!secret) file->start_syncing(filed);  // it may well become the user's file as it is
  }

  void to_file_at_once(std::string_view octets) {
    std::array<char, kChunk> buffer;
    while (!octets.empty()) {
      const std::string_view step = octets.substr(0, kChunk);
      std::copy(step.begin(), step.end(), buffer.begin());
      to_file(std::span(buffer).first(step.size()));
      octets.remove_prefix(step.size());
    }
  }

  void append(std::string_view octets) {
    if (!writer && size > kInBackground) start_writer();
    if (writer) {
      writer->write(octets);
    } else {
      to_file_at_once(octets);
    }
  }

  /// Where there is no thread to be had, writing goes on in this one.
  void start_writer() {
    try {
      writer = std::make_unique<BackgroundWriter>([this](std::span<char> block) {
        to_file(block);
        if (progress) progress->advance(block.size());
      });
    } catch (const std::system_error&) {
      return;
    }
    if (!when_long) return;
    progress = std::make_shared<Progress>();
    progress->advance(size);
    when_long(std::make_shared<GrowingInput>(file, key, progress, name));
  }

  void spill() {
    file = std::make_shared<SpoolFile>(folder);
    // In another folder than the user's nobody asked for the octets to be on that disk.
    secret = secret || !file->is_nameable();
    if (secret) {
      key = std::make_shared<const SpoolKey>();
      cipher = key->at(0);
    }
    to_file(memory);
    cleanse(std::span<char>(memory));
    memory = {};
  }
};

Spool::Spool(std::string name, std::uint64_t threshold, std::uint64_t limit) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->threshold = threshold;
  state_->limit = limit;
}

Spool::~Spool() = default;

void Spool::prefer_folder(std::string folder) {
  state_->folder = std::move(folder);
}

void Spool::leave_unencrypted() {
  if (state_->size > 0) throw Error(Errc::internal, "the spool holds something already", state_->name);
  state_->secret = false;
}

void Spool::write(std::string_view octets) {
  if (octets.empty()) return;
  if (octets.size() > state_->limit - state_->size)
    throw Error(Errc::limit, "longer than the limit of " + std::to_string(state_->limit) + " octets", state_->name);
  if (!state_->file && state_->size + octets.size() > state_->threshold) state_->spill();
  if (state_->file) {
    state_->append(octets);
  } else {
    state_->remember(octets);
  }
  state_->size += octets.size();
}

void Spool::when_long(std::function<void(InputPtr)> follow) {
  state_->when_long = std::move(follow);
}

std::uint64_t Spool::size() const noexcept {
  return state_->size;
}

InputPtr Spool::freeze() {
  if (state_->writer) state_->writer->finish();
  state_->writer.reset();
  if (state_->progress) state_->progress->end(true);
  if (state_->file)
    return std::make_shared<SpoolInput>(std::move(state_->file), std::move(state_->key), state_->size, state_->name);
  return std::make_shared<SecretMemoryInput>(std::move(state_->memory), state_->name);
}

InputPtr spool_source(Source& from, std::string name, std::uint64_t limit) {
  Spool spool(std::move(name), Spool::kDefaultThreshold, limit);
  copy(from, spool);
  return spool.freeze();
}

bool is_spool(const Input& input) noexcept {
  return dynamic_cast<const SpoolInput*>(&input) != nullptr ||
         dynamic_cast<const SecretMemoryInput*>(&input) != nullptr;
}

int move_spool_file(const InputPtr& input, std::uint64_t begin, std::uint64_t end, const std::string& path,
                    const std::string& beside) {
  const auto* const spool = dynamic_cast<const SpoolInput*>(input.get());
  if (spool == nullptr || input.use_count() != 1 || begin > end || end > input->size()) return -1;
  // A link cannot replace, so it takes two steps; the file is still encrypted then.
  if (!spool->file().link(beside)) return -1;
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    ::unlink(beside.c_str());
    return -1;
  }
  spool->lay_open(begin, end);
  const int fd = spool->file().duplicate();
  if (fd < 0) throw errno_error(Errc::io, "cannot keep the file open", path, errno);
  return fd;
}

}  // namespace mimeseal
