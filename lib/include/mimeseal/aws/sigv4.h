// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/secret.h"

namespace mimeseal::aws {

/// A request as it will stand on the wire, to be signed with AWS Signature Version 4.
struct SigV4Request {
  std::string method = "GET";
  std::string path = "/";  ///< as in the request line, without the query
  std::string query;       ///< as in the request line, without "?"
  /// What is signed: all of them, "host" among them. Values may hold folds and runs of blanks; a name may come twice.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_sha256;  ///< of the body, in lower-case hexadecimal
};

/// How it is signed. The defaults are those of every service but S3.
struct SigV4Rules {
  std::string region;
  std::string service;
  Time time;
  bool normalize_path = true;      ///< "/a/../b//c" counts as "/b/c"; not so for S3
  bool double_encode = true;       ///< the path is percent-encoded once more; not so for S3
  bool content_sha256 = false;     ///< adds and signs x-amz-content-sha256; S3 demands it
  bool sign_session_token = true;  ///< else the token is added after signing
};

/// The steps of a signature and what it adds to the request. Holds the session token, so it is no matter for logs.
struct SigV4Result {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;      ///< lower-case hexadecimal
  std::string authorization;  ///< the value of the Authorization header
  /// X-Amz-Date, X-Amz-Security-Token, x-amz-content-sha256 where they belong, and Authorization.
  std::vector<std::pair<std::string, std::string>> added_headers;
};

[[nodiscard]] MIMESEAL_API SigV4Result sign(const SigV4Request& request, const SigV4Rules& rules,
                                            std::string_view access_key_id, const SecretBytes& secret,
                                            const SecretBytes& session_token);

/// SHA-256 of nothing, in hexadecimal.
inline constexpr std::string_view kEmptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace mimeseal::aws
