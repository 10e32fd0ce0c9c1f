// SPDX-License-Identifier: MIT
#pragma once

// Both protocols' forms with toy cryptography, so that what is MIME can be tested without any. Whoever can read the
// code can forge its signatures.

#include <string>
#include <vector>

#include "mimeseal/crypto/engine.h"

namespace mimeseal::test {

class MemoryKey final : public Key {
 public:
  explicit MemoryKey(KeyInfo info) : info_(std::move(info)) {}
  [[nodiscard]] const KeyInfo& info() const noexcept override { return info_; }

 private:
  KeyInfo info_;
};

class MemoryEngine final : public Engine {
 public:
  explicit MemoryEngine(Protocol protocol) : protocol_(protocol) {}

  /// A key for an address; its fingerprint is made of the address.
  KeyPtr add(const std::string& address, bool secret, bool trusted = true);
  /// How to encrypt: false writes the cipher that proves nothing.
  bool authenticated = true;
  /// How often keys were asked for and messages encrypted.
  int encryptions = 0;
  int signatures = 0;
  std::vector<std::vector<std::string>> encrypted_to;

  [[nodiscard]] Protocol protocol() const noexcept override { return protocol_; }
  [[nodiscard]] std::vector<KeyPtr> keys() override;
  [[nodiscard]] KeyChoice signing_key(std::string_view address, Time at) override;
  [[nodiscard]] KeyChoice recipient_key(std::string_view address, Time at) override;
  [[nodiscard]] KeyPtr find_key(std::string_view fingerprint) override;
  [[nodiscard]] std::string export_public(const Key& key, std::string_view address) override;
  SignResult sign(Source& content, Sink& out, const SignSpec& spec) override;
  EncryptResult encrypt(Source& content, Sink& out, const EncryptSpec& spec) override;
  void compress(Source& content, Sink& out) override;
  void export_keys(const std::vector<KeyPtr>& keys, Sink& out) override;
  [[nodiscard]] LayerFacts verify(Source& content, std::string_view signature, const OpenSpec& spec) override;
  LayerFacts open(Source& layer, Sink& out, const OpenSpec& spec) override;

 private:
  struct Entry {
    KeyPtr key;
    bool trusted;
  };
  [[nodiscard]] std::string write(LayerType type, const std::vector<std::string>& lines,
                                  std::string_view content) const;
  [[nodiscard]] SignerFacts judge_line(const std::string& line, std::string_view content, Time at) const;
  [[nodiscard]] std::string signature_line(const Key& key, std::string_view content) const;

  Protocol protocol_;
  std::vector<Entry> entries_;
};

}  // namespace mimeseal::test
