// SPDX-License-Identifier: MIT
#pragma once

/// One deleter and one alias for each OpenSSL handle that the S/MIME engine holds, and how OpenSSL's errors become
/// ours.

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "mimeseal/core/error.h"

namespace mimeseal::smime {

/// Calls one of OpenSSL's free functions.
template <auto Free>
struct Releaser {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
struct CertificateStackReleaser {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};
/// A stack that only borrows its certificates.
struct BorrowedCertificatesReleaser {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
struct CrlStackReleaser {
  void operator()(STACK_OF(X509_CRL) * stack) const noexcept { sk_X509_CRL_pop_free(stack, X509_CRL_free); }
};
struct Pkcs7StackReleaser {
  void operator()(STACK_OF(PKCS7) * stack) const noexcept { sk_PKCS7_pop_free(stack, PKCS7_free); }
};
struct SafebagStackReleaser {
  void operator()(STACK_OF(PKCS12_SAFEBAG) * stack) const noexcept {
    sk_PKCS12_SAFEBAG_pop_free(stack, PKCS12_SAFEBAG_free);
  }
};
struct BioReleaser {
  void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};
/// For what OPENSSL_malloc gave (i2d_* with a null pointer, ASN1_STRING_to_UTF8, …).
struct MemoryReleaser {
  void operator()(void* memory) const noexcept { OPENSSL_free(memory); }
};

using X509Ptr = std::unique_ptr<X509, Releaser<X509_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, Releaser<X509_CRL_free>>;
using X509NamePtr = std::unique_ptr<X509_NAME, Releaser<X509_NAME_free>>;
using X509AlgorPtr = std::unique_ptr<X509_ALGOR, Releaser<X509_ALGOR_free>>;
using X509PubkeyPtr = std::unique_ptr<X509_PUBKEY, Releaser<X509_PUBKEY_free>>;
using X509AttributePtr = std::unique_ptr<X509_ATTRIBUTE, Releaser<X509_ATTRIBUTE_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Releaser<X509_STORE_CTX_free>>;
using X509VerifyParamPtr = std::unique_ptr<X509_VERIFY_PARAM, Releaser<X509_VERIFY_PARAM_free>>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), CertificateStackReleaser>;
using X509BorrowedStackPtr = std::unique_ptr<STACK_OF(X509), BorrowedCertificatesReleaser>;
using X509CrlStackPtr = std::unique_ptr<STACK_OF(X509_CRL), CrlStackReleaser>;
using X509SigPtr = std::unique_ptr<X509_SIG, Releaser<X509_SIG_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES_free>>;
using ExtendedKeyUsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, Releaser<EXTENDED_KEY_USAGE_free>>;

using EvpPkeyPtr = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using EvpPkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;
using EvpCipherPtr = std::unique_ptr<EVP_CIPHER, Releaser<EVP_CIPHER_free>>;
using EvpCipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, Releaser<EVP_CIPHER_CTX_free>>;
using EvpMdPtr = std::unique_ptr<EVP_MD, Releaser<EVP_MD_free>>;
using EvpMdCtxPtr = std::unique_ptr<EVP_MD_CTX, Releaser<EVP_MD_CTX_free>>;
using EvpKdfPtr = std::unique_ptr<EVP_KDF, Releaser<EVP_KDF_free>>;
using EvpKdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, Releaser<EVP_KDF_CTX_free>>;
using EvpMacPtr = std::unique_ptr<EVP_MAC, Releaser<EVP_MAC_free>>;
using EvpMacCtxPtr = std::unique_ptr<EVP_MAC_CTX, Releaser<EVP_MAC_CTX_free>>;
using LibCtxPtr = std::unique_ptr<OSSL_LIB_CTX, Releaser<OSSL_LIB_CTX_free>>;
using ProviderPtr = std::unique_ptr<OSSL_PROVIDER, Releaser<OSSL_PROVIDER_unload>>;

using BioPtr = std::unique_ptr<BIO, BioReleaser>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, Releaser<BIO_meth_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Releaser<BN_free>>;
using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Releaser<ASN1_INTEGER_free>>;
using Asn1ObjectPtr = std::unique_ptr<ASN1_OBJECT, Releaser<ASN1_OBJECT_free>>;
using Asn1OctetStringPtr = std::unique_ptr<ASN1_OCTET_STRING, Releaser<ASN1_OCTET_STRING_free>>;
using Asn1BitStringPtr = std::unique_ptr<ASN1_BIT_STRING, Releaser<ASN1_BIT_STRING_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Releaser<ASN1_TIME_free>>;
using Asn1TypePtr = std::unique_ptr<ASN1_TYPE, Releaser<ASN1_TYPE_free>>;
using CmsPtr = std::unique_ptr<CMS_ContentInfo, Releaser<CMS_ContentInfo_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, Releaser<PKCS7_free>>;
using Pkcs7StackPtr = std::unique_ptr<STACK_OF(PKCS7), Pkcs7StackReleaser>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Releaser<PKCS8_PRIV_KEY_INFO_free>>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, Releaser<PKCS12_free>>;
using SafebagStackPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), SafebagStackReleaser>;
using OcspRequestPtr = std::unique_ptr<OCSP_REQUEST, Releaser<OCSP_REQUEST_free>>;
using OcspResponsePtr = std::unique_ptr<OCSP_RESPONSE, Releaser<OCSP_RESPONSE_free>>;
using OcspBasicPtr = std::unique_ptr<OCSP_BASICRESP, Releaser<OCSP_BASICRESP_free>>;
using MemoryPtr = std::unique_ptr<unsigned char, MemoryReleaser>;

/// One more owner of the same object.
[[nodiscard]] X509Ptr share(X509* certificate) noexcept;
[[nodiscard]] EvpPkeyPtr share(EVP_PKEY* key) noexcept;

/// The text of OpenSSL's error queue, oldest first and joined by "; "; empties the queue.
[[nodiscard]] std::string take_openssl_errors();
/// An Error whose cause() is OpenSSL's error queue, which it empties.
[[nodiscard]] Error openssl_error(Errc code, std::string what, std::string where = {}, std::string hint = {});
/// Throws Error(internal) naming `what` when a call that only fails for want of memory or of an algorithm did fail.
void check(bool ok, const char* what);
template <class T>
T* check(T* handle, const char* what) {
  check(handle != nullptr, what);
  return handle;
}

/// DER of an OpenSSL object: `to_der(certificate, i2d_X509)`.
template <class T, class I2d>
[[nodiscard]] std::string to_der(const T* object, I2d i2d) {
  unsigned char* memory = nullptr;
  const int length = i2d(const_cast<T*>(object), &memory);
  check(length >= 0, "encoding an ASN.1 object");
  const MemoryPtr owner(memory);
  return {reinterpret_cast<const char*>(memory), static_cast<std::size_t>(length)};
}

/// The octets of an OCTET STRING, BIT STRING, INTEGER or text, as they stand.
[[nodiscard]] std::string_view octets_of(const ASN1_STRING* text) noexcept;
/// For PEM from outside: without it, OpenSSL would ask at the terminal when the PEM says that it is encrypted.
int no_passphrase(char* buffer, int size, int writing, void* user) noexcept;
/// A memory BIO that reads octets which the caller keeps alive.
[[nodiscard]] BioPtr view_bio(std::string_view octets);

inline const unsigned char* bytes(std::string_view octets) noexcept {
  return reinterpret_cast<const unsigned char*>(octets.data());
}
inline unsigned char* bytes(std::string& octets) noexcept {
  return reinterpret_cast<unsigned char*>(octets.data());
}
inline unsigned char* bytes(char* octets) noexcept {
  return reinterpret_cast<unsigned char*>(octets);
}

}  // namespace mimeseal::smime
