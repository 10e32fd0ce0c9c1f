// SPDX-License-Identifier: MIT
#include "cms_forge.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "support/process.h"
#include "support/smime_pki.h"

namespace mimeseal::test::forge {
namespace {

template <class T, class I2d>
std::string to_der(T* object, I2d i2d) {
  unsigned char* memory = nullptr;
  const int length = i2d(object, &memory);
  if (length < 0) throw std::runtime_error("no DER");
  std::string der(reinterpret_cast<const char*>(memory), static_cast<std::size_t>(length));
  OPENSSL_free(memory);
  return der;
}

std::unique_ptr<X509, decltype(&X509_free)> read_certificate(const std::string& file) {
  const std::string pem = read_file(file);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

std::string concatenated(const std::vector<std::string>& elements) {
  std::string all;
  for (const std::string& element : elements)
    all += element;
  return all;
}

}  // namespace

std::string tlv(unsigned identifier, std::string_view content) {
  std::string out(1, static_cast<char>(identifier));
  if (content.size() < 128) {
    out += static_cast<char>(content.size());
  } else {
    std::string length;
    for (std::size_t rest = content.size(); rest > 0; rest >>= 8U)
      length.insert(0, 1, static_cast<char>(rest & 0xFFU));
    out += static_cast<char>(0x80U | length.size());
    out += length;
  }
  return out.append(content);
}

std::string endless(unsigned identifier, std::string_view content) {
  std::string out(1, static_cast<char>(identifier));
  out += '\x80';
  return out.append(content).append(2, '\0');
}

std::string sequence(const std::vector<std::string>& elements) {
  return tlv(0x30, concatenated(elements));
}

std::string set(const std::vector<std::string>& elements) {
  return tlv(0x31, concatenated(elements));
}

std::string integer(unsigned value) {
  return tlv(0x02, std::string(1, static_cast<char>(value)));
}

std::string octets(std::string_view content) {
  return tlv(0x04, content);
}

std::string oid(const char* dotted) {
  const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> object(OBJ_txt2obj(dotted, 1), ASN1_OBJECT_free);
  return to_der(object.get(), i2d_ASN1_OBJECT);
}

std::string algorithm(const char* dotted, std::string_view parameters) {
  return sequence({oid(dotted), std::string(parameters)});
}

std::string attribute(const char* dotted, const std::vector<std::string>& values) {
  return sequence({oid(dotted), set(values)});
}

std::string content_info(const char* type, std::string_view content) {
  return sequence({oid(type), tlv(0xA0, content)});
}

std::string digest(const char* name, std::string_view content) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), reinterpret_cast<unsigned char*>(out.data()), &size,
             EVP_get_digestbyname(name), nullptr);
  out.resize(size);
  return out;
}

std::string certificate(const std::string& pem_file) {
  return to_der(read_certificate(pem_file).get(), i2d_X509);
}

std::string issuer_and_serial(const std::string& pem_file) {
  return sequence({issuer(pem_file), serial(pem_file)});
}

std::string issuer(const std::string& pem_file) {
  return to_der(X509_get_issuer_name(read_certificate(pem_file).get()), i2d_X509_NAME);
}

std::string serial(const std::string& pem_file) {
  return to_der(X509_get_serialNumber(read_certificate(pem_file).get()), i2d_ASN1_INTEGER);
}

std::string sign(const std::string& key_file, const char* digest_name, std::string_view message, bool pss) {
  const std::string pem = read_file(key_file);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const EVP_MD* const md = digest_name == nullptr ? nullptr : EVP_get_digestbyname(digest_name);
  const auto* const octets = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  EVP_PKEY_CTX* details = nullptr;  // the context's own
  if (EVP_DigestSignInit(context.get(), &details, md, nullptr, key.get()) != 1 ||
      (pss && (EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) != 1 ||
               EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) != 1)) ||
      EVP_DigestSign(context.get(), nullptr, &size, octets, message.size()) != 1) {
    throw std::runtime_error("cannot sign with " + key_file);
  }
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, octets, message.size());
  signature.resize(size);
  return signature;
}

std::string content_type(const char* type) {
  return attribute(kContentType, {oid(type)});
}

std::string message_digest(const Signed& message) {
  return attribute(kMessageDigest, {octets(digest(message.digest_name, message.content))});
}

std::string make(const Signed& message) {
  const std::string key = smime_file(message.name + ".key");
  const std::string pem = smime_file(message.name + ".crt");
  const auto attributes =
      message.attributes.empty() ? std::vector{content_type(), message_digest(message)} : message.attributes;
  const std::string attribute_set = set(attributes);
  const std::string signature = sign(key, message.eddsa ? nullptr : message.digest_name,
                                     message.with_attributes ? attribute_set : message.content, message.pss);
  std::string carried;
  if (message.with_attributes) {
    carried = message.encode_attributes ? message.encode_attributes(attribute_set) : attribute_set;
    carried.front() = '\xA0';
  }
  const std::string signer = sequence({integer(1), issuer_and_serial(pem), message.digest_algorithm, carried,
                                       message.signature_algorithm, octets(signature)});
  const std::string encapsulated =
      message.detached ? std::string()
                       : tlv(0xA0, message.encapsulated.empty() ? octets(message.content) : message.encapsulated);
  return content_info(
      kSignedData,
      sequence({integer(1), set({message.announced}), sequence({oid(message.type), encapsulated}),
                tlv(0xA0, message.certificates_before + certificate(pem) + certificate(smime_file("ca.crt"))),
                set({signer})}));
}

namespace {

/// PKCS#1 v1.5 to the certificate's key.
std::string transported(const std::string& pem_file, std::string_view key) {
  const auto read = read_certificate(pem_file);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(X509_get0_pubkey(read.get()), nullptr), EVP_PKEY_CTX_free);
  std::string out(1024, '\0');
  std::size_t size = out.size();
  EVP_PKEY_encrypt_init(context.get());
  if (EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                       reinterpret_cast<const unsigned char*>(key.data()), key.size()) != 1) {
    throw std::runtime_error("cannot encrypt to " + pem_file);
  }
  out.resize(size);
  return out;
}

struct Sealed {
  std::string ciphertext;
  std::string tag;
};

Sealed seal(const Envelope& message, std::string_view key, std::string_view nonce, std::string_view associated) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                EVP_CIPHER_CTX_free);
  const auto octets = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  Sealed sealed{.ciphertext = std::string(message.content.size() + 16, '\0'), .tag = std::string(message.tag, '\0')};
  int size = 0;
  EVP_EncryptInit_ex(context.get(),
                     message.chacha   ? EVP_chacha20_poly1305()
                     : message.aes128 ? EVP_aes_128_gcm()
                                      : EVP_aes_256_gcm(),
                     nullptr, nullptr, nullptr);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(nonce.size()), nullptr);
  EVP_EncryptInit_ex(context.get(), nullptr, nullptr, octets(key), octets(nonce));
  if (!associated.empty()) {
    EVP_EncryptUpdate(context.get(), nullptr, &size, octets(associated), static_cast<int>(associated.size()));
  }
  EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(sealed.ciphertext.data()), &size,
                    octets(message.content), static_cast<int>(message.content.size()));
  sealed.ciphertext.resize(static_cast<std::size_t>(size));
  EVP_EncryptFinal_ex(context.get(), nullptr, &size);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(message.tag), sealed.tag.data());
  return sealed;
}

}  // namespace

std::string make(const Envelope& message) {
  const std::string certificate_file = smime_file("rsa.crt");
  const std::string key = message.key.empty() ? std::string(32, 'K') : message.key;
  const std::string nonce = message.nonce_octets.empty() ? std::string(message.nonce, 'N') : message.nonce_octets;
  std::vector<std::string> sorted = message.auth_attributes;
  std::sort(sorted.begin(), sorted.end());
  const Sealed sealed = seal(message, key, nonce, sorted.empty() ? std::string() : set(sorted));
  const std::string recipient = sequence(
      {integer(0), issuer_and_serial(certificate_file), algorithm(kRsa, std::string("\x05\x00", 2)),
       octets(transported(certificate_file, message.transported_key.empty() ? key : message.transported_key))});
  const std::string length = message.say_length ? integer(static_cast<unsigned>(message.tag)) : std::string();
  std::string cipher = message.chacha ? algorithm("1.2.840.113549.1.9.16.3.18", octets(nonce))
                                      : algorithm(message.aes128 ? "2.16.840.1.101.3.4.1.6" : "2.16.840.1.101.3.4.1.46",
                                                  sequence({octets(nonce), length}));
  if (message.wrap_algorithm) cipher = message.wrap_algorithm(cipher);
  const std::size_t half = sealed.ciphertext.size() / 2;
  const std::string content =
      message.pieces ? endless(0xA0, octets(sealed.ciphertext.substr(0, half)) + octets(sealed.ciphertext.substr(half)))
                     : tlv(0x80, sealed.ciphertext);
  std::string attributes;
  if (!message.auth_attributes.empty()) attributes = tlv(0xA1, concatenated(message.auth_attributes));
  return content_info(kAuthEnvelopedData,
                      sequence({integer(0), set({recipient}), sequence({oid(message.type), cipher, content}),
                                attributes, octets(sealed.tag)}));
}

}  // namespace mimeseal::test::forge
