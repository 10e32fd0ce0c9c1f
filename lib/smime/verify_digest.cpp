// SPDX-License-Identifier: MIT
#include <array>

#include "smime/verify.h"

namespace mimeseal::smime {
namespace {

struct KnownDigest {
  const char* name;
  const char* oid;
  std::size_t extendable_to;  ///< octets to ask of an extendable-output function; 0 for others
};

/// id-shake256-len (RFC 8702's older sibling, which RFC 8419 names for Ed448) says its length in the parameters.
constexpr std::string_view kShake256Len = "2.16.840.1.101.3.4.2.18";
constexpr std::size_t kShake128Octets = 32;  // RFC 8702, section 3.1
constexpr std::size_t kShake256Octets = 64;

constexpr std::array<KnownDigest, 14> kDigests{{
    {"md5", "1.2.840.113549.2.5", 0},
    {"sha1", "1.3.14.3.2.26", 0},
    {"sha224", "2.16.840.1.101.3.4.2.4", 0},
    {"sha256", "2.16.840.1.101.3.4.2.1", 0},
    {"sha384", "2.16.840.1.101.3.4.2.2", 0},
    {"sha512", "2.16.840.1.101.3.4.2.3", 0},
    {"sha512-224", "2.16.840.1.101.3.4.2.5", 0},
    {"sha512-256", "2.16.840.1.101.3.4.2.6", 0},
    {"sha3-224", "2.16.840.1.101.3.4.2.7", 0},
    {"sha3-256", "2.16.840.1.101.3.4.2.8", 0},
    {"sha3-384", "2.16.840.1.101.3.4.2.9", 0},
    {"sha3-512", "2.16.840.1.101.3.4.2.10", 0},
    {"shake128", "2.16.840.1.101.3.4.2.11", kShake128Octets},
    {"shake256", "2.16.840.1.101.3.4.2.12", kShake256Octets},
}};

const KnownDigest* find_digest(std::string_view name) {
  for (const KnownDigest& digest : kDigests) {
    if (name == digest.name) return &digest;
  }
  return nullptr;
}

EvpMdCtxPtr start(const std::string& name) {
  EvpMdCtxPtr context(check(EVP_MD_CTX_new(), "a digest"));
  check(EVP_DigestInit_ex(context.get(), EVP_get_digestbyname(name.c_str()), nullptr) == 1, "a digest");
  return context;
}

std::string finish(const std::string& name, EVP_MD_CTX* context) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  if (const std::size_t length = find_digest(name)->extendable_to; length > 0) {
    check(EVP_DigestFinalXOF(context, bytes(out), length) == 1, "a digest");
    out.resize(length);
  } else {
    unsigned int size = 0;
    check(EVP_DigestFinal_ex(context, bytes(out), &size) == 1, "a digest");
    out.resize(size);
  }
  return out;
}

}  // namespace

std::optional<std::string> digest_name(const X509_ALGOR* algorithm) {
  const std::string oid = asn1::oid_of(asn1::object_of(algorithm));
  if (oid == kShake256Len) {
    const ASN1_TYPE* parameters = algorithm->parameter;
    if (parameters == nullptr || parameters->type != V_ASN1_INTEGER) return std::nullopt;
    const bool full = ASN1_INTEGER_get(parameters->value.integer) == static_cast<long>(kShake256Octets * 8);
    return full ? std::optional<std::string>("shake256") : std::nullopt;
  }
  for (const KnownDigest& digest : kDigests) {
    if (oid == digest.oid && EVP_get_digestbyname(digest.name) != nullptr) return digest.name;
  }
  return std::nullopt;
}

std::string digest_of(const std::string& name, std::string_view octets) {
  const EvpMdCtxPtr context = start(name);
  check(EVP_DigestUpdate(context.get(), octets.data(), octets.size()) == 1, "a digest");
  return finish(name, context.get());
}

void MessageDigests::add(const std::string& name) {
  if (!running_.contains(name)) running_.emplace(name, start(name));
}

void MessageDigests::update(std::string_view octets) {
  if (head_.size() < 16) head_ += octets.substr(0, 16 - head_.size());
  size_ += octets.size();
  for (const auto& [name, context] : running_) {
    check(EVP_DigestUpdate(context.get(), octets.data(), octets.size()) == 1, "a digest");
  }
}

void MessageDigests::finish() {
  for (const auto& [name, context] : running_)
    finished_[name] = smime::finish(name, context.get());
  running_.clear();
}

const std::string* MessageDigests::find(const std::string& name) const {
  const auto found = finished_.find(name);
  return found == finished_.end() ? nullptr : &found->second;
}

bool MessageDigests::content_is_one_set() const {
  if (head_.empty() || head_.front() != '1') return false;  // 0x31: SET, constructed
  std::size_t at = 1;
  if (head_.size() < 2) return false;
  std::uint64_t length = static_cast<std::uint8_t>(head_[at++]);
  if (length > 0x80) {
    const std::size_t count = static_cast<std::size_t>(length & 0x7FU);
    if (count > 8 || head_.size() < at + count) return false;
    length = 0;
    for (std::size_t i = 0; i < count; ++i)
      length = (length << 8U) | static_cast<std::uint8_t>(head_[at++]);
  }
  return length == size_ - at;
}

}  // namespace mimeseal::smime
