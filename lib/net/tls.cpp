// SPDX-License-Identifier: MIT
#include "net/tls.h"

#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/text.h"
#include "net/certificate.h"

namespace mimeseal::net {
namespace {

constexpr std::string_view kKeyPin = "sha256//";

int guard_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void demand_readable(const std::string& path, const char* what) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return;
  throw errno_error(Errc::no_input, std::string("cannot read the ") + what, path, errno);
}

}  // namespace

bool is_pinned(const std::string& pin, const X509* certificate) {
  if (!pin.starts_with(kKeyPin)) {
    std::string digits;
    for (const char c : pin)
      if (c != ':') digits += c;
    return iequals(digits, fingerprint(certificate));
  }
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);
  if (size <= 0) return false;
  const std::string key(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return base64_decode(std::string_view(pin).substr(kKeyPin.size())) == sha256(key);
}

TlsFacts tls_facts(const SSL* ssl) {
  TlsFacts facts;
  if (ssl == nullptr || SSL_is_init_finished(ssl) == 0) return facts;
  const std::string_view version = SSL_get_version(ssl);  // "TLSv1.3"
  facts.version = version.starts_with("TLSv") ? version.substr(4) : version;
  if (const char* cipher = SSL_get_cipher_name(ssl)) facts.cipher = cipher;
  if (const X509* peer = SSL_get0_peer_certificate(ssl)) {
    facts.peer = name_text(X509_get_subject_name(peer));
    if (facts.peer.empty()) facts.peer = join(host_names(peer), ", ");
    facts.fingerprint = fingerprint(peer);
  }
  return facts;
}

TlsFacts tls_facts(CURL* handle) {
  curl_tlssessioninfo* info = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || info == nullptr ||
      info->backend != CURLSSLBACKEND_OPENSSL)
    return {};
  return tls_facts(static_cast<const SSL*>(info->internals));
}

TlsGuard::TlsGuard(TlsPolicy policy) : policy_(std::move(policy)) {
  demand_readable(policy_.ca_file, "CA file");
  demand_readable(policy_.client_cert, "client certificate");
  if (policy_.pin.empty()) return;
  if (policy_.pin.starts_with(kKeyPin)) {
    const auto digest = base64_decode(std::string_view(policy_.pin).substr(kKeyPin.size()));
    if (digest && digest->size() == 32) return;
  } else {
    std::string digits;
    for (const char c : policy_.pin)
      if (c != ':') digits += c;
    const auto digest = unhex(digits);
    if (digest && digest->size() == 32) {
      certificate_pin_ = hex(*digest);
      return;
    }
  }
  throw Error(Errc::usage, "the TLS pin is no SHA-256 digest", visible(policy_.pin),
              "64 hexadecimal digits of the certificate's SHA-256, or sha256//BASE64 of its public key's");
}

void TlsGuard::apply(CURL* handle) {
  const long floor = policy_.min == TlsVersion::v1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
  set(handle, CURLOPT_SSLVERSION, floor | static_cast<long>(CURL_SSLVERSION_MAX_DEFAULT));
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!policy_.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, policy_.ca_file.c_str());
    // Else the distribution's folder of roots would be believed beside the file.
    set<const char*>(handle, CURLOPT_CAPATH, nullptr);
  }
  if (!policy_.client_cert.empty()) {
    set(handle, CURLOPT_SSLCERT, policy_.client_cert.c_str());
    set(handle, CURLOPT_SSLKEY, policy_.client_cert.c_str());
    set(handle, CURLOPT_KEYPASSWD, "");  // else OpenSSL asks for it on the terminal
  }
  if (policy_.pin.starts_with(kKeyPin)) set(handle, CURLOPT_PINNEDPUBLICKEY, policy_.pin.c_str());
  set(handle, CURLOPT_SSL_CTX_FUNCTION, &TlsGuard::prepare);
  set(handle, CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
}

void TlsGuard::clear() noexcept {
  problem_.clear();
  issuer_unknown_ = false;
  names_.clear();
}

CURLcode TlsGuard::prepare(CURL* /*handle*/, void* context, void* self) noexcept {
  auto* ctx = static_cast<SSL_CTX*>(context);
  if (SSL_CTX_set_ex_data(ctx, guard_index(), self) != 1) return CURLE_OUT_OF_MEMORY;
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, &TlsGuard::verify);
  return CURLE_OK;
}

int TlsGuard::verify(int good, X509_STORE_CTX* store) noexcept {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl == nullptr) return 0;
  auto* guard = static_cast<TlsGuard*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), guard_index()));
  if (guard == nullptr) return 0;
  try {
    return guard->judge(good == 1, store) ? 1 : 0;
  } catch (...) {
    return 0;  // no memory for the words: not believed
  }
}

bool TlsGuard::judge(bool good, X509_STORE_CTX* store) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (X509_STORE_CTX_get_error_depth(store) == 0 && certificate != nullptr) names_ = host_names(certificate);
  if (!good) {
    const int error = X509_STORE_CTX_get_error(store);
    problem_ = chain_problem(error, certificate);
    issuer_unknown_ = error != X509_V_ERR_CERT_HAS_EXPIRED && error != X509_V_ERR_CERT_NOT_YET_VALID;
    return false;
  }
  if (X509_STORE_CTX_get_error_depth(store) != 0 || certificate_pin_.empty()) return true;
  const std::string seen = fingerprint(certificate);
  if (seen == certificate_pin_) return true;
  problem_ = "it is not the pinned one: its SHA-256 is " + seen;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}

Error TlsGuard::error(CURLcode code, const CurlErrorText& text, const std::string& where) const {
  const std::string words = text.get(code);
  if (code == CURLE_SSL_CERTPROBLEM)
    return Error(Errc::malformed, "the client certificate or its key cannot be used", policy_.client_cert,
                 "a PEM file with the certificate, its chain and the unencrypted key")
        .with_cause(words);
  if (code == CURLE_SSL_CACERT_BADFILE)
    return Error(Errc::malformed, "no certificates can be read from the CA file", policy_.ca_file).with_cause(words);
  if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
    return Error(Errc::protocol, "the server's public key is not the pinned one", where).with_cause(words);
  if (!problem_.empty()) {
    const std::string believed = policy_.ca_file.empty() ? "the system's CA certificates" : visible(policy_.ca_file);
    return Error(Errc::protocol, "the server's certificate is not accepted: " + problem_, where,
                 issuer_unknown_ ? "believed are " + believed + "; --ca-file names others" : std::string())
        .with_cause(words);
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return Error(Errc::protocol,
                 "the server's certificate is for another name" +
                     (names_.empty() ? std::string() : ": " + visible(join(names_, ", "))),
                 where)
        .with_cause(words);
  if (code == CURLE_USE_SSL_FAILED)
    return Error(Errc::protocol, "the server does not begin TLS", where).with_cause(words);
  return Error(Errc::protocol,
               std::string("TLS ") + (policy_.min == TlsVersion::v1_3 ? "1.3" : "1.2 or later") +
                   " cannot be had: " + words,
               where)
      .with_cause(words);
}

}  // namespace mimeseal::net
