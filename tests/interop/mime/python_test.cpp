// SPDX-License-Identifier: MIT
// What we compose, read by Python's email package.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "mimeseal/core/text.h"
#include "mimeseal/mime/compose.h"
#include "support/fixed.h"
#include "support/process.h"
#include "support/wire_check.h"

namespace mimeseal {
namespace {

std::string json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 32) {
      std::array<char, 8> escaped{};
      (void)std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
      out += escaped.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json(const std::vector<Mailbox>& people) {
  std::string out = "[";
  for (const Mailbox& who : people)
    out += (out.size() > 1 ? "," : "") + ("[" + json(who.name()) + "," + json(*who.wire_address()) + "]");
  return out + "]";
}

struct Expected {
  std::string type;
  std::string filename;
  std::string content;
};

void write(const std::filesystem::path& folder, const std::string& name, const Draft& draft,
           const std::vector<Expected>& parts) {
  const test::FixedClock clock;
  test::FixedRandom random(std::hash<std::string>{}(name));
  const std::string message = freeze(compose(draft, clock, random), random).str();
  ASSERT_EQ(test::wire_faults(message), "");
  test::write_file(folder / (name + ".eml"), message);
  std::string want = "{\"subject\":" + json(draft.subject) + ",\"from\":" + json(draft.from) +
                     ",\"to\":" + json(draft.to) + ",\"cc\":" + json(draft.cc) + ",\"defects\":[],\"parts\":[";
  for (const Expected& part : parts)
    want += (want.back() == '[' ? "" : ",") + ("{\"type\":" + json(part.type) + ",\"filename\":" + json(part.filename) +
                                               ",\"content\":" + json(part.content) + "}");
  test::write_file(folder / (name + ".json"), want + "]}");
}

void check(const std::filesystem::path& folder) {
  const test::Finished reader =
      test::run({"/usr/bin/python3", MIMESEAL_SOURCE_DIR "/tests/interop/mime/python_reads.py", folder.string()});
  EXPECT_EQ(reader.exit_code, 0) << reader.out << reader.err;
}

Mailbox mailbox(std::string name, std::string_view address) {
  return Mailbox::make(std::move(name), address).value();
}

TEST(ComposedForPython, NamesFilesAndTexts_AreSeenAsMeant) {
  const test::TempDir folder;
  Draft draft;
  draft.from = {mailbox("Jürgen Groß, Dipl.-Ing. \"Jogi\"", "jg@bücher.example")};
  draft.to = {mailbox("日本太郎", "taro@example.jp"), mailbox("Plain Name", "plain@example.com"),
              mailbox("", "bare@example.com"), mailbox("boss@example.org", "odd@example.com")};
  for (int i = 0; i < 30; ++i)
    draft.cc.push_back(mailbox("Nr. " + std::to_string(i), "cc" + std::to_string(i) + "@example.com"));
  draft.subject =
      "Re: Grüße 😀 aus Wasserburg: eine Zeile, die weit über 78 Zeichen hinausgeht und äöü enthält "
      "👩‍👩‍👧‍👦 "
      "– "
      "Ende";
  draft.text = "Schöne Grüße\n\n-- \nJürgen\nFrom here\n.\n";
  draft.html = "<p>Schöne Grüße</p>\n";
  std::vector<Expected> parts = {{"text/plain", "", "Schöne Grüße\r\n\r\n-- \r\nJürgen\r\nFrom here\r\n.\r\n"},
                                 {"text/html", "", "<p>Schöne Grüße</p>\r\n"}};
  std::string very_long;
  for (int i = 0; i < 40; ++i)
    very_long += "sehr länglich ";
  for (const std::string& name :
       {std::string("Rechnung für März 😀 (Kopie).pdf"), std::string("plain.pdf"),
        std::string("with blank & \"quote\" \\ back.pdf"), very_long + ".pdf", std::string(150, 'a') + ".pdf",
        std::string("=?utf-8?q?trap?=.pdf"), std::string("50%25 'off'*.pdf")}) {
    Attachment attachment;
    std::string octets;
    for (int i = 0; i < 1000; ++i)
      octets += static_cast<char>(i * 7);
    octets += name;
    parts.push_back({"application/pdf", name, hex(sha256(octets))});
    attachment.content = memory_input(octets);
    attachment.filename = name;
    draft.attachments.push_back(attachment);
  }
  write(folder.path(), "all", draft, parts);
  check(folder.path());
}

std::string random_text(test::FixedRandom& random, std::size_t longest) {
  static const std::vector<std::string> kPieces = {
      "a", "word", " ", "Z", "ü", "ß", "日本", "😀", "\"", "\\",  "(", ")", ",", ";",  ":",       "@", "<",
      ">", ".",    "_", "=", "%", "*", "'",    "?", "/",  "x y", "#", "&", "é", "– ", "longish", "12"};
  std::string out;
  for (const std::size_t length = random.below(longest); out.size() < length;)
    out += kPieces[random.below(kPieces.size())];
  return std::string(trim(out));
}

/// A display name of one encoded word: Python 3.11 adds blanks between several, and drops double ones.
std::string random_name(test::FixedRandom& random) {
  std::string name = random_text(random, 40);
  for (std::size_t at; (at = name.find("  ")) != std::string::npos;)
    name.erase(at, 1);
  return name;
}

TEST(ComposedForPython, RandomDrafts_AreSeenAsMeant) {
  const test::TempDir folder;
  test::FixedRandom random(2026);
  for (int i = 0; i < 300; ++i) {
    Draft draft;
    draft.from = {mailbox(random_name(random), "a@example.com")};
    draft.to = {mailbox(random_name(random), "b@example.com"), mailbox(random_name(random), "c@example.com")};
    draft.subject = random_text(random, 300);
    draft.text = random_text(random, 2000);
    std::vector<Expected> parts = {{"text/plain", "", draft.text->empty() ? "" : *draft.text + "\r\n"}};
    Attachment attachment;
    attachment.filename = random_text(random, 250);
    const std::size_t slash = attachment.filename.rfind('/');
    if (slash != std::string::npos) attachment.filename = trim(attachment.filename.substr(slash + 1));
    attachment.media_type = "application/octet-stream";
    const std::string octets = random_text(random, 5000);
    attachment.content = memory_input(octets);
    parts.push_back({"application/octet-stream", attachment.filename, hex(sha256(octets))});
    draft.attachments = {attachment};
    write(folder.path(), std::to_string(i), draft, parts);
  }
  check(folder.path());
}

TEST(ComposedForPython, AttachedMessage_IsAMessage) {
  const test::TempDir folder;
  Draft draft;
  draft.from = {mailbox("", "a@example.com")};
  draft.text = "see below";
  Attachment attachment;
  attachment.content = memory_input("Subject: inner\n\nhello\n");
  attachment.filename = "inner.eml";
  draft.attachments = {attachment};
  write(folder.path(), "message", draft,
        {{"text/plain", "", "see below\r\n"},
         {"message/rfc822", "inner.eml", hex(sha256("Subject: inner\r\n\r\nhello\r\n"))}});
  check(folder.path());
}

TEST(ComposedBig, OneGigabyte_GoesThroughInConstantMemory) {
  const test::TempDir folder;
  const std::string path = (folder / "big.bin").string();
  test::write_file(path, "begin");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 30U);  // sparse
  Draft draft;
  draft.from = {mailbox("", "a@example.com")};
  draft.text = "big";
  Attachment attachment;
  attachment.content = file_input(path);
  attachment.filename = "big.bin";
  draft.attachments = {attachment};
  const auto peak = [] {
    rusage usage{};
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB
  };
  const long before = peak();
  const Rope message = freeze(compose(draft, test::FixedClock(), system_random()), system_random());
  NullSink sink;
  const auto source = message.open();
  EXPECT_EQ(copy(*source, sink), message.size());
  EXPECT_GT(message.size(), (std::uint64_t{1} << 30U) / 57 * 78);
  EXPECT_LT(peak() - before, 8 * 1024);
}

}  // namespace
}  // namespace mimeseal
