// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mimeseal/crypto/engine.h"
#include "mimeseal/pgp/engine.h"
#include "pgp/facts.h"
#include "pgp/keys.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {

/// The Engine over gpg. Sealing and keys in engine.cpp, reading in open.cpp and verify.cpp.
class PgpEngine final : public Engine {
 public:
  explicit PgpEngine(const EngineOptions& options) : options_(options), store_(options) {}

  [[nodiscard]] Protocol protocol() const noexcept override { return Protocol::pgp; }
  [[nodiscard]] std::vector<KeyPtr> keys() override;
  [[nodiscard]] KeyChoice signing_key(std::string_view address, Time at) override;
  [[nodiscard]] std::vector<KeyChoice> signing_keys(std::string_view address, Time at) override;
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
  /// For gpg in that place; `symmetric` answers what is asked for a message rather than a key.
  [[nodiscard]] PassphraseSource passphrases(Place place, const SecretBytes* symmetric) const;
  [[nodiscard]] std::string export_binary(const StoredKey& key);
  /// The key as a file of the private home, for an operation in the other place.
  [[nodiscard]] std::string key_file(const StoredKey& key);
  /// Detached signatures of all signers, wherever their keys are, one after the other in binary.
  [[nodiscard]] std::string sign_detached(const std::vector<const StoredKey*>& signers, Source& content,
                                          const SignSpec& spec, SignResult& result);
  [[nodiscard]] std::string sign_in(Place place, const std::vector<const StoredKey*>& signers, Source& content,
                                    const SignSpec& spec, SignResult& result);
  void sign_message(Place place, const std::vector<const StoredKey*>& signers, Source& content, Sink& out,
                    const SignSpec& spec, SignResult& result);

  /// With `wrap`, the content is an OpenPGP message that is encrypted as it is.
  [[nodiscard]] EncryptResult encrypt_in(Place place, const std::vector<const StoredKey*>& recipients,
                                         const std::vector<const StoredKey*>& signers, Source& content, Sink& out,
                                         const EncryptSpec& spec, bool wrap);

  [[nodiscard]] StoredPtr signer_key(const _gpgme_signature& signature, Place place);
  [[nodiscard]] std::vector<SignerFacts> signers(Context& context, Place place, Time at);
  [[nodiscard]] std::vector<SignerFacts> verify_in(Place place, Source& content, std::string_view packets, Time at);
  [[nodiscard]] std::vector<SignerFacts> verify_group(Source& content, const std::vector<Packet>& group, bool& used,
                                                      Time at);

  [[nodiscard]] std::vector<Place> places_to_open(const Outline& before) const;
  LayerFacts open_encrypted(Source& layer, Sink& out, const OpenSpec& spec, const Outline& before);
  LayerFacts open_signed(Source& layer, Sink& out, const OpenSpec& spec, const Outline& before);
  /// One attempt in one place; false when that place has no key for it and nothing was given out.
  [[nodiscard]] bool decrypt_in(Place place, Source& layer, Sink& out, const OpenSpec& spec, LayerFacts& facts);
  /// Signers that are unknown in one place may be known in the other: judges them there, in one more pass.
  void ask_other_place(Place place, Source& layer, const OpenSpec& spec, const char* session_key, LayerFacts& facts);

  EngineOptions options_;
  KeyStore store_;
  std::map<std::string, std::string> key_files_;  // by fingerprint
};

/// The StoredKey behind a Key of this module; throws Error(usage) for one of another engine.
[[nodiscard]] const StoredKey& stored(const Key& key);

}  // namespace mimeseal::pgp
