// SPDX-License-Identifier: MIT
#pragma once

// The stand-ins for SES and AWS's other services, and a context that leads there and nowhere else.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mimeseal/aws/context.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "support/peer.h"

namespace mimeseal::aws::test {

using mimeseal::test::Peer;
using mimeseal::test::TempDir;
using nlohmann::json;

/// Reads an environment of its own; waits are cut short; real connections, to loopback.
class Setting {
 public:
  Setting() {
    environment = {{"HOME", folder.path().string()},
                   {"AWS_EC2_METADATA_DISABLED", "true"},
                   {"AWS_CA_BUNDLE", (mimeseal::test::test_ca() / "ca.pem").string()}};
    context.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    context.sleep = [this](std::chrono::milliseconds) { ++pauses; };
    context.trace = [this](std::string_view line) { trace += std::string(line) + "\n"; };
  }

  void sign_as(const std::string& id, const std::string& secret) {
    environment["AWS_ACCESS_KEY_ID"] = id;
    environment["AWS_SECRET_ACCESS_KEY"] = secret;
  }

  TempDir folder;
  std::map<std::string, std::string> environment;
  Context context;
  std::string trace;
  int pauses = 0;
};

inline std::string https(const Peer& peer) {
  return "https://localhost:" + std::to_string(peer.port());
}
inline std::string http(const Peer& peer) {
  return "http://127.0.0.1:" + std::to_string(peer.number("http_port"));
}

/// The lines of requests.jsonl.
inline std::vector<json> requests(const Peer& peer) {
  std::vector<json> all;
  for (const std::string& line : split(peer.log("requests.jsonl"), '\n'))
    if (!line.empty()) all.push_back(json::parse(line));
  return all;
}

inline Errc kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Errc::internal;
}

}  // namespace mimeseal::aws::test
