// SPDX-License-Identifier: MIT
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "commands.h"
#include "drafts.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/entity.h"
#include "mimeseal/toolkit/report.h"
#include "sealing.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

using Files = std::vector<std::unique_ptr<OutputFile>>;

void add_rope(Files& files, const Rope& rope, const std::string& path) {
  files.push_back(std::make_unique<OutputFile>(path));
  copy(*rope.open(), *files.back());
}

void commit(const Files& files) {
  for (const auto& file : files)
    file->finish();
  for (const auto& file : files)
    file->commit();
}

/// The folder of the copies, which goes again when it was made for them and nothing comes of it.
class Folder {
 public:
  explicit Folder(const std::string& path) : path_(path) {
    namespace fs = std::filesystem;
    std::error_code error;
    if (fs::is_directory(path, error)) return;
    made_ = fs::create_directory(path, error);
    if (error) throw Error(Errc::cannot_create, "cannot create the folder: " + error.message(), path);
    fs::permissions(path, fs::perms::owner_all, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    if (made_) std::filesystem::remove(path_, error);  // fails, as it should, when there is something in it
  }

 private:
  std::string path_;
  bool made_ = false;
};

/// A file name of an address that no path and no shell can take for something else.
std::string safe_name(const std::string& address) {
  std::string name;
  for (const char c : address) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '@' ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    name += plain ? c : '_';
  }
  return name.substr(0, 100);
}

/// All copies are written beside their places first, and put there together.
void add_copies(Files& files, const Sealed& sealed, const std::string& folder) {
  std::map<std::string, int> taken;
  for (const SealedCopy& one : sealed.copies) {
    std::string name = one.bcc ? "bcc-" + safe_name(*one.bcc) : "message";
    if (const int times = ++taken[name]; times > 1) name += "-" + std::to_string(times);
    add_rope(files, one.message, (std::filesystem::path(folder) / (name + ".eml")).string());
  }
}

std::string seal_summary(const SealReport& report) {
  std::string text;
  for (const RecipientReport& one : report.signers)
    text += "signed by " + visible(one.address) + " with " + one.key + "\n";
  for (const RecipientReport& one : report.recipients)
    text +=
        "encrypted to " + visible(one.address) + " with " + one.key + (one.why.empty() ? "" : ": " + one.why) + "\n";
  for (const Choice& choice : report.choices)
    text += choice.what + " " + choice.value + (choice.why.empty() ? "" : ": " + choice.why) + "\n";
  return text;
}

}  // namespace

int run_compose(const Options& options) {
  if (options.json && !options.json_by_config)
    throw Error(Errc::usage, "compose has no report: its result is the message");
  Engines engines(key_settings(options));
  const Prepared prepared = prepare(options, engines, true);
  // RFC 9787, section 5.4, and RFC 9788, section 6.1: what comes out here is in the clear.
  if (prepared.basis && prepared.basis->encrypt) {
    const std::vector<std::string>& hidden = prepared.basis->confidential;
    print_hint("the message that is answered was encrypted" +
               (hidden.empty() ? std::string() : ", and what it hid is left out: " + visible(join(hidden, ", "))) +
               "; seal --in-reply-to makes an encrypted answer");
  }
  Files files;
  add_rope(files, freeze(prepared.message, system_random()), options.output.empty() ? "-" : options.output);
  commit(files);
  return 0;
}

int run_seal(const Options& options) {
  if (!wants_sealing(options) && options.in_reply_to.empty())
    throw Error(Errc::usage, "nothing says how to seal", {}, "give --sign, --encrypt, or both");
  const std::string output = options.output.empty() ? "-" : options.output;
  const bool json = options.json && !(options.json_by_config && output == "-");
  if (json && output == "-")
    throw Error(Errc::usage, "the report and the message would both go to standard output", {}, "give -o FILE");
  Engines engines(key_settings(options));
  const Prepared prepared = prepare(options, engines);
  std::error_code error;
  const bool into_folder = output != "-" && std::filesystem::is_directory(output, error);
  if (!prepared.bcc.empty() && (output == "-" || (!into_folder && std::filesystem::exists(output, error))))
    throw Error(Errc::usage, "with Bcc there are several copies, which go into a folder", output, "give -o DIR");
  const Sealed sealed = seal_prepared(prepared, options, engines);
  std::optional<Folder> folder;
  Files files;
  if (!prepared.bcc.empty() || into_folder) {
    folder.emplace(output);
    add_copies(files, sealed, output);
  } else {
    add_rope(files, sealed.copies.front().message, output);
  }
  // Files appear last: without the report there is no message either.
  for (const auto& file : files)
    file->finish();
  if (json) print_json(report_json(sealed.report, sealed.copies.front().message.size()));
  commit(files);
  if (options.verbose)
    for (const std::string& line : split(seal_summary(sealed.report), '\n'))
      if (!line.empty()) print_note(line);
  return 0;
}

}  // namespace mimeseal::cli
