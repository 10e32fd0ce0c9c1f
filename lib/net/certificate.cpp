// SPDX-License-Identifier: MIT
#include "net/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "mimeseal/core/text.h"

namespace mimeseal::net {
namespace {

constexpr std::size_t kMaxNames = 200;  // of a certificate from outside

struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

std::string octets(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string ip_text(const std::string& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.size() == 4 ? AF_INET : AF_INET6;
  if (address.size() != 4 && address.size() != 16) return {};
  if (inet_ntop(family, address.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

}  // namespace

std::string name_text(const X509_NAME* name) {
  if (name == nullptr) return {};
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (!out ||
      X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return visible(std::string_view(data, size > 0 ? static_cast<std::size_t>(size) : 0));
}

std::vector<std::string> host_names(const X509* certificate) {
  std::vector<std::string> found;
  const std::unique_ptr<GENERAL_NAMES, NamesDeleter> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && found.size() < kMaxNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) found.push_back(visible(octets(name->d.dNSName)));
    if (name->type == GEN_IPADD) found.push_back(ip_text(octets(name->d.iPAddress)));
  }
  return found;
}

std::string fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return Time(std::chrono::seconds(timegm(&parts)));
}

std::string chain_problem(int error, const X509* certificate) {
  std::string why = X509_verify_cert_error_string(error);
  if (certificate == nullptr) return why;
  const auto dated = [&](const ASN1_TIME* time) {
    const auto when = time_of(time);
    return when ? " (" + format_rfc3339(*when) + ")" : std::string();
  };
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return why + dated(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return why + dated(X509_get0_notBefore(certificate));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return why + " (" + name_text(X509_get_issuer_name(certificate)) + ")";
    default:
      return why + " (" + name_text(X509_get_subject_name(certificate)) + ")";
  }
}

}  // namespace mimeseal::net
