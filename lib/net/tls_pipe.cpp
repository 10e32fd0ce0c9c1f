// SPDX-License-Identifier: MIT
#include "net/tls_pipe.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/tls1.h>

#include <array>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::net {
namespace {

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

void demand(bool done, const char* what) {
  if (!done) throw Error(Errc::internal, std::string("OpenSSL does not set up ") + what);
}

}  // namespace

TlsPipe::TlsPipe(TcpConnection& tcp, int version, const std::string& host, const std::string& client_cert)
    : tcp_(tcp), context_(SSL_CTX_new(TLS_client_method())) {
  demand(context_ != nullptr, "a context");
  SSL_CTX* context = context_.get();
  demand(SSL_CTX_set_min_proto_version(context, version) == 1 && SSL_CTX_set_max_proto_version(context, version) == 1,
         "one version of TLS");
  // Level 0, or the library itself would refuse TLS 1.0 and 1.1, and the server could not show what it does.
  SSL_CTX_set_security_level(context, 0);
  demand(SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1, "its ciphers");
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);  // judged afterwards, and reported
  SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  if (!client_cert.empty() && (SSL_CTX_use_certificate_chain_file(context, client_cert.c_str()) != 1 ||
                               SSL_CTX_use_PrivateKey_file(context, client_cert.c_str(), SSL_FILETYPE_PEM) != 1))
    throw Error(Errc::malformed, "the client certificate or its key cannot be used", visible(client_cert));

  ssl_.reset(SSL_new(context));
  demand(ssl_ != nullptr, "a connection");
  if (!is_address(host)) demand(SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1, "the server's name");
  incoming_ = BIO_new(BIO_s_mem());
  outgoing_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), incoming_, outgoing_);
  demand(incoming_ != nullptr && outgoing_ != nullptr, "its buffers");
  BIO_set_mem_eof_return(incoming_, -1);
  SSL_set_connect_state(ssl_.get());
}

bool TlsPipe::flush() {
  std::array<char, 16384> block{};
  int size = 0;
  while ((size = BIO_read(outgoing_, block.data(), static_cast<int>(block.size()))) > 0)
    if (!tcp_.send({block.data(), static_cast<std::size_t>(size)})) return false;
  return true;
}

bool TlsPipe::fill() {
  std::array<char, 16384> block{};
  const std::size_t got = tcp_.receive(block);
  if (got == 0) return false;
  return BIO_write(incoming_, block.data(), static_cast<int>(got)) == static_cast<int>(got);
}

TlsPipe::Met TlsPipe::handshake() {
  while (true) {
    ERR_clear_error();
    const int done = SSL_connect(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), done);
    const bool open = flush();
    if (done == 1) return Met::accepted;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return judge_failure(false);
    if (!open || !fill()) return judge_failure(true);
  }
}

TlsPipe::Met TlsPipe::judge_failure(bool closed) {
  const unsigned long code = ERR_peek_error();
  if (closed || code == 0) {
    why_ = "the server closed the connection in the handshake";
    return Met::refused;
  }
  const int reason = ERR_GET_REASON(code);
  const char* words = ERR_reason_error_string(code);
  why_ = words != nullptr ? words : "error " + std::to_string(code);
  ERR_clear_error();
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return Met::error;
  const bool alert = reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
  if (alert || reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION ||
      reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return Met::refused;
  if (reason == SSL_R_WRONG_VERSION_NUMBER) why_ = "the server's answer is no TLS, or of another version";
  return Met::error;
}

bool TlsPipe::send(std::string_view octets) {
  ERR_clear_error();
  return SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size())) > 0 && flush();
}

std::size_t TlsPipe::receive(std::span<char> into) {
  while (true) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
    if (got > 0) return static_cast<std::size_t>(got);
    const int error = SSL_get_error(ssl_.get(), got);
    const bool open = flush();
    if (error != SSL_ERROR_WANT_READ || !open || !fill()) return 0;
  }
}

}  // namespace mimeseal::net
