// SPDX-License-Identifier: MIT
// The ciphers of stored objects, over OpenSSL.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <memory>

#include "aws/stored_keys.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"

namespace mimeseal::aws {
namespace {

constexpr std::size_t kTag = 16;
constexpr std::size_t kBlock = 16;
constexpr std::size_t kChunk = 64U << 10U;
constexpr std::size_t kDerivedKey = 32;
constexpr std::string_view kSuiteId{"\x00\x73", 2};
constexpr std::size_t kSha512 = 64;

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

const unsigned char* bytes(std::string_view octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}

[[noreturn]] void fault() {
  throw Error(Errc::internal, "OpenSSL's cipher failed");
}

SecretBytes hmac_sha512(std::string_view key, std::string_view octets) {
  std::array<unsigned char, kSha512> mac{};
  unsigned int size = mac.size();
  if (HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), bytes(octets), octets.size(), mac.data(), &size) ==
      nullptr)
    throw Error(Errc::internal, "HMAC-SHA-512 failed");
  SecretBytes secret(std::string_view(reinterpret_cast<const char*>(mac.data()), size));
  cleanse(std::span(reinterpret_cast<char*>(mac.data()), mac.size()));
  return secret;
}

/// HKDF's expansion to at most one block (RFC 5869, section 2.3).
SecretBytes expand(const SecretBytes& prk, std::string_view label, std::size_t size) {
  const SecretBytes block = hmac_sha512(prk.view(), std::string(kSuiteId) + std::string(label) + '\x01');
  return SecretBytes(block.view().substr(0, size));
}

/// The content key of an object that commits to it. The commitment is checked before the key is derived.
SecretBytes committed_key(const StoredKeys& keys, const SecretBytes& data_key, const std::string& where) {
  if (data_key.size() != kDerivedKey) throw Error(Errc::malformed, "the data key has not 32 octets", where);
  const SecretBytes prk = hmac_sha512(keys.message_id, data_key.view());
  const SecretBytes commitment = expand(prk, "COMMITKEY", keys.commitment.size());
  if (CRYPTO_memcmp(commitment.view().data(), keys.commitment.data(), keys.commitment.size()) != 0)
    throw Error(Errc::malformed, "the object was made with another data key (its key commitment does not fit)", where);
  return expand(prk, "DERIVEKEY", kDerivedKey);
}

const EVP_CIPHER* by_key_size(std::size_t size, bool gcm) {
  switch (size) {
    case 16:
      return gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
    case 24:
      return gcm ? EVP_aes_192_gcm() : EVP_aes_192_cbc();
    case 32:
      return gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
    default:
      return nullptr;
  }
}

/// Feeds [0, end) of the object through the cipher.
void decrypt_range(const Input& object, std::uint64_t end, EVP_CIPHER_CTX* cipher, Sink& into) {
  std::vector<char> in(kChunk);
  std::vector<char> out(kChunk + kBlock);
  for (std::uint64_t at = 0; at < end;) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, end - at));
    const std::size_t got = object.read_at(at, std::span(in).first(wanted));
    if (got == 0) throw Error(Errc::io, "the object became shorter", object.name());
    int written = 0;
    if (EVP_DecryptUpdate(cipher, reinterpret_cast<unsigned char*>(out.data()), &written, bytes({in.data(), got}),
                          static_cast<int>(got)) != 1)
      fault();
    into.write({out.data(), static_cast<std::size_t>(written)});
    at += got;
  }
  cleanse(std::span<char>(out));
}

void decrypt_gcm(const Input& object, const SecretBytes& key, std::string_view iv, std::string_view aad, Sink& into) {
  if (object.size() < kTag) throw Error(Errc::malformed, "the object is too short to hold a tag", object.name());
  const EVP_CIPHER* kind = by_key_size(key.size(), true);
  if (kind == nullptr) throw Error(Errc::malformed, "the data key has no size that AES knows", object.name());
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string tag = read_range(object, object.size() - kTag, object.size(), kTag);
  int unused = 0;
  if (!cipher || EVP_DecryptInit_ex(cipher.get(), kind, nullptr, bytes(key.view()), bytes(iv)) != 1 ||
      (!aad.empty() &&
       EVP_DecryptUpdate(cipher.get(), nullptr, &unused, bytes(aad), static_cast<int>(aad.size())) != 1) ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), tag.data()) != 1)
    fault();
  decrypt_range(object, object.size() - kTag, cipher.get(), into);
  std::array<unsigned char, kBlock> rest{};
  if (EVP_DecryptFinal_ex(cipher.get(), rest.data(), &unused) != 1)
    throw Error(Errc::malformed, "the object was changed, or this is not its data key (its tag does not fit)",
                object.name());
}

void decrypt_cbc(const Input& object, const SecretBytes& key, std::string_view iv, Sink& into) {
  const EVP_CIPHER* kind = by_key_size(key.size(), false);
  if (kind == nullptr) throw Error(Errc::malformed, "the data key has no size that AES knows", object.name());
  if (object.size() == 0 || object.size() % kBlock != 0)
    throw Error(Errc::malformed, "the object's size is no multiple of the cipher's blocks", object.name());
  const Cipher cipher(EVP_CIPHER_CTX_new());
  if (!cipher || EVP_DecryptInit_ex(cipher.get(), kind, nullptr, bytes(key.view()), bytes(iv)) != 1) fault();
  decrypt_range(object, object.size(), cipher.get(), into);
  std::array<unsigned char, kBlock> rest{};
  int size = 0;
  if (EVP_DecryptFinal_ex(cipher.get(), rest.data(), &size) != 1)
    throw Error(Errc::malformed, "the object was changed, or this is not its data key (its padding does not fit)",
                object.name());
  into.write({reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(size)});
}

}  // namespace

void demand_authenticated(const StoredKeys& keys, bool allow_cbc, const std::string& where) {
  if (keys.cipher == StoredCipher::cbc && !allow_cbc)
    throw Error(Errc::unsupported, "its cipher is AES-CBC, which proves nothing about who wrote what comes out", where,
                "--allow-cbc decrypts it all the same");
}

InputPtr decrypt_object(const Input& object, const StoredKeys& keys, const SecretBytes& data_key, bool allow_cbc) {
  demand_authenticated(keys, allow_cbc, object.name());
  Spool spool(object.name());
  switch (keys.cipher) {
    case StoredCipher::gcm:
      decrypt_gcm(object, data_key, keys.iv, {}, spool);
      break;
    case StoredCipher::cbc:
      decrypt_cbc(object, data_key, keys.iv, spool);
      break;
    case StoredCipher::gcm_committing: {
      // A key of its own for each object, so the nonce is fixed.
      const std::string nonce(12, '\x01');
      decrypt_gcm(object, committed_key(keys, data_key, object.name()), nonce, kSuiteId, spool);
      break;
    }
  }
  if (keys.plain_size && spool.size() != *keys.plain_size)
    throw Error(Errc::malformed, "the message has not the size that the object's metadata names", object.name());
  return spool.freeze();
}

std::optional<SecretBytes> unwrap_with_master(const StoredKeys& keys, const SecretBytes& master) {
  const EVP_CIPHER* kind = master.size() == 16   ? EVP_aes_128_ecb()
                           : master.size() == 24 ? EVP_aes_192_ecb()
                           : master.size() == 32 ? EVP_aes_256_ecb()
                                                 : nullptr;
  constexpr std::size_t kLongest = 48;  // a key of 32 octets and its padding
  if (kind == nullptr || keys.wrapped_key.size() % kBlock != 0 || keys.wrapped_key.size() > kLongest)
    return std::nullopt;
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::array<unsigned char, kLongest + kBlock> out{};
  int size = 0;
  int rest = 0;
  if (!cipher || EVP_DecryptInit_ex(cipher.get(), kind, nullptr, bytes(master.view()), nullptr) != 1) fault();
  const bool fits = EVP_DecryptUpdate(cipher.get(), out.data(), &size, bytes(keys.wrapped_key),
                                      static_cast<int>(keys.wrapped_key.size())) == 1 &&
                    EVP_DecryptFinal_ex(cipher.get(), out.data() + size, &rest) == 1;
  const std::size_t total = fits ? static_cast<std::size_t>(size) + static_cast<std::size_t>(rest) : 0;
  std::optional<SecretBytes> key;
  if (by_key_size(total, false) != nullptr)
    key.emplace(std::string_view(reinterpret_cast<const char*>(out.data()), total));
  cleanse(std::span(reinterpret_cast<char*>(out.data()), out.size()));
  return key;
}

}  // namespace mimeseal::aws
