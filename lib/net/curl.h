// SPDX-License-Identifier: MIT
#pragma once

// libcurl's easy handle as the modules above use it: made safely, set without ignoring a failure, its errors as ours.

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

#include "mimeseal/core/error.h"

namespace mimeseal::net {

struct CurlDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;

struct CurlListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

/// A handle with the options that every use here shares: no signals, no .netrc, no redirects.
[[nodiscard]] CurlHandle make_curl();

/// Appends to a list; throws Error(internal) when memory is gone.
void append(CurlList& list, const std::string& item);

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK)
    throw Error(Errc::internal, "libcurl takes option " + std::to_string(static_cast<int>(option)) + " not")
        .with_cause(curl_easy_strerror(code));
}

/// Where libcurl writes what went wrong, in words.
class CurlErrorText {
 public:
  void attach(CURL* handle) { set(handle, CURLOPT_ERRORBUFFER, buffer_.data()); }
  void clear() noexcept { buffer_[0] = '\0'; }
  /// libcurl's sentence, or its general one for the code; safe to print.
  [[nodiscard]] std::string get(CURLcode code) const;

 private:
  std::array<char, CURL_ERROR_SIZE> buffer_{};
};

/// Whether TLS could not be had as demanded.
[[nodiscard]] bool is_tls_failure(CURLcode code) noexcept;
/// Whether the connection could not be made (name, address, proxy).
[[nodiscard]] bool is_connect_failure(CURLcode code) noexcept;

}  // namespace mimeseal::net
