// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/draft_json.h"

#include <filesystem>
#include <utility>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/compose.h"
#include "mimeseal_schemas.h"
#include "toolkit/schema.h"

namespace mimeseal {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxText = 64U << 20U;

class DraftReader {
 public:
  DraftReader(const Json& json, std::string where, std::string folder)
      : json_(json), where_(std::move(where)), folder_(std::move(folder)) {}

  [[nodiscard]] Draft read() const {
    Draft draft;
    draft.from = list("from");
    if (json_.contains("sender")) draft.sender = mailbox(json_["sender"], "$.sender");
    draft.reply_to = list("reply_to");
    draft.to = list("to");
    draft.cc = list("cc");
    draft.bcc = list("bcc");
    draft.subject = line("subject");
    for (std::size_t i = 0; json_.contains("headers") && i < json_["headers"].size(); ++i) {
      const Json& header = json_["headers"][i];
      const std::string path = "$.headers[" + std::to_string(i) + "]";
      draft.headers.emplace_back(one_line(header["name"], path + ".name"), one_line(header["value"], path + ".value"));
      Draft alone;
      alone.headers = {draft.headers.back()};
      try_out(std::move(alone), path, header["name"]);
    }
    draft.text = text("text");
    draft.html = text("html");
    for (std::size_t i = 0; json_.contains("attachments") && i < json_["attachments"].size(); ++i)
      draft.attachments.push_back(attachment(json_["attachments"][i], "$.attachments[" + std::to_string(i) + "]"));
    if (json_.contains("date")) {
      draft.date = parse_rfc3339(json_["date"].get<std::string>());
      if (!draft.date) refuse("$.date", json_["date"], "a time as in RFC 3339");
    }
    draft.message_id = line("message_id");
    draft.in_reply_to = line("in_reply_to");
    for (const auto& [member, key] :
         {std::pair(&Draft::message_id, "message_id"), {&Draft::in_reply_to, "in_reply_to"}})
      if (json_.contains(key)) {
        Draft alone;
        alone.*member = draft.*member;
        try_out(std::move(alone), std::string("$.") + key, json_[key]);
      }
    for (std::size_t i = 0; json_.contains("references") && i < json_["references"].size(); ++i)
      draft.references.push_back(reference(json_["references"][i], "$.references[" + std::to_string(i) + "]"));
    return draft;
  }

 private:
  [[noreturn]] void refuse(const std::string& path, const Json& found, const std::string& expected) const {
    throw Error(Errc::malformed, path + ": found " + toolkit::describe(found) + "; expected " + expected, where_);
  }

  /// What cannot be composed is refused here already, where its place is known.
  void try_out(Draft alone, const std::string& path, const Json& found) const {
    alone.from = {Mailbox::make({}, "somebody@example.org").value()};
    try {
      static_cast<void>(compose(alone, system_clock(), system_random()));
    } catch (Error& error) {
      if (error.code() != Errc::usage) throw;
      throw Error(
          Errc::malformed,
          path + ": found " + toolkit::describe(found) + "; expected what can stand in a message: " + error.what(),
          where_, error.hint());
    }
  }

  [[nodiscard]] std::string reference(const Json& value, const std::string& path) const {
    Draft alone;
    alone.references = {one_line(value, path)};
    std::string made = alone.references.front();
    try_out(std::move(alone), path, value);
    return made;
  }

  /// The file that the draft names; when it is not there, where it is named.
  [[nodiscard]] InputPtr named_file(const std::string& file, const std::string& path) const {
    try {
      return file_input(place(file));
    } catch (Error& error) {
      throw error.with_hint("it is named in " + where_ + " at " + path);
    }
  }

  [[nodiscard]] std::string one_line(const Json& value, const std::string& path) const {
    auto text = value.get<std::string>();
    if (has_crlf_or_nul(text)) refuse(path, value, "one line, without CR, LF or NUL");
    return text;
  }

  [[nodiscard]] std::string line(const char* key) const {
    return json_.contains(key) ? one_line(json_[key], std::string("$.") + key) : std::string();
  }

  [[nodiscard]] Mailbox mailbox(const Json& value, const std::string& path) const {
    const auto made = value.is_string() ? Mailbox::parse(one_line(value, path))
                                        : Mailbox::make(value.contains("name") ? one_line(value["name"], path + ".name")
                                                                               : std::string(),
                                                        one_line(value["address"], path + ".address"));
    if (!made && value.is_object()) refuse(path + ".address", value["address"], "local-part@domain");
    if (!made)
      refuse(path, value, "one mailbox: name@example.org, or Name <name@example.org>; several stand in a list");
    if (!made->wire_address()) refuse(path, value, "a mailbox whose domain can exist (RFC 5890, RFC 5321)");
    return *made;
  }

  [[nodiscard]] std::vector<Mailbox> list(const char* key) const {
    std::vector<Mailbox> mailboxes;
    if (!json_.contains(key)) return mailboxes;
    const Json& value = json_[key];
    const std::string path = std::string("$.") + key;
    if (!value.is_array()) return {mailbox(value, path)};
    for (std::size_t i = 0; i < value.size(); ++i)
      mailboxes.push_back(mailbox(value[i], path + "[" + std::to_string(i) + "]"));
    return mailboxes;
  }

  [[nodiscard]] std::string place(const std::string& path) const {
    return (std::filesystem::path(folder_) / path).string();  // an absolute path stays as it is
  }

  [[nodiscard]] std::optional<std::string> text(const std::string& key) const {
    const std::string file_key = key + "_file";
    if (json_.contains(key) && json_.contains(file_key))
      throw Error(Errc::malformed, "$: found both " + key + " and " + file_key + "; expected one of them", where_);
    if (json_.contains(key)) return json_[key].get<std::string>();
    if (!json_.contains(file_key)) return std::nullopt;
    const InputPtr input = named_file(json_[file_key].get<std::string>(), "$." + file_key);
    std::string octets = read_range(*input, 0, input->size(), kMaxText);
    if (octets.starts_with("\xEF\xBB\xBF")) octets.erase(0, 3);
    if (!is_utf8(octets)) throw Error(Errc::malformed, "the text is not UTF-8", input->name());
    return octets;
  }

  [[nodiscard]] Attachment attachment(const Json& value, const std::string& path) const {
    Attachment made;
    const std::string file = one_line(value["file"], path + ".file");
    made.content = named_file(file, path + ".file");
    made.filename = value.contains("filename") ? one_line(value["filename"], path + ".filename")
                                               : std::filesystem::path(file).filename().string();
    if (value.contains("media_type")) made.media_type = one_line(value["media_type"], path + ".media_type");
    made.inline_part = value.value("inline", false);
    if (value.contains("content_id")) made.content_id = one_line(value["content_id"], path + ".content_id");
    if (made.inline_part && made.content_id.empty())
      throw Error(Errc::malformed,
                  path + ": found an inline attachment without content_id; expected it too: what cid: URLs name",
                  where_);
    Draft alone;
    alone.attachments = {made};
    if (made.inline_part) alone.html = std::string();
    try_out(std::move(alone), path, value);
    return made;
  }

  const Json& json_;
  std::string where_;
  std::string folder_;
};

}  // namespace

Draft read_draft_json(const InputPtr& json, const std::string& base_folder) {
  const Json document = toolkit::read_json(json);
  toolkit::check_schema(document, "message", json->name());
  return DraftReader(document, json->name(), base_folder).read();
}

std::string_view schema_text(std::string_view name) {
  if (name == "message") return kMessageSchema;
  if (name == "report") return kReportSchema;
  if (name == "vector") return kVectorSchema;
  throw Error(Errc::internal, "no such schema", std::string(name));
}

}  // namespace mimeseal
