// SPDX-License-Identifier: MIT
#include "smime/handles.h"

#include <array>
#include <climits>

namespace mimeseal::smime {

X509Ptr share(X509* certificate) noexcept {
  if (certificate != nullptr) X509_up_ref(certificate);
  return X509Ptr(certificate);
}

EvpPkeyPtr share(EVP_PKEY* key) noexcept {
  if (key != nullptr) EVP_PKEY_up_ref(key);
  return EvpPkeyPtr(key);
}

std::string take_openssl_errors() {
  std::string text;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    std::array<char, 256> line{};
    ERR_error_string_n(code, line.data(), line.size());
    if (!text.empty()) text += "; ";
    text += line.data();
    if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0') text.append(" (").append(data).append(")");
  }
  return text;
}

Error openssl_error(Errc code, std::string what, std::string where, std::string hint) {
  Error error(code, std::move(what), std::move(where), std::move(hint));
  error.with_cause(take_openssl_errors());
  return error;
}

void check(bool ok, const char* what) {
  if (!ok) throw openssl_error(Errc::internal, std::string(what) + " failed");
}

std::string_view octets_of(const ASN1_STRING* text) noexcept {
  if (text == nullptr || ASN1_STRING_length(text) <= 0) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) noexcept {
  return -1;
}

BioPtr view_bio(std::string_view octets) {
  if (octets.size() > INT_MAX) throw Error(Errc::limit, "an ASN.1 object is too large");
  return BioPtr(check(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())), "making a memory BIO"));
}

}  // namespace mimeseal::smime
