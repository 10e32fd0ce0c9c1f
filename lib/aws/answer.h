// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/net/http.h"

// What AWS's services answer: JSON, and the little XML of version 1, STS and S3.
namespace mimeseal::aws {

using Json = nlohmann::json;

/// A JSON text of at most 4 MiB and 32 levels; nothing when it is none, or an object has a name twice.
std::optional<Json> parse_json(std::string_view text);
/// A string member of an object; empty when there is none, or it is no string.
std::string json_text(const Json& object, std::string_view name);
/// A secret member: the copy in the JSON is cleansed.
SecretBytes take_secret(Json& object, std::string_view name);
/// A number, or a string that holds one.
std::optional<double> json_number(const Json& object, std::string_view name);

/// The text of the first element of this name, entities decoded; nothing when there is none. Not an XML parser: it
/// finds leaf elements that AWS writes. Linear in the text's length.
std::optional<std::string> xml_text(std::string_view xml, std::string_view element);

/// RFC 2047's encoded words decoded where they are UTF-8, US-ASCII or ISO-8859-1; other text stays.
std::string decode_encoded_words(std::string_view text);

/// A service's refusal, whichever way it says it.
struct ServiceError {
  std::string code;     ///< "Throttling", "MessageRejected"; empty: not said
  std::string message;  ///< one line, safe to print
};
ServiceError service_error(const net::HttpResponse& response);

/// Expiration times: RFC 3339, also without a "Z" or with fractions.
std::optional<Time> parse_expiry(std::string_view text);

}  // namespace mimeseal::aws
