// SPDX-License-Identifier: MIT
// EnvelopedData (RFC 5652, section 6) with AES-CBC and AuthEnvelopedData (RFC 5083) with AES-GCM, as definite-length
// DER that streams: the size of the ciphertext follows from the size of the content.
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "mimeseal/core/text.h"
#include "smime/capabilities.h"
#include "smime/choose.h"
#include "smime/der.h"
#include "smime/engine_impl.h"
#include "smime/recipient.h"
#include "smime/stream.h"

namespace mimeseal::smime {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kGcmNonce = 12;
constexpr std::size_t kGcmTag = 16;
/// What one key and nonce may encrypt in GCM: 2^39 - 256 bits (NIST SP 800-38D, section 5.2.1.1).
constexpr std::uint64_t kMaxGcm = (std::uint64_t{1} << 36U) - 32;

/// The content cipher at work.
class Encryption final {
 public:
  Encryption(const ContentCipher& cipher, const Provider& provider)
      : cipher_(cipher), key_(cipher.key_size), iv_(cipher.authenticated ? kGcmNonce : kBlock, '\0') {
    check(RAND_priv_bytes(key_.data(), static_cast<int>(key_.size())) == 1, "making a content key");
    check(RAND_bytes(bytes(iv_), static_cast<int>(iv_.size())) == 1, "making a nonce");
    algorithm_ = provider.cipher(cipher.name);
    context_.reset(check(EVP_CIPHER_CTX_new(), "making a cipher context"));
    check(EVP_EncryptInit_ex2(context_.get(), algorithm_.get(), key_.data(), bytes(iv_), nullptr) == 1,
          "starting the cipher");
  }

  [[nodiscard]] const SecretKey& key() const noexcept { return key_; }
  [[nodiscard]] std::uint64_t output_size(std::uint64_t content_size) const {
    if (!cipher_.authenticated) return (content_size / kBlock + 1) * kBlock;
    if (content_size > kMaxGcm)
      throw Error(Errc::limit, "the content is too large for one AES-GCM key", "", "use --cipher aes-256-cbc");
    return content_size;
  }
  /// GCMParameters with its nonce and a tag of 16 octets (RFC 5084, section 3.2), or the IV (RFC 3565, section 4.1).
  [[nodiscard]] std::string identifier() const {
    const std::string parameters =
        cipher_.authenticated ? der_sequence({der_octet_string(iv_), der_integer(kGcmTag)}) : der_octet_string(iv_);
    return der_sequence({der_oid(cipher_.nid), parameters});
  }
  /// Encrypts `content` to its end; says how many octets it had.
  std::uint64_t run(Source& content, Sink& out) {
    std::vector<char> buffer(kChunk + kBlock);
    const std::uint64_t size = for_each_chunk(content, [&](std::string_view octets) {
      int length = 0;
      check(EVP_EncryptUpdate(context_.get(), bytes(buffer.data()), &length, bytes(octets),
                              static_cast<int>(octets.size())) == 1,
            "encrypting");
      out.write({buffer.data(), static_cast<std::size_t>(length)});
    });
    int length = 0;
    check(EVP_EncryptFinal_ex(context_.get(), bytes(buffer.data()), &length) == 1, "encrypting");
    out.write({buffer.data(), static_cast<std::size_t>(length)});
    return size;
  }
  /// The GCM tag; after run().
  [[nodiscard]] std::string tag() {
    std::string tag(kGcmTag, '\0');
    check(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()), tag.data()) == 1,
          "reading the tag");
    return tag;
  }

 private:
  const ContentCipher& cipher_;
  SecretKey key_;
  std::string iv_;
  EvpCipherPtr algorithm_;
  EvpCipherCtxPtr context_;
};

/// Everything that stands in the way, of all recipients at once, before anything is encrypted.
void require_sealable(const EncryptSpec& spec) {
  if (!spec.signers.empty()) throw Error(Errc::usage, "S/MIME signs first and then encrypts; it has no combined form");
  if (spec.recipients.empty()) throw Error(Errc::no_recipient, "there is no certificate to encrypt to");
  std::vector<std::string> problems;
  for (const auto& recipient : spec.recipients) {
    const SmimeKey& key = smime_key(*recipient);
    const std::string problem = obstacle(candidate_of(key, spec.policy), Purpose::encrypt, spec.at);
    if (problem.empty()) continue;
    const std::string whose = key.info().addresses.empty() ? "" : visible(key.info().addresses.front()) + ": ";
    problems.push_back(whose + key.info().name + ": " + problem);
  }
  if (problems.size() == 1) throw Error(Errc::no_recipient, "cannot encrypt to " + problems.front());
  if (!problems.empty()) {
    throw Error(Errc::no_recipient, "some recipients cannot be encrypted to").with_details(std::move(problems));
  }
}

/// A signed message of theirs says it better than the certificate, which is older and speaks for no program (RFC 4262,
/// section 3).
std::vector<Capabilities> known_capabilities(const EncryptSpec& spec, const EngineState& state) {
  std::vector<Capabilities> known;
  for (const auto& recipient : spec.recipients) {
    if (std::find(spec.unheard.begin(), spec.unheard.end(), recipient) != spec.unheard.end()) continue;
    const SmimeKey& key = smime_key(*recipient);
    if (const auto said = state.announced.find(key.info().fingerprint); said != state.announced.end()) {
      known.push_back({key.info().name, said->second.ciphers, "the signed message"});
    } else if (auto ciphers = capabilities_of(key.certificate())) {
      known.push_back({key.info().name, std::move(*ciphers)});
    }
  }
  return known;
}

std::uint64_t size_of(Source& content) {
  if (const auto size = content.size()) return *size;
  const std::uint64_t size = for_each_chunk(content, [](std::string_view) {});
  content.rewind();
  return size;
}

}  // namespace

EncryptResult SmimeEngine::encrypt(Source& content, Sink& out, const EncryptSpec& spec) {
  require_sealable(spec);
  EncryptResult result;
  const Provider provider(spec.policy.profile);
  provider.explain(result.choices);
  const Choice chosen = choose_cipher(spec.policy, known_capabilities(spec, state_));
  const ContentCipher& cipher = content_cipher_of(*parse_cipher(chosen.value));
  result.type = cipher.authenticated ? LayerType::smime_auth_enveloped : LayerType::smime_enveloped;
  result.cipher = chosen.value;
  result.choices.push_back(chosen);

  Encryption encryption(cipher, provider);
  std::vector<std::string> recipient_infos;
  bool agreement = false;
  for (const auto& recipient : spec.recipients) {
    const SmimeKey& key = smime_key(*recipient);
    agreement = agreement || EVP_PKEY_get_base_id(key.public_key()) != EVP_PKEY_RSA;
    recipient_infos.push_back(
        make_recipient_info(key, encryption.key(), cipher, spec.policy, provider, result.choices));
  }

  // AuthEnvelopedData is version 0; EnvelopedData is 0 with key transport by issuer and serial alone, else 2
  // (RFC 5083, section 2.1; RFC 5652, section 6.1).
  const std::uint64_t version = !cipher.authenticated && agreement ? 2 : 0;
  const std::uint64_t size = size_of(content);
  const std::string mac_place(cipher.authenticated ? der_octet_string(std::string(kGcmTag, '\0')) : std::string());
  const std::string type =
      cipher.authenticated ? der_oid(NID_id_smime_ct_authEnvelopedData) : der_oid(NID_pkcs7_enveloped);
  const NestedHeaders headers(
      {{tag::kSequence, type, {}},
       {tag::constructed(0), {}, {}},
       {tag::kSequence, der_integer(version) + der_set_of(std::move(recipient_infos)), mac_place},
       {tag::kSequence, der_oid(NID_pkcs7_data) + encryption.identifier(), {}},
       {tag::context(0), {}, {}}},
      encryption.output_size(size));
  out.write(headers.before());
  if (encryption.run(content, out) != size) throw Error(Errc::io, "the content changed between two reads");
  if (cipher.authenticated) out.write(der_octet_string(encryption.tag()));
  return result;
}

}  // namespace mimeseal::smime
