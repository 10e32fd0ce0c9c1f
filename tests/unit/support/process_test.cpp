// SPDX-License-Identifier: MIT
#include "support/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace mimeseal::test {
namespace {

using namespace std::string_literals;

TEST(Run, CarriesMoreThanAPipeHoldsBothWays) {
  const std::string input(1'000'000, 'x');
  const auto done = run({"sh", "-c", "tee /dev/stderr"}, {.input = input});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_TRUE(done.out == input);
  EXPECT_TRUE(done.err == input);
}

TEST(Run, ChildThatReadsNothingDoesNotKillUs) {
  EXPECT_EQ(run({"true"}, {.input = std::string(1'000'000, 'x')}).exit_code, 0);
}

TEST(Run, SaysTheExitCodeOrTheSignal) {
  EXPECT_EQ(run({"sh", "-c", "exit 65"}).exit_code, 65);
  EXPECT_EQ(run({"sh", "-c", "kill -9 $$"}).exit_code, 128 + 9);
}

TEST(Run, ProgramThatIsNotThereEndsWith127) {
  const auto done = run({"no-such-program-at-all"});
  EXPECT_EQ(done.exit_code, 127);
  EXPECT_THAT(done.err, testing::HasSubstr("no-such-program-at-all: No such file"));
}

TEST(Run, EnvironmentAndDirectoryReachTheChild) {
  const TempDir dir;
  const auto done = run({"sh", "-c", "echo $GREETING; pwd"}, {.env = {{"GREETING", "moin"}}, .directory = dir.path()});
  EXPECT_EQ(done.out, "moin\n" + dir.path().string() + "\n");
}

TEST(Run, TimeoutKillsTheChildAndItsChildren) {
  const auto done = run({"sh", "-c", "echo begun; sleep 60 & sleep 60"}, {.timeout = std::chrono::milliseconds(200)});
  EXPECT_TRUE(done.timed_out);
  EXPECT_EQ(done.out, "begun\n");
}

TEST(TempDir, IsPrivateShortAndGoesAway) {
  namespace fs = std::filesystem;
  fs::path path;
  {
    const TempDir dir;
    path = dir.path();
    EXPECT_LT(path.string().size(), 60U);
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    write_file(dir / "file", "a\0b\r\n"s);
    EXPECT_EQ(read_file(dir / "file"), "a\0b\r\n"s);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(Files, MissingFileIsAnError) {
  EXPECT_THROW(read_file("/nonexistent/file"), std::system_error);
}

}  // namespace
}  // namespace mimeseal::test
