// SPDX-License-Identifier: MIT
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "commands.h"
#include "extract.h"
#include "key_import.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/smime/engine.h"
#include "mimeseal/toolkit/report.h"
#include "mimeseal/toolkit/revocation.h"
#include "reading_view.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

bool is_encryption(LayerType type) {
  return type == LayerType::smime_enveloped || type == LayerType::smime_auth_enveloped ||
         type == LayerType::pgp_encrypted;
}

/// Every layer of encryption around the message was proven intact by the cipher itself.
bool is_authenticated(const Opened& opened) {
  bool any = false;
  for (const OpenedLayer& layer : opened.layers) {
    if (layer.errant || !is_encryption(layer.facts.type)) continue;
    if (!layer.facts.authenticated || layer.facts.result != LayerResult::good) return false;
    any = true;
  }
  return any;
}

std::string without_blanks(std::string_view text) {
  if (istarts_with(text, "0x")) text.remove_prefix(2);
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != ':') out += c;
  return ascii_lower(out);
}

/// A good signature of the message by that address or that key. One around ciphertext says only who passed it on: the
/// summary does not count it (RFC 8551, 3.7), and neither does this.
bool is_signed_by(const Opened& opened, const std::string& who) {
  if (opened.summary.signed_ != SignedState::good) return false;
  const bool address = who.find('@') != std::string::npos;
  const std::string fingerprint = without_blanks(who);
  for (const OpenedLayer& layer : opened.layers) {
    if (layer.errant) continue;
    for (const SignerFacts& signer : layer.facts.signers) {
      if (judge(signer) != Verdict::good) continue;
      if (!address && signer.fingerprint == fingerprint) return true;
      if (address && std::any_of(signer.addresses.begin(), signer.addresses.end(),
                                 [&](const std::string& one) { return same_address(one, who); }))
        return true;
    }
  }
  return false;
}

std::vector<std::string> demands(const Options& options) {
  std::vector<std::string> list;
  for (const std::string& text : options.require)
    for (const std::string& word : split(text, ',')) {
      if (word != "signed" && word != "encrypted" && word != "authenticated")
        throw Error(Errc::usage, "--require is signed, encrypted, authenticated, or some of these with commas",
                    visible(word));
      list.push_back(word);
    }
  for (const std::string& who : options.require_signer)
    if (without_blanks(who).empty()) throw Error(Errc::usage, "--require-signer is an address or a fingerprint");
  return list;
}

/// What was demanded and does not hold, in words.
std::vector<std::string> failed_demands(const Opened& opened, const Options& options) {
  std::vector<std::string> failed;
  for (const std::string& demand : demands(options)) {
    if (demand == "signed" && opened.summary.signed_ != SignedState::good)
      failed.push_back("the message has no good signature");
    if (demand == "encrypted" && !opened.summary.encrypted) failed.push_back("the message is not encrypted");
    if (demand == "authenticated" && !is_authenticated(opened))
      failed.push_back("no tag or MDC of the cipher proves that the message is intact");
  }
  for (const std::string& who : options.require_signer)
    if (!is_signed_by(opened, who)) failed.push_back("no good signature by " + who);
  return failed;
}

/// The exit code that the layers around the message ask for, demands aside.
int code_of_layers(const Opened& opened) {
  int code = 0;
  for (const OpenedLayer& layer : opened.layers) {
    const LayerResult result = layer.facts.result;
    // Errant layers count for one thing only: nothing that was found may be bad.
    if (result == LayerResult::bad) return 1;
    if (layer.errant) continue;
    // No key, or a cipher that is not allowed or not known here: nothing here can decrypt it.
    const bool closed = result == LayerResult::unsupported && is_encryption(layer.facts.type);
    if (result == LayerResult::no_key || closed) code = exit_code(Errc::refused);
  }
  if (code == 0 && opened.payload == nullptr) code = 1;  // kept back
  return opened.summary.signed_ == SignedState::bad ? 1 : code;
}

/// The payload into its file, beside its place. Unless something else of the message is read after that, a spool in the
/// same folder becomes the file.
void hand_over(Opened& opened, OutputFile& out, bool read_after) {
  InputPtr payload = opened.payload;
  if (!read_after) {
    opened.payload.reset();
    for (OpenedPart& part : opened.parts)
      part.input.reset();
  }
  out.take(std::move(payload), opened.payload_begin, opened.payload_end);
}

/// Says what did not come of an import that was asked for.
int code_of_import(const std::vector<pgp::ImportedKey>& imported, bool done) {
  if (imported.empty()) {
    print_hint(done ? "no key to import: the message has no part of the type application/pgp-keys"
                    : "no key is imported from a message that is not as it was demanded to be");
  }
  const bool refused = std::any_of(imported.begin(), imported.end(), [](const pgp::ImportedKey& key) {
    return key.result == pgp::ImportResult::refused;
  });
  if (refused) print_error(Error(Errc::malformed, "not every attached key could be imported"));
  return refused ? 1 : 0;
}

/// The report as it is now, to be printed later.
std::function<void()> report_printer(const Options& options, bool json, const Opened& opened,
                                     const std::vector<pgp::ImportedKey>& imported) {
  if (json) {
    return [report = report_json(opened, options.import_keys ? &imported : nullptr)] { print_json(report); };
  }
  if (options.output == "-") return [] {};
  std::string text = reading_view(opened, use_colour());
  if (!imported.empty()) text += "\nimported keys:\n" + import_text(imported);
  return [text = std::move(text)] { print_result(text); };
}

}  // namespace

int run_open(const Options& options) {
  const std::string file = single_argument(options);
  const bool json = options.json && !(options.json_by_config && options.output == "-");
  if (json && options.output == "-")
    throw Error(Errc::usage, "the report and the payload would both go to standard output");
  static_cast<void>(demands(options));  // refused before any work is done
  Engines engines(key_settings(options));
  OpenSettings settings;
  settings.engines = engines.all();
  settings.at = judged_at(options);
  settings.allow_legacy = options.allow_legacy;
  settings.allow_unauthenticated = options.allow_unauthenticated;
  settings.inline_pgp = options.inline_pgp;
  settings.read_pgp_keys = pgp::read_keys;
  settings.read_certificates = smime::read_certificates;
  std::unique_ptr<RevocationFetcher> revocation;
  if (options.fetch_revocation) revocation = make_revocation_fetcher();
  settings.revocation = revocation.get();
  settings.part_digests = json;
  // Where keys are imported, the payload is copied: the message is read once more.
  if (!options.import_keys) settings.spool_folder = output_folder(options.output);
  Opened opened = open_message(open_message_input(file), settings);

  const std::vector<std::string> failed = failed_demands(opened, options);
  const int layers_code = code_of_layers(opened);
  const std::string verdict = verdict_line(opened);
  const int code = failed.empty() ? layers_code : std::max(1, layers_code);
  const bool released = opened.payload != nullptr && opened.summary.signed_ != SignedState::bad && failed.empty();
  std::unique_ptr<OutputFile> payload;
  if (!options.output.empty() && released) payload = std::make_unique<OutputFile>(options.output);
  const bool imports = options.import_keys && released && code == 0;
  std::optional<Extraction> extraction;
  if (!options.extract.empty() && released) extraction.emplace(opened, options.extract);
  std::vector<pgp::ImportedKey> imported;
  std::function<void()> print_report = report_printer(options, json, opened, imported);
  if (payload) {
    hand_over(opened, *payload, imports);
    payload->finish();
  }
  if (imports) {
    imported = import_attached_keys(options, opened);
    print_report = report_printer(options, json, opened, imported);
  }
  print_report();
  // Files appear last: without the report there is nothing of them either.
  if (extraction)
    for (const std::string& path : extraction->commit())
      print_hint("wrote " + path);
  if (payload) payload->commit();
  for (const std::string& line : failed)
    print_error(Error(Errc::refused, line));
  if (layers_code != 0) {
    const std::string name = file == "-" ? "standard input" : file;
    print_error(Error(Errc::refused, verdict, name));
    // What is wrong beside the message's own envelope is not in its verdict.
    for (const OpenedLayer& layer : opened.layers)
      if (layer.errant && layer.facts.result == LayerResult::bad)
        print_error(Error(Errc::refused, "part " + layer.path + " is bad: " + layer.facts.why, name));
  }
  return options.import_keys ? std::max(code, code_of_import(imported, imports)) : code;
}

}  // namespace mimeseal::cli
