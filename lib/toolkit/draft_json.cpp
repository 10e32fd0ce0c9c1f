// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/draft_json.h"

#include <filesystem>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
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
    for (std::size_t i = 0; json_.contains("references") && i < json_["references"].size(); ++i)
      draft.references.push_back(one_line(json_["references"][i], "$.references[" + std::to_string(i) + "]"));
    return draft;
  }

 private:
  [[noreturn]] void refuse(const std::string& path, const Json& found, const std::string& expected) const {
    throw Error(Errc::malformed, path + ": found " + toolkit::describe(found) + "; expected " + expected, where_);
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
    if (!made || !made->wire_address()) refuse(path, value, "a mailbox with a domain that can be");
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
      throw Error(Errc::malformed, "$: " + key + " and " + file_key + " both stand in it; expected one of them",
                  where_);
    if (json_.contains(key)) return json_[key].get<std::string>();
    if (!json_.contains(file_key)) return std::nullopt;
    const InputPtr input = file_input(place(json_[file_key].get<std::string>()));
    std::string octets = read_range(*input, 0, input->size(), kMaxText);
    if (octets.starts_with("\xEF\xBB\xBF")) octets.erase(0, 3);
    if (!is_utf8(octets)) throw Error(Errc::malformed, "the text is not UTF-8", input->name());
    return octets;
  }

  [[nodiscard]] Attachment attachment(const Json& value, const std::string& path) const {
    Attachment made;
    const std::string file = one_line(value["file"], path + ".file");
    made.content = file_input(place(file));
    made.filename = value.contains("filename") ? one_line(value["filename"], path + ".filename")
                                               : std::filesystem::path(file).filename().string();
    if (value.contains("media_type")) made.media_type = one_line(value["media_type"], path + ".media_type");
    made.inline_part = value.value("inline", false);
    if (value.contains("content_id")) made.content_id = one_line(value["content_id"], path + ".content_id");
    if (made.inline_part && made.content_id.empty())
      throw Error(Errc::malformed, path + ": an inline attachment without content_id; expected what cid: URLs name",
                  where_);
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
