// SPDX-License-Identifier: MIT
#include "mime/part_facts.h"

#include <algorithm>
#include <array>

#include "mime/encoded_word.h"
#include "mime/lexer.h"
#include "mime/parameters.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mime {

namespace {

constexpr std::size_t kRfcBoundary = 70;      // RFC 2046, section 5.1.1
constexpr std::size_t kMaxBoundary = 16'384;  // a line that is compared must fit into the window

void read_content_type(Part& part, bool in_digest, std::string* boundary, ProblemList& problems) {
  part.content_type.value = in_digest ? "message/rfc822" : "text/plain";
  if (!in_digest) part.content_type.parameters = {{"charset", "us-ascii"}};
  const HeaderField* field = find_field(part.fields, "Content-Type");
  if (field == nullptr) return;
  ParameterizedValue read = parse_with_boundary(field->raw, boundary);
  for (const std::string& problem : read.problems)
    problems.add_coded(problem, part.path, "Content-Type");
  if (read.value.find('/') == std::string::npos) {
    problems.add("bad-content-type", part.path,
                 "the Content-Type cannot be read: " + visible(trim(field->raw).substr(0, 80)));
    part.content_type.value = "text/plain";
    part.content_type.parameters = {{"charset", "us-ascii"}};
    boundary->clear();
    return;
  }
  part.content_type = std::move(read);
}

void read_disposition(Part& part, ProblemList& problems) {
  const HeaderField* field = find_field(part.fields, "Content-Disposition");
  if (field == nullptr) return;
  part.disposition = parse_with_boundary(field->raw, nullptr);
  for (const std::string& problem : part.disposition.problems)
    problems.add_coded(problem, part.path, "Content-Disposition");
}

void read_transfer_encoding(Part& part, ProblemList& problems) {
  part.transfer_encoding = "7bit";
  const HeaderField* field = find_field(part.fields, "Content-Transfer-Encoding");
  if (field == nullptr) return;
  Lexer lexer(field->raw);
  lexer.skip_blanks_and_comments();
  const std::string mechanism = ascii_lower(lexer.while_true(is_token_char));
  lexer.skip_blanks_and_comments();
  if (mechanism.empty() || !lexer.done()) {
    problems.add("bad-transfer-encoding", part.path,
                 "the Content-Transfer-Encoding is not one word: " + visible(trim(field->raw).substr(0, 80)));
  }
  if (mechanism.empty()) return;
  part.transfer_encoding = mechanism;
  if (!is_identity_encoding(mechanism) && mechanism != "base64" && mechanism != "quoted-printable") {
    problems.add("unknown-transfer-encoding", part.path,
                 "\"" + mechanism + "\" is no known transfer encoding: read as it is");
  }
}

void read_names(Part& part) {
  const std::string* name = part.disposition.find("filename");
  if (name == nullptr) name = part.content_type.find("name");
  if (name != nullptr) part.filename = *name;
  if (const HeaderField* id = find_field(part.fields, "Content-ID")) {
    const std::string value = id->value();
    const std::size_t open = value.find('<');
    const std::size_t close = value.find('>', open == std::string::npos ? 0 : open);
    const bool bracketed = open != std::string::npos && close != std::string::npos;
    part.content_id = to_valid_utf8(bracketed ? value.substr(open + 1, close - open - 1) : value);
  }
}

/// Whether every reader takes it for the same octets. Other printable characters than RFC 2046's do no harm in quotes.
[[nodiscard]] bool is_clear_boundary(std::string_view boundary) noexcept {
  return boundary.size() <= kRfcBoundary && !boundary.ends_with(' ') &&
         std::all_of(boundary.begin(), boundary.end(),
                     [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

BodyKind multipart_kind(const Part& part, std::string boundary, ProblemList& problems) {
  BodyKind kind;
  if (!is_identity_encoding(part.transfer_encoding)) {
    problems.add("encoded-multipart", part.path,
                 "a multipart in the transfer encoding " + visible(part.transfer_encoding) +
                     ": read without it (RFC 2045, 6.4)");
  }
  if (boundary.empty() || boundary.size() > kMaxBoundary) {
    problems.add("missing-boundary", part.path,
                 "a multipart without a usable boundary parameter: its body is not divided");
    return kind;
  }
  if (!is_clear_boundary(boundary)) {
    problems.add(
        "bad-boundary", part.path,
        "the boundary is longer than 70 octets, ends in a blank, or holds quotes or octets that are not printable");
  }
  kind.kind = BodyKind::Kind::multipart;
  kind.boundary = std::move(boundary);
  kind.digest = part.content_type.value == "multipart/digest";
  return kind;
}

void check_from(const Part& part, ProblemList& problems) {
  const HeaderField* field = find_field(part.fields, "From");
  if (field == nullptr) return;
  const AddressList from = parse_address_list(field->raw);
  if (from.mailboxes.size() > 1) problems.add("several-from", part.path, "the From field names several mailboxes");
  if (!from.problems.empty()) problems.add("ambiguous-from", part.path, "From: " + from.problems.front());
  if (from.problems.empty() && from.mailboxes.empty()) problems.add("ambiguous-from", part.path, "From names nobody");
}

void check_text(const HeaderField& field, const std::string& path, ProblemList& problems) {
  // The fields that a reader shows as text.
  constexpr auto kShown = std::to_array<std::string_view>(
      {"subject", "from", "sender", "reply-to", "to", "cc", "comments", "keywords", "content-description"});
  if (is_ascii(field.raw) && field.raw.find("=?") == std::string::npos) return;
  if (!is_utf8(field.raw))
    problems.add("invalid-utf8", path, "the field " + field.name + " holds octets that are not UTF-8");
  const std::string name = ascii_lower(field.name);
  if (std::find(kShown.begin(), kShown.end(), name) == kShown.end()) return;
  const DecodedText text = decode_text(unfold(field.raw));
  if (text.bad_word)
    problems.add("bad-encoded-word", path, "the field " + field.name + " has an ill-formed encoded word");
  if (text.unknown_charset)
    problems.add("unknown-charset", path, "the field " + field.name + " is in a charset that is not known");
  if (text.ill_formed && is_utf8(field.raw)) {
    problems.add("invalid-charset", path, "the field " + field.name + " has octets that its charset does not");
  }
}

}  // namespace

bool is_identity_encoding(std::string_view transfer_encoding) noexcept {
  return transfer_encoding == "7bit" || transfer_encoding == "8bit" || transfer_encoding == "binary";
}

BodyKind read_part_facts(Part& part, bool in_digest, ProblemList& problems) {
  std::string boundary;
  read_content_type(part, in_digest, &boundary, problems);
  read_disposition(part, problems);
  read_transfer_encoding(part, problems);
  read_names(part);
  if (part.is_multipart()) return multipart_kind(part, std::move(boundary), problems);
  BodyKind kind;
  const bool global = part.content_type.value == "message/global";  // RFC 6532, section 3.7: may be encoded
  if (global || part.content_type.value == "message/rfc822") {
    if (is_identity_encoding(part.transfer_encoding)) {
      kind.kind = BodyKind::Kind::message;
    } else if (!global) {
      problems.add("encoded-message", part.path,
                   "message/rfc822 in the transfer encoding " + visible(part.transfer_encoding) +
                       ": not looked into (RFC 2046, 5.2.1)");
    }
  }
  return kind;
}

void check_fields(const Part& part, ProblemList& problems) {
  constexpr auto kOnce = std::to_array<std::string_view>(
      {"from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references",
       "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id"});
  std::array<std::size_t, kOnce.size()> counts{};
  for (const HeaderField& field : part.fields) {
    check_text(field, part.path, problems);
    const auto* const once =
        std::find_if(kOnce.begin(), kOnce.end(), [&](std::string_view n) { return iequals(n, field.name); });
    if (once == kOnce.end() || ++counts[static_cast<std::size_t>(once - kOnce.begin())] != 2) continue;
    problems.add("duplicate-" + std::string(*once), part.path,
                 "there are several " + field.name + " fields; the first one is used");
  }
  check_from(part, problems);
}

}  // namespace mimeseal::mime
