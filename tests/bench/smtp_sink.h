// SPDX-License-Identifier: MIT
#pragma once

// An SMTP server over TLS in a thread of this process, that takes every message and keeps none.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace mimeseal::bench {

inline void demand(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

/// A self-signed certificate for localhost: its own CA.
class TestCertificate {
 public:
  TestCertificate() : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    demand(key_ != nullptr && certificate_ != nullptr, "no certificate");
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 86400);
    X509_NAME* name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate_, name);
    X509_set_pubkey(certificate_, key_);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    demand(X509_sign(certificate_, key_, EVP_sha256()) > 0, "cannot sign");
    const int fd = mkstemp(path_.data());
    demand(fd >= 0, "no temporary file");
    FILE* file = fdopen(fd, "w");
    PEM_write_X509(file, certificate_);
    std::fclose(file);
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;
  ~TestCertificate() {
    unlink(path_.c_str());
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] EVP_PKEY* key() const { return key_; }
  [[nodiscard]] X509* certificate() const { return certificate_; }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
  std::string path_ = "/tmp/mimeseal-bench-XXXXXX";
};

class SmtpSink {
 public:
  SmtpSink(const TestCertificate& identity, std::string offers, std::chrono::microseconds delay)
      : offers_(std::move(offers)), delay_(delay), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_, identity.certificate());
    SSL_CTX_use_PrivateKey(context_, identity.key());
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    demand(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 4) == 0,
           "cannot listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  SmtpSink(const SmtpSink&) = delete;
  SmtpSink& operator=(const SmtpSink&) = delete;
  ~SmtpSink() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    SSL_CTX_free(context_);
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  void serve() {
    while (true) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      SSL* ssl = SSL_new(context_);
      SSL_set_fd(ssl, fd);
      if (SSL_accept(ssl) == 1) talk(ssl);
      SSL_free(ssl);
      close(fd);
    }
  }

  void talk(SSL* ssl) {
    in_.clear();
    out_ = "220 sink\r\n";
    in_data_ = false;
    chunk_ = 0;
    std::array<char, 65536> block{};
    while (true) {
      if (!out_.empty()) {
        if (delay_.count() > 0) std::this_thread::sleep_for(delay_);
        if (SSL_write(ssl, out_.data(), static_cast<int>(out_.size())) <= 0) return;
        out_.clear();
      }
      const int got = SSL_read(ssl, block.data(), static_cast<int>(block.size()));
      if (got <= 0) return;
      in_.append(block.data(), static_cast<std::size_t>(got));
      while (step())
        continue;
      if (quit_) return;
    }
  }

  /// One command, or one piece of content; false when more must be read.
  bool step() {
    if (chunk_ != 0) {
      const std::size_t size = std::min(chunk_, in_.size());
      in_.erase(0, size);
      chunk_ -= size;
      if (chunk_ == 0) accept_message();
      return size != 0;
    }
    const std::string_view end = in_data_ ? "\r\n.\r\n" : "\r\n";
    const std::size_t at = in_.find(end);
    if (at == std::string::npos) return false;
    if (in_data_) {
      in_data_ = false;
      accept_message();
    } else {
      command(std::string_view(in_).substr(0, at));
    }
    in_.erase(0, at + end.size());
    return true;
  }

  void command(std::string_view line) {
    if (line.starts_with("EHLO")) {
      out_ += "250-sink\r\n250-8BITMIME\r\n" + offers_ + "250 SIZE\r\n";
    } else if (line.starts_with("DATA")) {
      in_data_ = true;
      out_ += "354 go\r\n";
    } else if (line.starts_with("BDAT ")) {
      chunk_ = static_cast<std::size_t>(std::atoll(line.data() + 5));
    } else if (line.starts_with("QUIT")) {
      quit_ = true;
    } else {
      out_ += "250 ok\r\n";
    }
  }

  void accept_message() {
    ++messages_;
    out_ += "250 2.0.0 queued as " + std::to_string(messages_) + "\r\n";
  }

  std::string offers_;
  std::chrono::microseconds delay_;
  SSL_CTX* context_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
  std::string in_;
  std::string out_;
  bool in_data_ = false;
  bool quit_ = false;
  std::size_t chunk_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace mimeseal::bench
