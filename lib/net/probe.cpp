// SPDX-License-Identifier: MIT
#include "mimeseal/net/probe.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <functional>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "net/certificate.h"
#include "net/tls.h"
#include "net/tls_pipe.h"

namespace mimeseal::net {
namespace {

constexpr std::size_t kMaxReply = 65536;

struct OfferedVersion {
  const char* name;
  int number;
  bool at_least_1_3;
  bool at_least_1_2;
};
constexpr std::array<OfferedVersion, 4> kVersions{{{"1.0", TLS1_VERSION, false, false},
                                                   {"1.1", TLS1_1_VERSION, false, false},
                                                   {"1.2", TLS1_2_VERSION, false, true},
                                                   {"1.3", TLS1_3_VERSION, true, true}}};

/// SMTP as far as a probe speaks it, over TCP or TLS.
class Dialogue {
 public:
  using Send = std::function<bool(std::string_view)>;
  using Receive = std::function<std::size_t(std::span<char>)>;
  Dialogue(Send send, Receive receive) : send_(std::move(send)), receive_(std::move(receive)) {}

  /// The lines of the reply, code and separator left out; empty when there is none of that class.
  [[nodiscard]] std::vector<std::string> ask(std::string_view command, char wanted) {
    if (!command.empty() && !send_(command)) return {};
    return reply(wanted);
  }
  [[nodiscard]] bool has_rest() const noexcept { return !buffer_.empty(); }

 private:
  std::vector<std::string> reply(char wanted) {
    std::vector<std::string> lines;
    std::size_t octets = 0;
    while (true) {
      const auto line = next_line();
      if (!line || (octets += line->size()) > kMaxReply || line->size() < 3 || line->front() != wanted) return {};
      lines.push_back(visible(line->size() > 4 ? std::string_view(*line).substr(4) : std::string_view()));
      if (line->size() == 3 || (*line)[3] != '-') return lines;
    }
  }

  std::optional<std::string> next_line() {
    std::size_t end = 0;
    while ((end = buffer_.find('\n')) == std::string::npos) {
      std::array<char, 4096> block{};
      const std::size_t got = buffer_.size() > kMaxReply ? 0 : receive_(block);
      if (got == 0) return std::nullopt;
      buffer_.append(block.data(), got);
    }
    std::string line(trim(std::string_view(buffer_).substr(0, end)));
    buffer_.erase(0, end + 1);
    return line;
  }

  Send send_;
  Receive receive_;
  std::string buffer_;
};

class Prober {
 public:
  Prober(const SenderUrl& target, const TlsPolicy& policy, std::chrono::seconds timeout, Time now, const Proxy& proxy);
  ProbeResult run();

 private:
  ProbedVersion offer(const OfferedVersion& version);
  [[nodiscard]] bool begin_tls(TcpConnection& tcp, ProbedVersion& met);
  void ehlo_inside(TlsPipe& tls);
  void take_certificate(SSL* ssl);
  void judge_chain(X509* leaf, STACK_OF(X509) * chain, std::string_view staple);
  void judge_staple(X509_STORE* store, X509_STORE_CTX* verified, std::string_view staple);
  void judge_name(X509* leaf);
  void judge_versions();
  [[nodiscard]] bool is_below_floor(const OfferedVersion& version) const {
    return policy_.min == TlsVersion::v1_3 ? !version.at_least_1_3 : !version.at_least_1_2;
  }
  /// Each fault once, though every version may meet it.
  void fault(const std::string& code, const std::string& why);

  const TlsPolicy& policy_;
  const Proxy& proxy_;
  std::string scheme_;
  std::chrono::seconds timeout_;
  Time now_;
  std::string host_;
  std::uint16_t port_ = 0;
  bool smtp_ = false;
  bool starttls_ = false;
  ProbeResult result_;
};

Prober::Prober(const SenderUrl& target, const TlsPolicy& policy, std::chrono::seconds timeout, Time now,
               const Proxy& proxy)
    : policy_(policy),
      proxy_(proxy),
      scheme_(target.scheme),
      timeout_(timeout.count() > 0 ? timeout : std::chrono::seconds(30)),
      now_(now),
      host_(target.host) {
  (void)TlsGuard(policy);  // its files and pin
  result_.target = target.display();
  std::uint16_t usual = 443;
  if (target.scheme == "smtp") {
    smtp_ = starttls_ = true;
    usual = 587;
  } else if (target.scheme == "smtps") {
    smtp_ = true;
    usual = 465;
  } else if (target.scheme != "https") {
    throw Error(Errc::usage, "nothing to probe at a URL of this scheme", target.display(),
                "smtp://HOST, smtps://HOST or https://HOST");
  }
  port_ = target.port.value_or(usual);
}

void Prober::fault(const std::string& code, const std::string& why) {
  const bool known = std::any_of(result_.faults.begin(), result_.faults.end(),
                                 [&](const ProbeFault& one) { return one.code == code && one.why == why; });
  if (!known) result_.faults.push_back({code, why});
}

ProbeResult Prober::run() {
  for (const OfferedVersion& version : kVersions) {
    ProbedVersion met;
    try {
      met = offer(version);
    } catch (const Error& error) {
      // Who is reached once, and then no more, has done something that the report tells.
      const bool nobody_there =
          (error.code() == Errc::unavailable || error.code() == Errc::refused) && result_.versions.empty();
      const bool met_by_server = error.code() == Errc::unavailable || error.code() == Errc::refused ||
                                 error.code() == Errc::temporary || error.code() == Errc::protocol;
      if (nobody_there || !met_by_server) throw;
      met.result = "error";
      met.why = error.what();
    }
    met.version = version.name;
    result_.versions.push_back(std::move(met));
  }
  judge_versions();
  return std::move(result_);
}

/// A connection of its own, with this version alone.
ProbedVersion Prober::offer(const OfferedVersion& version) {
  ProbedVersion met;
  TcpConnection tcp(host_, port_, proxy_, scheme_, std::chrono::steady_clock::now() + timeout_);
  if (starttls_ && !begin_tls(tcp, met)) {
    met.result = "error";
    return met;
  }
  TlsPipe tls(tcp, version.number, host_, policy_.client_cert);
  switch (tls.handshake()) {
    case TlsPipe::Met::accepted:
      met.result = "accepted";
      break;
    case TlsPipe::Met::refused:
      met.result = "refused";
      break;
    case TlsPipe::Met::error:
      met.result = "error";
      break;
  }
  met.why = visible(tls.why());
  if (met.result != "accepted") return met;
  met.cipher = SSL_get_cipher_name(tls.ssl());
  if (const int group = static_cast<int>(SSL_get_negotiated_group(tls.ssl())); group != 0)
    if (const char* name = SSL_group_to_name(tls.ssl(), group)) met.group = name;
  take_certificate(tls.ssl());
  if (smtp_) ehlo_inside(tls);
  return met;
}

/// From the greeting to the 220 of STARTTLS. False, with the reason, when it does not come so far.
bool Prober::begin_tls(TcpConnection& tcp, ProbedVersion& met) {
  Dialogue plain([&](std::string_view octets) { return tcp.send(octets); },
                 [&](std::span<char> into) { return tcp.receive(into); });
  const auto stop = [&](const char* why) {
    met.why = why;
    return false;
  };
  if (plain.ask({}, '2').empty()) {
    fault("greeting", "the server does not greet with 220");
    return stop("no greeting");
  }
  const std::vector<std::string> offers = plain.ask("EHLO localhost\r\n", '2');
  if (offers.empty()) {
    fault("ehlo", "the server does not take EHLO");
    return stop("no EHLO");
  }
  if (result_.ehlo_before_tls.empty()) result_.ehlo_before_tls = offers;
  const auto keyword = [](const std::string& line) {
    return std::string_view(line).substr(0, line.find_first_of(" ="));
  };
  const auto has = [&](std::string_view word) {
    return std::any_of(offers.begin() + 1, offers.end(),
                       [&](const std::string& line) { return iequals(keyword(line), word); });
  };
  if (has("AUTH")) fault("auth-in-clear", "AUTH is offered before TLS: passwords may be sent in the clear");
  if (!has("STARTTLS")) {
    fault("starttls-missing", "the server offers no STARTTLS");
    return stop("no STARTTLS");
  }
  if (plain.ask("STARTTLS\r\n", '2').empty()) {
    fault("starttls-refused", "the server offers STARTTLS and does not begin it");
    return stop("STARTTLS refused");
  }
  if (plain.has_rest()) {
    fault("injection", "octets came ahead of the TLS handshake");
    return stop("octets ahead of the TLS handshake");
  }
  return true;
}

void Prober::ehlo_inside(TlsPipe& tls) {
  Dialogue inside([&](std::string_view octets) { return tls.send(octets); },
                  [&](std::span<char> into) { return tls.receive(into); });
  if (!starttls_ && inside.ask({}, '2').empty()) {
    fault("greeting", "the server does not greet with 220");
    return;
  }
  const std::vector<std::string> offers = inside.ask("EHLO localhost\r\n", '2');
  if (offers.empty())
    fault("ehlo", "the server does not take EHLO inside TLS");
  else
    result_.ehlo_after_tls = offers;
  (void)inside.ask("QUIT\r\n", '2');
}

/// Of the newest version that was accepted: they come in that order.
void Prober::take_certificate(SSL* ssl) {
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) return;
  ProbedCertificate& seen = result_.certificate;
  seen = {};
  seen.subject = name_text(X509_get_subject_name(leaf));
  seen.names = host_names(leaf);
  seen.fingerprint = fingerprint(leaf);
  seen.not_after = time_of(X509_get0_notAfter(leaf));
  if (seen.not_after)
    seen.days_left = static_cast<int>(std::chrono::floor<std::chrono::days>(*seen.not_after - now_).count());
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &response);
  seen.ocsp_stapled = size > 0;
  judge_chain(leaf, SSL_get_peer_cert_chain(ssl),
              seen.ocsp_stapled
                  ? std::string_view(reinterpret_cast<const char*>(response), static_cast<std::size_t>(size))
                  : std::string_view());
  judge_name(leaf);
  if (!policy_.pin.empty() && !is_pinned(policy_.pin, leaf))
    fault("pin", "the certificate is not the pinned one: its SHA-256 is " + seen.fingerprint);
}

void Prober::judge_chain(X509* leaf, STACK_OF(X509) * chain, std::string_view staple) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                &X509_STORE_CTX_free);
  if (!store || !context) throw Error(Errc::internal, "OpenSSL is out of memory");
  if (policy_.ca_file.empty()) {
    X509_STORE_set_default_paths(store.get());
  } else if (X509_STORE_load_file(store.get(), policy_.ca_file.c_str()) != 1) {
    throw Error(Errc::malformed, "no certificates can be read from the CA file", visible(policy_.ca_file));
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf, chain) != 1)
    throw Error(Errc::internal, "OpenSSL does not begin the chain check");
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), now_.time_since_epoch().count());
  ProbedCertificate& seen = result_.certificate;
  seen.chain_good = X509_verify_cert(context.get()) == 1;
  if (seen.chain_good) return judge_staple(store.get(), context.get(), staple);
  const int error = X509_STORE_CTX_get_error(context.get());
  seen.why = chain_problem(error, X509_STORE_CTX_get_current_cert(context.get()));
  fault(error == X509_V_ERR_CERT_HAS_EXPIRED ? "expired" : "chain", seen.why);
}

/// A staple that the issuer answers for may say that the certificate was revoked (RFC 6960). One that cannot be used
/// says nothing, and is no fault: clients go on without it.
void Prober::judge_staple(X509_STORE* store, X509_STORE_CTX* verified, std::string_view staple) {
  const auto* octets = reinterpret_cast<const unsigned char*>(staple.data());
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
      staple.empty() ? nullptr : d2i_OCSP_RESPONSE(nullptr, &octets, static_cast<long>(staple.size())),
      &OCSP_RESPONSE_free);
  const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(
      response ? OCSP_response_get1_basic(response.get()) : nullptr, &OCSP_BASICRESP_free);
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verified);
  if (!basic || sk_X509_num(chain) < 2 || OCSP_basic_verify(basic.get(), chain, store, 0) != 1) return;
  const std::unique_ptr<OCSP_CERTID, decltype(&OCSP_CERTID_free)> id(
      OCSP_cert_to_id(nullptr, sk_X509_value(chain, 0), sk_X509_value(chain, 1)), &OCSP_CERTID_free);
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  if (id && OCSP_resp_find_status(basic.get(), id.get(), &status, nullptr, nullptr, nullptr, nullptr) == 1 &&
      status == V_OCSP_CERTSTATUS_REVOKED)
    fault("revoked", "the stapled OCSP response says that the certificate was revoked");
}

void Prober::judge_name(X509* leaf) {
  const bool fits =
      X509_check_host(leaf, host_.c_str(), host_.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1 ||
      X509_check_ip_asc(leaf, host_.c_str(), 0) == 1;
  if (fits) return;
  ProbedCertificate& seen = result_.certificate;
  const std::string why = "the certificate is for another name than " + visible(host_) + ": " + join(seen.names, ", ");
  fault("name", why);
  if (seen.chain_good) seen.why = why;
  seen.chain_good = false;
}

void Prober::judge_versions() {
  bool good_one = false;
  for (std::size_t i = 0; i < kVersions.size(); ++i) {
    if (result_.versions[i].result != "accepted") continue;
    if (is_below_floor(kVersions[i]))
      fault("old-tls", std::string("TLS ") + kVersions[i].name + " is accepted");
    else
      good_one = true;
  }
  if (!good_one)
    fault("no-tls",
          std::string("TLS ") + (policy_.min == TlsVersion::v1_3 ? "1.3" : "1.2 or later") + " cannot be had");
}

}  // namespace

ProbeResult probe(const SenderUrl& target, const TlsPolicy& policy, std::chrono::seconds timeout, Time now,
                  const Proxy& proxy) {
  return Prober(target, policy, timeout, now, proxy).run();
}

}  // namespace mimeseal::net
