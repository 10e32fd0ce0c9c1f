// SPDX-License-Identifier: MIT
#include "mimeseal/local/sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "mimeseal/core/error.h"
#include "support/process.h"

namespace mimeseal::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kMessage = "Subject: x\r\n\r\n.\r\n..\r\n\xFF\xFE\r\nno line end";

const Envelope kEnvelope = make_envelope("a@example.org", {"b@example.org", "-c@example.org"});

Receipt submit(const std::string& url, const std::string& message = kMessage, const Envelope& envelope = kEnvelope) {
  const auto source = view_source(message);
  return local::make_sender(parse_sender_url(url))->submit(envelope, *source);
}

Errc code_of(const std::string& url, const std::string& message = kMessage) {
  try {
    (void)submit(url, message);
  } catch (const Error& error) {
    return error.code();
  }
  return Errc::internal;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    found.push_back(entry.path());
  return found;
}

std::string script(const TempDir& folder, const std::string& body) {
  const std::string path = (folder / "program").string();
  write_file(path, "#!/bin/sh\n" + body);
  ::chmod(path.c_str(), 0700);
  return path;
}

TEST(FileSender, WritesTheOctetsForTheOwnerAlone) {
  const TempDir folder;
  const std::string path = (folder / "message.eml").string();
  const Receipt receipt = submit("file:" + path);
  EXPECT_EQ(read_file(path), kMessage);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(exit_code(receipt), 0);
  EXPECT_EQ(receipt.bytes, kMessage.size());
  EXPECT_THAT(receipt.recipients, SizeIs(2));
  EXPECT_EQ(receipt.sender, "file:" + path);
}

TEST(FileSender, SecondMessageNeverTakesTheFirstOnesPlace) {
  const TempDir folder;
  const std::string path = (folder / "message.eml").string();
  const auto sender = local::make_sender(parse_sender_url("file:" + path));
  (void)sender->submit(kEnvelope, *view_source(kMessage));
  try {
    (void)sender->submit(kEnvelope, *view_source("Subject: second\r\n\r\n"));
    FAIL() << "the first message is lost";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::cannot_create);
  }
  EXPECT_EQ(read_file(path), kMessage);
}

TEST(FileSender, FolderThatIsNotThere_CannotBeCreated) {
  EXPECT_EQ(code_of("file:/nonexistent/message.eml"), Errc::cannot_create);
}

TEST(MaildirSender, DeliversIntoNewAndLeavesNothingInTmp) {
  const TempDir folder;
  const std::string path = (folder / "Mail").string();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(exit_code(submit("maildir:" + path)), 0);
  const auto found = files_in(folder / "Mail/new");
  EXPECT_THAT(found, SizeIs(3));
  for (const auto& file : found)
    EXPECT_EQ(read_file(file), kMessage);
  EXPECT_THAT(files_in(folder / "Mail/tmp"), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_directory(folder / "Mail/cur"));
}

TEST(MaildirSender, MessageThatCannotBeRead_LeavesNothing) {
  class Broken final : public Source {
   public:
    std::size_t read(std::span<char> into) override {
      if (++reads_ > 1) throw Error(Errc::io, "broken");
      into[0] = 'x';
      return 1;
    }
    void rewind() override {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

   private:
    int reads_ = 0;
  };
  const TempDir folder;
  Broken broken;
  const auto sender = local::make_sender(parse_sender_url("maildir:" + (folder / "Mail").string()));
  EXPECT_THROW((void)sender->submit(kEnvelope, broken), Error);
  EXPECT_THAT(files_in(folder / "Mail/new"), IsEmpty());
  EXPECT_THAT(files_in(folder / "Mail/tmp"), IsEmpty());
}

TEST(MaildirSender, FileInItsPlace_CannotBeCreated) {
  const TempDir folder;
  write_file(folder / "Mail", "a file");
  EXPECT_EQ(code_of("maildir:" + (folder / "Mail").string()), Errc::cannot_create);
  EXPECT_EQ(code_of("maildir:/nonexistent/Mail"), Errc::cannot_create);
}

TEST(ExecSender, HandsOverWordsAndOctetsWithoutAShell) {
  const TempDir folder;
  const std::string out = (folder / "out").string();
  const std::string program =
      script(folder, "for word; do printf '%s\\n' \"$word\"; done > " + out + ".words; cat > " + out);
  std::string large = kMessage;
  while (large.size() < 1'000'000)
    large += "0123456789\r\n";
  const Receipt receipt =
      submit("exec:" + program, large, make_envelope("", {"b@example.org", "\"$(id)\"@example.org"}));
  EXPECT_EQ(exit_code(receipt), 0);
  EXPECT_TRUE(read_file(out) == large);
  EXPECT_EQ(read_file(out + ".words"), "-i\n-f\n<>\n--\nb@example.org\n\"$(id)\"@example.org\n");
}

TEST(ExecSender, ExitCodesAndWordsAreTheProgramsOwn) {
  const TempDir folder;
  const auto outcome = [&](const std::string& body) { return submit("exec:" + script(folder, body)).recipients.at(0); };
  EXPECT_EQ(outcome("cat >/dev/null; exit 75").result, Delivery::deferred);
  const RecipientReceipt refused = outcome("cat >/dev/null; echo first >&2; echo 'no such user' >&2; exit 67");
  EXPECT_EQ(refused.result, Delivery::refused);
  EXPECT_EQ(refused.reply, "exit code 67: no such user");
  EXPECT_EQ(outcome("cat >/dev/null; kill -9 $$").result, Delivery::unknown);
}

TEST(ExecSender, ProgramThatDoesNotRead_IsNoSuccessAndNoSignal) {
  const TempDir folder;
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(exit_code(submit("exec:" + script(folder, "exit 0"), large)), 4);
  EXPECT_EQ(exit_code(submit("exec:" + script(folder, "exit 1"), large)), 2);
  EXPECT_EQ(code_of("exec:" + script(folder, "kill -9 $$"), large), Errc::unavailable);
}

TEST(ExecSender, MissingProgram_IsUnavailable) {
  EXPECT_EQ(code_of("exec:/nonexistent/program"), Errc::unavailable);
}

TEST(LocalSenders, RequireTlsFailsClosed) {
  Envelope envelope = kEnvelope;
  envelope.require_tls = true;
  const TempDir folder;
  EXPECT_THROW((void)submit("file:" + (folder / "x").string(), kMessage, envelope), Error);
  EXPECT_THAT(files_in(folder.path()), IsEmpty());
}

}  // namespace
}  // namespace mimeseal::test
