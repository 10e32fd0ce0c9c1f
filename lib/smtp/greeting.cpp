// SPDX-License-Identifier: MIT
#include "smtp/greeting.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "net/proxy.h"
#include "smtp/offers.h"

namespace mimeseal::smtp {
namespace {

constexpr long kPhaseSeconds = 300;   // RFC 5321, section 4.5.3.2: greeting and EHLO
constexpr long kConnectSeconds = 60;  // the RFC names none
constexpr std::uint16_t kSubmissionPort = 587;
constexpr std::uint16_t kSubmissionsPort = 465;
constexpr std::size_t kShortestMasked = 4;

std::string authority(const SenderUrl& url) {
  const std::uint16_t port = url.port.value_or(url.scheme == "smtps" ? kSubmissionsPort : kSubmissionPort);
  const bool ipv6 = url.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(port);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  const std::string_view text = name.data();
  const bool fits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return fits ? std::string(text) : "localhost";
}

/// What EHLO says: a domain or an address literal (RFC 5321, section 4.1.1.1).
std::string hello_name(const std::string& wanted) {
  if (wanted.empty()) return host_name();
  const bool fits = wanted.size() <= 255 && std::all_of(wanted.begin(), wanted.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             std::string_view("-._:[]").find(c) != std::string_view::npos;
                    });
  if (!fits)
    throw Error(Errc::usage, "no name that EHLO can say", visible(wanted), "a domain, or an address in brackets");
  return wanted;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    out += plain ? std::string(1, c) : "%" + hex(std::string_view(&c, 1));
  }
  return out;
}

bool curl_has_scram() {
  return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_GSASL) != 0;
}

struct Mechanism {
  std::string_view name;
  bool takes_token;
};
constexpr std::array<Mechanism, 6> kMechanisms{{{"SCRAM-SHA-256", false},
                                                {"CRAM-MD5", false},
                                                {"PLAIN", false},
                                                {"LOGIN", false},
                                                {"OAUTHBEARER", true},
                                                {"XOAUTH2", true}}};

/// libcurl's words for the mechanisms it may choose among.
std::string login_options(const std::string& wanted, bool has_token) {
  std::string options;
  bool known = wanted.empty();
  for (const Mechanism& mechanism : kMechanisms) {
    if (!wanted.empty() && !iequals(wanted, mechanism.name)) continue;
    if (!wanted.empty() && mechanism.takes_token != has_token)
      throw Error(Errc::usage, std::string(mechanism.name) + (has_token ? " takes a password" : " takes a token") +
                                   ", and none was given");
    known = true;
    if (mechanism.name == "SCRAM-SHA-256" && !curl_has_scram()) {
      if (wanted.empty()) continue;
      throw Error(Errc::config, "this system's libcurl does not speak SCRAM-SHA-256 (it was built without GSASL)");
    }
    if (mechanism.takes_token != has_token) continue;
    if (!options.empty()) options += ';';
    options += "AUTH=" + std::string(mechanism.name);
  }
  if (!known)
    throw Error(Errc::usage, "no known SASL mechanism", visible(wanted),
                "PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, XOAUTH2, OAUTHBEARER");
  return options;
}

bool signs_in_by_token(const SenderOptions& options) {
  if (options.token == nullptr) return false;
  return options.password == nullptr || options.auth.empty() || iequals(options.auth, "XOAUTH2") ||
         iequals(options.auth, "OAUTHBEARER");
}

void replace_all(std::string& text, std::string_view secret) {
  if (secret.size() < kShortestMasked) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3)
    text.replace(at, secret.size(), "***");
}

}  // namespace

std::string place(const SenderUrl& url) {
  return visible(authority(url));
}

Greeting::Greeting(const SenderUrl& url, const SenderOptions& options, net::TlsGuard& guard, CURL* curl)
    : url_(url), options_(options), curl_(curl), where_(place(url)), guard_(guard), parser_(where_) {}

Greeting::~Greeting() {
  // The handle lives on, with the connection; it must not remember us, nor the secret.
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, nullptr);
  curl_easy_setopt(curl_, CURLOPT_HEADERDATA, nullptr);
  curl_easy_setopt(curl_, CURLOPT_VERBOSE, 0L);
  curl_easy_setopt(curl_, CURLOPT_DEBUGFUNCTION, nullptr);
  curl_easy_setopt(curl_, CURLOPT_DEBUGDATA, nullptr);
  curl_easy_setopt(curl_, CURLOPT_PASSWORD, nullptr);
  curl_easy_setopt(curl_, CURLOPT_XOAUTH2_BEARER, nullptr);
  curl_easy_setopt(curl_, CURLOPT_PROXYPASSWORD, nullptr);
}

void Greeting::set_address() {
  const std::string target = url_.scheme + "://" + authority(url_) + "/" + percent_encoded(hello_name(options_.hello));
  net::set(curl_, CURLOPT_URL, target.c_str());
  net::set(curl_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  net::set(curl_, CURLOPT_CONNECT_ONLY, 1L);
  net::set(curl_, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  net::apply_proxy(curl_, options_.proxy, url_.scheme);
  const long patience = static_cast<long>(options_.timeout.count());
  net::set(curl_, CURLOPT_CONNECTTIMEOUT, patience > 0 ? patience : kConnectSeconds);
  net::set(curl_, CURLOPT_SERVER_RESPONSE_TIMEOUT, patience > 0 ? patience : kPhaseSeconds);
}

void demand_usable(const SenderOptions& options) {
  (void)hello_name(options.hello);
  const bool has_secret = options.token != nullptr || options.password != nullptr;
  if (options.user.empty()) {
    if (has_secret) throw Error(Errc::usage, "a password or token was given, and no user to sign in");
    return;
  }
  if (!has_secret) throw Error(Errc::usage, "a user was given, and neither password nor token", visible(options.user));
  for (const char c : options.user)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      throw Error(Errc::usage, "the user's name holds a control character", visible(options.user));
  (void)login_options(options.auth, signs_in_by_token(options));
}

void Greeting::set_credentials() {
  if (options_.user.empty()) return;
  const bool by_token = signs_in_by_token(options_);
  net::set(curl_, CURLOPT_LOGIN_OPTIONS, login_options(options_.auth, by_token).c_str());
  secret_ = by_token ? options_.token() : options_.password();
  if (secret_.empty()) throw Error(Errc::usage, by_token ? "the token is empty" : "the password is empty", where_);
  if (has_crlf_or_nul(secret_.view()))
    throw Error(Errc::usage, "a line end or NUL octet cannot stand in a password or token", where_);
  std::string copy(secret_.view());
  net::set(curl_, CURLOPT_USERNAME, options_.user.c_str());
  if (by_token)
    net::set(curl_, CURLOPT_XOAUTH2_BEARER, copy.c_str());
  else
    net::set(curl_, CURLOPT_PASSWORD, copy.c_str());
  cleanse(copy);
  net::set(curl_, CURLOPT_SASL_IR, 1L);  // the first response goes with AUTH: one round trip less
}

bool Greeting::run() {
  demand_usable(options_);
  set_address();
  set_credentials();
  guard_.clear();
  guard_.apply(curl_);
  text_.attach(curl_);
  net::set(curl_, CURLOPT_HEADERFUNCTION, &Greeting::on_header);
  net::set(curl_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  if (options_.trace) {
    net::set(curl_, CURLOPT_VERBOSE, 1L);
    net::set(curl_, CURLOPT_DEBUGFUNCTION, &Greeting::on_debug);
    net::set(curl_, CURLOPT_DEBUGDATA, static_cast<void*>(this));
  }
  const CURLcode code = curl_easy_perform(curl_);
  if (thrown_) std::rethrow_exception(thrown_);
  if (code != CURLE_OK) {
    const bool session_refused = (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED) &&
                                 last_.code >= 510 && last_.code / 100 == 5;
    if (session_refused) return false;
    throw failure(code);
  }
  if (tls_.version.empty() || !ehlo_.is_positive())
    throw Error(Errc::protocol, "the session did not come to stand inside TLS", where_);
  demand_signed_in();
  return true;
}

void Greeting::take(std::string_view line) {
  show("< ", line);
  if (tls_.version.empty()) tls_ = net::tls_facts(curl_);
  parser_.feed(line);
  while (const auto reply = parser_.next())
    take(*reply);
}

void Greeting::take(const Reply& reply) {
  last_ = reply;
  if (!greeted_) {
    greeted_ = true;
    return;
  }
  if (tls_.version.empty()) return;  // what is said outside TLS counts for nothing
  if (!ehlo_.is_positive()) {        // EHLO, or HELO when that was not understood
    // libcurl would try HELO, and without EHLO nobody could sign in.
    if (reply.is_transient()) throw Error(Errc::temporary, "the server is not ready: " + said(), where_);
    ehlo_ = reply;
    return;
  }
  auth_answered_ = true;
  if (reply.code == 235) signed_in_ = true;
}

std::string Greeting::said() const {
  return without_secret(std::to_string(last_.code) + (last_.enhanced().empty() ? "" : " " + last_.enhanced()) + " " +
                        last_.words());
}

Error Greeting::auth_failure() const {
  if (auth_answered_ && last_.is_transient())
    return {Errc::temporary, "the server does not let the user in now: " + said(), where_};
  if (auth_answered_ && last_.code / 100 == 5)
    return {Errc::refused, "the server refuses the credentials of " + visible(options_.user) + ": " + said(), where_};
  if (auth_answered_) return {Errc::refused, "signing in did not succeed: " + said(), where_};
  const std::vector<std::string> offered = offers_in(ehlo_).auth;
  if (offered.empty())
    return {Errc::refused, "the server offers no AUTH, though a user was given", where_,
            "without --user nobody signs in"};
  return {Errc::refused,
          "the server offers no mechanism to sign in that can be used here: it has " + visible(join(offered, ", ")),
          where_, options_.auth.empty() ? "" : "--auth " + visible(options_.auth) + " was asked for"};
}

void Greeting::demand_signed_in() const {
  // libcurl goes on without signing in when the server offers no AUTH.
  if (!options_.user.empty() && !signed_in_) throw auth_failure();
}

Error Greeting::failure(CURLcode code) const {
  const bool in_tls = !tls_.version.empty();
  if (const auto blamed = net::proxy_failure(curl_, code, text_.get(code), where_)) return *blamed;
  if (code == CURLE_LOGIN_DENIED) return auth_failure();
  if (last_.is_transient()) return {Errc::temporary, "the server is not ready: " + said(), where_};
  if (code == CURLE_USE_SSL_FAILED) {
    if (last_.code / 100 == 5) return {Errc::protocol, "the server does not begin TLS: " + said(), where_};
    return {Errc::protocol, "the server offers no STARTTLS", where_,
            "smtps:// speaks TLS from the first octet, if the server has it"};
  }
  if (code == CURLE_REMOTE_ACCESS_DENIED) return {Errc::protocol, "the server does not take EHLO: " + said(), where_};
  if (code == CURLE_WEIRD_SERVER_REPLY) {
    if (last_.code == 220 && !in_tls && greeted_)
      return {Errc::protocol, "the server sent octets ahead of the TLS handshake", where_};
    return {Errc::protocol, "the server's answer makes no sense here: " + said(), where_};
  }
  if (net::is_tls_failure(code) || code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE)
    return guard_.error(code, text_, where_);
  if (net::is_connect_failure(code)) return {Errc::unavailable, "cannot connect: " + text_.get(code), where_};
  if (code == CURLE_OPERATION_TIMEDOUT) return {Errc::unavailable, "no answer in time: " + text_.get(code), where_};
  if (code == CURLE_URL_MALFORMAT) return {Errc::usage, "not a host that can be named: " + text_.get(code), where_};
  if (code == CURLE_OUT_OF_MEMORY) return {Errc::internal, "libcurl is out of memory", where_};
  return {Errc::unavailable, "the connection broke off before the server was ready: " + text_.get(code), where_};
}

std::string Greeting::without_secret(std::string text) const {
  if (secret_.empty()) return text;
  replace_all(text, secret_.view());
  std::string encoded = base64_encode(secret_.view());
  replace_all(text, encoded);
  cleanse(encoded);
  std::string plain = options_.user;  // PLAIN, in the form it has on the wire
  plain.insert(0, 1, '\0');
  plain += '\0';
  plain += secret_.view();
  encoded = base64_encode(plain);
  replace_all(text, encoded);
  cleanse(encoded);
  cleanse(plain);
  return text;
}

void Greeting::show(std::string_view direction, std::string_view line) const {
  if (options_.trace) options_.trace(std::string(direction) + without_secret(visible(trim(line))));
}

std::size_t Greeting::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto* greeting = static_cast<Greeting*>(self);
  try {
    greeting->take(std::string_view(data, size * count));
    return size * count;
  } catch (...) {
    greeting->thrown_ = std::current_exception();
    return 0;
  }
}

/// Only what is sent: on_header() shows what comes. Whatever is not known to be harmless is a credential.
int Greeting::on_debug(CURL* /*handle*/, curl_infotype type, char* data, std::size_t size, void* self) noexcept {
  if (type != CURLINFO_HEADER_OUT) return 0;
  auto* greeting = static_cast<Greeting*>(self);
  try {
    const std::string_view line = trim(std::string_view(data, size));
    const std::string_view verb = line.substr(0, line.find(' '));
    if (verb == "EHLO" || verb == "HELO" || verb == "STARTTLS" || verb == "QUIT") {
      greeting->show("> ", line);
    } else if (verb == "AUTH") {
      const std::string_view mechanism = line.substr(0, line.find(' ', 5));
      greeting->show("> ", std::string(mechanism) + (mechanism.size() < line.size() ? " ***" : ""));
    } else if (verb != "CONNECT") {
      greeting->show("> ", "***");
    }
  } catch (...) {
    greeting->thrown_ = std::current_exception();
  }
  return 0;
}

}  // namespace mimeseal::smtp
