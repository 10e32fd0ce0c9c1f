// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/smtp/sender.h"
#include "support/peer.h"

namespace mimeseal::test {

/// Options that believe the test CA; with a user, a password too.
inline SenderOptions options_for(const std::string& user = {}, const std::string& password = "correct horse") {
  SenderOptions options;
  options.tls.ca_file = (test_ca() / "ca.pem").string();
  options.hello = "client.example";
  options.timeout = std::chrono::seconds(30);  // a machine may be busy
  options.user = user;
  if (!user.empty()) options.password = [password] { return SecretBytes(password); };
  return options;
}

inline std::unique_ptr<Sender> sender_for(const Peer& peer, const SenderOptions& options, bool implicit = false,
                                          const char* host = "localhost") {
  const std::string url = (implicit ? "smtps://" : "smtp://") + std::string(host) + ":" + std::to_string(peer.port());
  return smtp::make_sender(parse_sender_url(url), options);
}

/// What came of a submission, in a form that tests compare.
struct Outcome {
  int exit = 0;       ///< the tool's exit code
  std::string error;  ///< what(), where a submission threw
  Receipt receipt;
};

inline Outcome submit(Sender& sender, const Envelope& envelope, std::string_view message) {
  Outcome outcome;
  const auto source = view_source(message);
  try {
    outcome.receipt = sender.submit(envelope, *source);
    outcome.exit = exit_code(outcome.receipt);
  } catch (const Error& error) {
    outcome.exit = exit_code(error.code());
    outcome.error = error.what();
  }
  return outcome;
}

inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> all;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    all.push_back(nlohmann::json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return all;
}

inline std::vector<std::string> dialogue(const Peer& peer, const std::string& event, const std::string& field) {
  std::vector<std::string> found;
  for (const auto& entry : json_lines(peer.log("dialogue.jsonl")))
    if (entry.at("event") == event) found.push_back(entry.at(field).get<std::string>());
  return found;
}
inline std::vector<std::string> commands(const Peer& peer) {
  return dialogue(peer, "command", "line");
}
inline std::vector<std::string> violations(const Peer& peer) {
  return dialogue(peer, "violation", "what");
}

inline const std::string& sample() {
  static const std::string text =
      "From: a@example.org\r\nTo: b@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.hidden\r\nplain.\r\n\r\n.\r\n";
  return text;
}

}  // namespace mimeseal::test
