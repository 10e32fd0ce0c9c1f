// SPDX-License-Identifier: MIT
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/pgp/engine.h"
#include "support/gnupg.h"

namespace mimeseal::test {

inline Time now() {
  return system_clock().now();
}

inline std::function<SecretBytes(const std::string&)> passphrase(std::string_view text) {
  return [text = std::string(text)](const std::string&) { return SecretBytes(text); };
}

inline constexpr std::string_view kBobsPassphrase = "bob's passphrase";
inline constexpr std::string_view kText =
    "Content-Type: text/plain\r\n\r\nGr\xC3\xBC\xC3\x9F"
    "e aus K\xC3\xB6ln.\r\nMARKER-4711\r\n";

/// Keys from files; names without ".sec.asc" and ".pub.asc".
inline pgp::EngineOptions files(const std::vector<std::string>& identities,
                                const std::vector<std::string>& recipients = {},
                                const std::vector<std::string>& trust = {}) {
  pgp::EngineOptions options;
  for (const std::string& name : identities)
    options.identities.push_back(pgp_key(name + ".sec.asc"));
  for (const std::string& name : recipients)
    options.recipient_keys.push_back(pgp_key(name + ".pub.asc"));
  for (const std::string& name : trust)
    options.trust.push_back(pgp_key(name + ".pub.asc"));
  return options;
}

inline std::string sign(Engine& engine, const std::vector<KeyPtr>& signers, std::string_view text, bool detached = true,
                        bool text_mode = false) {
  StringSink out;
  engine.sign(*view_source(text), out, {.signers = signers, .detached = detached, .text = text_mode, .at = now()});
  return out.take();
}

inline std::string encrypt(Engine& engine, const std::vector<KeyPtr>& recipients, std::string_view text,
                           const std::vector<KeyPtr>& signers = {}) {
  StringSink out;
  engine.encrypt(*view_source(text), out, {.recipients = recipients, .signers = signers, .at = now()});
  return out.take();
}

inline KeyPtr signer(Engine& engine, const std::string& address) {
  const KeyChoice choice = engine.signing_key(address, now());
  EXPECT_TRUE(choice.key) << choice.why;
  return choice.key;
}

inline KeyPtr recipient(Engine& engine, const std::string& address) {
  const KeyChoice choice = engine.recipient_key(address, now());
  EXPECT_TRUE(choice.key) << choice.why;
  return choice.key;
}

struct Read {
  LayerFacts facts;
  std::string text;
};

inline Read open(Engine& engine, std::string_view message, const OpenSpec& spec = {.at = now()}) {
  Read read;
  StringSink out;
  read.facts = engine.open(*view_source(message), out, spec);
  read.text = out.take();
  return read;
}

inline SignerFacts verify(Engine& engine, std::string_view text, std::string_view signature, Time at = now()) {
  const LayerFacts facts = engine.verify(*view_source(text), signature, {.at = at});
  if (facts.signers.size() != 1) {
    ADD_FAILURE() << "there are " << facts.signers.size() << " signers: " << facts.why;
    return {};
  }
  return facts.signers.front();
}

/// The verdict these facts lead to when From matches, which is the mail module's matter.
inline Verdict verdict(const SignerFacts& facts) {
  if (facts.integrity == Integrity::bad) return Verdict::bad;
  const bool good = facts.integrity == Integrity::good && facts.trust == Trust::trusted &&
                    facts.validity == Validity::valid && facts.algorithm == Algorithm::ok && facts.usage == Usage::ok;
  return good ? Verdict::good : Verdict::unverified;
}

template <typename Work>
std::optional<Error> error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace mimeseal::test
