// SPDX-License-Identifier: MIT
#include "mimeseal/mime/compose.h"

#include <algorithm>
#include <array>

#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "text_body.h"

namespace mimeseal {
namespace {

/// Fields that a draft's extra headers may not name: they follow from the draft, or would say something untrue.
constexpr std::array<std::string_view, 4> kRefused = {"bcc", "resent-bcc", "hp-outer", "mime-version"};

bool is_msg_id(std::string_view text) noexcept {
  return text.size() > 2 && text.front() == '<' && text.back() == '>' &&
         std::all_of(text.begin() + 1, text.end() - 1,
                     [](char c) { return c > 32 && c < 127 && c != '<' && c != '>'; });
}

std::vector<std::string> read_msg_ids(const std::string& name, std::string_view value) {
  std::vector<std::string> ids;
  for (const std::string& word : split(value, ' ')) {
    if (trim(word).empty()) continue;
    if (!is_msg_id(trim(word))) throw Error(Errc::usage, "not a list of message ids: " + visible(value), name);
    ids.emplace_back(trim(word));
  }
  return ids;
}

std::vector<Mailbox> read_mailboxes(const std::string& name, std::string_view value) {
  AddressList list = parse_address_list(value);
  if (!list.groups.empty()) throw Error(Errc::usage, "a group has no place here", name, "name its members");
  if (!list.problems.empty() || list.mailboxes.empty())
    throw Error(Errc::usage, "not a list of addresses: " + visible(value), name);
  return std::move(list.mailboxes);
}

/// What a draft says by extra headers, put where it belongs, so that there is one place for each unique field.
class Extras {
 public:
  explicit Extras(const Draft& draft) : draft_(draft) {
    const std::vector<std::pair<std::string, std::string>> headers = std::move(draft_.headers);
    draft_.headers.clear();
    for (const auto& [name, value] : headers)
      take(name, value);
  }
  [[nodiscard]] const Draft& draft() const noexcept { return draft_; }
  [[nodiscard]] HeaderFields take_fields() { return std::move(fields_); }

 private:
  void take(const std::string& name, const std::string& value) {
    mime::check_field(name, value);
    const std::string lower = ascii_lower(name);
    if (std::find(kRefused.begin(), kRefused.end(), lower) != kRefused.end() || is_structural(name))
      throw Error(Errc::usage, "this header cannot be given", name,
                  lower == "bcc" || lower == "resent-bcc" ? "use --bcc: the addresses stay out of the message" : "");
    if (lower == "from") return mailboxes(name, value, draft_.from);
    if (lower == "reply-to") return mailboxes(name, value, draft_.reply_to);
    if (lower == "to") return mailboxes(name, value, draft_.to);
    if (lower == "cc") return mailboxes(name, value, draft_.cc);
    if (lower == "sender") return sender(name, value);
    if (lower == "date") return date(name, value);
    if (lower == "subject") return text(name, value, draft_.subject);
    if (lower == "message-id") return text(name, trim(value), draft_.message_id);
    if (lower == "in-reply-to") return text(name, trim(value), draft_.in_reply_to);
    if (lower == "references") {
      if (!draft_.references.empty()) twice(name);
      draft_.references = read_msg_ids(name, value);
      return;
    }
    fields_.push_back(further(name, lower, value));
  }

  static HeaderField further(const std::string& name, const std::string& lower, const std::string& value) {
    static constexpr std::array<std::string_view, 6> kAddresses = {
        "resent-from", "resent-to", "resent-cc", "resent-reply-to", "resent-sender", "disposition-notification-to"};
    if (std::find(kAddresses.begin(), kAddresses.end(), lower) != kAddresses.end())
      return mailbox_field(name, read_mailboxes(name, value));
    if (lower == "resent-date") {
      const std::optional<Time> time = parse_date(value);
      if (!time) throw Error(Errc::usage, "not a date: " + visible(value), name);
      return date_field(name, *time);
    }
    return unstructured_field(name, value);
  }

  [[noreturn]] static void twice(const std::string& name) {
    throw Error(Errc::usage, "this header is given twice", name, "a message has it once (RFC 5322, section 3.6)");
  }
  static void mailboxes(const std::string& name, const std::string& value, std::vector<Mailbox>& place) {
    if (!place.empty()) twice(name);
    place = read_mailboxes(name, value);
  }
  static void text(const std::string& name, std::string_view value, std::string& place) {
    if (!place.empty()) twice(name);
    place = value;
  }
  void sender(const std::string& name, const std::string& value) {
    if (draft_.sender) twice(name);
    draft_.sender = Mailbox::parse(value);
    if (!draft_.sender) throw Error(Errc::usage, "not an address: " + visible(value), name);
  }
  void date(const std::string& name, const std::string& value) {
    if (draft_.date) twice(name);
    draft_.date = parse_date(value);
    if (!draft_.date) throw Error(Errc::usage, "not a date: " + visible(value), name);
  }

  Draft draft_;
  HeaderFields fields_;
};

HeaderFields header_of(const Draft& draft, HeaderFields extra, const Clock& clock, Random& random) {
  if (draft.from.empty()) throw Error(Errc::usage, "a message needs an author", "From");
  if (draft.from.size() > 1 && !draft.sender)
    throw Error(Errc::usage, "several authors need one Sender (RFC 5322, section 3.6.2)", "Sender");
  HeaderFields fields;
  fields.push_back(mailbox_field("From", draft.from));
  // One author who is the sender is not named twice (the same section).
  if (draft.sender && !(draft.from.size() == 1 && *draft.sender == draft.from.front()))
    fields.push_back(mailbox_field("Sender", {*draft.sender}));
  if (!draft.reply_to.empty()) fields.push_back(mailbox_field("Reply-To", draft.reply_to));
  if (!draft.to.empty()) fields.push_back(mailbox_field("To", draft.to));
  if (!draft.cc.empty()) fields.push_back(mailbox_field("Cc", draft.cc));
  if (!draft.subject.empty()) fields.push_back(unstructured_field("Subject", draft.subject));
  fields.push_back(date_field("Date", draft.date ? *draft.date : clock.now()));

  const std::string id = draft.message_id.empty() ? make_message_id(draft.from.front(), random) : draft.message_id;
  mime::check_field("Message-ID", id);
  if (!is_msg_id(id) || id.find('@') == std::string::npos)
    throw Error(Errc::usage, "not a message id: " + visible(id), "Message-ID", "it looks like <left@right>");
  fields.push_back(token_field("Message-ID", id));
  mime::check_field("In-Reply-To", draft.in_reply_to);
  const std::vector<std::string> replied = read_msg_ids("In-Reply-To", draft.in_reply_to);
  if (!replied.empty()) fields.push_back(token_field("In-Reply-To", join(replied, " ")));
  for (const std::string& reference : draft.references) {
    mime::check_field("References", reference);
    if (!is_msg_id(reference)) throw Error(Errc::usage, "not a message id: " + visible(reference), "References");
  }
  if (!draft.references.empty()) fields.push_back(token_field("References", join(draft.references, " ")));
  fields.insert(fields.end(), std::make_move_iterator(extra.begin()), std::make_move_iterator(extra.end()));
  return fields;
}

/// A message goes along as one when the wire lets it: its LF made CRLF, nothing else changed. Else as a plain file.
Entity message_part(const Attachment& attachment, ParameterizedValue type, bool type_was_given) {
  const mime::WireFacts facts = mime::examine(*slice(attachment.content));
  if (facts.needs_encoding()) {
    if (type_was_given) return Entity::file(attachment.content, std::move(type));  // says what is wrong
    return Entity::file(attachment.content, {"application/octet-stream", {}, {}});
  }
  if (!facts.bare_lf) return Entity::file(attachment.content, std::move(type));
  Spool spool(attachment.content->name());
  mime::normalize_lines(*slice(attachment.content), spool);
  return Entity::file(spool.freeze(), std::move(type));
}

Entity part_of(const Attachment& attachment) {
  const std::string& name = attachment.filename;
  if (!attachment.content) throw Error(Errc::usage, "an attachment without content", visible(name));
  const bool given = !attachment.media_type.empty();
  ParameterizedValue type = given ? parse_parameterized(attachment.media_type) : ParameterizedValue{};
  if (!given) type.value = media_type_of(name);
  if (type.value.find('/') == std::string::npos || has_crlf_or_nul(attachment.media_type))
    throw Error(Errc::usage, "not a media type: " + visible(attachment.media_type), visible(name));
  Entity part = type.value == "message/rfc822" ? message_part(attachment, std::move(type), given)
                                               : Entity::file(attachment.content, std::move(type));
  ParameterizedValue disposition;
  disposition.value = attachment.inline_part ? "inline" : "attachment";
  const std::string shown = to_valid_utf8(name.substr(name.rfind('/') + 1));
  if (!shown.empty()) disposition.parameters.emplace_back("filename", shown);
  part.set_disposition(disposition);
  if (!attachment.content_id.empty()) {
    const std::string id = "<" + attachment.content_id + ">";
    if (!is_msg_id(id)) throw Error(Errc::usage, "not a content id: " + visible(attachment.content_id), visible(name));
    part.set_field(token_field("Content-ID", id));
  }
  return part;
}

Entity body_of(const Draft& draft) {
  std::vector<Entity> beside_html;
  std::vector<Entity> mixed;
  std::vector<Entity> alternatives;
  for (const Attachment& attachment : draft.attachments)
    if (draft.html && attachment.inline_part) beside_html.push_back(part_of(attachment));

  if (draft.text) alternatives.push_back(Entity::text("plain", *draft.text));
  if (draft.html) {
    Entity html = Entity::text("html", *draft.html);
    if (beside_html.empty()) {
      alternatives.push_back(std::move(html));
    } else {
      beside_html.insert(beside_html.begin(), std::move(html));
      Entity related = Entity::multipart("related", std::move(beside_html));
      ParameterizedValue type = related.content_type();
      type.parameters.emplace_back("type", "text/html");  // RFC 2387, 3.1
      related.set_content_type(type);
      alternatives.push_back(std::move(related));
    }
  }
  if (alternatives.size() > 1)
    mixed.push_back(Entity::multipart("alternative", std::move(alternatives)));
  else if (!alternatives.empty())
    mixed.push_back(std::move(alternatives.front()));
  for (const Attachment& attachment : draft.attachments)
    if (!draft.html || !attachment.inline_part) mixed.push_back(part_of(attachment));

  if (mixed.empty()) return Entity::text("plain", "");
  if (mixed.size() == 1) return std::move(mixed.front());
  return Entity::multipart("mixed", std::move(mixed));
}

}  // namespace

Message compose(const Draft& draft, const Clock& clock, Random& random) {
  if (draft.headers.empty()) return {header_of(draft, {}, clock, random), body_of(draft)};
  Extras extras(draft);
  HeaderFields fields = header_of(extras.draft(), extras.take_fields(), clock, random);
  return {std::move(fields), body_of(draft)};
}

std::string make_message_id(const Mailbox& from, Random& random) {
  std::array<char, 16> octets{};
  random.fill(octets);
  const std::optional<std::string> address = from.wire_address();
  if (!address) throw Error(Errc::usage, "the domain of " + visible(from.address()) + " is not valid", "From");
  return "<" + hex({octets.data(), octets.size()}) + address->substr(address->rfind('@')) + ">";
}

}  // namespace mimeseal
