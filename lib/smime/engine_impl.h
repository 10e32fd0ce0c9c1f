// SPDX-License-Identifier: MIT
#pragma once

/// The S/MIME engine itself. Sealing (sign.cpp, encrypt.cpp, compress.cpp) and keys (engine.cpp) stand beside opening
/// (open.cpp, verify.cpp); what both halves know is EngineState.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/engine.h"
#include "mimeseal/smime/engine.h"
#include "smime/handles.h"
#include "smime/key.h"

namespace mimeseal::smime {

/// What a person's software has said that it reads.
struct KnownCapabilities {
  std::vector<Cipher> ciphers;
  Time signed_at;
};

/// What was loaded when the engine was made; does not change afterwards.
struct EngineState {
  std::vector<SmimeKeyPtr> identities;                 ///< with their private keys
  std::vector<std::size_t> identity_of;                ///< beside them: which of EngineOptions::identities gave the key
  std::vector<SmimeKeyPtr> recipients;                 ///< certificates of others
  std::map<std::string, KnownCapabilities> announced;  ///< by the certificate's fingerprint, from signed messages
  std::vector<X509Ptr> intermediates;                  ///< CA certificates that came along; not trusted
  std::vector<X509Ptr> anchors;                        ///< trusted
  std::vector<X509CrlPtr> crls;
};

class SmimeEngine final : public Engine {
 public:
  explicit SmimeEngine(const EngineOptions& options);

  [[nodiscard]] Protocol protocol() const noexcept override { return Protocol::smime; }
  [[nodiscard]] std::vector<KeyPtr> keys() override;
  [[nodiscard]] KeyChoice signing_key(std::string_view address, Time at) override;
  [[nodiscard]] std::vector<KeyChoice> signing_keys(std::string_view address, Time at) override;
  [[nodiscard]] KeyChoice recipient_key(std::string_view address, Time at) override;
  [[nodiscard]] KeyChoice sealing_key(std::string_view address, Time at, const SmimePolicy& policy) override;
  [[nodiscard]] KeyPtr find_key(std::string_view fingerprint) override;
  [[nodiscard]] std::string export_public(const Key& key, std::string_view address) override;

  SignResult sign(Source& content, Sink& out, const SignSpec& spec) override;
  EncryptResult encrypt(Source& content, Sink& out, const EncryptSpec& spec) override;
  void compress(Source& content, Sink& out) override;
  void export_keys(const std::vector<KeyPtr>& keys, Sink& out) override;

  [[nodiscard]] LayerFacts verify(Source& content, std::string_view signature, const OpenSpec& spec) override;
  LayerFacts open(Source& layer, Sink& out, const OpenSpec& spec) override;

 private:
  EngineState state_;
};

}  // namespace mimeseal::smime
