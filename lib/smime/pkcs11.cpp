// SPDX-License-Identifier: MIT
// ENGINE is deprecated in OpenSSL 3.0, and is what Debian 12 offers for PKCS#11 (libengine-pkcs11-openssl); its
// successor, a provider, is not packaged there.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>

#include <algorithm>
#include <array>
#include <span>

#include "mimeseal/core/text.h"
#include "smime/load.h"

namespace mimeseal::smime {
namespace {

struct EngineReleaser {
  void operator()(ENGINE* engine) const noexcept {
    ENGINE_finish(engine);
    ENGINE_free(engine);
  }
};

/// One attribute of a PKCS#11 URI's path or query; percent signs stay as they are.
std::string attribute(std::string_view uri, std::string_view name) {
  for (const char separator : {';', '?', '&'}) {
    for (const auto& part : split(uri.substr(std::string_view("pkcs11:").size()), separator)) {
      const std::string_view text = part;
      if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=') {
        const auto value = text.substr(name.size() + 1);
        return std::string(value.substr(0, value.find_first_of(";?&")));
      }
    }
  }
  return {};
}

/// The URI as libp11 reads it: it takes what names the module (RFC 7512, section 2.4) for an error.
std::string without_module(const std::string& uri) {
  const auto query = uri.find('?');
  if (query == std::string::npos) return uri;
  std::string kept;
  for (const auto& part : split(std::string_view(uri).substr(query + 1), '&')) {
    if (!part.starts_with("module-")) kept += (kept.empty() ? "?" : "&") + part;
  }
  return uri.substr(0, query) + kept;
}

std::shared_ptr<ENGINE> open_engine(const std::string& uri, const Asker::Function& ask) {
  std::unique_ptr<ENGINE, Releaser<ENGINE_free>> structural(ENGINE_by_id("pkcs11"));
  if (!structural) {
    throw openssl_error(Errc::unavailable, "OpenSSL's pkcs11 engine is not installed", uri,
                        "install libengine-pkcs11-openssl");
  }
  ENGINE_ctrl_cmd_string(structural.get(), "QUIET", nullptr, 0);  // it writes to standard error otherwise
  const std::string module = attribute(uri, "module-path");
  if (!module.empty() && ENGINE_ctrl_cmd_string(structural.get(), "MODULE_PATH", module.c_str(), 0) != 1) {
    throw openssl_error(Errc::unavailable, "the PKCS#11 module cannot be named", module);
  }
  if (ENGINE_init(structural.get()) != 1) {
    throw openssl_error(Errc::unavailable, "the PKCS#11 module cannot be loaded", module.empty() ? uri : module);
  }
  std::shared_ptr<ENGINE> engine(structural.release(), EngineReleaser());
  if (attribute(uri, "pin-source").empty()) {
    Asker asker(ask, uri);
    std::string pin(asker.passphrase());
    const bool taken = ENGINE_ctrl_cmd_string(engine.get(), "PIN", pin.c_str(), 0) == 1;
    cleanse(pin);
    if (!taken) throw openssl_error(Errc::refused, "the token's PIN was not taken", uri);
  }
  return engine;
}

/// What a module says (PKCS #11 v3.0, section 5.1) before it looks at the ciphertext, or instead: the key may not do
/// this, the device cannot, or it is away. Neither CKR_ENCRYPTED_DATA_INVALID nor the general errors are among
/// them: modules say those of wrong padding, too.
constexpr std::array<unsigned long, 12> kRefusals{
    0x031,  // CKR_DEVICE_MEMORY
    0x032,  // CKR_DEVICE_REMOVED
    0x054,  // CKR_FUNCTION_NOT_SUPPORTED
    0x060,  // CKR_KEY_HANDLE_INVALID
    0x063,  // CKR_KEY_TYPE_INCONSISTENT
    0x068,  // CKR_KEY_FUNCTION_NOT_PERMITTED
    0x0A0,  // CKR_PIN_INCORRECT
    0x0A3,  // CKR_PIN_EXPIRED
    0x0A4,  // CKR_PIN_LOCKED
    0x0B3,  // CKR_SESSION_HANDLE_INVALID
    0x0E0,  // CKR_TOKEN_NOT_PRESENT
    0x101,  // CKR_USER_NOT_LOGGED_IN
};
/// Where the engine tries one mechanism alone. OAEP that failed for whatever reason it tries again as raw RSA, and
/// tells of that alone: a device that does not know raw RSA would seem to refuse what it in truth found damaged.
constexpr std::array<unsigned long, 2> kMechanismRefusals{
    0x070,  // CKR_MECHANISM_INVALID
    0x071,  // CKR_MECHANISM_PARAM_INVALID
};

bool has(std::span<const unsigned long> reasons, unsigned long reason) {
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

}  // namespace

std::string token_refusal(bool one_mechanism) {
  std::string found;
  while (const unsigned long error = ERR_get_error()) {
    const char* const library = ERR_lib_error_string(error);
    const auto reason = static_cast<unsigned long>(ERR_GET_REASON(error));
    const bool is_module = library != nullptr && std::string_view(library).find("PKCS#11") != std::string_view::npos;
    if (!is_module || (!has(kRefusals, reason) && !(one_mechanism && has(kMechanismRefusals, reason)))) continue;
    const char* const text = ERR_reason_error_string(error);
    found = text != nullptr ? text : "error " + std::to_string(reason);
  }
  return found;
}

SmimeKeyPtr load_token(const std::string& uri, const Asker::Function& ask) {
  if (!attribute(uri, "pin-value").empty()) {
    throw Error(Errc::usage, "a PIN may not stand in a PKCS#11 URI",
                "pkcs11:", "give it by --passphrase-file or --passphrase-fd");
  }
  const auto engine = open_engine(uri, ask);
  const std::string object = without_module(uri);

  struct {
    const char* uri;
    X509* certificate;
  } wanted{object.c_str(), nullptr};
  const int found = ENGINE_ctrl_cmd(engine.get(), "LOAD_CERT_CTRL", 0, &wanted, nullptr, 0);
  X509Ptr certificate(wanted.certificate);
  if (found != 1 || !certificate) {
    throw openssl_error(Errc::no_input, "no certificate can be read from the token", uri);
  }
  EvpPkeyPtr secret(ENGINE_load_private_key(engine.get(), object.c_str(), nullptr, nullptr));
  if (!secret)
    throw openssl_error(Errc::refused, "the token does not give its private key: wrong PIN, or no such key", uri);
  ERR_clear_error();
  return make_key(std::move(certificate), std::move(secret), uri, engine);
}

}  // namespace mimeseal::smime
