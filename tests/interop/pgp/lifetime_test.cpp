// SPDX-License-Identifier: MIT
// What must not stay behind, and what may run side by side.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include "fixture.h"
#include "mimeseal/toolkit/wkd.h"
#include "pgp/home.h"

namespace mimeseal {
namespace {

using namespace test;
using testing::HasSubstr;

namespace fs = std::filesystem;

bool empty(const fs::path& folder) {
  return fs::directory_iterator(folder) == fs::directory_iterator();
}

/// Processes that have this path in their arguments.
std::vector<std::string> processes_of(const std::string& path) {
  std::vector<std::string> result;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (line.find(path) != std::string::npos) result.push_back(line);
  }
  return result;
}

bool soon(const std::function<bool()>& holds) {
  for (int i = 0; i < 200; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

extern "C" void end_cleanly(int number) {
  pgp::remove_private_homes();
  _exit(128 + number);
}

/// A process with an engine in the midst of its life, its private home in `folder`.
pid_t child_with_engine(const fs::path& folder, bool handles_signals) {
  int ready[2];
  if (pipe(ready) != 0) return -1;
  const std::string key = pgp_key("bob.sec.asc");
  const pid_t child = fork();
  if (child == 0) {
    setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
    if (handles_signals) {
      for (const int number : {SIGINT, SIGTERM})
        std::signal(number, end_cleanly);
    }
    pgp::EngineOptions options;
    options.identities = {key};
    options.passphrase = passphrase(kBobsPassphrase);
    const auto engine = pgp::make_engine(options);
    sign(*engine, {engine->signing_key("", now()).key}, kText);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;)
      pause();
  }
  close(ready[1]);
  char c = 0;
  EXPECT_EQ(read(ready[0], &c, 1), 1);
  close(ready[0]);
  return child;
}

class PgpLifetime : public testing::TestWithParam<int> {};

TEST_P(PgpLifetime, SignalWithoutHandler_LeavesNoHomeAndNoAgent) {
  const TempDir folder;
  const pid_t child = child_with_engine(folder.path(), false);
  ASSERT_GT(child, 0);
  EXPECT_FALSE(empty(folder.path()));
  EXPECT_FALSE(processes_of(folder.path().string()).empty());
  kill(child, GetParam());
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(soon([&] { return empty(folder.path()); }));
  EXPECT_TRUE(soon([&] { return processes_of(folder.path().string()).empty(); }));
}

INSTANTIATE_TEST_SUITE_P(Signals, PgpLifetime, testing::Values(SIGINT, SIGTERM, SIGKILL, SIGHUP));

TEST(PgpLifetime, SignalHandlerThatRemovesHomes_LeavesNothingWhenTheProcessIsGone) {
  const TempDir folder;
  const pid_t child = child_with_engine(folder.path(), true);
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
  EXPECT_TRUE(empty(folder.path()));
  EXPECT_TRUE(soon([&] { return processes_of(folder.path().string()).empty(); }));
}

TEST(PgpLifetime, EndOfTheEngine_LeavesNothing) {
  const TempDir folder;
  setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
  {
    const auto engine = pgp::make_engine(files({"alice"}));
    sign(*engine, {signer(*engine, "alice@pgp.example")}, kText);
    EXPECT_FALSE(empty(folder.path()));
    const auto mode = fs::status(fs::directory_iterator(folder.path())->path()).permissions();
    EXPECT_EQ(mode & fs::perms(0077), fs::perms::none);
  }
  EXPECT_TRUE(empty(folder.path()));
  EXPECT_TRUE(soon([&] { return processes_of(folder.path().string()).empty(); }));
  unsetenv("XDG_RUNTIME_DIR");
}

TEST(PgpLifetime, EnginesWithoutKeyFiles_MakeNoHome) {
  const TempDir folder;
  setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
  const auto engine = pgp::make_engine({});
  EXPECT_TRUE(empty(folder.path()));
  unsetenv("XDG_RUNTIME_DIR");
}

TEST(PgpLifetime, ForkedChild_LeavesItsParentsHomeAlone) {
  const pgp::PrivateHome home;
  const pid_t child = fork();
  if (child == 0) {
    const_cast<pgp::PrivateHome&>(home).~PrivateHome();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(fs::exists(home.path()));
}

TEST(PgpLifetime, UsersKeyring_IsNotTouchedByKeyFiles) {
  const TempDir user;
  setenv("GNUPGHOME", user.path().c_str(), 1);
  setenv("HOME", user.path().c_str(), 1);
  {
    const auto engine = pgp::make_engine(files({"alice"}, {"rita"}, {"alice"}));
    const std::string message =
        encrypt(*engine, {recipient(*engine, "rita@pgp.example")}, kText, {signer(*engine, "alice@pgp.example")});
    static_cast<void>(open(*engine, message));
    static_cast<void>(verify(*engine, kText, sign(*engine, {signer(*engine, "alice@pgp.example")}, kText)));
    static_cast<void>(pgp::read_keys(read_file(pgp_key("alice.pub.asc"))));
  }
  EXPECT_TRUE(empty(user.path()));
  unsetenv("GNUPGHOME");
}

TEST(PgpLifetime, TwoEnginesInTwoThreads_DoNotDisturbEachOther) {
  const auto work = [](const std::string& who) {
    const auto engine = pgp::make_engine(files({who}, {}, {who}));
    const KeyPtr key = engine->signing_key("", now()).key;
    for (int i = 0; i < 10; ++i) {
      const std::string text = who + std::to_string(i) + std::string(20'000, 'x');
      const std::string message = encrypt(*engine, {key}, text, {key});
      const Read read = open(*engine, message);
      EXPECT_EQ(read.text, text);
      EXPECT_EQ(read.facts.signers.size(), 1U);
      EXPECT_EQ(verdict(verify(*engine, text, sign(*engine, {key}, text))), Verdict::good);
    }
  };
  std::thread one(work, "alice");
  std::thread two(work, "rita");
  one.join();
  two.join();
}

TEST(PgpChoice, DirectoryThatIsNotThere_IsNoKeyAndLeavesNothing) {
  const TempDir folder;
  const pid_t child = fork();
  if (child == 0) {
    // Without a network at all: a test asks nobody outside.
    if (unshare(CLONE_NEWNET) != 0) _exit(77);
    setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
    pgp::EngineOptions options;
    options.locate = make_wkd_locator({});
    auto engine = pgp::make_engine(options);
    const KeyChoice choice = engine->recipient_key("nobody@mail.invalid", now());
    engine.reset();
    _exit(!choice.key && choice.why.find("nobody@mail.invalid") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no network namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(empty(folder.path()));
  EXPECT_TRUE(soon([&] { return processes_of(folder.path().string()).empty(); }));
}

TEST(PgpLifetime, UsersKeyringThatIsNotThere_IsNotMade) {
  const TempDir user;
  const std::string home = (user / "none").string();
  const pid_t child = fork();
  if (child == 0) {
    setenv("GNUPGHOME", home.c_str(), 1);
    pgp::EngineOptions options;
    options.use_user_keyring = true;
    const auto engine = pgp::make_engine(options);
    const bool none = engine->keys().empty() && !engine->recipient_key("a@b.example", now()).key;
    _exit(none ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(fs::exists(home));
}

// Run by the test below in a process of its own: GpgME looks for gpg once.
TEST(PgpInfo, DISABLED_SaysWhatIsInstalled) {
  const auto error = error_of([] { std::cout << "INFO " << pgp::engine_info().gpg_version << "\n"; });
  if (error) std::cout << "ERROR " << exit_code(error->code()) << " " << error->what() << "\n";
}

TEST(PgpInfo, MissingOrOldGpg_IsUnavailable) {
  const auto info = [](const std::string& path) {
    return run({fs::read_symlink("/proc/self/exe").string(), "--gtest_filter=PgpInfo.DISABLED_SaysWhatIsInstalled",
                "--gtest_also_run_disabled_tests"},
               {.env = {{"PATH", path}}})
        .out;
  };
  EXPECT_THAT(info("/usr/bin:/bin"), HasSubstr("INFO 2."));
  const TempDir folder;
  const auto install = [&](const std::string& version) {
    const std::string program = (folder / "gpg").string();
    write_file(program, "#!/bin/sh\necho 'gpg (GnuPG) " + version + "'\n");
    write_file(folder / "gpgconf", "#!/bin/sh\ncase $1 in\n--list-dirs) echo bindir:" + folder.path().string() +
                                       ";;\n--list-components) echo 'gpg:OpenPGP:" + program +
                                       "';;\n*) echo 'gpgconf (GnuPG) " + version + "';;\nesac\n");
    for (const char* name : {"gpg", "gpgconf"})
      fs::permissions(folder / name, fs::perms::owner_all);
  };
  install("2.1.11");
  EXPECT_THAT(info(folder.path().string() + ":/usr/bin:/bin"), HasSubstr("ERROR 69 gpg is too old: version 2.1.11"));
  install("2.1.11");
  fs::remove(folder / "gpg");
  EXPECT_THAT(info(folder.path().string() + ":/usr/bin:/bin"), HasSubstr("ERROR 69 gpg is missing"));
}

}  // namespace
}  // namespace mimeseal
