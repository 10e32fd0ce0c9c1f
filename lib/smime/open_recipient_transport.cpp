// SPDX-License-Identifier: MIT
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <cstring>
#include <utility>

#include "smime/load.h"
#include "smime/open_recipient.h"
#include "smime/verify.h"

namespace mimeseal::smime {
namespace {

using OaepParametersPtr = std::unique_ptr<RSA_OAEP_PARAMS, Releaser<RSA_OAEP_PARAMS_free>>;

struct Oaep {
  const EVP_MD* digest = EVP_sha1();
  const EVP_MD* mgf_digest = EVP_sha1();
  std::string label;
};

const EVP_MD* known_digest(const X509_ALGOR* algorithm) {
  const std::optional<std::string> name = digest_name(algorithm);
  return name ? EVP_get_digestbyname(name->c_str()) : nullptr;
}

/// RSAES-OAEP-params (RFC 4055, section 4.1); absent ones are all defaults. Gives the reason when they cannot be used.
std::string read_oaep(const X509_ALGOR* algorithm, Oaep& oaep) {
  if (algorithm->parameter == nullptr) return {};
  const auto parameters = asn1::decode_parameters<OaepParametersPtr>(algorithm, ASN1_ITEM_rptr(RSA_OAEP_PARAMS));
  if (!parameters) return "the parameters of RSAES-OAEP are malformed";
  if (parameters->hashFunc != nullptr) oaep.digest = known_digest(parameters->hashFunc);
  if (const X509_ALGOR* mask = parameters->maskGenFunc; mask != nullptr) {
    const auto hash = asn1::decode_parameters<X509AlgorPtr>(mask, ASN1_ITEM_rptr(X509_ALGOR));
    if (asn1::nid_of(mask) != NID_mgf1 || !hash) return "RSAES-OAEP with a mask other than MGF1";
    oaep.mgf_digest = known_digest(hash.get());
  }
  if (oaep.digest == nullptr || oaep.mgf_digest == nullptr) return "RSAES-OAEP with a digest that is not known here";
  if (const X509_ALGOR* source = parameters->pSourceFunc; source != nullptr) {
    if (asn1::nid_of(source) != NID_pSpecified || source->parameter == nullptr ||
        source->parameter->type != V_ASN1_OCTET_STRING) {
      return "RSAES-OAEP with a label of an unknown kind";
    }
    oaep.label = octets_of(source->parameter->value.octet_string);
  }
  return {};
}

bool set_oaep(EVP_PKEY_CTX* context, const Oaep& oaep) {
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context, oaep.digest) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, oaep.mgf_digest) != 1) {
    return false;
  }
  if (oaep.label.empty()) return true;
  void* const label = OPENSSL_memdup(oaep.label.data(), oaep.label.size());
  if (EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, static_cast<int>(oaep.label.size())) == 1) return true;
  OPENSSL_free(label);
  return false;
}

}  // namespace

ContentKey transport_key(const OwnRecipient& recipient, std::size_t key_length) {
  const X509_ALGOR* const algorithm = recipient.transport->key_encryption_algorithm;
  const int nid = asn1::nid_of(algorithm);
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new(recipient.identity->secret(), nullptr));
  bool ready = context && EVP_PKEY_get_base_id(recipient.identity->secret()) == EVP_PKEY_RSA &&
               EVP_PKEY_decrypt_init(context.get()) == 1;
  std::string why;
  if (nid == NID_rsaEncryption && asn1::no_parameters(algorithm)) {
    ready = ready && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1;
  } else if (nid == NID_rsaesOaep) {
    Oaep oaep;
    why = read_oaep(algorithm, oaep);
    ready = ready && why.empty() && set_oaep(context.get(), oaep);
  } else {
    ready = false;
    why = "the key transport " + asn1::oid_name(asn1::object_of(algorithm)) + " is not known here";
  }
  ERR_clear_error();
  if (!ready) return {.unsupported = why.empty() ? "the key cannot be used for this key transport" : why};

  // From here on nothing branches on the secret: the random key takes the place of what does not fit.
  std::string key(key_length, '\0');
  check(RAND_priv_bytes(bytes(key), static_cast<int>(key.size())) == 1, "random octets");
  const std::string_view encrypted = octets_of(recipient.transport->encrypted_key);
  std::string plain(static_cast<std::size_t>(EVP_PKEY_get_size(recipient.identity->secret())) + key_length, '\0');
  std::size_t length = plain.size();
  const int status = EVP_PKEY_decrypt(context.get(), bytes(plain), &length, bytes(encrypted), encrypted.size());
  const unsigned fits = static_cast<unsigned>(status == 1) & static_cast<unsigned>(length == key_length);
  const auto mask = static_cast<unsigned char>(0U - fits);
  for (std::size_t i = 0; i < key_length; ++i) {
    const auto ours = static_cast<unsigned char>(plain[i]);
    const auto random = static_cast<unsigned char>(key[i]);
    key[i] = static_cast<char>((ours & mask) | (random & static_cast<unsigned char>(~mask)));
  }
  ContentKey result{.key = SecretBytes(key)};
  // What is asked here is the same for every ciphertext: whether the device works with this key at all.
  const std::string refusal = recipient.identity->on_token() ? token_refusal(nid == NID_rsaEncryption) : std::string();
  if (!refusal.empty()) result = {.refused = refusal_of(*recipient.identity, refusal)};
  ERR_clear_error();
  cleanse(key);
  cleanse(plain);
  return result;
}

}  // namespace mimeseal::smime
