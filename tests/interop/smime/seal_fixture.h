// SPDX-License-Identifier: MIT
#pragma once

// Sealing with the keys of smime_keys.sh, for the tests that hand the result to other people's programs.

#include <chrono>
#include <stdexcept>

#include "mimeseal/smime/engine.h"
#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::smime {

inline const std::string kContent = "Content-Type: text/plain\r\n\r\nGrüße aus dem Test.\r\n";

inline Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

inline std::unique_ptr<Engine> engine_with(const std::vector<std::string>& names, const std::string& suffix = ".p12") {
  EngineOptions options;
  for (const auto& name : names)
    options.identities.push_back(test::smime_file(name + suffix));
  options.passphrase = [](const std::string&) { return SecretBytes("secret"); };
  return make_engine(options);
}

inline KeyPtr key_named(Engine& engine, const std::string& name) {
  for (const auto& key : engine.keys()) {
    if (key->info().name.find("CN=" + name + ",") != std::string::npos) return key;
  }
  throw std::runtime_error("no key " + name);
}

inline std::string sign(Engine& engine, const std::vector<std::string>& names, bool detached,
                        const SmimePolicy& policy = {}, const std::string& content = kContent) {
  SignSpec spec;
  for (const auto& name : names)
    spec.signers.push_back(key_named(engine, name));
  spec.detached = detached;
  spec.policy = policy;
  spec.at = now();
  StringSink out;
  engine.sign(*view_source(content), out, spec);
  return out.take();
}

inline std::string encrypt(Engine& engine, const std::vector<std::string>& names, const SmimePolicy& policy = {},
                           const std::string& content = kContent) {
  EncryptSpec spec;
  for (const auto& name : names)
    spec.recipients.push_back(key_named(engine, name));
  spec.policy = policy;
  spec.at = now();
  StringSink out;
  engine.encrypt(*view_source(content), out, spec);
  return out.take();
}

}  // namespace mimeseal::smime
