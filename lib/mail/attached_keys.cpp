// SPDX-License-Identifier: MIT
#include <algorithm>
#include <unordered_set>

#include "autocrypt.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "reading.h"

namespace mimeseal::mail {
namespace {

constexpr std::size_t kMaxKeys = 200;
constexpr std::size_t kMaxReads = 200;
constexpr std::uint64_t kMaxKeyPart = 1U << 20U;

class Collector {
 public:
  using Reader = std::function<std::vector<KeyInfo>(const std::string&)>;

  void read(const Reader& reader, const std::string& octets, const std::string& origin) {
    if (!reader || keys_.size() >= kMaxKeys || reads_ >= kMaxReads) return;
    ++reads_;
    std::vector<KeyInfo> found;
    try {
      found = reader(octets);
    } catch (const Error& error) {
      if (error.code() != Errc::malformed && error.code() != Errc::unsupported && error.code() != Errc::limit) throw;
    }
    for (KeyInfo& key : found) {
      if (keys_.size() >= kMaxKeys || !seen_.insert(key.fingerprint).second) continue;
      key.origin = origin;
      keys_.push_back(std::move(key));
    }
  }

  [[nodiscard]] std::vector<KeyInfo> take() { return std::move(keys_); }

 private:
  std::vector<KeyInfo> keys_;
  std::unordered_set<std::string> seen_;
  std::size_t reads_ = 0;
};

std::string content_of(const OpenedPart& part) {
  return part.size > kMaxKeyPart ? std::string() : read_all(*decoded_body(part.input, part.part), kMaxKeyPart);
}

}  // namespace

std::vector<KeyInfo> attached_keys(const Opening& opening, const Opened& opened, const HeaderFields& payload) {
  const OpenSettings& settings = opening.settings;
  Collector collector;
  for (const OpenedPart& part : opened.parts) {
    if (part.type == "application/pgp-keys")
      collector.read(settings.read_pgp_keys, content_of(part), "part " + part.path);
    if (part.type == "application/pkix-cert")
      collector.read(settings.read_certificates, content_of(part), "part " + part.path);
  }
  for (const HeaderFields* fields : {&opened.headers.raw, &payload}) {
    for (const HeaderField& field : *fields) {
      if (!iequals(field.name, "Autocrypt") && !iequals(field.name, "Autocrypt-Gossip")) continue;
      if (const auto autocrypt = parse_autocrypt(field)) {
        collector.read(settings.read_pgp_keys, autocrypt->key, "the " + field.name + " field");
      }
    }
  }
  for (const auto& [path, pem] : opening.certificates)
    collector.read(settings.read_certificates, pem, "part " + path);
  return collector.take();
}

}  // namespace mimeseal::mail
