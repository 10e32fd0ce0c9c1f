// SPDX-License-Identifier: MIT
#pragma once

// What the tests of opening share: engines over test data, and messages taken out of their MIME wrapping.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "mimeseal/smime/engine.h"
#include "support/process.h"

namespace mimeseal::test {

inline std::string data_path(std::string_view name) {
  return std::string(MIMESEAL_SOURCE_DIR "/testdata/") + std::string(name);
}
inline std::string vector_file(std::string_view name) {
  return read_file(data_path(name));
}

inline Time at(std::string_view time) {
  return parse_rfc3339(time).value();
}

inline std::unique_ptr<Engine> engine(const std::vector<std::string>& identities,
                                      const std::vector<std::string>& trust = {},
                                      const std::vector<std::string>& crls = {},
                                      const std::string& passphrase = "nss") {
  smime::EngineOptions options;
  options.identities = identities;
  options.trust = trust;
  options.crls = crls;
  options.passphrase = [passphrase](const std::string&) { return SecretBytes(passphrase); };
  return smime::make_engine(options);
}

struct Opened {
  LayerFacts facts;
  std::string content;
};

inline OpenSpec spec_at(std::string_view time, bool allow_legacy = false) {
  OpenSpec spec;
  spec.at = at(time);
  spec.allow_legacy = allow_legacy;
  return spec;
}

inline Opened open(Engine& engine, std::string_view der, const OpenSpec& spec) {
  StringSink out;
  const auto source = view_source(der);
  LayerFacts facts = engine.open(*source, out, spec);
  return {std::move(facts), out.take()};
}

inline LayerFacts verify(Engine& engine, std::string_view content, std::string_view signature, const OpenSpec& spec) {
  const auto source = view_source(content);
  return engine.verify(*source, signature, spec);
}

inline std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && (out.empty() || out.back() != '\r')) out += '\r';
    out += c;
  }
  return out;
}

/// The base64 body of a message or part.
inline std::string body_of(std::string_view message) {
  const std::string text = with_crlf(message);
  return base64_decode(text.substr(text.find("\r\n\r\n") + 4)).value();
}

struct SignedMessage {
  std::string content;
  std::string signature;
};

/// The two parts of a multipart/signed, the first with CRLF as it was signed.
inline SignedMessage split_signed(std::string_view message) {
  const std::string text = with_crlf(message);
  std::size_t begin = text.find("boundary=");
  const std::string boundary = text.substr(begin + 10, text.find('"', begin + 10) - begin - 10);
  const std::string delimiter = "\r\n--" + boundary;
  const std::size_t first = text.find(delimiter) + delimiter.size() + 2;
  const std::size_t second = text.find(delimiter, first);
  const std::size_t last = text.find(delimiter, second + 1);
  const std::size_t begin_second = second + delimiter.size() + 2;
  return {text.substr(first, second - first), body_of(text.substr(begin_second, last - begin_second))};
}

}  // namespace mimeseal::test
