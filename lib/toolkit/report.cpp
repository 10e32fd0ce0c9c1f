// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/report.h"

#include <nlohmann/json.hpp>

#include "mimeseal/core/text.h"

namespace mimeseal {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  // Whatever slipped through as ill-formed UTF-8 becomes U+FFFD: a report is always JSON.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
Json time_or_null(const std::optional<Time>& time) {
  return time ? Json(format_rfc3339(*time)) : Json(nullptr);
}

Json mailboxes(const std::vector<Mailbox>& list) {
  Json array = Json::array();
  for (const Mailbox& one : list)
    array.push_back({{"name", one.name()}, {"address", one.address()}});
  return array;
}

Json fields(const std::vector<std::pair<std::string, std::string>>& list) {
  Json array = Json::array();
  for (const auto& [name, value] : list)
    array.push_back({{"name", name}, {"value", value}});
  return array;
}

Json problems(const std::vector<Problem>& list) {
  Json array = Json::array();
  for (const Problem& one : list)
    array.push_back({{"code", one.code}, {"path", one.path}, {"why", one.why}});
  return array;
}

Json headers_json(const OpenedHeaders& headers) {
  Json json;
  json["subject"] = headers.subject;
  json["from"] = mailboxes(headers.from);
  json["sender"] = mailboxes(headers.sender);
  json["reply_to"] = mailboxes(headers.reply_to);
  json["to"] = mailboxes(headers.to);
  json["cc"] = mailboxes(headers.cc);
  json["date"] = text_or_null(headers.date);
  json["message_id"] = text_or_null(headers.message_id);
  json["protection"] = to_string(headers.protection);
  json["confidential"] = headers.confidential;
  json["mismatch"] = Json::array();
  for (const Mismatch& one : headers.mismatch)
    json["mismatch"].push_back(
        {{"name", one.name}, {"inner", one.inner}, {"outer", one.outer}, {"by_relay", one.by_relay}, {"why", one.why}});
  json["fields"] = Json::array();
  for (const ShownField& one : headers.fields)
    json["fields"].push_back({{"name", one.name}, {"value", one.value}, {"state", to_string(one.state)}});
  json["outer"] = fields(headers.outer);
  json["hp_outer"] = fields(headers.hp_outer);
  return json;
}

Json signer_json(const SignerFacts& facts) {
  Json json;
  json["verdict"] = to_string(judge(facts));
  json["integrity"] = to_string(facts.integrity);
  json["trust"] = to_string(facts.trust);
  json["validity"] = to_string(facts.validity);
  json["from"] = to_string(facts.from);
  json["algorithm"] = to_string(facts.algorithm);
  json["usage"] = to_string(facts.usage);
  json["who"] = text_or_null(facts.who);
  json["addresses"] = facts.addresses;
  json["fingerprint"] = text_or_null(facts.fingerprint);
  json["digest"] = text_or_null(facts.digest);
  json["signed_at"] = time_or_null(facts.signed_at);
  json["judged_at"] = format_rfc3339(facts.judged_at);
  json["why"] = text_or_null(facts.why);
  return json;
}

Json layer_json(const OpenedLayer& layer) {
  const LayerFacts& facts = layer.facts;
  Json json;
  json["path"] = layer.path;
  json["type"] = to_string(facts.type);
  json["errant"] = layer.errant;
  json["result"] = to_string(facts.result);
  json["cipher"] = text_or_null(facts.cipher);
  json["authenticated"] = facts.authenticated;
  json["recipients"] = facts.recipients;
  json["decrypted_by"] = text_or_null(facts.decrypted_by);
  json["signers"] = Json::array();
  for (const SignerFacts& signer : facts.signers)
    json["signers"].push_back(signer_json(signer));
  json["why"] = text_or_null(facts.why);
  return json;
}

Json key_json(const KeyInfo& info) {
  Json json;
  json["protocol"] = to_string(info.protocol);
  json["name"] = info.name;
  json["fingerprint"] = info.fingerprint;
  json["issuer"] = text_or_null(info.issuer);
  json["serial"] = text_or_null(info.serial);
  json["addresses"] = info.addresses;
  json["user_ids"] = info.user_ids;
  json["algorithm"] = info.algorithm;
  json["not_before"] = time_or_null(info.not_before);
  json["not_after"] = time_or_null(info.not_after);
  json["can_sign"] = info.can_sign;
  json["can_encrypt"] = info.can_encrypt;
  json["has_secret"] = info.has_secret;
  json["revoked"] = info.revoked;
  json["disabled"] = info.disabled;
  json["origin"] = text_or_null(info.origin);
  return json;
}

Json imported_json(const std::vector<pgp::ImportedKey>& imported) {
  Json list = Json::array();
  for (const pgp::ImportedKey& one : imported) {
    Json key = one.info.fingerprint.empty() ? Json{{"origin", text_or_null(one.info.origin)}} : key_json(one.info);
    key["result"] = to_string(one.result);
    key["why"] = text_or_null(one.why);
    list.push_back(std::move(key));
  }
  return list;
}

Json part_json(const Part& part) {
  Json json;
  json["path"] = part.path;
  json["type"] = part.content_type.value;
  json["filename"] = text_or_null(part.filename);
  json["transfer_encoding"] = part.transfer_encoding;
  json["header_begin"] = part.header_begin;
  json["body_begin"] = part.body_begin;
  json["body_end"] = part.body_end;
  json["size"] = part.body_end - part.body_begin;
  json["children"] = Json::array();
  // The scanner's limit of depth bounds this recursion.
  for (const Part& child : part.children)
    json["children"].push_back(part_json(child));
  return json;
}

Json recipients_json(const std::vector<RecipientReport>& list) {
  Json array = Json::array();
  for (const RecipientReport& one : list)
    array.push_back({{"address", one.address}, {"key", one.key}, {"why", one.why}});
  return array;
}

}  // namespace

std::string report_json(const Opened& opened, const std::vector<pgp::ImportedKey>* imported) {
  Json json;
  json["format"] = 1;
  json["summary"] = {{"state", to_string(opened.summary.state)},
                     {"encrypted", opened.summary.encrypted},
                     {"signed", to_string(opened.summary.signed_)}};
  json["headers"] = headers_json(opened.headers);
  json["layers"] = Json::array();
  for (const OpenedLayer& layer : opened.layers)
    json["layers"].push_back(layer_json(layer));
  json["parts"] = Json::array();
  for (const OpenedPart& part : opened.parts)
    json["parts"].push_back({{"path", part.path},
                             {"type", part.type},
                             {"filename", text_or_null(part.filename)},
                             {"size", part.size},
                             {"sha256", part.sha256},
                             {"encrypted", part.encrypted},
                             {"signed", part.signed_},
                             {"legacy_display", part.legacy_display}});
  json["problems"] = problems(opened.problems);
  json["released"] = opened.payload != nullptr;
  json["attached_keys"] = Json::array();
  for (const KeyInfo& key : opened.attached_keys)
    json["attached_keys"].push_back(key_json(key));
  if (imported != nullptr) json["imported_keys"] = imported_json(*imported);
  return dumped(json);
}

std::string report_json(const Inspected& inspected) {
  Json json;
  json["format"] = 1;
  json["tree"] = part_json(inspected.index.root);
  json["layers"] = Json::array();
  for (const Inspected::Layer& layer : inspected.layers)
    json["layers"].push_back({{"path", layer.path}, {"type", to_string(layer.type)}, {"detail", layer.detail}});
  json["problems"] = problems(inspected.index.problems);
  return dumped(json);
}

std::string report_json(const SealReport& report, std::uint64_t bytes) {
  Json json;
  json["format"] = 1;
  json["protocol"] = to_string(report.protocol);
  json["signed"] = report.signed_;
  json["encrypted"] = report.encrypted;
  json["cipher"] = text_or_null(report.cipher);
  json["digests"] = report.digests;
  json["header_policy"] = report.header_policy;
  json["confidential"] = report.confidential;
  json["recipients"] = recipients_json(report.recipients);
  json["signers"] = recipients_json(report.signers);
  json["choices"] = Json::array();
  for (const Choice& choice : report.choices)
    json["choices"].push_back({{"what", choice.what}, {"value", choice.value}, {"why", choice.why}});
  json["hints"] = report.hints;
  json["bytes"] = bytes;
  return dumped(json);
}

std::string report_json(const std::vector<Receipt>& receipts) {
  static const Receipt kNone;
  const Receipt& first = receipts.empty() ? kNone : receipts.front();
  Json json;
  json["sender"] = first.sender;
  if (first.tls.version.empty()) {
    json["tls"] = nullptr;
  } else {
    json["tls"] = {{"version", first.tls.version},
                   {"cipher", first.tls.cipher},
                   {"peer", first.tls.peer},
                   {"fingerprint", text_or_null(first.tls.fingerprint)}};
  }
  json["message_id"] = text_or_null(first.message_id);
  json["bytes"] = first.bytes;
  json["recipients"] = Json::array();
  for (const Receipt& receipt : receipts)
    for (const RecipientReceipt& one : receipt.recipients)
      json["recipients"].push_back({{"address", one.address},
                                    {"result", to_string(one.result)},
                                    {"code", one.code == 0 ? Json(nullptr) : Json(one.code)},
                                    {"enhanced", text_or_null(one.enhanced)},
                                    {"reply", text_or_null(one.reply)},
                                    {"id", text_or_null(one.id)}});
  return dumped(json);
}

std::string report_json(const net::ProbeResult& result) {
  Json json;
  json["target"] = result.target;
  json["versions"] = Json::array();
  for (const net::ProbedVersion& one : result.versions)
    json["versions"].push_back({{"version", one.version},
                                {"result", one.result},
                                {"cipher", text_or_null(one.cipher)},
                                {"group", text_or_null(one.group)},
                                {"why", text_or_null(one.why)}});
  const net::ProbedCertificate& certificate = result.certificate;
  json["certificate"] = {{"subject", certificate.subject},
                         {"names", certificate.names},
                         {"not_after", time_or_null(certificate.not_after)},
                         {"days_left", certificate.days_left},
                         {"chain", certificate.chain_good ? "good" : "bad"},
                         {"why", text_or_null(certificate.why)},
                         {"fingerprint", text_or_null(certificate.fingerprint)},
                         {"ocsp_stapled", certificate.ocsp_stapled}};
  json["ehlo"] = {{"before_tls", result.ehlo_before_tls}, {"after_tls", result.ehlo_after_tls}};
  json["faults"] = Json::array();
  for (const net::ProbeFault& fault : result.faults)
    json["faults"].push_back({{"code", fault.code}, {"why", fault.why}});
  return dumped(json);
}

std::string report_json(const Error& error) {
  Json json;
  json["error"] = {{"code", to_string(error.code())},      {"what", error.what()},
                   {"where", text_or_null(error.where())}, {"hint", text_or_null(error.hint())},
                   {"details", error.details()},           {"exit", exit_code(error.code())}};
  return dumped(json);
}

std::string report_json(const std::vector<KeyReport>& keys) {
  Json json;
  json["format"] = 1;
  json["keys"] = Json::array();
  for (const KeyReport& report : keys) {
    Json key = report.info.fingerprint.empty() ? Json::object() : key_json(report.info);
    if (!report.address.empty()) key["address"] = report.address;
    key["can_seal_to"] = report.can_seal_to;
    key["why"] = text_or_null(report.why);
    json["keys"].push_back(std::move(key));
  }
  return dumped(json);
}

std::string report_json(const std::vector<pgp::ImportedKey>& imported) {
  return dumped({{"format", 1}, {"imported_keys", imported_json(imported)}});
}

}  // namespace mimeseal
