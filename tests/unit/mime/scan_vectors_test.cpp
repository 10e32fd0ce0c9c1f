// SPDX-License-Identifier: MIT
// Other parsers' trees of malformed messages, compared with ours.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "mime/scanner.h"
#include "mimeseal/core/text.h"
#include "support/fuzz_scan.h"
#include "unit/mime/scan_helpers.h"

namespace mimeseal {
namespace {

using test::read_testdata;
using test::Scanned;

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// The trees as text: fields in braces, parts of a multipart in brackets, a message in parentheses, else the body.
std::string field_text(std::string_view field) {
  std::string text = replace_all(replace_all(std::string(field), "\r\n", "\n"), "\n", "\r\n");
  const std::size_t colon = text.find(':');
  return std::string(trim(text.substr(0, colon))) + text.substr(colon) + "|";
}

std::string render(const Scanned& message, const Part& part) {
  std::string text = "{";
  for (const HeaderField& field : part.fields)
    text += field_text(field.name + ":" + field.raw);
  text += "}";
  if (!part.is_multipart() && part.children.empty()) return text + message.body(part.path);
  text += part.is_multipart() ? "[" : "(";
  for (const Part& child : part.children)
    text += render(message, child);
  return text + (part.is_multipart() ? "]" : ")");
}

/// As much XML as these files have.
class XmlTree {
 public:
  explicit XmlTree(std::string xml) : xml_(std::move(xml)) {}
  std::string render() {
    take("<message>\r\n");
    return entity("</message>\r\n");
  }

 private:
  bool take(std::string_view what) {
    if (xml_.compare(at_, what.size(), what) != 0) return false;
    at_ += what.size();
    return true;
  }
  std::string until(std::string_view what) {
    const std::size_t end = xml_.find(what, at_);
    if (end == std::string::npos) throw std::runtime_error("the XML lacks " + std::string(what));
    std::string text = xml_.substr(at_, end - at_);
    at_ = end + what.size();
    return replace_all(replace_all(replace_all(text, "&lt;", "<"), "&gt;", ">"), "&amp;", "&");
  }
  std::string entity(std::string_view end) {
    std::string text = "{";
    take("<header>\r\n");
    while (take("<field>\r\n"))
      text += field_text(until("</field>\r\n"));
    take("</header>\r\n");
    text += "}";
    if (take("<body>\r\n")) text += until("</body>\r\n");
    if (take("<message>\r\n")) text += "(" + entity("</message>\r\n") + ")";
    if (take("<multipart>\r\n")) text += multipart();
    if (!take(end)) throw std::runtime_error("unexpected XML at " + xml_.substr(at_, 40));
    return text;
  }
  std::string multipart() {
    std::string text = "[";
    if (take("<preamble>\r\n")) until("</preamble>\r\n");
    while (take("<body-part>\r\n"))
      text += entity("</body-part>\r\n");
    if (take("<epilogue>\r\n")) until("</epilogue>\r\n");
    if (!take("</multipart>\r\n")) throw std::runtime_error("unexpected XML at " + xml_.substr(at_, 40));
    return text + "]";
  }

  std::string xml_;
  std::size_t at_ = 0;
};

std::set<std::string> cases_in(const std::string& set, const std::string& ending) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(std::string(MIMESEAL_SOURCE_DIR) + "/testdata/" + set)) {
    if (file.path().extension() == ending) names.insert(file.path().stem());
  }
  return names;
}

TEST(ScanVectors, Mime4jTreesAreOurs_OrDifferForAReason) {
  const std::map<std::string, std::string> differ = {
      {"bad-newlines-multiple-parts-base64",
       "RFC 2046, 5.2.1: message/rfc822 is never encoded; a leaf with encoded-message"},
      {"base64encoded-rfc822message", "likewise"},
      {"base64encoded-rfc822message-nested", "likewise"},
      {"malformedHeader-noheader", "a text without any field is a body, as the text itself asks for; mime4j drops it"},
      {"malformedHeaderStartsBody-noheader", "likewise; mime4j keeps only its first line"},
      {"malformedHeaderStartsBody-nocrlfcrlf", "mime4j's other mode; ours skips a bad line between fields"},
  };
  const std::set<std::string> names = cases_in("mime4j-testmsgs", ".msg");
  ASSERT_EQ(names.size(), 32U);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const Scanned message = test::scan_text(read_testdata("mime4j-testmsgs/" + name + ".msg"));
    const std::string expected = XmlTree(read_testdata("mime4j-testmsgs/" + name + ".xml")).render();
    if (differ.contains(name)) {
      EXPECT_NE(render(message, message.index.root), expected);
      EXPECT_FALSE(message.index.problems.empty());
    } else {
      EXPECT_EQ(render(message, message.index.root), expected);
    }
  }
}

TEST(ScanVectors, Mime4jCasesWhereWeDiffer_AreReadAsWePromise) {
  const Scanned encoded = test::scan_text(read_testdata("mime4j-testmsgs/base64encoded-rfc822message.msg"));
  EXPECT_TRUE(encoded.index.root.children.empty());
  EXPECT_EQ(encoded.problems(), std::vector<std::string>{"encoded-message@1"});
  EXPECT_TRUE(encoded.decoded("1").starts_with("Content-Type: text/plain"));

  const std::string text = read_testdata("mime4j-testmsgs/malformedHeader-noheader.msg");
  const Scanned no_header = test::scan_text(text);
  EXPECT_EQ(no_header.body("1"), text);
  EXPECT_EQ(no_header.problems(), std::vector<std::string>{"bad-header-line@1"});
}

/// Shape, types and offsets of the JSON's flat list of parts.
std::string render_json(const nlohmann::json& message, std::size_t index) {
  const nlohmann::json& part = message.at("parts").at(index);
  std::string text = std::to_string(part.at("offset_header").get<std::uint64_t>()) + "-" +
                     std::to_string(part.at("offset_body").get<std::uint64_t>()) + "-" +
                     std::to_string(part.at("offset_end").get<std::uint64_t>());
  if (part.at("body").contains("Message")) return text + "(" + render_json(part.at("body").at("Message"), 0) + ")";
  if (!part.at("body").contains("Multipart")) return text + ";";
  text += "[";
  for (const nlohmann::json& child : part.at("body").at("Multipart"))
    text += render_json(message, child.get<std::size_t>());
  return text + "]";
}

std::string render_offsets(const Part& part) {
  std::string text =
      std::to_string(part.header_begin) + "-" + std::to_string(part.body_begin) + "-" + std::to_string(part.body_end);
  if (!part.is_multipart() && part.children.empty()) return text + ";";
  text += part.is_multipart() ? "[" : "(";
  for (const Part& child : part.children)
    text += render_offsets(child);
  return text + (part.is_multipart() ? "]" : ")");
}

TEST(ScanVectors, DovecotTreesAreOurs_OrDifferForAReason) {
  // What we say where the JSON says something else, and why.
  struct Ours {
    std::string tree;
    std::string reason;
  };
  const std::map<std::string, Ours> differ = {
      {"000",
       {"0-48-160[54-54-54;62-86-86;94-118-118;127-150-150;]", "boundaries count where a header has no blank line"}},
      {"001",
       {"0-46-132[51-95-95[]101-127-132;]",
        "RFC 2046, 5.1.2: the outer boundary 'ab' is the longer match, and ends 'a'"}},
      {"002", {"0-46-51[]", "a multipart stays one when its boundary never comes; missing-parts"}},
      {"004", {"0-45-131[50-95-131[100-126-131;]]", "the rest of a boundary line is no header"}},
      {"007", {"0-45-157[49-112-149[117-142-142;]]", "its own first boundary ends a header without a blank line"}},
      {"008", {"0-46-167[51-96-130[100-126-130;]136-161-167;]", "as 001"}},
      {"009", {"0-45-193[49-94-158[98-124-125;130-156-158;]163-189-193;]", "an outer boundary ends the inner parts"}},
      {"011", {"0-45-193[49-94-158[98-124-125;130-156-158;]163-189-193;]", "as 009"}},
  };
  const std::set<std::string> names = cases_in("dovecot-malformed", ".eml");
  ASSERT_EQ(names.size(), 12U);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const Scanned message = test::scan_text(read_testdata("dovecot-malformed/" + name + ".eml"));
    const auto json = nlohmann::json::parse(read_testdata("dovecot-malformed/" + name + ".json"));
    const auto ours = differ.find(name);
    EXPECT_EQ(render_offsets(message.index.root), ours != differ.end() ? ours->second.tree : render_json(json, 0));
    EXPECT_FALSE(message.index.problems.empty());
  }
}

TEST(ScanVectors, EveryFile_IsReadAlikeThroughASmallWindow) {
  for (const auto& [set, ending] :
       {std::pair{"mime4j-testmsgs", ".msg"}, {"dovecot-malformed", ".eml"}, {"rubymail-error-emails", ".eml"}}) {
    for (const std::string& name : cases_in(set, ending)) {
      SCOPED_TRACE(name);
      const Scanned message = test::scan_text(read_testdata(std::string(set) + "/" + name + ending));
      test::scan_and_check(read_range(*message.input, 0, message.input->size(), UINT64_MAX));
      for (const std::size_t size : {1U, 7U, 100U}) {
        const PartIndex index = mime::scan_through(*message.input, 0, UINT64_MAX, {}, "1", size);
        EXPECT_EQ(render_offsets(index.root), render_offsets(message.index.root));
        EXPECT_EQ(index.problems, message.index.problems);
      }
    }
  }
}

TEST(ScanVectors, RubyErrorMails_GiveTheirProblems) {
  const std::map<std::string, std::vector<std::string>> expected = {
      {"bad_date_header", {}},
      {"bad_date_header2", {"missing-parts@1"}},
      {"bad_encoded_subject", {"unknown-charset@1"}},
      {"bad_subject", {"blank-header-line@1"}},
      {"cant_parse_from", {}},
      {"content_transfer_encoding_7-bit", {"unknown-transfer-encoding@1.1", "unknown-transfer-encoding@1.2"}},
      {"content_transfer_encoding_empty", {"bad-transfer-encoding@1"}},
      {"content_transfer_encoding_plain", {"unknown-transfer-encoding@1"}},
      {"content_transfer_encoding_qp_with_space", {"bad-transfer-encoding@1.1", "unknown-transfer-encoding@1.1"}},
      {"content_transfer_encoding_spam", {"unknown-transfer-encoding@1"}},
      {"content_transfer_encoding_text-html", {"bad-transfer-encoding@1.1", "unknown-transfer-encoding@1.1"}},
      {"content_transfer_encoding_with_8bits", {"unknown-transfer-encoding@1"}},
      {"content_transfer_encoding_with_semi_colon", {"bad-transfer-encoding@1.2"}},
      {"content_transfer_encoding_x_uuencode", {"unknown-transfer-encoding@1.2"}},
      {"empty_group_lists", {}},
      {"empty_in_reply_to", {"missing-parts@1"}},
      {"encoding_madness", {}},
      {"header_fields_with_empty_values", {}},
      {"invalid_subject_characters", {"invalid-utf8@1"}},
      {"missing_body", {"missing-parts@1"}},
      {"missing_content_disposition", {"ambiguous-parameter@1.1"}},
      {"multiple_content_types", {"duplicate-content-type@1"}},
      {"multiple_invalid_content_dispositions",
       {"ambiguous-parameter@1", "duplicate-content-disposition@1", "lf-line-ends@1"}},
      {"multiple_references_with_one_invalid", {"bad-header-line@1", "duplicate-references@1", "lf-line-ends@1"}},
      {"must_supply_encoding", {"missing-parts@1"}},
      {"new_line_in_to_header", {"blank-header-line@1"}},
      {"trademark_character_in_subject", {}},
      {"weird_to_header", {}},
  };
  for (const std::string& name : cases_in("rubymail-error-emails", ".eml")) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(expected.contains(name));
    const Scanned message = test::scan_text(read_testdata("rubymail-error-emails/" + name + ".eml"));
    EXPECT_FALSE(message.index.root.fields.empty());
    EXPECT_EQ(message.index.root.body_end, message.input->size());
    EXPECT_EQ(message.problems(), expected.at(name));
  }
}

}  // namespace
}  // namespace mimeseal
