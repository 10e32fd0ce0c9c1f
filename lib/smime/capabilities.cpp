// SPDX-License-Identifier: MIT
#include "smime/capabilities.h"

#include <algorithm>
#include <array>
#include <memory>

#include "mimeseal/core/text.h"
#include "smime/algorithms.h"

namespace mimeseal::smime {
namespace {

struct AlgorithmsReleaser {
  void operator()(X509_ALGORS* algorithms) const noexcept { sk_X509_ALGOR_pop_free(algorithms, X509_ALGOR_free); }
};

/// Best first: authenticated before not, then by strength.
constexpr std::array kPreference{Cipher::aes_256_gcm, Cipher::aes_192_gcm, Cipher::aes_128_gcm,
                                 Cipher::aes_256_cbc, Cipher::aes_192_cbc, Cipher::aes_128_cbc};

bool has(const std::vector<Cipher>& ciphers, Cipher cipher) {
  return std::find(ciphers.begin(), ciphers.end(), cipher) != ciphers.end();
}

/// A content cipher that is not written here: 3DES, RC2, …
bool is_foreign_cipher(int nid) {
  const EVP_CIPHER* const cipher = EVP_get_cipherbynid(nid);
  return cipher != nullptr && EVP_CIPHER_get_mode(cipher) != EVP_CIPH_WRAP_MODE;
}

/// Each once, in the list's order.
std::string words_of(const std::vector<Cipher>& ciphers) {
  std::vector<std::string> words;
  for (const Cipher cipher : ciphers) {
    std::string word(to_string(cipher));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
  }
  return words.empty() ? "no cipher of ours" : join(words, ", ");
}

Choice cipher_choice(Cipher cipher, std::string why) {
  return {"cipher", std::string(to_string(cipher)), std::move(why)};
}

}  // namespace

std::optional<std::vector<Cipher>> ciphers_in(std::string_view capabilities) {
  const unsigned char* at = bytes(capabilities);
  const std::unique_ptr<X509_ALGORS, AlgorithmsReleaser> list(
      d2i_X509_ALGORS(nullptr, &at, static_cast<long>(capabilities.size())));
  if (!list) {
    ERR_clear_error();
    return std::nullopt;
  }
  std::vector<Cipher> ciphers;
  bool speaks_of_ciphers = false;
  for (int i = 0; i < sk_X509_ALGOR_num(list.get()); ++i) {
    const int nid = OBJ_obj2nid(sk_X509_ALGOR_value(list.get(), i)->algorithm);
    const auto* const cipher = content_cipher_of_nid(nid);
    if (cipher != nullptr) ciphers.push_back(cipher->cipher);
    speaks_of_ciphers = speaks_of_ciphers || cipher != nullptr || is_foreign_cipher(nid);
  }
  // A list of other things (the key agreements of RFC 9216's certificates) leaves the ciphers unknown.
  if (!speaks_of_ciphers) return std::nullopt;
  return ciphers;
}

std::optional<std::vector<Cipher>> capabilities_of(X509* certificate) {
  const int index = X509_get_ext_by_NID(certificate, NID_SMIMECapabilities, -1);
  if (index < 0) return std::nullopt;
  return ciphers_in(octets_of(X509_EXTENSION_get_data(X509_get_ext(certificate, index))));
}

Choice choose_cipher(const SmimePolicy& chosen, const std::vector<Capabilities>& known) {
  if (chosen.cipher) return cipher_choice(*chosen.cipher, "asked for");
  const Cipher by_profile = *resolve(chosen).cipher;
  if (chosen.profile != Profile::standard || known.empty()) return cipher_choice(by_profile, "the profile's choice");
  const auto all_read = [&known](Cipher cipher) {
    return std::all_of(known.begin(), known.end(), [cipher](const auto& one) { return has(one.ciphers, cipher); });
  };
  if (all_read(by_profile))
    return cipher_choice(by_profile, "the profile's choice, and every known recipient reads it");
  for (const Cipher cipher : kPreference) {
    if (!all_read(cipher)) continue;
    std::vector<std::string> cannot;
    for (const auto& one : known) {
      if (!has(one.ciphers, by_profile)) cannot.push_back(one.where + " of " + one.who);
    }
    return cipher_choice(
        cipher, "the best that all read; no " + std::string(to_string(by_profile)) + " in " + join(cannot, ", "));
  }
  // AES-128 in CBC is what S/MIME has asked of every reader since version 3.2.
  std::vector<std::string> lists;
  for (const auto& one : known)
    lists.push_back(one.where + " of " + one.who + " names " + words_of(one.ciphers));
  return cipher_choice(Cipher::aes_128_cbc, std::string(known.size() == 1 ? "" : "none is in all lists: ") +
                                                join(lists, "; ") + "; every S/MIME 3.2 reader has this one");
}

}  // namespace mimeseal::smime
