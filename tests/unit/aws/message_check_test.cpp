// SPDX-License-Identifier: MIT
#include "aws/message_check.h"

#include <gtest/gtest.h>

#include "mimeseal/core/error.h"

namespace mimeseal::aws {
namespace {

/// "" when SES would take it; else the kind of error and where.
std::string judged(std::string_view message, std::size_t step) {
  try {
    MessageCheck check;
    for (std::size_t at = 0; at < message.size(); at += step)
      check.write(message.substr(at, step));
    check.finish();
    return {};
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.where();
  }
}

std::string judged(const std::string& message) {
  const std::string whole = judged(message, message.size());
  EXPECT_EQ(judged(message, 1), whole);
  EXPECT_EQ(judged(message, 7), whole);
  return whole;
}

std::string with_part(const std::string& field) {
  return "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n" + field +
         "\r\n\r\nbody\r\n--x--\r\n";
}

TEST(MessageCheck, BlockedNamesAreFoundHoweverTheyAreWritten) {
  const auto refused = [](const std::string& field, const std::string& name) {
    EXPECT_EQ(judged(with_part(field)), "unsupported: " + name) << field;
  };
  refused("Content-Disposition: attachment; filename=a.exe", "a.exe");
  refused("content-disposition:attachment;FILENAME=\"a b.EXE\"", "a b.EXE");
  refused("Content-Type: application/octet-stream;\r\n\tname=\"x.js\"", "x.js");
  refused("Content-Disposition: attachment; filename*=utf-8''%C3%BC.vbs", "\xC3\xBC.vbs");
  refused("Content-Disposition: attachment; filename*0=\"lo\"; filename*1=\"ng.e\"; filename*2=xe", "long.exe");
  refused("Content-Disposition: attachment; filename*1*=.e%78e; filename*0*=utf-8'en'a%20b", "a b.exe");
  refused("Content-Disposition: attachment; filename=\"=?UTF-8?B?YS5leGU=?=\"", "a.exe");
  refused("Content-Disposition: attachment; filename=\"a.exe. \"", "a.exe. ");
  refused("Content-Disposition: attachment; filename=\"a\\\".exe\"", "a\".exe");
}

TEST(MessageCheck, OtherNamesPass) {
  for (const char* name : {"smime.p7m", "smime.p7s", "key.asc", "cert.pem", "exe", "a.exe.zip", "b.txt", ".exe.gz"})
    EXPECT_EQ(judged(with_part("Content-Disposition: attachment; filename=\"" + std::string(name) + "\"")), "") << name;
  EXPECT_EQ(judged("From: a@b\r\nSubject: filename=a.exe\r\n\r\nContent-Disposition: x; filename=b.exe\r\n"), "");
}

TEST(MessageCheck, TheMessageItselfMayBeTheAttachment) {
  EXPECT_EQ(judged("Content-Type: text/plain; name=a.bat\r\n\r\nx\r\n"), "unsupported: a.bat");
}

TEST(MessageCheck, PartsAreTakenFromTheirBoundaries) {
  const std::string quoted =
      "From: a@b\r\n\r\n--\r\nContent-Type: a/b; name=x.exe\r\n\r\n--x\r\nContent-Type: a/b; name=x.exe\r\n";
  EXPECT_EQ(judged(quoted), "");
  EXPECT_EQ(judged("Content-Type: multipart/mixed;\r\n boundary=\"a b\"\r\n\r\n--a b  \r\nContent-Type: multipart/x; "
                   "boundary=c\r\n\r\n--c\r\n\r\n--c--\r\n--a b\r\nContent-Type: a/b; name=y.vb\r\n\r\n"),
            "unsupported: y.vb");
  EXPECT_EQ(judged("Content-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Type: a/b; name=y.vb\r\n\r\n"),
            "unsupported: y.vb");
}

TEST(MessageCheck, LinesHave998OctetsAndTheirEnd) {
  const std::string head = "From: a@b\r\n\r\n";
  EXPECT_EQ(judged(head + std::string(998, 'x') + "\r\n"), "");
  EXPECT_EQ(judged(head + std::string(999, 'x') + "\r\n"), "limit: line 3 of the message");
  EXPECT_EQ(judged(head + std::string(999, 'x')), "limit: line 3 of the message");
  EXPECT_EQ(judged(head + std::string(998, 'x')), "");
  EXPECT_EQ(judged(head + std::string(1'000'000, 'x') + "\r\n"), "limit: line 3 of the message");
}

TEST(MessageCheck, AHugeFieldIsNotKept) {
  std::string message = "Content-Type: text/plain;\r\n";
  for (int i = 0; i < 10'000; ++i)
    message += " x" + std::to_string(i) + "=" + std::string(100, 'y') + ";\r\n";
  EXPECT_EQ(judged(message, message.size()), "");
}

}  // namespace
}  // namespace mimeseal::aws
