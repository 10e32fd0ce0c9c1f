// SPDX-License-Identifier: MIT
#include "drafts.h"

#include <array>
#include <filesystem>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/reply.h"
#include "mimeseal/mime/header.h"
#include "mimeseal/toolkit/draft_json.h"
#include "settings.h"

namespace mimeseal::cli {
namespace {

constexpr std::uint64_t kMaxText = 64U << 20U;

std::vector<Mailbox> mailboxes(const char* option, const std::vector<std::string>& texts) {
  std::vector<Mailbox> list;
  for (const std::string& text : texts) {
    // --to 'a@b, c@d' is two people; a comma in a quoted name is none.
    const AddressList parsed = parse_address_list(text);
    if (!parsed.groups.empty())
      throw Error(Errc::usage, std::string("--") + option + " takes mailboxes, not a group", visible(text),
                  "name the group's members");
    if (has_crlf_or_nul(text) || parsed.mailboxes.empty() || !parsed.problems.empty())
      throw Error(Errc::usage,
                  std::string("--") + option + " is no mailbox" +
                      (parsed.problems.empty() ? std::string() : ": " + parsed.problems.front()),
                  visible(text), "write name@example.org or 'Name <name@example.org>'");
    for (const Mailbox& mailbox : parsed.mailboxes) {
      if (!mailbox.wire_address())
        throw Error(Errc::usage, std::string("--") + option + " has a domain that cannot be", visible(text));
      list.push_back(mailbox);
    }
  }
  return list;
}

std::string base_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::optional<std::string> text_of(const std::optional<std::string>& text, const std::optional<std::string>& file,
                                   const char* option) {
  if (text && file) throw Error(Errc::usage, std::string("--") + option + " and --" + option + "-file were both given");
  std::string octets;
  if (text) {
    octets = *text;
  } else if (file) {
    const InputPtr input = open_input(*file);
    octets = read_range(*input, 0, input->size(), kMaxText);
    if (octets.starts_with("\xEF\xBB\xBF")) octets.erase(0, 3);
  } else {
    return std::nullopt;
  }
  if (!is_utf8(octets))
    throw Error(Errc::malformed, "the text is not UTF-8", file ? *file : std::string("--") + option);
  return octets;
}

Time parse_any_date(const std::string& text) {
  if (const auto time = parse_rfc3339(text)) return *time;
  if (const auto time = parse_date(text)) return *time;
  throw Error(Errc::usage, "--date is a time as in RFC 3339 or RFC 5322, not '" + visible(text) + "'");
}

/// "Name: value", taken apart at the first colon.
std::pair<std::string, std::string> header_option(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) throw Error(Errc::usage, "--header is 'Name: value'", visible(text));
  if (has_crlf_or_nul(text)) throw Error(Errc::usage, "--header holds CR, LF or NUL", visible(text));
  return {text.substr(0, colon), std::string(trim(std::string_view(text).substr(colon + 1)))};
}

/// Options beside --message replace what the JSON says, or add to its lists of headers and attachments.
void apply_options(Draft& draft, const Options& o) {
  if (!o.from.empty()) draft.from = mailboxes("from", o.from);
  if (!o.sender.empty()) {
    const auto list = mailboxes("sender", {o.sender});
    if (list.size() != 1) throw Error(Errc::usage, "--sender is one mailbox", visible(o.sender));
    draft.sender = list.front();
  }
  if (!o.reply_to.empty()) draft.reply_to = mailboxes("reply-to", o.reply_to);
  if (!o.to.empty()) draft.to = mailboxes("to", o.to);
  if (!o.cc.empty()) draft.cc = mailboxes("cc", o.cc);
  if (!o.bcc.empty()) draft.bcc = mailboxes("bcc", o.bcc);
  if (o.subject) {
    if (has_crlf_or_nul(*o.subject)) throw Error(Errc::usage, "--subject holds CR, LF or NUL", visible(*o.subject));
    if (!is_utf8(*o.subject)) throw Error(Errc::usage, "--subject is not UTF-8");
    draft.subject = *o.subject;
  }
  for (const std::string& header : o.headers)
    draft.headers.push_back(header_option(header));
  if (auto text = text_of(o.text, o.text_file, "text")) draft.text = std::move(text);
  if (auto html = text_of(o.html, o.html_file, "html")) draft.html = std::move(html);
  for (const std::string& path : o.attach)
    draft.attachments.push_back({open_input(path), base_name(path), {}, {}, false});
  for (const std::string& text : o.inlines) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) throw Error(Errc::usage, "--inline is CID=FILE", visible(text));
    const std::string path = text.substr(equals + 1);
    draft.attachments.push_back({open_input(path), base_name(path), {}, text.substr(0, equals), true});
  }
  if (!o.date.empty()) draft.date = parse_any_date(o.date);
  if (!o.message_id.empty()) draft.message_id = o.message_id.starts_with('<') ? o.message_id : "<" + o.message_id + ">";
}

/// RFC 9788, section 6: what was said goes first, the original message gives the rest.
void apply_basis(Draft& draft, const ReplyBasis& original) {
  std::vector<Mailbox> own = draft.from;
  if (draft.sender) own.push_back(*draft.sender);
  const ReplyBasis basis = reply_from(original, own);
  if (draft.to.empty() && draft.cc.empty() && draft.bcc.empty()) {
    draft.to = basis.to;
    draft.cc = basis.cc;
  }
  if (draft.subject.empty()) draft.subject = basis.subject;
  if (draft.in_reply_to.empty()) draft.in_reply_to = basis.in_reply_to;
  if (draft.references.empty()) draft.references = basis.references;
}

Prepared from_draft(const Draft& draft) {
  Prepared prepared{compose(draft, system_clock(), system_random()), draft.from, draft.sender, draft.to, draft.bcc, {}};
  prepared.recipients.insert(prepared.recipients.end(), draft.cc.begin(), draft.cc.end());
  return prepared;
}

Prepared from_existing(const std::string& path, const Options& options) {
  // More recipients may be named beside an existing message only as Bcc: its own fields say the rest.
  Options others = options;
  others.bcc.clear();
  if (says_draft(others))
    throw Error(Errc::usage, "an existing message is sealed as it is: only --bcc goes with it", path);
  ExistingMessage existing = adopt(open_input(path));
  Prepared prepared{std::move(existing.message), existing.from, {}, existing.to, existing.bcc, {}};
  prepared.recipients.insert(prepared.recipients.end(), existing.cc.begin(), existing.cc.end());
  const auto more = mailboxes("bcc", options.bcc);
  prepared.bcc.insert(prepared.bcc.end(), more.begin(), more.end());
  if (const HeaderField* sender = find_field(prepared.message.fields, "Sender"))
    prepared.sender = Mailbox::parse(sender->value());
  return prepared;
}

/// The file given as argument is a draft in JSON or a message: the first octets tell.
bool is_json(const InputPtr& input) {
  std::array<char, 512> buffer;
  const std::string_view head(buffer.data(), input->read_at(0, buffer));
  return trim(head).starts_with('{');
}

/// What a JSON draft says wrong is the draft's fault, unless options changed it.
Prepared from_json(const Draft& draft, const Options& options, const std::string& message) {
  try {
    return from_draft(draft);
  } catch (const Error& error) {
    if (error.code() != Errc::usage || says_draft(options)) throw;
    const std::string what = error.where().empty() ? error.what() : error.where() + ": " + error.what();
    throw Error(Errc::malformed, what, message == "-" ? "standard input" : message, error.hint());
  }
}

}  // namespace

bool says_draft(const Options& o) {
  return !o.from.empty() || !o.sender.empty() || !o.reply_to.empty() || !o.to.empty() || !o.cc.empty() ||
         !o.bcc.empty() || !o.headers.empty() || !o.attach.empty() || !o.inlines.empty() || o.subject || o.text ||
         o.text_file || o.html || o.html_file || !o.date.empty() || !o.message_id.empty();
}

Prepared prepare(const Options& options, Engines& engines, bool in_clear) {
  std::string message = options.message;
  std::string eml = options.eml;
  if (!options.arguments.empty()) {
    if (options.arguments.size() > 1 || !message.empty() || !eml.empty())
      throw Error(Errc::usage, "one draft at a time", visible(options.arguments.back()));
    if (options.arguments[0] != "-" && is_json(file_input(options.arguments[0]))) {
      message = options.arguments[0];
    } else {
      eml = options.arguments[0];
    }
  }
  if (!message.empty() && !eml.empty()) throw Error(Errc::usage, "--message and --eml were both given");

  std::optional<ReplyBasis> basis;
  if (!options.in_reply_to.empty()) {
    OpenSettings settings;
    settings.engines = engines.all();
    settings.at = system_clock().now();
    settings.allow_legacy = options.allow_legacy;
    basis = reply_basis(open_message(open_message_input(options.in_reply_to), settings));
  }

  if (!eml.empty()) {
    Prepared prepared = from_existing(eml, options);
    prepared.basis = std::move(basis);
    return prepared;
  }
  Draft draft;
  if (!message.empty()) {
    const std::string folder = message == "-" ? "." : std::filesystem::path(message).parent_path().string();
    draft = read_draft_json(open_input(message), folder.empty() ? "." : folder);
  }
  apply_options(draft, options);
  if (basis) apply_basis(draft, in_clear ? reply_in_clear(*basis) : *basis);
  Prepared prepared = message.empty() ? from_draft(draft) : from_json(draft, options, message);
  prepared.basis = std::move(basis);
  return prepared;
}

}  // namespace mimeseal::cli
