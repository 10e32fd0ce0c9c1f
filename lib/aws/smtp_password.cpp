// SPDX-License-Identifier: MIT
#include "aws/places.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr char kVersion = 0x04;

}  // namespace

SecretBytes smtp_password(const SecretBytes& secret, std::string_view region) {
  const std::string lower = ascii_lower(region);
  if (!is_region(lower)) throw Error(Errc::usage, "not the name of an AWS region", visible(region));
  if (secret.empty()) throw Error(Errc::usage, "the secret access key is empty");
  std::string key = "AWS4";
  key.reserve(4 + secret.size());
  key += secret.view();
  for (const std::string_view part : {std::string_view("11111111"), std::string_view(lower), std::string_view("ses"),
                                      std::string_view("aws4_request"), std::string_view("SendRawEmail")}) {
    std::string next = hmac_sha256(key, part);
    cleanse(key);
    key = std::move(next);
  }
  key.insert(key.begin(), kVersion);
  std::string text = base64_encode(key);
  cleanse(key);
  SecretBytes password(text);
  cleanse(text);
  return password;
}

SecretBytes smtp_password(const Credentials& credentials, std::string_view region) {
  if (!credentials.session_token.empty())
    throw Error(Errc::refused, "temporary credentials make no SMTP password", credentials.source,
                "SMTP needs the secret access key of an IAM user");
  return smtp_password(credentials.secret, region);
}

}  // namespace mimeseal::aws
