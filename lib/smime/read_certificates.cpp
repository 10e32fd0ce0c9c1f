// SPDX-License-Identifier: MIT
#include "mimeseal/core/text.h"
#include "mimeseal/smime/engine.h"
#include "smime/key.h"

namespace mimeseal::smime {
namespace {

/// More than any honest message has.
constexpr std::size_t kMaxCertificates = 200;

}  // namespace

std::vector<KeyInfo> read_certificates(const std::string& octets) {
  std::vector<KeyInfo> found;
  if (octets.find("-----BEGIN ") != std::string::npos) {
    const BioPtr text = view_bio(octets);
    while (found.size() < kMaxCertificates) {
      const X509Ptr certificate(PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr));
      if (!certificate) break;
      found.push_back(key_info_of(certificate.get()));
    }
  } else {
    const unsigned char* at = bytes(octets);
    const X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(octets.size())));
    if (certificate) found.push_back(key_info_of(certificate.get()));
  }
  ERR_clear_error();
  return found;
}

}  // namespace mimeseal::smime
