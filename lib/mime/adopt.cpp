// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "entity_node.h"
#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/compose.h"

namespace mimeseal {
namespace {

/// Where the message begins: after the "From " line of a mailbox file, if there is one.
std::uint64_t start_of(const Input& input) {
  constexpr std::uint64_t kLongest = 4096;
  const std::string head = read_range(input, 0, std::min(input.size(), kLongest), kLongest);
  if (!head.starts_with("From ")) return 0;
  const std::size_t end = head.find('\n');
  return end == std::string::npos ? 0 : end + 1;
}

/// The mailboxes of all fields of that name. An address that cannot be read for sure is no address to seal to.
std::vector<Mailbox> mailboxes(const HeaderFields& fields, std::string_view name) {
  std::vector<Mailbox> out;
  for (const HeaderField& field : fields) {
    if (!iequals(field.name, name)) continue;
    AddressList list = parse_address_list(field.value());
    if (!list.problems.empty())
      throw Error(Errc::malformed, "the addresses cannot be read for sure: " + list.problems.front(), field.name);
    std::move(list.mailboxes.begin(), list.mailboxes.end(), std::back_inserter(out));
  }
  return out;
}

bool is_address_field(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "from",        "sender",        "reply-to",  "to",        "cc",
      "resent-from", "resent-sender", "resent-to", "resent-cc", "resent-reply-to"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view n) { return iequals(n, name); });
}

/// A field as it is, unless the wire does not take it: 8bit octets, stray line ends, overlong lines, blanks at their
/// ends.
HeaderField fit(const HeaderField& field) {
  if (mime::fits_wire(field)) return mime::without_line_end_blanks(field);
  if (is_address_field(field.name)) {
    const AddressList list = parse_address_list(field.value());
    if (list.problems.empty() && !list.mailboxes.empty()) return mailbox_field(field.name, list.mailboxes);
  }
  return mime::rewritten(field);
}

void check_once(const HeaderFields& fields) {
  // RFC 5322, section 3.6, and what decides how the body is read.
  static constexpr std::array<std::string_view, 13> kOnce = {
      "From",        "Sender",     "Reply-To",    "To",         "Cc",           "Subject",
      "Date",        "Message-ID", "In-Reply-To", "References", "Content-Type", "Content-Transfer-Encoding",
      "MIME-Version"};
  for (const std::string_view name : kOnce)
    if (count_fields(fields, name) > 1)
      throw Error(Errc::malformed, "the field stands more than once", std::string(name),
                  "two readers could read the message differently");
}

}  // namespace

ExistingMessage adopt(const InputPtr& input, const ScanLimits& limits) {
  Part part = scan(*input, start_of(*input), input->size(), limits).root;
  if (part.fields.empty()) throw Error(Errc::malformed, "this is no message: it has no header", input->name());
  check_once(part.fields);
  const mime::Normalized clean = mime::normalized(input, part, limits);

  ExistingMessage out{{{}, Entity::from_input(clean.input, clean.part)}, {}, {}, {}, {}};
  for (const HeaderField& field : clean.part.fields)
    if (!is_structural(field.name) && !iequals(field.name, "Bcc") && !iequals(field.name, "Resent-Bcc"))
      out.message.fields.push_back(fit(field));
  out.from = mailboxes(clean.part.fields, "From");
  if (out.from.empty()) throw Error(Errc::malformed, "the message has no author", "From");
  out.to = mailboxes(clean.part.fields, "To");
  out.cc = mailboxes(clean.part.fields, "Cc");
  out.bcc = mailboxes(clean.part.fields, "Bcc");
  for (Mailbox& mailbox : mailboxes(clean.part.fields, "Resent-Bcc"))
    out.bcc.push_back(std::move(mailbox));
  return out;
}

}  // namespace mimeseal
