// SPDX-License-Identifier: MIT
#include "mimeseal/mail/reply.h"

#include <algorithm>
#include <array>
#include <utility>

#include "layers.h"
#include "mimeseal/core/text.h"

namespace mimeseal {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::vector<Mailbox> mailboxes(const HeaderFields& fields, std::string_view name) {
  std::vector<Mailbox> out;
  for (const HeaderField& field : fields) {
    if (!iequals(field.name, name)) continue;
    AddressList list = parse_address_list(field.value());
    std::ranges::move(list.mailboxes, std::back_inserter(out));
  }
  return out;
}

bool names(const std::vector<Mailbox>& list, const Mailbox& mailbox) {
  return std::ranges::any_of(list, [&](const Mailbox& m) { return same_address(m.address(), mailbox.address()); });
}

/// The msg-ids of a field, at most a hundred: "<a@b>".
std::vector<std::string> message_ids(const HeaderFields& fields, std::string_view name) {
  std::vector<std::string> out;
  const HeaderField* field = find_field(fields, name);
  const std::string value = field != nullptr ? field->value() : std::string();
  for (std::size_t at = value.find('<'); at != std::string::npos && out.size() < 100; at = value.find('<', at)) {
    const std::size_t end = value.find('>', at);
    if (end == std::string::npos) break;
    const std::string id = value.substr(at, end + 1 - at);
    if (id.find_first_of(" \t") == std::string::npos) out.push_back(id);
    at = end;
  }
  return out;
}

std::string reply_subject(const std::string& subject) {
  return istarts_with(subject, "re:") ? subject : subject.empty() ? "Re:" : "Re: " + subject;
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::any_of(list, [&](const std::string& entry) { return iequals(entry, name); });
}

HeaderFields as_fields(const Pairs& pairs) {
  HeaderFields out;
  for (const auto& [name, value] : pairs)
    out.push_back({name, " " + value});
  return out;
}

constexpr std::array<std::string_view, 5> kPeople = {"From", "Sender", "Reply-To", "To", "Cc"};

/// RFC 9788, section 6.1.2: for what a reply derives from the original, the value that the same derivation gives of the
/// original's outer header; nothing where that has none.
class ReferencePolicy {
 public:
  explicit ReferencePolicy(const ReplyBasis& basis)
      : confidential_(basis.confidential),
        outer_(as_fields(basis.outer_values)),
        inner_(as_fields(basis.protected_values)) {
    for (const std::string_view name : kPeople) {
      const auto shown = mailboxes(outer_, name);
      shown_people_.insert(shown_people_.end(), shown.begin(), shown.end());
    }
    for (const std::string_view name : kPeople) {
      for (Mailbox& mailbox : mailboxes(inner_, name)) {
        if (std::ranges::find(shown_people_, mailbox) == shown_people_.end())
          hidden_people_.push_back(std::move(mailbox));
      }
    }
  }

  [[nodiscard]] std::optional<HeaderField> outer(const HeaderField& field) const {
    if (iequals(field.name, "Subject")) return subject(field);
    if (iequals(field.name, "In-Reply-To") || iequals(field.name, "References")) return thread(field);
    if (std::ranges::any_of(kPeople, [&](std::string_view name) { return iequals(name, field.name); }))
      return people(field);
    const bool own =
        iequals(field.name, "Date") || iequals(field.name, "Message-ID");  // the reply's, not the original's
    if (!own && contains(confidential_, field.name)) return std::nullopt;
    return field;
  }

 private:
  [[nodiscard]] std::optional<HeaderField> subject(const HeaderField& field) const {
    if (!contains(confidential_, "Subject")) return field;
    const HeaderField* shown = find_field(outer_, "Subject");
    if (shown == nullptr) return std::nullopt;
    return unstructured_field(field.name, reply_subject(shown->decoded()));
  }

  [[nodiscard]] std::optional<HeaderField> thread(const HeaderField& field) const {
    const bool hidden = contains(confidential_, "Message-ID") || contains(confidential_, "References") ||
                        contains(confidential_, "In-Reply-To");
    if (!hidden) return field;
    std::vector<std::string> ids = message_ids(outer_, "Message-ID");
    if (iequals(field.name, "References")) {
      std::vector<std::string> before = message_ids(outer_, "References");
      before.insert(before.end(), ids.begin(), ids.end());
      ids = std::move(before);
    }
    if (ids.empty()) return std::nullopt;
    return token_field(field.name, join(ids, " "));
  }

  /// Somebody whom the original hid stays hidden; a name that it hid is not shown. From keeps its address
  /// (section 3.1.1).
  [[nodiscard]] std::optional<HeaderField> people(const HeaderField& field) const {
    std::vector<Mailbox> out;
    bool changed = false;
    for (const Mailbox& mailbox : parse_address_list(field.value()).mailboxes) {
      if (!names(hidden_people_, mailbox)) {
        out.push_back(mailbox);
        continue;
      }
      const auto shown = std::ranges::find_if(
          shown_people_, [&](const Mailbox& m) { return same_address(m.address(), mailbox.address()); });
      if (shown != shown_people_.end()) {
        changed = changed || !(*shown == mailbox);
        out.push_back(*shown);
      } else if (iequals(field.name, "From")) {
        if (auto bare = Mailbox::make("", mailbox.address())) out.push_back(std::move(*bare));
        changed = true;
      } else {
        changed = true;
      }
    }
    if (!changed) return field;
    if (out.empty()) return std::nullopt;
    return mailbox_field(field.name, out);
  }

  std::vector<std::string> confidential_;
  HeaderFields outer_;
  HeaderFields inner_;
  std::vector<Mailbox> shown_people_;
  std::vector<Mailbox> hidden_people_;
};

}  // namespace

ReplyBasis reply_basis(const Opened& opened) {
  ReplyBasis out;
  const OpenedHeaders& headers = opened.headers;
  // RFC 9788, 4.4.4 and 6.2: only protected fields, where there are any.
  const bool is_protected = headers.protection != HeaderProtection::none;
  const HeaderFields& fields = is_protected ? headers.protected_fields : headers.raw;
  out.to = mailboxes(fields, "Reply-To");
  if (out.to.empty()) out.to = mailboxes(fields, "From");
  for (const char* name : {"To", "Cc"}) {
    for (Mailbox& mailbox : mailboxes(fields, name)) {
      if (!names(out.to, mailbox) && !names(out.cc, mailbox)) out.cc.push_back(std::move(mailbox));
    }
  }
  const HeaderField* subject = find_field(fields, "Subject");
  out.subject = reply_subject(subject != nullptr ? subject->decoded() : std::string());
  out.references = message_ids(fields, "References");
  if (out.references.empty()) out.references = message_ids(fields, "In-Reply-To");
  const std::vector<std::string> own = message_ids(fields, "Message-ID");
  if (!own.empty()) {
    out.in_reply_to = own.front();
    out.references.push_back(own.front());
  }
  // RFC 9787, 5.4 and 6.2.2.1: also when only an errant layer was encrypted.
  out.encrypt =
      std::ranges::any_of(opened.layers, [](const OpenedLayer& l) { return mail::is_encryption(l.facts.type); });
  out.quote = !opened.text_errant;
  out.confidential = headers.confidential;
  if (!headers.confidential.empty()) {
    for (const HeaderField& field : headers.outer_values)
      out.outer_values.emplace_back(field.name, field.value());
    for (const HeaderField& field : headers.protected_fields)
      out.protected_values.emplace_back(field.name, field.value());
  }
  return out;
}

ReplyBasis reply_in_clear(const ReplyBasis& basis) {
  if (basis.confidential.empty()) return basis;
  const ReferencePolicy policy(basis);
  ReplyBasis out = basis;
  const auto people = [&](const char* name, const std::vector<Mailbox>& list) {
    if (list.empty()) return list;
    const auto shown = policy.outer(mailbox_field(name, list));
    return shown ? parse_address_list(shown->value()).mailboxes : std::vector<Mailbox>();
  };
  out.to = people("To", basis.to);
  out.cc = people("Cc", basis.cc);
  const auto subject = policy.outer(unstructured_field("Subject", basis.subject));
  out.subject = subject ? subject->decoded() : std::string();
  const auto thread = [&](const char* name, const std::vector<std::string>& ids) {
    if (ids.empty()) return ids;
    const auto shown = policy.outer(token_field(name, join(ids, " ")));
    return shown ? message_ids({*shown}, name) : std::vector<std::string>();
  };
  out.references = thread("References", basis.references);
  const auto parent =
      thread("In-Reply-To", basis.in_reply_to.empty() ? std::vector<std::string>() : std::vector{basis.in_reply_to});
  out.in_reply_to = parent.empty() ? std::string() : parent.front();
  return out;
}

ReplyBasis reply_from(ReplyBasis basis, const std::vector<Mailbox>& own) {
  const auto is_own = [&](const Mailbox& mailbox) { return names(own, mailbox); };
  std::vector<Mailbox> to = basis.to;
  std::erase_if(to, is_own);
  std::erase_if(basis.cc, is_own);
  if (to.empty()) to = std::exchange(basis.cc, {});
  if (!to.empty()) basis.to = std::move(to);
  return basis;
}

HeaderPolicy reply_policy(HeaderPolicy base, const ReplyBasis& basis) {
  if (basis.confidential.empty()) return base;
  HeaderPolicy out;
  // Without header protection nothing would be hidden, and what was must not be sent in cleartext.
  out.name = base.protect ? base.name : HeaderPolicy::no_confidentiality().name;
  // Section 5.2.1, step 5.iv: the user's own policy first; where it changes nothing, what the original hid.
  out.outer = [first = std::move(base.outer),
               then = ReferencePolicy(basis)](const HeaderField& field) -> std::optional<HeaderField> {
    auto outer = first(field);
    if (!outer || outer->value() != field.value()) return outer;
    return then.outer(field);
  };
  return out;
}

}  // namespace mimeseal
