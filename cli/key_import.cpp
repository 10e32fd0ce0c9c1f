// SPDX-License-Identifier: MIT
#include "key_import.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/toolkit/report.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

constexpr std::uint64_t kMaxFile = 16U << 20U;
constexpr std::uint64_t kMaxPart = 1U << 20U;  // as much as is read for the report
constexpr std::size_t kMaxParts = 100;

std::string refusal_line(const pgp::ImportedKey& key) {
  const std::string id = key.info.fingerprint.empty() ? std::string() : " " + key.info.fingerprint;
  return visible(key.info.origin) + id + ": " + visible(key.why);
}

}  // namespace

int import_key_files(const Options& options, const std::vector<std::string>& files) {
  if (files.empty()) throw Error(Errc::usage, "keys import takes files with OpenPGP keys");
  std::vector<pgp::KeyMaterial> material;
  for (const std::string& file : files) {
    const InputPtr input = open_input(file);
    if (input->size() > kMaxFile) throw Error(Errc::limit, "the file is larger than 16 MiB", visible(file));
    material.push_back({read_range(*input, 0, input->size(), kMaxFile), file == "-" ? "standard input" : file});
  }
  const std::vector<pgp::ImportedKey> keys =
      pgp::import_public_keys(material, options.gnupg_home, pgp::ImportMode::whole);
  std::vector<std::string> refused;
  for (const pgp::ImportedKey& key : keys) {
    if (key.result == pgp::ImportResult::refused) refused.push_back(refusal_line(key));
  }
  if (!refused.empty()) {
    throw Error(Errc::malformed, "nothing is imported, since not all of it can be")
        .with_details(std::move(refused))
        .with_hint("gpg --import takes secret keys, too");
  }
  if (options.json) {
    print_json(report_json(keys));
  } else {
    print_result(import_text(keys));
  }
  return 0;
}

std::vector<pgp::ImportedKey> import_attached_keys(const Options& options, const Opened& opened) {
  std::vector<pgp::KeyMaterial> material;
  std::vector<pgp::ImportedKey> passed_over;
  for (const OpenedPart& part : opened.parts) {
    if (part.type != "application/pgp-keys") continue;
    const std::string origin = "part " + part.path;
    if (part.size > kMaxPart || material.size() == kMaxParts) {
      pgp::ImportedKey key;
      key.info.origin = origin;
      key.why = part.size > kMaxPart ? "the part is larger than 1 MiB" : "there are more than 100 parts with keys";
      passed_over.push_back(std::move(key));
      continue;
    }
    material.push_back({read_all(*decoded_body(part.input, part.part), kMaxPart), origin});
  }
  std::vector<pgp::ImportedKey> keys = pgp::import_public_keys(material, options.gnupg_home, pgp::ImportMode::partial);
  keys.insert(keys.end(), passed_over.begin(), passed_over.end());
  return keys;
}

std::string import_text(const std::vector<pgp::ImportedKey>& keys) {
  std::string text;
  for (const pgp::ImportedKey& key : keys) {
    std::string word(to_string(key.result));
    word.resize(11, ' ');
    if (key.result == pgp::ImportResult::refused) {
      text += word + refusal_line(key) + "\n";
      continue;
    }
    text += word + key.info.fingerprint + "  " + key.info.algorithm + "  (" + visible(key.info.origin) + ")\n";
    for (const std::string& user_id : key.info.user_ids)
      text += std::string(11, ' ') + visible(user_id) + "\n";
    if (key.info.revoked) text += std::string(11, ' ') + "revoked\n";
  }
  return text;
}

}  // namespace mimeseal::cli
