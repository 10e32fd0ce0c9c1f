// SPDX-License-Identifier: MIT
#include <algorithm>

#include "commands.h"
#include "key_import.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/mailbox.h"
#include "mimeseal/toolkit/engines.h"
#include "mimeseal/toolkit/report.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

/// Why nothing is sealed to a key at that time; empty when it can be, addresses aside.
std::string fault(const KeyInfo& info, Time at) {
  if (!info.obstacle.empty()) return info.obstacle;
  if (info.revoked) return "revoked";
  if (info.disabled) return "disabled";
  if (info.not_before && at < *info.not_before) return "not valid before " + format_rfc3339(*info.not_before);
  if (info.not_after && at > *info.not_after) return "expired on " + format_rfc3339(*info.not_after);
  return info.can_encrypt ? info.distrust : "not for encryption";
}

bool is_of(const KeyInfo& info, const std::string& who) {
  if (std::any_of(info.addresses.begin(), info.addresses.end(),
                  [&](const std::string& address) { return same_address(address, who); }))
    return true;
  std::string_view digits = who;
  if (istarts_with(digits, "0x")) digits.remove_prefix(2);
  return digits.size() >= 16 && info.fingerprint.ends_with(ascii_lower(digits));
}

std::vector<KeyReport> list_keys(Engines& engines, const std::vector<std::string>& who, Time at) {
  std::vector<KeyReport> reports;
  for (Engine* engine : engines.given())
    for (const KeyPtr& key : engine->keys()) {
      const KeyInfo& info = key->info();
      if (!who.empty() &&
          std::none_of(who.begin(), who.end(), [&](const std::string& one) { return is_of(info, one); }))
        continue;
      const std::string why = fault(info, at);
      reports.push_back({info, {}, why.empty(), why});
    }
  return reports;
}

/// For each address the key that sealing would take, or why there is none.
std::vector<KeyReport> check_addresses(Engines& engines, const std::vector<std::string>& addresses, Time at) {
  std::vector<KeyReport> reports;
  for (const std::string& address : addresses) {
    if (!Mailbox::parse(address)) throw Error(Errc::usage, "not an address", visible(address));
    const std::string bare = Mailbox::parse(address)->address();
    std::vector<std::string> reasons;
    bool found = false;
    for (Engine* engine : engines.given()) {
      KeyChoice choice = engine->recipient_key(bare, at);
      if (choice.key) {
        KeyInfo info = choice.key->info();
        // Chosen to encrypt to, a key may have been looked up without its secret half.
        const KeyPtr own = engine->find_key(info.fingerprint);
        info.has_secret = info.has_secret || (own && own->info().has_secret);
        reports.push_back({std::move(info), bare, true, choice.why});
        found = true;
        break;
      }
      reasons.push_back(std::string(to_string(engine->protocol())) + ": " + choice.why);
    }
    if (!found) reports.push_back({{}, bare, false, join(reasons, "; ")});
  }
  return reports;
}

std::string times(const KeyInfo& info) {
  return (info.not_before ? "from " + format_rfc3339(*info.not_before) : std::string("from ever")) +
         (info.not_after ? " until " + format_rfc3339(*info.not_after) : std::string(", does not expire"));
}

std::string uses(const KeyInfo& info) {
  std::vector<std::string> list;
  if (info.can_sign) list.emplace_back("sign");
  if (info.can_encrypt) list.emplace_back("encrypt");
  if (info.has_secret) list.emplace_back("own");
  return list.empty() ? "no use" : join(list, ", ");
}

/// To the day: `show` has the second.
std::string until(const KeyInfo& info) {
  return info.not_after ? "until " + format_rfc3339(*info.not_after).substr(0, 10) : std::string("does not expire");
}

std::string short_line(const KeyReport& report) {
  const KeyInfo& info = report.info;
  return std::string(to_string(info.protocol)) + "  " + info.fingerprint + "  " + info.algorithm + "  [" + uses(info) +
         "]  " + until(info) + "  " + visible(join(info.addresses, ", ")) +
         (report.why.empty() ? "" : "  (" + visible(report.why) + ")") + "\n";
}

std::string long_text(const KeyReport& report) {
  const KeyInfo& info = report.info;
  std::string text = visible(info.name) + "\n";
  text += "  fingerprint  " + info.fingerprint + "\n";
  for (std::size_t i = 1; i < info.user_ids.size(); ++i)
    text += "  user id      " + visible(info.user_ids[i]) + "\n";
  if (!info.issuer.empty()) text += "  issuer       " + visible(info.issuer) + "\n";
  if (!info.serial.empty()) text += "  serial       " + info.serial + "\n";
  text += "  protocol     " + std::string(to_string(info.protocol)) + "\n";
  text += "  algorithm    " + info.algorithm + "\n";
  text += "  uses         " + uses(info) + "\n";
  text += "  addresses    " + visible(join(info.addresses, ", ")) + "\n";
  text += "  valid        " + times(info) + "\n";
  text += "  from         " + visible(info.origin) + "\n";
  text += "  seal to      " + (report.can_seal_to ? std::string("yes") : "no: " + visible(report.why)) + "\n";
  return text;
}

std::string check_line(const KeyReport& report) {
  if (!report.can_seal_to) return "no   " + visible(report.address) + "  " + visible(report.why) + "\n";
  return "yes  " + visible(report.address) + "  " + std::string(to_string(report.info.protocol)) + " " +
         report.info.fingerprint + "  " + until(report.info) + "  " + visible(report.why) + "\n";
}

}  // namespace

int run_keys(const Options& options) {
  if (options.arguments.empty()) throw Error(Errc::usage, "keys takes list, show, check or import");
  const std::string& action = options.arguments.front();
  const std::vector<std::string> who(options.arguments.begin() + 1, options.arguments.end());
  if (action == "import") return import_key_files(options, who);
  if (action != "list" && action != "show" && action != "check")
    throw Error(Errc::usage, "keys takes list, show, check or import", visible(action));
  if (action == "check" && who.empty()) throw Error(Errc::usage, "keys check takes addresses");
  const Time at = judged_at(options);
  Engines engines(key_settings(options));
  const std::vector<KeyReport> reports =
      action == "check" ? check_addresses(engines, who, at) : list_keys(engines, who, at);
  if (options.json) {
    print_json(report_json(reports));
  } else {
    std::string text;
    for (const KeyReport& report : reports)
      text += action == "list" ? short_line(report) : action == "show" ? long_text(report) + "\n" : check_line(report);
    print_result(text);
  }
  if (action == "check" &&
      !std::all_of(reports.begin(), reports.end(), [](const KeyReport& report) { return report.can_seal_to; }))
    return exit_code(Errc::no_recipient);
  if (action == "show" && !who.empty() && reports.empty()) {
    print_error(Error(Errc::no_recipient, "no key of that name", visible(join(who, ", "))));
    return exit_code(Errc::no_recipient);
  }
  return 0;
}

}  // namespace mimeseal::cli
