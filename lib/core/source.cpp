// SPDX-License-Identifier: MIT
#include "mimeseal/core/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "mimeseal/core/error.h"

namespace mimeseal {
namespace {

class MemoryInput final : public Input {
 public:
  MemoryInput(std::string octets, std::string name) : octets_(std::move(octets)), name_(std::move(name)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return octets_.size(); }

  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    if (offset >= octets_.size() || into.empty()) return 0;
    const std::size_t n = std::min<std::size_t>(into.size(), octets_.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), octets_.data() + offset, n);
    return n;
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  std::string octets_;
  std::string name_;
};

class FileInput final : public Input {
 public:
  explicit FileInput(std::string path) : path_(std::move(path)) {
    // O_NONBLOCK: opening a FIFO must not hang before fstat can refuse it.
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) throw errno_error(Errc::no_input, "cannot read file", path_, errno);
    if (::fstat(fd_, &opened_) != 0) {
      const int number = errno;
      ::close(fd_);
      throw errno_error(Errc::no_input, "cannot read file", path_, number);
    }
    if (!S_ISREG(opened_.st_mode)) {
      ::close(fd_);
      throw Error(Errc::no_input, S_ISDIR(opened_.st_mode) ? "is a folder, not a file" : "is not a regular file",
                  path_);
    }
  }
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;
  ~FileInput() override { ::close(fd_); }

  [[nodiscard]] std::uint64_t size() const noexcept override { return static_cast<std::uint64_t>(opened_.st_size); }

  std::size_t read_at(std::uint64_t offset, std::span<char> into) const override {
    if (offset >= size() || into.empty()) return 0;
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size() - offset));
    std::size_t done = 0;
    while (done < wanted) {
      const ssize_t n = ::pread(fd_, into.data() + done, wanted - done,
                                static_cast<off_t>(offset + static_cast<std::uint64_t>(done)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw errno_error(Errc::io, "reading broke off", path_, errno);
      if (n == 0) throw Error(Errc::io, "the file became shorter while it was read", path_);
      done += static_cast<std::size_t>(n);
    }
    check_unchanged();
    return done;
  }

  [[nodiscard]] const std::string& name() const noexcept override { return path_; }
  [[nodiscard]] bool stands_in_the_clear() const noexcept override { return true; }

 private:
  void check_unchanged() const {
    struct stat now {};
    if (::fstat(fd_, &now) != 0) throw errno_error(Errc::io, "reading broke off", path_, errno);
    if (now.st_size != opened_.st_size || now.st_mtim.tv_sec != opened_.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != opened_.st_mtim.tv_nsec)
      throw Error(Errc::io, "the file changed while it was read", path_);
  }

  std::string path_;
  int fd_ = -1;
  struct stat opened_ {};
};

class SliceSource final : public Source {
 public:
  SliceSource(InputPtr input, std::uint64_t begin, std::uint64_t end)
      : input_(std::move(input)), begin_(begin), end_(end), at_(begin) {}

  std::size_t read(std::span<char> into) override {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_));
    if (wanted == 0) return 0;
    const std::size_t n = input_->read_at(at_, into.first(wanted));
    at_ += n;
    return n;
  }
  void rewind() override { at_ = begin_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return end_ - begin_; }

 private:
  InputPtr input_;
  std::uint64_t begin_, end_, at_;
};

class ViewSource final : public Source {
 public:
  explicit ViewSource(std::string_view octets) : octets_(octets) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t n = std::min(into.size(), octets_.size() - at_);
    if (n != 0) std::memcpy(into.data(), octets_.data() + at_, n);
    at_ += n;
    return n;
  }
  void rewind() override { at_ = 0; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return octets_.size(); }

 private:
  std::string_view octets_;
  std::size_t at_ = 0;
};

constexpr std::size_t kChunk = 64U << 10U;

}  // namespace

InputPtr memory_input(std::string octets, std::string name) {
  return std::make_shared<MemoryInput>(std::move(octets), std::move(name));
}

InputPtr file_input(const std::string& path) {
  return std::make_shared<FileInput>(path);
}

std::unique_ptr<Source> slice(InputPtr input, std::uint64_t begin, std::uint64_t end) {
  if (begin > end || end > input->size()) throw Error(Errc::internal, "slice past the end", input->name());
  return std::make_unique<SliceSource>(std::move(input), begin, end);
}

std::unique_ptr<Source> slice(InputPtr input) {
  const std::uint64_t end = input->size();
  return slice(std::move(input), 0, end);
}

std::string read_range(const Input& input, std::uint64_t begin, std::uint64_t end, std::uint64_t limit) {
  if (begin > end || end > input.size()) throw Error(Errc::internal, "range past the end", input.name());
  if (end - begin > limit)
    throw Error(Errc::limit, "longer than the limit of " + std::to_string(limit) + " octets", input.name());
  std::string octets(static_cast<std::size_t>(end - begin), '\0');
  std::size_t done = 0;
  while (done < octets.size()) {
    const std::size_t n = input.read_at(begin + done, std::span(octets).subspan(done));
    if (n == 0) throw Error(Errc::io, "reading broke off", input.name());
    done += n;
  }
  return octets;
}

std::unique_ptr<Source> view_source(std::string_view octets) {
  return std::make_unique<ViewSource>(octets);
}

void StringSink::write(std::string_view octets) {
  if (octets.size() > limit_ - octets_.size())
    throw Error(Errc::limit, "longer than the limit of " + std::to_string(limit_) + " octets");
  octets_.append(octets);
}

std::uint64_t copy(Source& from, Sink& to) {
  std::array<char, kChunk> buffer;
  std::uint64_t total = 0;
  while (const std::size_t n = from.read(buffer)) {
    to.write({buffer.data(), n});
    total += n;
  }
  return total;
}

std::string read_all(Source& from, std::uint64_t limit) {
  StringSink sink(limit);
  copy(from, sink);
  return sink.take();
}

}  // namespace mimeseal
