// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/text.h"
#include "reading.h"

namespace mimeseal::mail {
namespace {

/// Fields that lists add on the way and that a reader may act upon (RFC 9788, section 7.1).
constexpr std::array<std::string_view, 7> kListFields = {
    "list-archive", "list-subscribe", "list-unsubscribe", "list-id", "list-help", "list-post", "archived-at"};

/// Why a signature was no reason to trust the sealed From.
std::string from_warning(const HeaderFields& inner, const HeaderFields& outer) {
  const HeaderField* sealed = find_field(inner, "From");
  const HeaderField* outside = find_field(outer, "From");
  return "the sealed message says it is from " +
         (sealed != nullptr ? visible(sealed->decoded()) : std::string("nobody")) + ", the header outside from " +
         (outside != nullptr ? visible(outside->decoded()) : std::string("nobody")) +
         ", and no valid signature binds the sealed one: the one outside is shown";
}

struct Shown {
  HeaderField field;
  FieldState state;
};

void push_unprotected(std::vector<Shown>& out, const HeaderFields& fields, std::string_view name) {
  for (const HeaderField& field : fields) {
    if (iequals(field.name, name)) out.push_back({field, FieldState::unprotected});
  }
}

/// The rendered fields: the protected ones, and those of lists. From has rules of its own: section 4.4.3's exception,
/// and where the author has protected none the one outside, since a message without an author cannot be shown.
std::vector<Shown> shown_fields(const ProtectedHeader& header, const HeaderFields& outer, bool valid, bool outer_from) {
  std::vector<Shown> out;
  if (header.protection == HeaderProtection::none) {
    for (const HeaderField& field : outer)
      out.push_back({field, FieldState::unprotected});
    return out;
  }
  if (!protects_from(header)) push_unprotected(out, outer, "From");
  bool from_done = false;
  for (const HeaderField& field : header.refprotected) {
    if (!outer_from || !iequals(field.name, "From")) {
      out.push_back({field, field_state(header, field, valid)});
    } else if (!from_done) {
      from_done = true;
      push_unprotected(out, outer, "From");
    }
  }
  FieldSet inside;
  for (const HeaderField& field : header.refprotected)
    inside.add(field);
  for (const HeaderField& field : outer) {
    const bool list = std::ranges::find(kListFields, ascii_lower(field.name)) != kListFields.end();
    if (list && !inside.contains(field)) out.push_back({field, FieldState::unprotected});
  }
  return out;
}

std::vector<Mailbox> mailboxes(const HeaderFields& fields, std::string_view name) {
  std::vector<Mailbox> out;
  for (const HeaderField& field : fields) {
    if (!iequals(field.name, name)) continue;
    AddressList list = parse_address_list(field.value());
    std::ranges::move(list.mailboxes, std::back_inserter(out));
  }
  return out;
}

/// The text of the first field of that name.
std::string decoded(const HeaderFields& fields, std::string_view name) {
  const HeaderField* field = find_field(fields, name);
  return field != nullptr ? field->decoded() : std::string();
}

std::string date_of(const HeaderFields& fields) {
  const HeaderField* field = find_field(fields, "Date");
  const auto time = field != nullptr ? parse_date(field->value()) : std::nullopt;
  return time ? format_rfc3339(*time) : std::string();
}

}  // namespace

OpenedHeaders read_headers(Opening& opening, const ProtectedHeader& header, const Part& message, const Summary& summary,
                           bool outer_from) {
  OpenedHeaders out;
  const HeaderFields outer = non_structural(message.fields);
  const bool valid = summary.signed_ == SignedState::good;
  if (outer_from) opening.add("from-mismatch", header.body.part->path, from_warning(header.refprotected, outer));

  out.protection = header.protection;
  out.confidential = confidential_names(header);
  out.mismatch = find_mismatches(header, outer);
  out.protected_fields = header.refprotected;
  out.outer_values = header.refouter;
  for (Shown& shown : shown_fields(header, outer, valid, outer_from)) {
    out.fields.push_back({shown.field.name, shown.field.decoded(), shown.state});
    out.raw.push_back(std::move(shown.field));
  }
  for (const HeaderField& field : outer)
    out.outer.emplace_back(field.name, field.decoded());
  if (!header.inferred) {
    for (const HeaderField& field : header.refouter)
      out.hp_outer.emplace_back(field.name, field.decoded());
  }

  out.subject = decoded(out.raw, "Subject");
  out.from = mailboxes(out.raw, "From");
  out.sender = mailboxes(out.raw, "Sender");
  out.reply_to = mailboxes(out.raw, "Reply-To");
  out.to = mailboxes(out.raw, "To");
  out.cc = mailboxes(out.raw, "Cc");
  out.date = date_of(out.raw);
  const HeaderField* id = find_field(out.raw, "Message-ID");
  if (id != nullptr) out.message_id = id->value();
  return out;
}

}  // namespace mimeseal::mail
