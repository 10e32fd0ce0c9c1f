// SPDX-License-Identifier: MIT
#pragma once

/// Judging the signatures of a SignedData (RFC 5652, section 5) once its content has gone past.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/crypto/engine.h"
#include "smime/ber.h"
#include "smime/engine_impl.h"
#include "smime/open_asn1.h"
#include "smime/trust.h"

namespace mimeseal::smime {

/// "sha256" and the like for a digest algorithm that can be computed; nothing for others.
[[nodiscard]] std::optional<std::string> digest_name(const X509_ALGOR* algorithm);
/// The digest of this name, as digest_name() gives it.
[[nodiscard]] std::string digest_of(const std::string& name, std::string_view octets);

/// Several digests of one content, computed in one pass.
class MessageDigests final {
 public:
  /// Once more of the same name changes nothing.
  void add(const std::string& name);
  void update(std::string_view octets);
  void finish();
  /// After finish(): the digest of this name, or null.
  [[nodiscard]] const std::string* find(const std::string& name) const;
  /// Whether the content is shaped like DER of signed attributes: a SET that fills it exactly.
  [[nodiscard]] bool content_is_one_set() const;
  [[nodiscard]] bool empty() const noexcept { return running_.empty(); }

 private:
  std::map<std::string, EvpMdCtxPtr> running_;
  std::map<std::string, std::string> finished_;
  std::string head_;
  std::uint64_t size_ = 0;
};

/// What a SignedData holds beside its content.
struct SignedData {
  std::string content_type;  ///< eContentType, dotted
  bool has_content = false;
  std::vector<X509Ptr> certificates;
  std::vector<asn1::SignerInfoPtr> signers;
};

/// Gives the content once more, from its first octet to its last.
using Replay = std::function<void(const OctetConsumer&)>;

struct SignatureContext {
  const EngineState& state;
  const OpenSpec& spec;
  const SignedData& message;
  const MessageDigests& digests;
  const Replay& replay;
  const PathValidator& validator;
};

/// All facts about one signature but `from`.
[[nodiscard]] SignerFacts judge_signer(const asn1::SignerInfo& signer, const SignatureContext& context);

/// Integrity, and the sentence when it is not good.
struct IntegrityFacts {
  Integrity integrity = Integrity::good;
  std::string why;
  [[nodiscard]] bool good() const noexcept { return integrity == Integrity::good; }
};
[[nodiscard]] IntegrityFacts bad_signature(std::string why);
[[nodiscard]] IntegrityFacts unsupported_signature(std::string why);

/// The signed attributes: each that must be there is, once, and says what is so (RFC 5652, section 11; RFC 5035; RFC
/// 6211). Sets `signed_at`.
[[nodiscard]] IntegrityFacts check_signed_attributes(const asn1::SignerInfo& signer, const std::string& content_type,
                                                     std::string_view content_digest, X509* certificate,
                                                     std::optional<Time>& signed_at);

/// Of these, what signing-certificate or -v2 says (RFC 5035).
struct NamedCertificate {
  IntegrityFacts fault;  ///< of the attribute itself: then no certificate fits
  asn1::SigningCertificatePtr value;
  std::string digest;  ///< that names the first of them, the signer's
};
/// Both of them, where they are there, read once for however many certificates.
class SigningCertificates final {
 public:
  explicit SigningCertificates(const asn1::SignerInfo& signer);
  /// Whether they name this certificate.
  [[nodiscard]] IntegrityFacts check(X509* certificate) const;

 private:
  std::vector<NamedCertificate> named_;
};

/// How a signature was made (RFC 3370, 4056, 5753, 8419): from the SignerInfo's two algorithms.
struct SignatureScheme {
  enum class Kind { rsa_pkcs1, rsa_pss, ecdsa, dsa, eddsa } kind = Kind::rsa_pkcs1;
  const EVP_MD* digest = nullptr;      ///< null for EdDSA
  const EVP_MD* mgf_digest = nullptr;  ///< PSS
  int salt_length = 0;                 ///< PSS
};
[[nodiscard]] IntegrityFacts resolve_scheme(const asn1::SignerInfo& signer, EVP_PKEY* key, SignatureScheme& scheme);
/// Whether the signature over a digest (EdDSA: over the message itself) fits the key.
[[nodiscard]] bool signature_fits(const SignatureScheme& scheme, EVP_PKEY* key, std::string_view signature,
                                  std::string_view digest_or_message);

}  // namespace mimeseal::smime
