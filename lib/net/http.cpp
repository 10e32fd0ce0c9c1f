// SPDX-License-Identifier: MIT
#include "mimeseal/net/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>

#include "mimeseal/core/text.h"
#include "net/curl.h"
#include "net/proxy.h"
#include "net/tls.h"

namespace mimeseal::net {
namespace {

constexpr std::uint64_t kMaxHeaderOctets = 256U << 10U;
constexpr std::string_view kTokenSpecials = "!#$%&'*+-.^_`|~";

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kTokenSpecials.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && octet != '\t') || octet == 0x7F;
  });
}

/// "https://host:port", for messages: a query may hold what is nobody's business.
std::string origin(std::string_view url) {
  const std::size_t authority = url.find("://");
  if (authority == std::string_view::npos) return visible(url.substr(0, url.find_first_of("?#")));
  return visible(url.substr(0, url.find_first_of("/?#", authority + 3)));
}

/// The other side went away while TLS was agreed on, without a word of refusal.
bool broke_in_handshake(CURLcode code, std::string_view words) {
  return code == CURLE_SSL_CONNECT_ERROR && (words.find("SSL_ERROR_SYSCALL") != std::string_view::npos ||
                                             words.find("unexpected eof") != std::string_view::npos ||
                                             words.find("Connection reset") != std::string_view::npos);
}

void check(const HttpRequest& request) {
  const std::string where = origin(request.url);
  if (!is_token(request.method)) throw Error(Errc::usage, "no HTTP method", visible(request.method));
  if (has_control(request.url) || request.url.find(' ') != std::string::npos)
    throw Error(Errc::usage, "the URL holds a control character or space", where);
  const bool plain = request.allow_plain && istarts_with(request.url, "http://");
  if (!plain && !istarts_with(request.url, "https://")) throw Error(Errc::usage, "only https:// is spoken", where);
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) throw Error(Errc::usage, "no name of a header field", visible(name));
    if (has_control(value)) throw Error(Errc::usage, "a header field holds a control character", visible(name));
  }
  if (request.body != nullptr && !request.body->size())
    throw Error(Errc::internal, "the size of a request's body must be known", where);
}

}  // namespace

/// One exchange, as libcurl's callbacks see it. They note an exception and end the transfer; perform() throws it on.
struct HttpClient::State {
  State(TlsPolicy policy, Proxy given) : tls(std::move(policy)), proxy(std::move(given)), curl(make_curl()) {}

  void prepare(const HttpRequest& asked);
  void add_headers();
  [[nodiscard]] bool was_sent_whole(CURLcode code);
  HttpResponse fail(CURLcode code, HttpFailure* failure);
  void take_header(std::string_view line);
  void take_body(std::string_view octets);
  std::size_t give_body(std::span<char> into);

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_read(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;

  TlsGuard tls;
  Proxy proxy;
  CurlErrorText text;
  CurlHandle curl;
  CurlList headers;

  const HttpRequest* request = nullptr;
  Sink* into = nullptr;
  HttpResponse response;
  std::uint64_t body_size = 0;
  std::uint64_t body_given = 0;
  std::uint64_t header_octets = 0;
  bool too_large = false;
  bool kept_away = false;  ///< an address was not to be contacted
  std::exception_ptr thrown;
};

const std::string* HttpResponse::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (iequals(key, name)) return &value;
  return nullptr;
}

std::size_t HttpClient::State::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto* state = static_cast<State*>(self);
  try {
    state->take_header({data, size * count});
    return size * count;
  } catch (...) {
    state->thrown = std::current_exception();
    return 0;
  }
}

std::size_t HttpClient::State::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto* state = static_cast<State*>(self);
  try {
    state->take_body({data, size * count});
    return state->too_large ? 0 : size * count;
  } catch (...) {
    state->thrown = std::current_exception();
    return 0;
  }
}

std::size_t HttpClient::State::on_read(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto* state = static_cast<State*>(self);
  try {
    return state->give_body({data, size * count});
  } catch (...) {
    state->thrown = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

curl_socket_t HttpClient::State::on_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
  auto* state = static_cast<State*>(self);
  try {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* octets = nullptr;
    if (address->family == AF_INET) octets = &reinterpret_cast<const sockaddr_in*>(&address->addr)->sin_addr;
    if (address->family == AF_INET6) octets = &reinterpret_cast<const sockaddr_in6*>(&address->addr)->sin6_addr;
    if (octets == nullptr || ::inet_ntop(address->family, octets, text.data(), text.size()) == nullptr ||
        !state->request->may_contact(text.data())) {
      state->kept_away = true;
      return CURL_SOCKET_BAD;
    }
  } catch (...) {
    state->thrown = std::current_exception();
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void HttpClient::State::take_header(std::string_view line) {
  header_octets += line.size();
  if (header_octets > kMaxHeaderOctets)
    throw Error(Errc::protocol, "the answer's header is too large", origin(request->url));
  if (line.starts_with("HTTP/")) {  // also after a 100: the last one counts
    response.headers.clear();
    response.tls = tls_facts(curl.get());
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos)
      std::from_chars(line.data() + space + 1, line.data() + line.size(), response.status);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response.headers.emplace_back(ascii_lower(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
}

void HttpClient::State::take_body(std::string_view octets) {
  if (into != nullptr && response.status >= 200 && response.status < 300) {
    into->write(octets);
    return;
  }
  too_large = octets.size() > request->max_response - response.body.size();
  if (!too_large) response.body += octets;
}

std::size_t HttpClient::State::give_body(std::span<char> room) {
  const std::uint64_t left = body_size - body_given;
  if (left == 0) return 0;
  const std::size_t got =
      request->body->read(room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), left))));
  if (got == 0) throw Error(Errc::io, "the message became shorter while it was sent");
  body_given += got;
  return got;
}

void HttpClient::State::add_headers() {
  headers.reset();
  bool accepts = false;
  for (const auto& [name, value] : request->headers) {
    append(headers, value.empty() ? name + ";" : name + ": " + value);
    accepts = accepts || iequals(name, "accept");
  }
  // What libcurl would add by itself; signed requests hold what was signed.
  if (!accepts) append(headers, "Accept:");
  append(headers, "Expect:");
}

void HttpClient::State::prepare(const HttpRequest& asked) {
  request = &asked;
  response = {};
  body_given = 0;
  header_octets = 0;
  too_large = false;
  kept_away = false;
  thrown = nullptr;
  text.clear();
  tls.clear();

  CURL* handle = curl.get();
  curl_easy_reset(handle);  // options only: the connection stays
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  tls.apply(handle);
  text.attach(handle);
  const bool plain = istarts_with(asked.url, "http://");
  set(handle, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
  set(handle, CURLOPT_URL, asked.url.c_str());
  set(handle, CURLOPT_PATH_AS_IS, 1L);
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // A metadata service on the link is never behind a proxy.
  if (plain || asked.direct)
    set(handle, CURLOPT_PROXY, "");
  else
    apply_proxy(handle, proxy, "https");
  if (asked.may_contact) {
    set(handle, CURLOPT_OPENSOCKETFUNCTION, &State::on_socket);
    set(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  }
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(asked.connect_timeout.count()));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(asked.timeout.count()));
  set(handle, CURLOPT_HEADERFUNCTION, &State::on_header);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(handle, CURLOPT_WRITEFUNCTION, &State::on_body);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));

  const bool uploads = asked.body != nullptr || asked.method == "POST" || asked.method == "PUT";
  body_size = asked.body != nullptr ? *asked.body->size() : 0;
  if (uploads) {
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_size));
    set(handle, CURLOPT_READFUNCTION, &State::on_read);
    set(handle, CURLOPT_READDATA, static_cast<void*>(this));
    set(handle, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
  } else if (asked.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
  }
  if (asked.method != "HEAD") set(handle, CURLOPT_CUSTOMREQUEST, asked.method.c_str());
  add_headers();
  set(handle, CURLOPT_HTTPHEADER, headers.get());
}

/// libcurl counts an octet as sent when the TLS layer has taken it. When a kept connection ends without an answer,
/// libcurl would send the request again by itself, forgets its count, and fails since it cannot rewind the body: then
/// an octet counts when libcurl has taken it, for what may have arrived must not be called certain not to have.
bool HttpClient::State::was_sent_whole(CURLcode code) {
  if (code == CURLE_SEND_FAIL_REWIND) return body_given >= body_size;
  long head = 0;
  curl_off_t sent = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_REQUEST_SIZE, &head);
  curl_easy_getinfo(curl.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  return head > 0 && static_cast<std::uint64_t>(sent) >= body_size;
}

HttpResponse HttpClient::State::fail(CURLcode code, HttpFailure* failure) {
  const std::string where = origin(request->url);
  Error error(Errc::unavailable, "the connection broke off: " + text.get(code), where);
  if (too_large) {
    error =
        Error(Errc::protocol, "the answer is larger than " + std::to_string(request->max_response) + " octets", where);
  } else if (kept_away && is_connect_failure(code)) {
    error = Error(Errc::unavailable, "its name leads to an address that is not contacted", where);
  } else if (code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE) {
    throw tls.error(code, text, where);
  } else if (const auto blamed = proxy_failure(curl.get(), code, text.get(code), where)) {
    error = *blamed;
  } else if (is_tls_failure(code)) {
    error = tls.error(code, text, where);
  } else if (is_connect_failure(code)) {
    error = Error(Errc::unavailable, "cannot connect: " + text.get(code), where);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    curl_off_t connected = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_CONNECT_TIME_T, &connected);
    error = connected == 0 ? Error(Errc::unavailable, "cannot connect: " + text.get(code), where)
                           : Error(Errc::temporary, "no answer in time: " + text.get(code), where);
  } else if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_HTTP2) {
    error = Error(Errc::protocol, "the answer is no HTTP: " + text.get(code), where);
  } else if (code == CURLE_URL_MALFORMAT || code == CURLE_LOGIN_DENIED) {
    throw Error(Errc::usage, "not a URL that can be used", where).with_cause(text.get(code));
  } else if (code == CURLE_OUT_OF_MEMORY) {
    throw Error(Errc::internal, "libcurl is out of memory", where);
  }
  if (failure == nullptr) throw Error(error);
  failure->request_complete = was_sent_whole(code);
  failure->transient =
      (error.code() != Errc::protocol && error.code() != Errc::refused) || broke_in_handshake(code, text.get(code));
  failure->what = std::string(error.what()) + " (" + where + ")";
  failure->code = error.code();
  long connect_status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_HTTP_CONNECTCODE, &connect_status);
  failure->no_such_host = code == CURLE_COULDNT_RESOLVE_HOST || connect_status >= 400;
  return {};
}

HttpClient::HttpClient(TlsPolicy policy, Proxy proxy)
    : state_(std::make_unique<State>(std::move(policy), std::move(proxy))) {
  demand_usable(state_->proxy, "https");
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::perform(const HttpRequest& request, Sink* into, HttpFailure* failure) {
  check(request);
  State& state = *state_;
  state.into = into;
  state.prepare(request);
  const CURLcode code = curl_easy_perform(state.curl.get());
  if (state.thrown) std::rethrow_exception(std::exchange(state.thrown, nullptr));
  if (code != CURLE_OK) return state.fail(code, failure);
  return std::move(state.response);
}

}  // namespace mimeseal::net
