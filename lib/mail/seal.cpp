// SPDX-License-Identifier: MIT
#include "mimeseal/mail/seal.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "payload.h"
#include "people.h"
#include "wrap.h"

namespace mimeseal {
namespace mail {
namespace {

/// One message being sealed: what all steps need.
class Sealing {
 public:
  Sealing(const SealSpec& spec, People people, Time at, SealReport& report)
      : spec_(spec),
        engine_(*spec.engine),
        people_(std::move(people)),
        at_(at),
        report_(report),
        policy_(spec.policy) {}

  /// The signed payload as an entity; made once, whoever gets it (RFC 9787, 9.4.1).
  Wrapped sign(const Rope& payload) {
    SignSpec sign;
    sign.signers = people_.signers;
    sign.detached = engine_.protocol() == Protocol::pgp || !spec_.opaque;
    sign.policy = spec_.policy;
    sign.at = at_;
    if (!sign.detached) {
      Spool spool("signed message");
      note(engine_.sign(*payload.open(), spool, sign));
      return wrap_cms(cms_type("signed-data", "smime.p7m", spec_.legacy_types), spool.freeze());
    }
    StringSink signature(kMaxSignature);
    const SignResult result = engine_.sign(*payload.open(), signature, sign);
    note(result);
    return wrap_signed(engine_.protocol(), payload, signature.str(), result.digests, spec_.legacy_types, *spec_.random);
  }

  /// Encrypts to the named recipients, to the sender who reads along, and to a Bcc recipient, who decides nothing; the
  /// first copy's choices bind the later ones.
  Wrapped encrypt(const Rope& content, const KeyPtr& blind, bool with_self, bool combined) {
    EncryptSpec encrypt;
    encrypt.recipients = people_.named;
    if (with_self) add(encrypt.recipients, people_.self);
    const std::size_t heard = encrypt.recipients.size();
    add(encrypt.recipients, blind);
    encrypt.unheard.assign(encrypt.recipients.begin() + static_cast<std::ptrdiff_t>(heard), encrypt.recipients.end());
    if (combined) encrypt.signers = people_.signers;
    encrypt.policy = policy_;
    encrypt.hidden = spec_.hidden_recipients;
    encrypt.compress = spec_.compress && engine_.protocol() == Protocol::pgp;
    encrypt.passphrase = spec_.symmetric;
    encrypt.at = at_;
    Spool spool("encrypted message");
    const EncryptResult result = engine_.encrypt(*content.open(), spool, encrypt);
    note(result);
    const InputPtr sealed = spool.freeze();
    if (engine_.protocol() == Protocol::pgp)
      return wrap_encrypted(spool_canonical(*slice(sealed), "encrypted message"), *spec_.random);
    const bool authenticated = result.type == LayerType::smime_auth_enveloped;
    return wrap_cms(cms_type(authenticated ? "authEnveloped-data" : "enveloped-data", "smime.p7m", spec_.legacy_types),
                    sealed);
  }

  [[nodiscard]] const People& people() const noexcept { return people_; }

 private:
  static constexpr std::uint64_t kMaxSignature = 16U << 20U;

  static void add(std::vector<KeyPtr>& keys, const KeyPtr& key) {
    if (key == nullptr) return;
    for (const KeyPtr& known : keys) {
      if (known->info().fingerprint == key->info().fingerprint) return;
    }
    keys.push_back(key);
  }

  void note(const SignResult& result) {
    if (report_.digests.empty()) {
      report_.digests = result.digests;
      report_.choices.insert(report_.choices.end(), result.choices.begin(), result.choices.end());
    }
  }

  void note(const EncryptResult& result) {
    if (!report_.cipher.empty()) return;
    report_.cipher = result.cipher;
    report_.choices.insert(report_.choices.end(), result.choices.begin(), result.choices.end());
    if (report_.digests.empty()) report_.digests = result.digests;
    if (const auto cipher = parse_cipher(result.cipher)) policy_.cipher = cipher;
  }

  const SealSpec& spec_;
  Engine& engine_;
  People people_;
  Time at_;
  SealReport& report_;
  SmimePolicy policy_;
};

void check(const SealSpec& spec) {
  if (spec.engine == nullptr) throw Error(Errc::usage, "there is no engine to seal with");
  if (!spec.sign && !spec.encrypt) throw Error(Errc::usage, "neither to sign nor to encrypt: there is nothing to seal");
  const bool pgp = spec.engine->protocol() == Protocol::pgp;
  if (pgp && (spec.opaque || spec.triple_wrap)) {
    throw Error(Errc::usage, std::string(spec.opaque ? "opaque signatures" : "triple wrapping") + " are for S/MIME");
  }
  if (!pgp && (spec.symmetric != nullptr || spec.hidden_recipients || spec.nested)) {
    throw Error(Errc::usage, "passphrases, hidden recipients and nesting are for OpenPGP");
  }
  if (spec.triple_wrap && !(spec.sign && spec.encrypt)) {
    throw Error(Errc::usage, "triple wrapping is signing, encrypting and signing again (RFC 2634, section 1.1)");
  }
}

std::string envelope_address(const Mailbox& mailbox) {
  return mailbox.wire_address().value_or(mailbox.address());
}

std::vector<std::string> envelope_addresses(const std::vector<Mailbox>& mailboxes) {
  std::vector<std::string> out;
  for (const Mailbox& mailbox : mailboxes) {
    std::string address = envelope_address(mailbox);
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(std::move(address));
  }
  return out;
}

Rope message_of(HeaderFields outer, const Wrapped& entity) {
  outer.push_back({"MIME-Version", " 1.0"});
  return entity.rope(outer);
}

/// RFC 9787, section 5.3, and whatever else a person should know.
void add_hints(const SealSpec& spec, SealReport& report) {
  if (spec.encrypt && !spec.sign) {
    report.hints.emplace_back(
        "encrypted without a signature: nobody can tell who wrote it; sign it too (RFC 9787, section 5.3)");
  }
}

}  // namespace
}  // namespace mail

Sealed seal(const Message& message, const SealSpec& spec) {
  using namespace mail;
  check(spec);
  Sealed out;
  SealReport& report = out.report;
  report.protocol = spec.engine->protocol();
  report.signed_ = spec.sign;
  report.encrypted = spec.encrypt;
  add_hints(spec, report);
  const Time at = spec.clock->now();

  // Everybody's keys first: what is missing is said before anything is made.
  People people = find_people(spec, message.fields, at, report);
  const Payload payload = make_payload(message, spec, people, at, report);
  Sealing sealing(spec, std::move(people), at, report);

  // Signed once, and the same octets for everyone. OpenPGP's combined form signs while it encrypts.
  const bool combined = spec.sign && spec.encrypt && report.protocol == Protocol::pgp && !spec.nested;
  std::optional<Wrapped> signed_entity;
  if (spec.sign && !combined) signed_entity = sealing.sign(payload.octets);
  const Rope content = signed_entity ? signed_entity->rope() : payload.octets;

  const auto copy_for = [&](const KeyPtr& blind, bool with_self) {
    if (!spec.encrypt) return message_of(payload.outer, *signed_entity);
    Wrapped encrypted = sealing.encrypt(content, blind, with_self, combined);
    if (spec.triple_wrap) encrypted = sealing.sign(encrypted.rope());
    return message_of(payload.outer, encrypted);
  };

  // The sender reads along in the main copy; where there is none, in those that there are.
  const bool main_copy = !spec.recipients.empty() || spec.bcc.empty();
  if (main_copy) out.copies.push_back({envelope_addresses(spec.recipients), std::nullopt, copy_for(nullptr, true)});
  for (const People::Blind& one : sealing.people().bcc) {
    out.copies.push_back({{envelope_address(one.mailbox)}, one.mailbox.address(), copy_for(one.key, !main_copy)});
  }
  return out;
}

}  // namespace mimeseal
