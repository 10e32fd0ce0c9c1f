// SPDX-License-Identifier: MIT
#include "net/curl.h"

#include "mimeseal/core/text.h"

namespace mimeseal::net {

CurlHandle make_curl() {
  // libcurl 7.84 and later start up safely from several threads; a static says so for earlier ones too.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK)
    throw Error(Errc::internal, "libcurl does not start").with_cause(curl_easy_strerror(started));
  CurlHandle handle(curl_easy_init());
  if (!handle) throw Error(Errc::internal, "libcurl gives no handle");
  set(handle.get(), CURLOPT_NOSIGNAL, 1L);
  set(handle.get(), CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(handle.get(), CURLOPT_FOLLOWLOCATION, 0L);
  set(handle.get(), CURLOPT_NOPROGRESS, 1L);
  set(handle.get(), CURLOPT_TCP_NODELAY, 1L);
  set(handle.get(), CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  return handle;
}

void append(CurlList& list, const std::string& item) {
  curl_slist* longer = curl_slist_append(list.get(), item.c_str());
  if (longer == nullptr) throw Error(Errc::internal, "out of memory");
  if (!list) list.reset(longer);
}

std::string CurlErrorText::get(CURLcode code) const {
  const std::string_view words = trim(buffer_.data());
  return words.empty() ? std::string(curl_easy_strerror(code)) : visible(words);
}

bool is_tls_failure(CURLcode code) noexcept {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

bool is_connect_failure(CURLcode code) noexcept {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
      return true;
    default:
      return false;
  }
}

}  // namespace mimeseal::net
