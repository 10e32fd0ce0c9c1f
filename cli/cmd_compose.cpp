// SPDX-License-Identifier: MIT
#include <filesystem>
#include <map>

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

void write_rope(const Rope& rope, const std::string& path) {
  OutputFile out(path);
  copy(*rope.open(), out);
  out.commit();
}

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
void write_copies(const Sealed& sealed, const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    fs::create_directory(folder, error);
    if (error) throw Error(Errc::cannot_create, "cannot create the folder: " + error.message(), folder);
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  std::vector<std::unique_ptr<OutputFile>> files;
  std::map<std::string, int> taken;
  for (const SealedCopy& one : sealed.copies) {
    std::string name = one.bcc ? "bcc-" + safe_name(*one.bcc) : "message";
    if (const int times = ++taken[name]; times > 1) name += "-" + std::to_string(times);
    auto file = std::make_unique<OutputFile>((fs::path(folder) / (name + ".eml")).string());
    copy(*one.message.open(), *file);
    files.push_back(std::move(file));
  }
  for (const auto& file : files)
    file->commit();
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
  const Prepared prepared = prepare(options, engines);
  write_rope(freeze(prepared.message, system_random()), options.output.empty() ? "-" : options.output);
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
  if (!prepared.bcc.empty() || into_folder) {
    write_copies(sealed, output);
  } else {
    write_rope(sealed.copies.front().message, output);
  }
  if (json) print_result(report_json(sealed.report, sealed.copies.front().message.size()));
  if (options.verbose)
    for (const std::string& line : split(seal_summary(sealed.report), '\n'))
      if (!line.empty()) print_note(line);
  return 0;
}

}  // namespace mimeseal::cli
