// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/senders.h"

#include <algorithm>

#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/local/sender.h"
#include "mimeseal/smtp/sender.h"

namespace mimeseal {

SenderRegistry SenderRegistry::standard() {
  SenderRegistry registry;
  for (const char* scheme : {"smtp", "smtps"})
    registry.add(
        scheme, [](const SenderUrl& url, SenderOptions options) { return smtp::make_sender(url, std::move(options)); });
  registry.add(
      "ses", [](const SenderUrl& url, SenderOptions options) { return aws::make_ses_sender(url, std::move(options)); });
  for (const char* scheme : {"file", "maildir", "exec"})
    registry.add(scheme, [](const SenderUrl& url, const SenderOptions&) { return local::make_sender(url); });
  return registry;
}

void SenderRegistry::add(std::string scheme, Factory factory) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  if (scheme.empty() || scheme.front() < 'a' || scheme.front() > 'z' ||
      !std::all_of(scheme.begin(), scheme.end(), fits))
    throw Error(Errc::usage, "not a URL scheme in lower case (RFC 3986, section 3.1)", visible(scheme));
  factories_.insert_or_assign(std::move(scheme), std::move(factory));
}

std::vector<std::string> SenderRegistry::schemes() const {
  std::vector<std::string> names;
  for (const auto& [scheme, factory] : factories_)
    names.push_back(scheme);
  return names;
}

std::unique_ptr<Sender> SenderRegistry::make(std::string_view url, SenderOptions options) const {
  const SenderUrl parsed = parse_sender_url(url);
  const auto found = factories_.find(parsed.scheme);
  if (found == factories_.end())
    throw Error(Errc::usage, "no sender for the scheme '" + visible(parsed.scheme) + "'", parsed.display(),
                "the schemes are " + join(schemes(), ", "));
  return found->second(parsed, std::move(options));
}

}  // namespace mimeseal
