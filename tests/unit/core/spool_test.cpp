// SPDX-License-Identifier: MIT
#include "mimeseal/core/spool.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>

#include "core/background_writer.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"

namespace mimeseal {
namespace {

namespace fs = std::filesystem;

/// Octets that differ from place to place, so that none can be mistaken for others.
std::string pattern(std::size_t size) {
  std::string octets(size, '\0');
  std::uint64_t state = 0x9E3779B97F4A7C15ULL;
  for (char& c : octets) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56U);
  }
  return octets;
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What all files of this process hold that have no name in any folder: the spools that are open.
std::string unnamed_files() {
  std::string all;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    struct stat found {};
    if (::stat(entry.path().c_str(), &found) != 0 || !S_ISREG(found.st_mode) || found.st_nlink != 0) continue;
    all += contents(entry.path());
  }
  return all;
}

/// All of an input that is still being written.
std::string read_behind(InputPtr growing) {
  EXPECT_EQ(growing->size(), UINT64_MAX);
  std::string read(65'537, '\0');
  std::string all;
  while (const std::size_t got = growing->read_at(all.size(), read))
    all.append(read, 0, got);
  growing.reset();
  return all;
}

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    std::string name = (fs::temp_directory_path() / "spool-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SpoolTest() override { fs::remove_all(folder_); }

  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

  /// Puts `octets` in a spool that prefers the folder, in uneven pieces.
  [[nodiscard]] InputPtr spooled(const std::string& octets, bool secret = true) const {
    Spool spool("the content");
    spool.prefer_folder(folder_.string());
    if (!secret) spool.leave_unencrypted();
    for (std::size_t at = 0, step = 1; at < octets.size(); at += step, step = step * 3 % 70'001 + 1)
      spool.write(std::string_view(octets).substr(at, step));
    return spool.freeze();
  }

  fs::path folder_;
};

// One in memory, one in a file, one that a second thread writes.
constexpr std::size_t kSizes[] = {1'000, 2'000'003, 9'000'001, 40'000'003};

TEST_F(SpoolTest, GivesBackWhatWasWrittenAtAnyPlace) {
  for (const std::size_t size : kSizes) {
    const std::string octets = pattern(size);
    const InputPtr input = spooled(octets);
    EXPECT_EQ(input->size(), size);
    EXPECT_TRUE(read_range(*input, 0, size, size) == octets) << size;
    for (const std::size_t at : {std::size_t{1}, size / 3 + 7, size - 5})
      EXPECT_EQ(read_range(*input, at, std::min(size, at + 100), 100), octets.substr(at, 100)) << size;
  }
}

TEST_F(SpoolTest, TheFileHoldsNoPlaintextAndHasNoName) {
  const std::string word = "a sentence that nobody else may read. ";
  for (const std::size_t size : kSizes) {
    std::string octets;
    while (octets.size() < size)
      octets += word;
    const InputPtr input = spooled(octets);
    EXPECT_EQ(files(), 0U);
    EXPECT_FALSE(input->stands_in_the_clear());
    const std::string on_disk = unnamed_files();
    EXPECT_EQ(on_disk.size(), size < Spool::kDefaultThreshold ? 0U : octets.size());
    EXPECT_EQ(on_disk.find("nobody else"), std::string::npos);
  }
}

TEST_F(SpoolTest, OutsideThePreferredFolderAllIsEncrypted) {
  const std::string octets = pattern(9'000'001);
  Spool spool("the content");
  spool.leave_unencrypted();
  spool.write(octets);
  const InputPtr input = spool.freeze();
  EXPECT_FALSE(input->stands_in_the_clear());
  EXPECT_EQ(unnamed_files().find(octets.substr(100, 50)), std::string::npos);
}

TEST_F(SpoolTest, WhatIsNoSecretIsLeftAsItIs) {
  const std::string octets = pattern(9'000'001);
  const InputPtr input = spooled(octets, false);
  EXPECT_TRUE(input->stands_in_the_clear());
  EXPECT_TRUE(unnamed_files() == octets);
  EXPECT_TRUE(read_range(*input, 0, octets.size(), octets.size()) == octets);
}

TEST_F(SpoolTest, AFolderThatCannotHoldItIsNoHindrance) {
  Spool spool("the content");
  spool.prefer_folder(path("missing"));
  const std::string octets = pattern(3'000'000);
  spool.write(octets);
  const InputPtr input = spool.freeze();
  EXPECT_TRUE(read_range(*input, 0, octets.size(), octets.size()) == octets);
  // Such a one is copied.
  OutputFile out(path("out"));
  out.take(input, 0, octets.size());
  out.commit();
  EXPECT_TRUE(contents(path("out")) == octets);
}

TEST_F(SpoolTest, BecomesTheOutputFile) {
  for (const bool secret : {true, false}) {
    for (const std::size_t size : kSizes) {
      const std::string octets = pattern(size);
      for (const std::size_t begin : {std::size_t{0}, std::size_t{3}, size / 2}) {
        for (const std::size_t end : {size, size - 1}) {
          OutputFile out(path("out"));
          out.take(spooled(octets, secret), begin, end);
          EXPECT_EQ(files(), 1U) << "nothing but the temporary file";
          EXPECT_FALSE(fs::exists(path("out")));
          out.commit();
          EXPECT_TRUE(contents(path("out")) == octets.substr(begin, end - begin)) << size << " " << begin << " " << end;
          struct stat found {};
          ASSERT_EQ(::stat(path("out").c_str(), &found), 0);
          EXPECT_EQ(found.st_mode & 0777U, 0600U);
          EXPECT_EQ(files(), 1U);
          fs::remove(path("out"));
        }
      }
    }
  }
}

TEST_F(SpoolTest, TheModeIsTheOwnersWhateverTheUmask) {
  const mode_t before = ::umask(0777);
  {
    OutputFile out(path("out"));
    out.take(spooled(pattern(2'000'003)), 0, 2'000'003);
    out.commit();
  }
  ::umask(before);
  struct stat found {};
  ASSERT_EQ(::stat(path("out").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(SpoolTest, AnOutputTakesNoMoreThanIsThere) {
  OutputFile out(path("out"));
  EXPECT_THROW(out.take(spooled(pattern(2'000'003)), 0, 2'000'004), Error);
  EXPECT_THROW(out.take(spooled(pattern(2'000'003)), 2, 1), Error);
}

TEST_F(SpoolTest, AFolderIsThatOfTheFileBehindALink) {
  fs::create_directory(folder_ / "other");
  fs::create_symlink("other/target", folder_ / "link");
  std::ofstream(folder_ / "file") << "x";
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(output_folder(path("file")), fs::canonical(folder_).string() + "/");
  EXPECT_EQ(output_folder(path("new")), folder_.string() + "/");
  EXPECT_EQ(output_folder(path("link")), folder_.string() + "/other/");
  EXPECT_EQ(output_folder("new"), ".");
  for (const std::string& none :
       {std::string("-"), std::string(), path("fifo"), path("other"), std::string("/dev/null")})
    EXPECT_EQ(output_folder(none), "") << none;
}

TEST_F(SpoolTest, AnOutputThatTookASpoolAndIsDroppedLeavesNothing) {
  {
    std::ofstream(path("out")) << "old";
    OutputFile out(path("out"));
    out.take(spooled(pattern(9'000'001)), 0, 9'000'001);
    out.finish();
  }
  EXPECT_EQ(contents(path("out")), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(SpoolTest, ASpoolThatSomebodyElseReadsIsCopied) {
  const std::string octets = pattern(9'000'001);
  const InputPtr input = spooled(octets);
  OutputFile out(path("out"));
  out.take(input, 10, octets.size());
  out.commit();
  EXPECT_TRUE(contents(path("out")) == octets.substr(10));
  EXPECT_TRUE(read_range(*input, 0, octets.size(), octets.size()) == octets) << "and it can still be read";
}

TEST_F(SpoolTest, AStreamGetsItsOctetsOnlyAtTheEnd) {
  const std::string octets = pattern(3'000'000);
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto reader = std::async(std::launch::async, [this] { return contents(path("fifo")); });
  OutputFile out(path("fifo"));
  out.take(spooled(octets), 5, octets.size());
  out.commit();
  EXPECT_TRUE(reader.get() == octets.substr(5));
}

TEST_F(SpoolTest, AStreamGetsNothingOutOfAFileThatMayChange) {
  std::ofstream(path("message")) << "what was verified";
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  auto reader = std::async(std::launch::async, [this] { return contents(path("fifo")); });
  OutputFile out(path("fifo"));
  out.take(file_input(path("message")), 9, 17);
  std::ofstream(path("message")) << "what came afterwards";
  out.commit();
  EXPECT_EQ(reader.get(), "verified");
}

TEST_F(SpoolTest, AFolderThatIsFullIsLeft) {
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=6m") != 0) GTEST_SKIP() << "may not mount";
  const std::string octets = pattern(20'000'003);
  std::future<std::string> follower;
  {
    Spool spool("the content");
    spool.prefer_folder(folder_.string());
    spool.when_long(
        [&](InputPtr growing) { follower = std::async(std::launch::async, read_behind, std::move(growing)); });
    for (std::size_t at = 0; at < octets.size(); at += 100'000)
      spool.write(std::string_view(octets).substr(at, 100'000));
    const InputPtr input = spool.freeze();
    EXPECT_TRUE(read_range(*input, 0, octets.size(), octets.size()) == octets);
    EXPECT_TRUE(follower.get() == octets);
    // What is not encrypted goes nowhere else.
    EXPECT_THROW(static_cast<void>(spooled(octets, false)), Error);
  }
  EXPECT_EQ(::umount(folder_.c_str()), 0);
}

TEST_F(SpoolTest, ALongOneCanBeFollowedWhileItIsWritten) {
  const std::string octets = pattern(20'000'003);
  std::future<std::string> follower;
  Spool spool("the content");
  spool.when_long(
      [&](InputPtr growing) { follower = std::async(std::launch::async, read_behind, std::move(growing)); });
  for (std::size_t at = 0; at < octets.size(); at += 100'000)
    spool.write(std::string_view(octets).substr(at, 100'000));
  const InputPtr input = spool.freeze();
  ASSERT_TRUE(follower.valid());
  EXPECT_TRUE(follower.get() == octets);
}

TEST_F(SpoolTest, WhoFollowsADroppedSpoolIsTold) {
  std::future<std::size_t> follower;
  {
    Spool spool("the content");
    spool.when_long([&](InputPtr growing) {
      follower = std::async(std::launch::async, [growing = std::move(growing)] {
        std::string read(1'000, '\0');
        return growing->read_at(1'000'000'000, read);
      });
    });
    spool.write(pattern(9'000'000));
    spool.write(pattern(9'000'000));
  }
  ASSERT_TRUE(follower.valid());
  EXPECT_THROW(follower.get(), Error);
}

TEST_F(SpoolTest, AShortOneIsNotFollowed) {
  Spool spool("the content");
  bool followed = false;
  spool.when_long([&](const InputPtr&) { followed = true; });
  spool.write(pattern(1'000'000));
  EXPECT_EQ(spool.freeze()->size(), 1'000'000U);
  EXPECT_FALSE(followed);
}

TEST_F(SpoolTest, TheLimitHoldsHoweverItIsWritten) {
  Spool spool("the content", Spool::kDefaultThreshold, 12'000'000);
  const std::string octets = pattern(1'000'000);
  for (int i = 0; i < 12; ++i)
    spool.write(octets);
  EXPECT_THROW(spool.write("x"), Error);
}

TEST(BackgroundWriterTest, GivesTheOctetsOnInOrder) {
  const std::string octets = pattern(5'000'001);
  std::string written;
  BackgroundWriter writer([&](std::span<char> block) { written.append(block.data(), block.size()); });
  for (std::size_t at = 0; at < octets.size(); at += 77'777)
    writer.write(std::string_view(octets).substr(at, 77'777));
  writer.finish();
  EXPECT_TRUE(written == octets);
}

TEST(BackgroundWriterTest, WhatTheWorkThrowsReachesTheWriter) {
  const std::string octets = pattern(10'000'000);
  BackgroundWriter early([](std::span<char>) { throw Error(Errc::io, "the disk is full"); });
  EXPECT_THROW(
      {
        early.write(octets);
        early.finish();
      },
      Error);
  BackgroundWriter late([](std::span<char>) { throw Error(Errc::io, "the disk is full"); });
  late.write("a few");
  EXPECT_THROW(late.finish(), Error);
}

TEST(BackgroundWriterTest, CanBeDroppedAtAnyTime) {
  for (const std::size_t size : {0U, 10U, 3'000'000U}) {
    BackgroundWriter writer([](std::span<char>) {});
    writer.write(pattern(size));
  }
}

}  // namespace
}  // namespace mimeseal
