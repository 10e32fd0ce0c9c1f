// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/wkd.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/mailbox.h"
#include "mimeseal/net/http.h"

namespace mimeseal {
namespace {

constexpr std::uint64_t kMaxAnswer = 1U << 20U;

std::string sha1(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw Error(Errc::unsupported, "OpenSSL gives no SHA-1, by which key directories name people", {},
                "give the keys as files");
  }
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// Base 32 in the alphabet of human-oriented base-32 encoding (RFC 6189, section 5.1.6); whole quanta only.
std::string z_base_32(std::string_view octets) {
  constexpr std::string_view kAlphabet = "ybndrfg8ejkmcpqxot1uwisza345h769";
  std::string text;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : octets) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5)
      text += kAlphabet[(bits >> (count - 5)) & 31U];
  }
  return text;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : "%" + hex({&c, 1});
  }
  return out;
}

/// A name of letters, digits, hyphens and dots whose last label is no number: not an address of the network.
bool is_domain_name(std::string_view domain) {
  const bool letters = std::all_of(domain.begin(), domain.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  const std::string_view last = domain.substr(domain.rfind('.') + 1);
  return letters && !domain.starts_with('.') && !last.empty() && (last.front() < '0' || last.front() > '9');
}

std::string host_of(std::string_view url) {
  url.remove_prefix(std::string_view("https://").size());
  return std::string(url.substr(0, url.find('/')));
}

class Directory {
 public:
  explicit Directory(WkdSettings settings) : settings_(std::move(settings)), client_(settings_.tls, settings_.proxy) {}

  pgp::Located ask(const std::string& address) {
    const WkdUrls urls = wkd_urls(address);
    std::optional<pgp::Located> found = ask_at(urls.advanced);
    if (!found) found = ask_at(urls.direct);
    if (!found) return {{}, {}, "the domain has no key directory"};
    return *found;
  }

 private:
  /// Nothing when there is no such host.
  std::optional<pgp::Located> ask_at(const std::string& url) {
    pgp::Located located;
    located.origin = "the key directory at " + host_of(url) + " (WKD)";
    net::HttpRequest request;
    request.url = url;
    request.timeout = settings_.timeout;
    request.max_response = kMaxAnswer;
    net::HttpFailure failure;
    net::HttpResponse response = client_.perform(request, nullptr, &failure);
    if (response.status == 0) {
      if (failure.no_such_host) return std::nullopt;
      located.why = failure.what;
    } else if (response.status != 200) {
      located.why = "answered " + std::to_string(response.status);
    } else if (response.body.empty()) {
      located.why = "answered nothing";
    } else {
      located.octets = std::move(response.body);
    }
    return located;
  }

  WkdSettings settings_;
  net::HttpClient client_;
};

}  // namespace

WkdUrls wkd_urls(std::string_view address) {
  const std::optional<Mailbox> mailbox = Mailbox::parse(address);
  const std::optional<std::string> wire = mailbox ? mailbox->wire_address() : std::nullopt;
  const std::size_t at = wire ? wire->rfind('@') : std::string::npos;
  const std::string domain = wire ? ascii_lower(std::string_view(*wire).substr(at + 1)) : std::string();
  if (at == std::string::npos || !is_domain_name(domain)) {
    throw Error(Errc::usage, "a key directory knows only addresses at a domain name", visible(address));
  }
  const std::string local = wire->substr(0, at);
  const std::string tail = "hu/" + z_base_32(sha1(ascii_lower(local))) + "?l=" + percent_encoded(local);
  return {"https://openpgpkey." + domain + "/.well-known/openpgpkey/" + domain + "/" + tail,
          "https://" + domain + "/.well-known/openpgpkey/" + tail};
}

std::function<pgp::Located(const std::string& address)> make_wkd_locator(WkdSettings settings) {
  auto directory = std::make_shared<Directory>(std::move(settings));
  return [directory](const std::string& address) { return directory->ask(address); };
}

}  // namespace mimeseal
