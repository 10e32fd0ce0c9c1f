// SPDX-License-Identifier: MIT
// Input made to cost much: each ends soon, by its limit or by linear work.
#include <gtest/gtest.h>

#include <chrono>

#include "mimeseal/core/error.h"
#include "unit/mime/scan_helpers.h"

namespace mimeseal {
namespace {

using test::scan_text;
using test::Scanned;

/// What each of these may take, also under sanitizers on a busy machine.
constexpr std::chrono::seconds kSoon(20);

template <typename Work>
void expect_soon(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kSoon);
}

void expect_limit(const std::string& message, const ScanLimits& limits = {}) {
  expect_soon([&] {
    try {
      (void)scan_text(message, limits);
      ADD_FAILURE() << "no limit was met";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::limit) << error.what();
      EXPECT_EQ(error.where(), "memory");
    }
  });
}

std::string nested_multiparts(std::size_t levels) {
  std::string message;
  for (std::size_t i = 0; i < levels; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    message += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  return message;
}

TEST(ScanHostile, NestingOf60000Levels_IsALimit) {
  expect_limit(nested_multiparts(60'000));
  std::string messages;
  for (int i = 0; i < 60'000; ++i)
    messages += "Content-Type: message/rfc822\r\n\r\n";
  expect_limit(messages);
}

TEST(ScanHostile, NestingUpToTheLimit_IsRead) {
  const Scanned scanned = scan_text(nested_multiparts(64));
  const Part* part = &scanned.index.root;
  std::size_t depth = 0;
  for (; !part->children.empty(); part = &part->children.front())
    ++depth;
  EXPECT_EQ(depth, 64U);
  expect_limit(nested_multiparts(65));
}

TEST(ScanHostile, DepthThatTheCallerAllows_HasACeiling) {
  ScanLimits limits;
  limits.max_depth = 1'000'000;
  limits.max_parts = 1'000'000;
  expect_limit(nested_multiparts(60'000), limits);
  expect_soon([&] { EXPECT_FALSE(scan_text(nested_multiparts(1000), limits).index.root.children.empty()); });
}

TEST(ScanHostile, AMillionTinyParts_AreALimit) {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 1'000'000; ++i)
    message += "--b\r\n";
  expect_limit(message);
}

TEST(ScanHostile, LongHeaders_AreLimits) {
  expect_limit("X: " + std::string(2U << 20U, 'x'));
  std::string folded = "X: ";
  for (int i = 0; i < 100'000; ++i)
    folded += "yyyyyyyyyyyyyyyy\r\n ";
  expect_limit(folded);
  std::string fields;
  for (int i = 0; i < 3000; ++i)
    fields += "X: y\r\n";
  expect_limit(fields);
}

TEST(ScanHostile, HeadersTogether_AreALimit) {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 40; ++i)
    message += "--b\r\nX: " + std::string(1'000'000, 'x') + "\r\n\r\n";
  expect_limit(message);
}

TEST(ScanHostile, MillionsOfBoundaryLikeLines_AreLinear) {
  // 60 open boundaries, each the beginning of the next, and lines that match all of them up to the last octet.
  std::string message;
  std::string boundary(200, 'a');
  for (int i = 0; i < 60; ++i) {
    message += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
    boundary += 'a';
  }
  message += "\r\n";
  const std::string line = "--" + std::string(199, 'a') + "b\r\n";
  for (int i = 0; i < 100'000; ++i)
    message += line;
  expect_soon([&] { EXPECT_FALSE(scan_text(message).index.root.children.empty()); });
}

TEST(ScanHostile, TenThousandMultipartsSideBySide_AreLinear) {
  std::string message = "Content-Type: multipart/mixed; boundary=outer\r\n\r\n";
  for (int i = 0; i < 9'998; ++i) {
    message += "--outer\r\nContent-Type: multipart/mixed; boundary=i" + std::to_string(i) + "\r\n\r\n";
  }
  expect_soon([&] { EXPECT_EQ(scan_text(message).index.root.children.size(), 9'998U); });
}

TEST(ScanHostile, Problems_AreCapped) {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 5'000; ++i)
    message += "--b\r\nContent-Type: x\r\nContent-Transfer-Encoding: y\r\n\r\n";
  const Scanned scanned = scan_text(message);
  EXPECT_EQ(scanned.index.problems.size(), 1001U);
  EXPECT_EQ(scanned.index.problems.back().code, "too-many-problems");
}

TEST(ScanHostile, HeaderValuesMadeToBeSlow_AreLinear) {
  const auto repeat = [](std::string_view piece, std::size_t octets) {
    std::string text;
    while (text.size() < octets)
      text += piece;
    return text;
  };
  constexpr std::size_t kSize = 1'000'000;
  for (const std::string_view piece : {"=?utf-8?q?", "=?utf-8?q?a?= ",
                                       "=?",         "=?utf-8?q?a?= =?iso-8859-1?q?b?= ",
                                       "=?a?b?=?",   "=?utf-8?b?YQ==?=",
                                       "(",          "()",
                                       "\\",         "\"",
                                       "<",          "<>",
                                       "a@b,",       "a:",
                                       ";",          "@",
                                       ",",          "a ",
                                       "[",          "a.",
                                       "=?a?q?<"}) {
    const std::string text = repeat(piece, kSize);
    SCOPED_TRACE(piece);
    expect_soon([&] {
      (void)decode_words(text);
      (void)parse_address_list(text);
      (void)parse_parameterized("text/plain; " + text);
      (void)parse_date(text);
    });
  }
  for (const std::string_view piece :
       {"a=b;", "a*0=b;", "a*1*=%41;", "a*=utf-8''b;", "a=\"=?utf-8?q?a?=\";", "=;", "a"}) {
    SCOPED_TRACE(piece);
    expect_soon([&] { (void)parse_parameterized("text/plain; " + repeat(piece, kSize)); });
  }
  std::string sections = "text/plain";
  for (int i = 0; i < 60'000; ++i)
    sections += ";a*" + std::to_string(i % 10'000) + "*=%C3";
  expect_soon([&] { (void)parse_parameterized(sections); });
}

}  // namespace
}  // namespace mimeseal
