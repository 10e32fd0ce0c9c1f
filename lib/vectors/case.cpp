// SPDX-License-Identifier: MIT
#include "vectors/case.h"

#include <array>
#include <filesystem>
#include <optional>

#include "mimeseal/aws/s3.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/aws/sigv4.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/mail/seal.h"
#include "mimeseal/mime/compose.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/smime/engine.h"
#include "mimeseal/toolkit/draft_json.h"
#include "mimeseal/toolkit/engines.h"
#include "mimeseal/toolkit/report.h"
#include "toolkit/schema.h"

namespace mimeseal::vectors {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxFile = 64U << 20U;

std::string whole_file(const std::string& path) {
  const InputPtr input = file_input(path);
  return read_range(*input, 0, input->size(), kMaxFile);
}

std::string digest_of(Source& source) {
  Sha256 hash;
  std::array<char, 16384> buffer{};
  while (const std::size_t n = source.read(buffer))
    hash.update({buffer.data(), n});
  return hex(hash.finish());
}

KeySettings key_settings(const Case& one, const char* key) {
  KeySettings settings;
  if (!one.json.contains(key)) return settings;
  const Json& keys = one.json[key];
  const auto paths = [&](const char* name) {
    std::vector<std::string> list;
    for (const Json& path : keys.value(name, Json::array()))
      list.push_back(one.place(path.get<std::string>()));
    return list;
  };
  if (keys.contains("protocol")) settings.protocol = keys["protocol"] == "smime" ? Protocol::smime : Protocol::pgp;
  settings.identities = paths("identities");
  settings.recipient_keys = paths("recipient_keys");
  settings.trust = paths("trust");
  settings.crls = paths("crls");
  if (keys.contains("passphrase")) {
    const std::string passphrase = keys["passphrase"];
    settings.passphrase = [passphrase](const std::string&) { return SecretBytes(passphrase); };
  }
  settings.allow_legacy = one.json.value("options", Json::object()).value("allow_legacy", false);
  return settings;
}

Time judged_at(const Case& one) {
  if (!one.json.contains("at")) return system_clock().now();
  return parse_rfc3339(one.json["at"].get<std::string>()).value();  // check_case saw that it is a time
}

Json opened_json(const Case& one, const InputPtr& input, Engines& engines) {
  const Json options = one.json.value("options", Json::object());
  OpenSettings settings;
  settings.engines = engines.all();
  settings.at = judged_at(one);
  settings.allow_legacy = options.value("allow_legacy", false);
  settings.allow_unauthenticated = options.value("allow_unauthenticated", false);
  settings.inline_pgp = options.value("inline_pgp", false);
  settings.read_pgp_keys = pgp::read_keys;
  settings.read_certificates = smime::read_certificates;
  const Opened opened = open_message(input, settings);
  Json report = Json::parse(report_json(opened));
  if (opened.payload) {
    const auto payload = slice(opened.payload, opened.payload_begin, opened.payload_end);
    report["payload_sha256"] = digest_of(*payload);
  }
  return report;
}

Json run_open(const Case& one) {
  Engines engines(key_settings(one, "keys"));
  return opened_json(one, file_input(one.file("input")), engines);
}

/// `scan` is the tree of the message alone; `inspect` looks into what needs no key, as the tool does.
Json run_inspect(const Case& one, bool into_layers) {
  Engines engines{KeySettings()};
  Engine* const smime = into_layers ? &engines.get(Protocol::smime) : nullptr;
  return Json::parse(report_json(inspect_message(file_input(one.file("input")), {}, smime)));
}

void apply_sealing(const Json& sealing, SealSpec& spec) {
  const auto text = [&](const char* key) { return sealing.value(key, std::string()); };
  spec.sign = sealing.value("sign", spec.sign);
  spec.encrypt = sealing.value("encrypt", spec.encrypt);
  spec.opaque = text("signature") == "opaque";
  spec.policy.cipher = parse_cipher(text("cipher"));
  spec.policy.digest = parse_digest(text("digest"));
  spec.policy.rsa_signature = parse_rsa_signature(text("rsa_signature"));
  spec.policy.key_transport = parse_key_transport(text("key_transport"));
  spec.policy.oaep_sha1 = sealing.value("oaep_sha1", false);
  if (const auto profile = parse_profile(text("profile"))) spec.policy.profile = *profile;
  if (const auto policy = HeaderPolicy::by_name(text("protect_headers"))) spec.header_policy = *policy;
  spec.legacy_display = sealing.value("legacy_display", true);
  spec.compress = sealing.value("compress", false);
  spec.triple_wrap = sealing.value("triple_wrap", false);
  spec.nested = sealing.value("nested", false);
  spec.legacy_types = sealing.value("legacy_types", false);
  spec.compat_protected_headers = sealing.value("compat_protected_headers", false);
  spec.hidden_recipients = sealing.value("hidden_recipients", false);
  spec.attach_key = sealing.value("attach_key", false);
  spec.autocrypt = sealing.value("autocrypt", false);
  spec.encrypt_to_self = sealing.value("encrypt_to_self", true);
}

/// Seals the draft and opens every copy: the first one's report, what was chosen, and the reports of the Bcc copies.
Json run_seal_open(const Case& one) {
  Engines engines(key_settings(one, "keys"));
  const std::string path = one.file("draft");
  const Draft draft = read_draft_json(file_input(path), std::filesystem::path(path).parent_path().string());
  SealSpec spec;
  spec.engine = &engines.sealing();
  spec.sign = one.work() != "encrypt";
  spec.encrypt = one.work() != "sign";
  apply_sealing(one.json.value("sealing", Json::object()), spec);
  spec.recipients = draft.to;
  spec.recipients.insert(spec.recipients.end(), draft.cc.begin(), draft.cc.end());
  spec.bcc = draft.bcc;
  if (!draft.from.empty()) spec.sender = draft.from.front();
  std::optional<SecretBytes> passphrase;
  if (one.json.contains("sealing") && one.json["sealing"].value("symmetric", false)) {
    passphrase.emplace(one.json["keys"].value("passphrase", std::string()));
    spec.symmetric = &*passphrase;
  }
  const Sealed sealed = seal(compose(draft, system_clock(), system_random()), spec);

  Engines readers(key_settings(one, one.json.contains("reader") ? "reader" : "keys"));
  Json report;
  Json bcc_copies = Json::array();
  for (const SealedCopy& copy : sealed.copies) {
    const auto source = copy.message.open();
    Json opened = opened_json(one, spool_source(*source, "the sealed message"), readers);
    if (report.is_null()) {
      report = std::move(opened);
    } else {
      bcc_copies.push_back(std::move(opened));
    }
  }
  const Json choices = Json::parse(report_json(sealed.report, 0))["choices"];
  for (Json& other : bcc_copies)
    other["choices"] = choices;
  report["choices"] = choices;
  report["bcc_copies"] = std::move(bcc_copies);
  return report;
}

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  return text;
}

/// The request of AWS's suite: a request line, header lines (folded ones too), a blank line, the body.
Json run_sigv4(const Case& one) {
  const std::string text = whole_file(one.file("input"));
  const Json context = Json::parse(whole_file(one.file("context")));
  const std::size_t blank = text.find("\n\n");
  const std::string head = text.substr(0, blank);
  const std::string body = blank == std::string::npos ? std::string() : text.substr(blank + 2);
  aws::SigV4Request request;
  bool first = true;
  for (std::string line : split(head, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (first) {
      first = false;
      const std::size_t space = line.find(' ');
      const std::size_t version = line.rfind(" HTTP/");
      if (space == std::string::npos || version == std::string::npos || version <= space)
        throw Error(Errc::malformed, "the first line is no request line", one.file("input"));
      request.method = line.substr(0, space);
      const std::string target = line.substr(space + 1, version - space - 1);
      const std::size_t question = target.find('?');
      request.path = target.substr(0, question);
      if (question != std::string::npos) request.query = target.substr(question + 1);
    } else if (!line.empty() && (line.front() == ' ' || line.front() == '\t') && !request.headers.empty()) {
      request.headers.back().second += "\n" + line;
    } else if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
      request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  request.payload_sha256 = hex(sha256(body));
  aws::SigV4Rules rules;
  rules.region = context.at("region");
  rules.service = context.at("service");
  const auto time = parse_rfc3339(context.at("timestamp").get<std::string>());
  if (!time) throw Error(Errc::malformed, "timestamp is not RFC 3339", one.file("context"));
  rules.time = *time;
  rules.normalize_path = context.value("normalize", true);
  rules.content_sha256 = context.value("sign_body", false);
  rules.sign_session_token = !context.value("omit_session_token", false);
  const Json& credentials = context.at("credentials");
  const aws::SigV4Result signed_ = aws::sign(request, rules, credentials.at("access_key_id").get<std::string>(),
                                             SecretBytes(credentials.at("secret_access_key").get<std::string>()),
                                             SecretBytes(credentials.value("token", std::string())));
  std::string sent = without_line_end(head);
  for (const auto& [name, value] : signed_.added_headers)
    sent += "\n" + name + ":" + value;
  return {{"canonical_request", signed_.canonical_request},
          {"string_to_sign", signed_.string_to_sign},
          {"signature", signed_.signature},
          {"signed_request", without_line_end(sent + "\n\n" + body)}};
}

Json run_s3_decrypt(const Case& one) {
  const bool allow_cbc = one.json.value("options", Json::object()).value("allow_cbc", false);
  const aws::StoredMessage message =
      aws::decrypt_stored(file_input(one.file("metadata")), aws::read_data_key(one.file("data_key")),
                          file_input(one.file("input")), allow_cbc);
  const auto source = slice(message.content);
  return {{"payload_sha256", digest_of(*source)}, {"released", true}};
}

Json run_smtp_password(const Case& one) {
  const SecretBytes secret(one.json.at("secret").get<std::string>());
  const SecretBytes password = aws::smtp_password(secret, one.json.at("region").get<std::string>());
  return {{"password", std::string(password.view())}};
}

Json done(const Case& one) {
  const std::string work = one.work();
  if (work == "open" || work == "header-protection") return run_open(one);
  if (work == "inspect" || work == "scan") return run_inspect(one, work == "inspect");
  if (work == "seal-open" || work == "sign" || work == "encrypt") return run_seal_open(one);
  if (work == "sigv4") return run_sigv4(one);
  if (work == "s3-decrypt") return run_s3_decrypt(one);
  return run_smtp_password(one);
}

}  // namespace

std::string Case::place(const std::string& path) const {
  return (std::filesystem::path(folder) / path).string();
}

std::string Case::file(const char* key) const {
  return json.contains(key) ? place(json[key].get<std::string>()) : std::string();
}

bool is_for_tools(const Case& one) {
  return one.work() == "open" || one.work() == "header-protection";
}

Json run_case(const Case& one) {
  try {
    return done(one);
  } catch (const Error& error) {
    return {{"error", to_string(error.code())}, {"error_text", std::string(error.where()) + ": " + error.what()}};
  } catch (const Json::exception& error) {
    return {{"error", "malformed"}, {"error_text", error.what()}};
  }
}

Json expectation(const Case& one) {
  Json expected = one.json["expect"];
  if (expected.contains("payload")) {
    const auto source = slice(file_input(one.place(expected["payload"].get<std::string>())));
    expected["payload_sha256"] = digest_of(*source);
    expected.erase("payload");
  }
  if (expected.contains("payload_text")) {
    expected["payload_sha256"] = hex(sha256(expected["payload_text"].get<std::string>()));
    expected.erase("payload_text");
  }
  for (const char* key : {"canonical_request", "string_to_sign", "signature", "signed_request"})
    if (expected.contains(key))
      expected[key] = without_line_end(whole_file(one.place(expected[key].get<std::string>())));
  return expected;
}

}  // namespace mimeseal::vectors
