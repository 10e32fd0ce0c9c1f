// SPDX-License-Identifier: MIT
#include "support/memory_engine.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/mailbox.h"

namespace mimeseal::test {
namespace {

constexpr std::uint64_t kMaxToy = 64U << 20U;

/// The start of a ContentInfo, so that what peeks into the octets finds the type.
std::string content_info(LayerType type) {
  std::string out("\x30\x80\x06", 3);
  if (type == LayerType::smime_auth_enveloped)
    return out + std::string("\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", 12);
  if (type == LayerType::smime_compressed)
    return out + std::string("\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09", 12);
  const bool enveloped = type == LayerType::smime_enveloped;
  return out + std::string("\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", 9) + (enveloped ? "\x03" : "\x02");
}

constexpr std::string_view kArmorBegin = "-----BEGIN PGP MESSAGE-----";
constexpr std::string_view kArmorEnd = "-----END PGP MESSAGE-----";

std::string armor(const std::string& octets) {
  const std::string text = base64_encode(octets);
  std::string out = std::string(kArmorBegin) + "\n\n";
  for (std::size_t at = 0; at < text.size(); at += 64)
    out += text.substr(at, 64) + "\n";
  return out + std::string(kArmorEnd) + "\n";
}

/// "toy TYPE", lines, a blank line, the content.
struct Toy {
  LayerType type = LayerType::smime_signed;
  std::vector<std::string> lines;
  std::string content;
  [[nodiscard]] std::string value(std::string_view name) const {
    for (const std::string& line : lines) {
      if (line.starts_with(std::string(name) + " ")) return line.substr(name.size() + 1);
    }
    return {};
  }
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> out;
    for (const std::string& line : lines) {
      if (line.starts_with(std::string(name) + " ")) out.push_back(line.substr(name.size() + 1));
    }
    return out;
  }
};

Toy parse(std::string octets) {
  const std::size_t armored = octets.find(kArmorBegin);
  if (armored != std::string::npos) {
    const std::size_t end = octets.find(kArmorEnd, armored);
    if (end == std::string::npos) throw Error(Errc::malformed, "an armour without an end");
    const std::size_t begin = armored + kArmorBegin.size();
    auto binary = base64_decode(std::string_view(octets).substr(begin, end - begin));
    if (!binary) throw Error(Errc::malformed, "bad armour");
    octets = std::move(*binary);
  }
  const std::size_t begin = octets.find("toy ");
  const std::size_t blank = octets.find("\n\n");
  if (begin > 20 || blank == std::string::npos || blank < begin) throw Error(Errc::malformed, "this is no toy message");
  Toy toy;
  toy.lines = split(std::string_view(octets).substr(begin, blank - begin), '\n');
  toy.content = octets.substr(blank + 2);
  for (const LayerType type : {LayerType::smime_signed, LayerType::smime_enveloped, LayerType::smime_auth_enveloped,
                               LayerType::smime_compressed, LayerType::pgp_signed, LayerType::pgp_encrypted}) {
    if (toy.value("toy") == to_string(type)) toy.type = type;
  }
  return toy;
}

std::string scrambled(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = static_cast<char>(static_cast<unsigned char>(c) ^ 0x55U);
  return out;
}

std::string fingerprint_of(const std::string& address) {
  return hex(sha256(ascii_lower(address))).substr(0, 40);
}

}  // namespace

KeyPtr MemoryEngine::add(const std::string& address, bool secret, bool trusted) {
  KeyInfo info;
  info.protocol = protocol_;
  info.name = address;
  info.fingerprint = fingerprint_of(address);
  info.addresses = {address};
  info.can_sign = info.can_encrypt = true;
  info.has_secret = secret;
  entries_.push_back({std::make_shared<MemoryKey>(std::move(info)), trusted});
  return entries_.back().key;
}

std::vector<KeyPtr> MemoryEngine::keys() {
  std::vector<KeyPtr> out;
  for (const Entry& entry : entries_)
    out.push_back(entry.key);
  return out;
}

KeyChoice MemoryEngine::signing_key(std::string_view address, Time) {
  for (const Entry& entry : entries_) {
    if (!entry.key->info().has_secret) continue;
    if (address.empty() || same_address(entry.key->info().addresses.front(), address))
      return {entry.key, "the only one", {}};
  }
  return {nullptr, "no identity for that address", {}};
}

KeyChoice MemoryEngine::recipient_key(std::string_view address, Time) {
  for (const Entry& entry : entries_) {
    if (same_address(entry.key->info().addresses.front(), address)) return {entry.key, "the only one", {}};
  }
  return {nullptr, "no key for that address", {}};
}

KeyPtr MemoryEngine::find_key(std::string_view fingerprint) {
  for (const Entry& entry : entries_) {
    if (iequals(entry.key->info().fingerprint, fingerprint)) return entry.key;
  }
  return nullptr;
}

std::string MemoryEngine::export_public(const Key& key, std::string_view) {
  return "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + base64_encode("key of " + key.info().name) +
         "\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n";
}

std::string MemoryEngine::write(LayerType type, const std::vector<std::string>& lines, std::string_view content) const {
  std::string out = "toy " + std::string(to_string(type)) + "\n";
  for (const std::string& line : lines)
    out += line + "\n";
  out += "\n" + std::string(content);
  return protocol_ == Protocol::smime ? content_info(type) + out : armor(out);
}

std::string MemoryEngine::signature_line(const Key& key, std::string_view content) const {
  return "signer " + key.info().fingerprint + " " + hex(hmac_sha256(key.info().fingerprint, content));
}

SignResult MemoryEngine::sign(Source& content, Sink& out, const SignSpec& spec) {
  ++signatures;
  const std::string text = read_all(content, kMaxToy);
  std::vector<std::string> lines;
  for (const KeyPtr& key : spec.signers)
    lines.push_back(signature_line(*key, text));
  const LayerType type = protocol_ == Protocol::smime ? LayerType::smime_signed : LayerType::pgp_signed;
  out.write(write(type, lines, spec.detached ? std::string_view() : std::string_view(text)));
  return {std::vector<std::string>(spec.signers.size(), "sha256"), {{"digest", "sha256", "a toy"}}};
}

EncryptResult MemoryEngine::encrypt(Source& content, Sink& out, const EncryptSpec& spec) {
  ++encryptions;
  const std::string text = read_all(content, kMaxToy);
  std::vector<std::string> lines;
  std::vector<std::string> fingerprints;
  for (const KeyPtr& key : spec.recipients)
    fingerprints.push_back(key->info().fingerprint);
  encrypted_to.push_back(fingerprints);
  for (const std::string& fingerprint : fingerprints)
    lines.push_back("to " + fingerprint);
  for (const KeyPtr& key : spec.signers)
    lines.push_back(signature_line(*key, text));
  if (authenticated) lines.push_back("tag " + hex(sha256(text)));
  const LayerType type = protocol_ == Protocol::pgp ? LayerType::pgp_encrypted
                         : authenticated            ? LayerType::smime_auth_enveloped
                                                    : LayerType::smime_enveloped;
  out.write(write(type, lines, scrambled(text)));
  return {type, authenticated ? "aes-256-gcm" : "aes-256-cbc", {}, {{"cipher", "toy", "a toy"}}};
}

void MemoryEngine::compress(Source& content, Sink& out) {
  out.write(write(LayerType::smime_compressed, {}, read_all(content, kMaxToy)));
}

void MemoryEngine::export_keys(const std::vector<KeyPtr>& keys, Sink& out) {
  std::vector<std::string> lines;
  for (const KeyPtr& key : keys)
    lines.push_back("certificate " + key->info().name);
  out.write(write(LayerType::smime_signed, lines, ""));
}

SignerFacts MemoryEngine::judge_line(const std::string& line, std::string_view content, Time at) const {
  SignerFacts facts;
  facts.judged_at = at;
  facts.digest = "sha256";
  facts.fingerprint = line.substr(0, line.find(' '));
  const auto entry =
      std::ranges::find_if(entries_, [&](const Entry& e) { return e.key->info().fingerprint == facts.fingerprint; });
  if (entry == entries_.end()) {
    facts.integrity = Integrity::no_key;
    facts.why = "no key";
    return facts;
  }
  const bool fits = line.ends_with(hex(hmac_sha256(facts.fingerprint, content)));
  facts.integrity = fits ? Integrity::good : Integrity::bad;
  facts.trust = entry->trusted ? Trust::trusted : Trust::untrusted;
  facts.validity = Validity::valid;
  facts.who = entry->key->info().name;
  facts.addresses = entry->key->info().addresses;
  if (!fits) facts.why = "the octets have been changed";
  return facts;
}

LayerFacts MemoryEngine::verify(Source& content, std::string_view signature, const OpenSpec& spec) {
  const Toy toy = parse(std::string(signature));
  LayerFacts facts;
  facts.type = protocol_ == Protocol::smime ? LayerType::smime_signed : LayerType::pgp_signed;
  if (!toy.content.empty()) {
    facts.result = LayerResult::bad;
    facts.why = "a detached signature with content of its own";
    return facts;
  }
  content.rewind();
  const std::string text = read_all(content, kMaxToy);
  for (const std::string& line : toy.all("signer"))
    facts.signers.push_back(judge_line(line, text, spec.at));
  facts.result = layer_result(facts.signers);
  return facts;
}

LayerFacts MemoryEngine::open(Source& layer, Sink& out, const OpenSpec& spec) {
  const Toy toy = parse(read_all(layer, kMaxToy));
  LayerFacts facts;
  facts.type = toy.type;
  const bool encrypted = !toy.all("to").empty();
  std::string text = encrypted ? scrambled(toy.content) : toy.content;
  if (text.size() > spec.max_output) throw Error(Errc::limit, "too much");
  for (const std::string& name : toy.all("certificate"))
    facts.certificates.push_back(name);
  if (encrypted) {
    facts.cipher = toy.value("tag").empty() ? "aes-256-cbc" : "aes-256-gcm";
    facts.recipients = toy.all("to");
    facts.result = LayerResult::no_key;
    for (const Entry& entry : entries_) {
      const std::string& own = entry.key->info().fingerprint;
      if (entry.key->info().has_secret && std::ranges::find(facts.recipients, own) != facts.recipients.end()) {
        facts.decrypted_by = own;
        facts.result = LayerResult::unauthenticated;
      }
    }
    if (facts.result == LayerResult::no_key) return facts;
    if (!toy.value("tag").empty()) {
      facts.authenticated = toy.value("tag") == hex(sha256(text));
      facts.result = facts.authenticated ? LayerResult::good : LayerResult::bad;
    }
  } else {
    facts.result = LayerResult::good;
  }
  out.write(text);
  for (const std::string& line : toy.all("signer"))
    facts.signers.push_back(judge_line(line, text, spec.at));
  const bool signature = facts.type == LayerType::smime_signed || facts.type == LayerType::pgp_signed;
  if (signature && !facts.signers.empty()) facts.result = layer_result(facts.signers);
  return facts;
}

}  // namespace mimeseal::test
