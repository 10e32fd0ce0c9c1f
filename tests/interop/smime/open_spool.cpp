// SPDX-License-Identifier: MIT
// What a long message holds waits unencrypted only where it can be read in the message's own file already.
#include <gtest/gtest.h>

#include "interop/smime/seal_fixture.h"
#include "mimeseal/core/rope.h"
#include "mimeseal/mail/open.h"

namespace mimeseal::smime {
namespace {

using test::TempDir;
using test::write_file;

std::string as_mail(const std::string& smime_type, const std::string& der) {
  return "From: rsa@smime.test\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=" + smime_type +
         "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + read_all(*Rope::base64(memory_input(der)).open());
}

/// Opens it; whether the payload, which was too long for memory, stands in the clear.
bool waits_in_the_clear(Engine& engine, const InputPtr& message, const std::string& folder) {
  OpenSettings settings;
  settings.engines = {&engine};
  settings.at = now();
  settings.spool_folder = folder;
  const Opened opened = open_message(message, settings);
  if (!opened.payload || opened.payload->size() <= 1U << 20U) throw std::runtime_error("it was not opened");
  return opened.payload->stands_in_the_clear();
}

TEST(OpenSpool, OnlyWhatTheMessagesOwnFileShowsWaitsUnencrypted) {
  const auto engine = engine_with({"rsa"});
  const TempDir dir;
  const std::string folder = dir.path().string();
  std::string text = "Content-Type: text/plain\r\n\r\n";
  while (text.size() < 2U << 20U)
    text += "a line that nobody else may read\r\n";
  const std::string opaque = as_mail("signed-data", sign(*engine, {"rsa"}, false, {}, text));
  const std::string sealed = as_mail("authEnveloped-data", encrypt(*engine, {"rsa"}, {}, text));
  const std::string nested = as_mail("authEnveloped-data", encrypt(*engine, {"rsa"}, {}, opaque));
  const std::string around = as_mail("signed-data", sign(*engine, {"rsa"}, false, {}, sealed));
  const auto in_file = [&](const std::string& message) {
    write_file(dir / "message", message);
    return file_input((dir / "message").string());
  };
  EXPECT_TRUE(waits_in_the_clear(*engine, in_file(opaque), folder));
  EXPECT_FALSE(waits_in_the_clear(*engine, in_file(opaque), "")) << "not on another disk than the user's";
  EXPECT_FALSE(waits_in_the_clear(*engine, memory_input(opaque), folder)) << "not from standard input";
  for (const std::string* message : {&sealed, &nested, &around})
    EXPECT_FALSE(waits_in_the_clear(*engine, in_file(*message), folder));
}

}  // namespace
}  // namespace mimeseal::smime
