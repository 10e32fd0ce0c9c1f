// SPDX-License-Identifier: MIT
#pragma once

// CMS built by hand, right or wrong as a test wants it: for what no honest program makes.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mimeseal::test::forge {

inline constexpr const char* kData = "1.2.840.113549.1.7.1";
inline constexpr const char* kSignedData = "1.2.840.113549.1.7.2";
inline constexpr const char* kEnvelopedData = "1.2.840.113549.1.7.3";
inline constexpr const char* kCompressedData = "1.2.840.113549.1.9.16.1.9";
inline constexpr const char* kAuthEnvelopedData = "1.2.840.113549.1.9.16.1.23";
inline constexpr const char* kContentType = "1.2.840.113549.1.9.3";
inline constexpr const char* kMessageDigest = "1.2.840.113549.1.9.4";
inline constexpr const char* kSigningTime = "1.2.840.113549.1.9.5";
inline constexpr const char* kSigningCertificate = "1.2.840.113549.1.9.16.2.12";
inline constexpr const char* kSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
inline constexpr const char* kAlgorithmProtection = "1.2.840.113549.1.9.52";
inline constexpr const char* kSha256 = "2.16.840.1.101.3.4.2.1";
inline constexpr const char* kSha512 = "2.16.840.1.101.3.4.2.3";
inline constexpr const char* kRsa = "1.2.840.113549.1.1.1";
inline constexpr const char* kEd25519 = "1.3.101.112";

std::string tlv(unsigned identifier, std::string_view content);
/// The same with indefinite length; the content must be of whole elements.
std::string endless(unsigned identifier, std::string_view content);
std::string sequence(const std::vector<std::string>& elements);
std::string set(const std::vector<std::string>& elements);
std::string integer(unsigned value);
std::string octets(std::string_view content);
std::string oid(const char* dotted);
std::string algorithm(const char* dotted, std::string_view parameters = {});
std::string attribute(const char* dotted, const std::vector<std::string>& values);
std::string content_info(const char* type, std::string_view content);

/// Digest by OpenSSL's name.
std::string digest(const char* name, std::string_view content);
/// A certificate's DER out of a PEM file.
std::string certificate(const std::string& pem_file);
/// Its IssuerAndSerialNumber.
std::string issuer_and_serial(const std::string& pem_file);
/// The two of them apart, in DER.
std::string issuer(const std::string& pem_file);
std::string serial(const std::string& pem_file);
/// PKCS#1 v1.5 (or PSS, with a salt as long as the digest) or ECDSA with this digest; with null EdDSA.
std::string sign(const std::string& key_file, const char* digest_name, std::string_view message, bool pss = false);

/// A SignedData of one signer; each piece can be put in by hand.
struct Signed {
  std::string content = "Content-Type: text/plain\r\n\r\nforged\r\n";
  std::string name = "rsa";  ///< of the key in smime_pki()
  const char* type = kData;
  const char* digest_name = "SHA256";
  std::string digest_algorithm = algorithm(kSha256);
  std::string announced = algorithm(kSha256);  ///< in digestAlgorithms
  std::string signature_algorithm = algorithm(kRsa, std::string("\x05\x00", 2));
  bool eddsa = false;
  bool pss = false;
  std::string certificates_before;  ///< stand in the message before the signer's own
  bool with_attributes = true;
  std::vector<std::string> attributes;                        ///< empty: content-type and message-digest
  std::function<std::string(std::string)> encode_attributes;  ///< of the message, once they are signed; null: as signed
  std::string encapsulated;                                   ///< the eContent's OCTET STRING; empty: made of `content`
  bool detached = false;
};
std::string content_type(const char* type = kData);
std::string message_digest(const Signed& message);
std::string make(const Signed& message);

/// AuthEnvelopedData to rsa, with the parameters of an odd but honest sender (RFC 5083, RFC 5084, RFC 8103).
struct Envelope {
  std::string content = "Content-Type: text/plain\r\n\r\nodd but honest\r\n";
  bool chacha = false;                                     ///< ChaCha20-Poly1305; else AES-256-GCM
  std::size_t nonce = 12;                                  ///< octets
  std::size_t tag = 16;                                    ///< octets
  bool say_length = true;                                  ///< aes-ICVlen stands there
  std::vector<std::string> auth_attributes;                ///< in the order in which they stand in the message
  const char* type = kData;                                ///< in encryptedContentInfo
  bool aes128 = false;                                     ///< AES-128-GCM
  std::string key;                                         ///< that the content is encrypted with; empty: one of ours
  std::string transported_key;                             ///< that the recipient gets; empty: the same
  std::string nonce_octets;                                ///< instead of `nonce`
  std::function<std::string(std::string)> wrap_algorithm;  ///< around contentEncryptionAlgorithm
  bool pieces = false;                                     ///< encryptedContent in pieces, of indefinite length
};
std::string make(const Envelope& message);

}  // namespace mimeseal::test::forge
