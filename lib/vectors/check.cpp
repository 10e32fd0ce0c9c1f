// SPDX-License-Identifier: MIT
#include "vectors/check.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "toolkit/schema.h"

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;
using Words = std::set<std::string>;

/// What a kind of work reads of a case, and what can come out of it.
struct Work {
  Words needs;
  Words may;
  Words options;
  Words expect;
};

const Words kAnyCase = {"id", "comment", "source", "licence", "do", "result", "reason", "verified_by", "expect"};
const Words kOpened = {"summary",          "headers", "layers",       "parts",          "released", "problems",
                       "problems_include", "payload", "payload_text", "payload_sha256", "error",    "attached_keys"};

Work work_of(const std::string& name) {
  const Words reading = {"allow_legacy", "allow_unauthenticated", "inline_pgp"};
  if (name == "open" || name == "header-protection") return {{"input"}, {"keys", "options", "at"}, reading, kOpened};
  if (name == "inspect" || name == "scan")
    return {{"input"}, {}, {}, {"tree", "layers", "problems", "problems_include", "error"}};
  if (name == "sigv4")
    return {
        {"input", "context"}, {}, {}, {"canonical_request", "string_to_sign", "signature", "signed_request", "error"}};
  if (name == "s3-decrypt")
    return {{"input", "metadata", "data_key"},
            {"options"},
            {"allow_cbc"},
            {"payload", "payload_text", "payload_sha256", "released", "error"}};
  if (name == "smtp-password") return {{"secret", "region"}, {}, {}, {"password", "error"}};
  Work sealing{{"draft", "keys"}, {"reader", "sealing", "options", "at"}, reading, kOpened};
  sealing.expect.insert("choices");
  return sealing;
}

class Checker {
 public:
  Checker(const Case& one, std::string path) : one_(one), path_(std::move(path)), work_(work_of(one.work())) {}

  void check() const {
    const Json& json = one_.json;
    for (const std::string& key : work_.needs)
      if (!json.contains(key)) refuse("", "no key '" + key + "'", "it, since '" + one_.work() + "' needs it");
    for (const auto& [key, ignored] : json.items())
      if (kAnyCase.count(key) == 0 && work_.needs.count(key) == 0 && work_.may.count(key) == 0) {
        Words known = work_.needs;
        known.insert(work_.may.begin(), work_.may.end());
        passed_over(key, "", known);
      }
    check_keys("options", work_.options);
    check_keys("expect", work_.expect);
    check_result();
    check_payload();
    if (json.contains("at") && !parse_rfc3339(json["at"].get<std::string>()))
      refuse(".at", toolkit::describe(json["at"]), "a time as in RFC 3339, such as \"2026-06-01T00:00:00Z\"");
    check_files();
  }

 private:
  [[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected) const {
    throw Error(Errc::malformed, path_ + where + ": found " + found + "; expected " + expected, one_.manifest);
  }

  /// What would be passed over looks as if it had been judged.
  [[noreturn]] void passed_over(const std::string& key, const std::string& where, const Words& known) const {
    refuse(where, "the key '" + key + "'",
           known.empty() ? "nothing there with '" + one_.work() + "'"
                         : "with '" + one_.work() + "' only " + join({known.begin(), known.end()}, ", "));
  }

  void check_keys(const char* object, const Words& known) const {
    if (!one_.json.contains(object)) return;
    for (const auto& [key, ignored] : one_.json[object].items())
      if (known.count(key) == 0) passed_over(key, std::string(".") + object, known);
  }

  void check_result() const {
    const bool acceptable = one_.json.value("result", "valid") == "acceptable";
    if (acceptable && !one_.json.contains("reason"))
      refuse("", "an acceptable case without a reason", "the key 'reason' that says why");
    if (!acceptable && one_.json.contains("reason"))
      refuse(".reason", "a reason", "one only beside \"result\": \"acceptable\"");
  }

  void check_payload() const {
    const Json& expect = one_.json["expect"];
    if (expect.contains("payload") + expect.contains("payload_text") + expect.contains("payload_sha256") > 1)
      refuse(".expect", "several of payload, payload_text and payload_sha256", "one of them");
    if (expect.contains("error") && expect.size() > 1)
      refuse(".expect", "an error and more", "an error alone: nothing else comes out then");
  }

  void check_file(const std::string& where, const Json& path) const {
    const std::string place = one_.place(path.get<std::string>());
    std::error_code ignored;
    if (std::filesystem::is_directory(place, ignored)) return;  // keys may lie in a folder
    try {
      static_cast<void>(file_input(place));
    } catch (Error& error) {
      throw error.with_hint("it is named in " + one_.manifest + " at " + path_ + where);
    }
  }

  void check_files() const {
    for (const char* key : {"input", "draft", "context", "metadata", "data_key"})
      if (one_.json.contains(key)) check_file(std::string(".") + key, one_.json[key]);
    for (const char* key : {"payload", "canonical_request", "string_to_sign", "signature", "signed_request"})
      if (one_.json["expect"].contains(key)) check_file(std::string(".expect.") + key, one_.json["expect"][key]);
    for (const char* who : {"keys", "reader"})
      for (const char* kind : {"identities", "recipient_keys", "trust", "crls"}) {
        if (!one_.json.contains(who) || !one_.json[who].contains(kind)) continue;
        const Json& list = one_.json[who][kind];
        for (std::size_t i = 0; i < list.size(); ++i)
          check_file("." + std::string(who) + "." + kind + "[" + std::to_string(i) + "]", list[i]);
      }
  }

  const Case& one_;
  std::string path_;
  Work work_;
};

}  // namespace

void check_case(const Case& one, const std::string& path) {
  Checker(one, path).check();
}

}  // namespace mimeseal::vectors
