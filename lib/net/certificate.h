// SPDX-License-Identifier: MIT
#pragma once

// What a server's certificate says, in words.

#include <openssl/x509.h>

#include <optional>
#include <string>
#include <vector>

#include "mimeseal/core/clock.h"

namespace mimeseal::net {

/// "CN=mail.example.org,O=…" (RFC 4514), safe to print.
[[nodiscard]] std::string name_text(const X509_NAME* name);
/// DNS names and IP addresses of subjectAltName.
[[nodiscard]] std::vector<std::string> host_names(const X509* certificate);
/// SHA-256 of the certificate's DER form in lower-case hexadecimal.
[[nodiscard]] std::string fingerprint(const X509* certificate);
[[nodiscard]] std::optional<Time> time_of(const ASN1_TIME* time);
/// Why OpenSSL's chain check did not believe (X509_V_ERR_…), with what the certificate concerned says about it.
[[nodiscard]] std::string chain_problem(int error, const X509* certificate);

}  // namespace mimeseal::net
