// SPDX-License-Identifier: MIT
#pragma once

/// Reading certificates, private keys and revocation lists from files: what stands in a file decides how it is read,
/// never its name.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/secret.h"
#include "smime/announced.h"
#include "smime/handles.h"
#include "smime/key.h"

namespace mimeseal::smime {

/// What a file holds, in its order. Private keys and certificates are not paired yet.
struct Bundle {
  std::vector<X509Ptr> certificates;
  std::vector<EvpPkeyPtr> keys;
  std::vector<X509CrlPtr> crls;
  bool is_signed = false;            ///< it is a signed message, not merely certificates in that form
  std::vector<Announced> announced;  ///< what its signers say of themselves
  std::string note;                  ///< said beside the file's name: how it had to be read
  [[nodiscard]] bool empty() const noexcept { return certificates.empty() && keys.empty() && crls.empty(); }
};

/// Asks for a file's passphrase when it is needed, and once only.
class Asker final {
 public:
  using Function = std::function<SecretBytes(const std::string&)>;
  Asker(const Function& ask, std::string what) : ask_(ask), what_(std::move(what)) {}
  /// Throws Error(refused) when nobody can be asked or the answer is empty.
  [[nodiscard]] std::string_view passphrase();
  [[nodiscard]] const std::string& what() const noexcept { return what_; }

 private:
  const Function& ask_;
  std::string what_;
  std::optional<SecretBytes> answer_;
};

/// Whether private keys are wanted; when not, locked ones are passed over unread and nobody is asked.
enum class Keys { wanted, skipped };

/// Reads PEM (any mix of objects), DER or PKCS#12. Empty when nothing of the kind is in it. Throws Error(no_input),
/// Error(limit) past 16 MiB, Error(refused) for a wrong passphrase, Error(unsupported), Error(malformed) for a PEM or
/// PKCS#12 object that is broken inside.
[[nodiscard]] Bundle load_file(const std::string& path, const Asker::Function& ask, Keys keys);
/// The same for octets already read.
[[nodiscard]] Bundle load_octets(std::string_view octets, Asker& asker, Keys keys);
/// All bags of a PKCS#12 file (RFC 7292); nothing when it is none.
[[nodiscard]] std::optional<Bundle> load_pkcs12(std::string_view der, Asker& asker, Keys keys);
/// A PKCS#8 EncryptedPrivateKeyInfo, unlocked; `note` is set when that took the legacy provider.
[[nodiscard]] EvpPkeyPtr unlock_pkcs8(const X509_SIG* locked, Asker& asker, std::string& note);

/// The file itself, or the regular files directly in a folder, sorted. Throws Error(no_input).
[[nodiscard]] std::vector<std::string> files_of(const std::string& path, bool* is_folder);

/// The key behind a `pkcs11:` URI (RFC 7512), by the pkcs11 engine of libp11.
[[nodiscard]] SmimeKeyPtr load_token(const std::string& uri, const Asker::Function& ask);

/// Why the token refused the operation that just failed, by OpenSSL's error queue, which is emptied: for reasons that
/// have nothing to do with the octets it was given. Empty when the reason may lie in these.
/// `one_mechanism`: the engine had no second one to try, so that what it says of the mechanism holds for all octets.
[[nodiscard]] std::string token_refusal(bool one_mechanism);

/// OpenSSL's legacy and default providers in a library context of their own, so that nothing else can reach old
/// algorithms.
class LegacyProviders final {
 public:
  /// Throws Error(unsupported) when OpenSSL's legacy provider is not installed.
  LegacyProviders();
  [[nodiscard]] OSSL_LIB_CTX* context() const noexcept { return context_.get(); }

 private:
  LibCtxPtr context_;
  ProviderPtr legacy_;
  ProviderPtr default_;
};

}  // namespace mimeseal::smime
