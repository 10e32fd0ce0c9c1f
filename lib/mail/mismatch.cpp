// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>

#include "mimeseal/core/text.h"
#include "protected_header.h"

namespace mimeseal::mail {
namespace {

using Values = std::vector<const HeaderField*>;

/// What a reader shows or acts upon: also reported when it is missing or added outside. Other fields (Received, X-…)
/// come and go on the way.
constexpr std::array<std::string_view, 14> kCompared = {
    "subject",    "from",        "sender",     "reply-to",         "to",          "cc",       "date",
    "message-id", "in-reply-to", "references", "mail-followup-to", "followup-to", "comments", "keywords"};

bool is_compared(std::string_view name) {
  return std::ranges::find(kCompared, name) != kCompared.end();
}

bool is_address_field(std::string_view name) {
  return name == "from" || name == "sender" || name == "reply-to" || name == "to" || name == "cc";
}

std::map<std::string, Values> by_name(const HeaderFields& fields) {
  std::map<std::string, Values> out;
  for (const HeaderField& field : fields)
    out[ascii_lower(field.name)].push_back(&field);
  return out;
}

std::string joined(const Values& values) {
  std::vector<std::string> texts;
  for (const HeaderField* field : values)
    texts.push_back(field->decoded());
  return join(texts, ", ");
}

std::vector<Mailbox> mailboxes(const Values& values) {
  std::vector<Mailbox> out;
  for (const HeaderField* field : values) {
    AddressList list = parse_address_list(field->value());
    std::ranges::move(list.mailboxes, std::back_inserter(out));
  }
  return out;
}

std::optional<Time> date_of(const Values& values) {
  return values.size() == 1 ? parse_date(values.front()->value()) : std::nullopt;
}

bool same_field(const HeaderField& a, const HeaderField& b) {
  FieldSet set;
  set.add(a);
  return set.contains(HeaderField{a.name, b.raw});
}

/// The same to a reader, whatever folding, encoding, quoting or time zone.
bool equivalent(std::string_view name, const Values& inner, const Values& outer) {
  const bool same_text = std::ranges::equal(inner, outer, [](auto* a, auto* b) { return same_field(*a, *b); });
  if (same_text || inner.size() != outer.size()) return same_text;
  if (is_address_field(name)) {
    const auto a = mailboxes(inner);
    return !a.empty() && a == mailboxes(outer);
  }
  if (name == "date") {
    const auto a = date_of(inner);
    return a && a == date_of(outer);
  }
  return false;
}

bool through_list(const HeaderFields& outer) {
  return find_field(outer, "List-Id") != nullptr || find_field(outer, "List-Post") != nullptr ||
         find_field(outer, "List-Unsubscribe") != nullptr;
}

/// "[tag] text", "Re: [tag] text" or "***SPAM*** text" of "text".
bool is_tagged(std::string_view outer, std::string_view inner) {
  if (outer.size() <= inner.size() || !outer.ends_with(inner)) {
    if (!istarts_with(inner, "re:") || !istarts_with(outer, "re:")) return false;
    return is_tagged(trim(outer.substr(3)), trim(inner.substr(3)));
  }
  const std::string_view prefix = trim(outer.substr(0, outer.size() - inner.size()));
  const bool list_tag = prefix.starts_with('[') && prefix.ends_with(']');
  const bool stars = prefix.starts_with("**") && prefix.ends_with("**");
  return (list_tag || stars) && prefix.size() <= 64;
}

bool is_relays_message_id(const std::string& outer_id, const std::string& inner_id, const HeaderFields& outer) {
  const std::string lower = ascii_lower(outer_id);
  if (lower.ends_with("amazonses.com>")) return true;
  for (const char* kept :
       {"X-Original-Message-ID", "X-Google-Original-Message-ID", "X-Microsoft-Original-Message-ID"}) {
    const HeaderField* field = find_field(outer, kept);
    if (field != nullptr && field->value() == inner_id) return true;
  }
  return false;
}

/// The changes that relays and lists are known to make. Nothing of it is proof: what is protected is what is shown.
void classify(Mismatch& found, std::string_view name, const Values& expected, const Values& there,
              const HeaderFields& outer) {
  if (name == "date") {
    const auto inner_time = date_of(expected);
    const auto outer_time = date_of(there);
    if (inner_time && outer_time && *outer_time >= *inner_time - std::chrono::hours(1) &&
        *outer_time <= *inner_time + std::chrono::days(5)) {
      found.by_relay = true;
      found.why = "relays such as Amazon SES write the time of submission";
    }
  } else if (name == "message-id" && expected.size() == 1 && there.size() == 1) {
    if (is_relays_message_id(there.front()->value(), expected.front()->value(), outer)) {
      found.by_relay = true;
      found.why = "the relay gave the message an id of its own";
    }
  } else if (name == "subject" && expected.size() == 1 && there.size() == 1 && is_tagged(found.outer, found.inner)) {
    found.by_relay = true;
    found.why = "a list or filter put its tag before it";
  } else if ((name == "reply-to" || name == "sender" || name == "mail-followup-to") && expected.empty() &&
             through_list(outer)) {
    found.by_relay = true;
    found.why = "added by a mailing list";
  }
  if (!found.by_relay) {
    found.why = there.empty()      ? "removed outside after the message was sealed"
                : expected.empty() ? "added outside after the message was sealed"
                                   : "changed outside after the message was sealed";
  }
}

}  // namespace

bool from_mismatch(const ProtectedHeader& header, const HeaderFields& outer) {
  if (header.protection == HeaderProtection::none) return false;
  const auto inner = by_name(header.refprotected);
  const auto outside = by_name(outer);
  const auto inner_from = inner.find("from");
  const auto outer_from = outside.find("from");
  if (inner_from == inner.end() || outer_from == outside.end()) return inner_from != inner.end();
  const auto a = mailboxes(inner_from->second);
  const auto b = mailboxes(outer_from->second);
  return !std::ranges::equal(a, b,
                             [](const Mailbox& x, const Mailbox& y) { return same_address(x.address(), y.address()); });
}

std::vector<Mismatch> find_mismatches(const ProtectedHeader& header, const HeaderFields& outer_fields) {
  std::vector<Mismatch> out;
  if (header.protection == HeaderProtection::none) return out;
  const HeaderFields outer = non_structural(outer_fields);
  const bool guess = header.inferred && header.encrypted;  // the outer header itself stands for what was outside
  const auto expected = by_name(header.encrypted ? header.refouter : header.refprotected);
  const auto there = by_name(outer);
  if (!guess) {
    std::set<std::string> names;
    for (const auto& [name, values] : expected)
      names.insert(name);
    for (const auto& [name, values] : there) {
      if (is_compared(name)) names.insert(name);
    }
    for (const std::string& name : names) {
      const auto a = expected.find(name);
      const auto b = there.find(name);
      const Values inner = a == expected.end() ? Values() : a->second;
      const Values outside = b == there.end() ? Values() : b->second;
      if (!is_compared(name) && (inner.empty() || outside.empty())) continue;
      if (equivalent(name, inner, outside)) continue;
      Mismatch found{(inner.empty() ? outside : inner).front()->name, joined(inner), joined(outside), false, ""};
      classify(found, name, inner, outside, outer);
      out.push_back(std::move(found));
    }
  }
  const bool has_from = std::ranges::any_of(out, [](const Mismatch& m) { return iequals(m.name, "from"); });
  if (!has_from && from_mismatch(header, outer)) {
    const auto inner = by_name(header.refprotected);
    const auto b = there.find("from");
    out.push_back({"From", joined(inner.at("from")), b == there.end() ? "" : joined(b->second), false,
                   "the sealed message names another sender than the header outside"});
  }
  return out;
}

}  // namespace mimeseal::mail
