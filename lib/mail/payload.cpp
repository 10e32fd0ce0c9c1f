// SPDX-License-Identifier: MIT
#include "payload.h"

#include <algorithm>
#include <array>

#include "autocrypt.h"
#include "layers.h"
#include "legacy_display.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "protected_header.h"
#include "wrap.h"

namespace mimeseal::mail {
namespace {

constexpr std::size_t kLineOctets = 78;

/// What the mail system has written on an existing message: it says nothing about the author's message, and stays
/// outside.
constexpr std::array<std::string_view, 12> kTrace = {"received",
                                                     "return-path",
                                                     "delivered-to",
                                                     "dkim-signature",
                                                     "authentication-results",
                                                     "received-spf",
                                                     "x-received",
                                                     "x-original-to",
                                                     "envelope-to",
                                                     "arc-seal",
                                                     "arc-message-signature",
                                                     "arc-authentication-results"};

bool is_trace(const HeaderField& field) {
  const std::string name = ascii_lower(field.name);
  return std::ranges::find(kTrace, name) != kTrace.end() || name.starts_with("resent-");
}

bool is_bcc(const HeaderField& field) {
  return iequals(field.name, "Bcc") || iequals(field.name, "Resent-Bcc");
}

/// What a policy gave must be a field of that name that the wire takes (RFC 9788, 3.1).
void check_outer(const HeaderField& field, const HeaderField& outer, const HeaderPolicy& policy) {
  const std::string value = outer.value();
  const bool clean = std::ranges::all_of(value, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
  if (!iequals(field.name, outer.name) || !clean) {
    throw Error(Errc::usage, "the header policy " + policy.name + " gave a value that cannot stand outside",
                field.name);
  }
}

std::optional<HeaderField> outer_field(const HeaderField& field, const HeaderPolicy& policy) {
  auto outer = policy.outer(field);
  if (outer && !(*outer == field)) check_outer(field, *outer, policy);
  return outer;
}

/// "HP-Outer: Name: value" (RFC 9788, 2.2.1), the field's own folding kept.
HeaderField hp_outer(const HeaderField& field) {
  std::string record = field.name + ":" + field.raw;
  const std::size_t first_line = std::min(record.find('\r'), record.size());
  const bool fits = first_line + std::string_view("HP-Outer: ").size() <= kLineOctets;
  return {"HP-Outer", (fits ? " " : "\r\n ") + record};
}

/// The fields as they go inside and outside.
struct Header {
  HeaderFields inner;
  HeaderFields outer;
};

Header split_header(const HeaderFields& fields, const SealSpec& spec, SealReport& report) {
  const bool hide = spec.encrypt && spec.header_policy.protect;
  Header out;
  for (const HeaderField& field : fields) {
    if (is_structural(field.name) || is_bcc(field) || iequals(field.name, "HP-Outer")) continue;
    if (is_trace(field)) {
      out.outer.push_back(field);
      continue;
    }
    out.inner.push_back(field);
    const auto outer = hide ? outer_field(field, spec.header_policy) : std::optional(field);
    if (outer) out.outer.push_back(*outer);
    const bool hidden = !outer || outer->value() != field.value();
    const auto known = std::ranges::find_if(report.confidential, [&](auto& name) { return iequals(name, field.name); });
    if (hidden && known == report.confidential.end()) report.confidential.push_back(field.name);
  }
  return out;
}

std::string binary_key(const SealSpec& spec, const Key& key, const std::string& address) {
  return dearmor(spec.engine->export_public(key, address)).value_or("");
}

/// Autocrypt Level 1: the sender's key for everyone to see, and in encrypted mail to several the others' keys, for
/// those who read it; never those of Bcc recipients.
void add_autocrypt(HeaderFields& fields, HeaderFields& gossip, const SealSpec& spec, const People& people, Time at,
                   SealReport& report) {
  if (spec.engine->protocol() != Protocol::pgp) {
    report.hints.emplace_back("an Autocrypt header needs an OpenPGP key: left out");
    return;
  }
  const HeaderField* from = find_field(fields, "From");
  const AddressList authors = from != nullptr ? parse_address_list(from->value()) : AddressList();
  KeyPtr own = people.signers.empty() ? people.self : people.signers.front();
  if (authors.mailboxes.size() != 1 || !own) {
    report.hints.emplace_back("an Autocrypt header needs one author and that author's key: left out");
    return;
  }
  const std::string& address = authors.mailboxes.front().address();
  const std::string key = binary_key(spec, *own, address);
  if (!key.empty() && find_field(fields, "Autocrypt") == nullptr)
    fields.push_back(autocrypt_field("Autocrypt", address, key));
  if (!spec.encrypt || spec.recipients.size() < 2) return;
  for (const Mailbox& mailbox : spec.recipients) {
    const KeyChoice choice = spec.engine->recipient_key(mailbox.address(), at);
    const std::string other = choice.key ? binary_key(spec, *choice.key, mailbox.address()) : std::string();
    if (!other.empty()) gossip.push_back(autocrypt_field("Autocrypt-Gossip", mailbox.address(), other));
  }
}

ParameterizedValue named_type(std::string type, const std::string& filename) {
  ParameterizedValue out;
  out.value = std::move(type);
  out.set("name", filename);
  return out;
}

Entity with_key(Entity body, const SealSpec& spec, const People& people, SealReport& report) {
  const bool pgp = spec.engine->protocol() == Protocol::pgp;
  const std::vector<KeyPtr> keys = !people.signers.empty() ? people.signers
                                   : people.self           ? std::vector<KeyPtr>{people.self}
                                                           : std::vector<KeyPtr>{};
  if (keys.empty()) {
    report.hints.emplace_back("there is no key of the sender to attach");
    return body;
  }
  if (!pgp && spec.sign) return body;  // the signature carries the certificates
  std::vector<Entity> parts;
  parts.push_back(std::move(body));
  ParameterizedValue disposition;
  disposition.value = "attachment";
  if (pgp) {
    for (const KeyPtr& key : keys) {
      const std::string& print = key->info().fingerprint;
      const std::string name =
          "OpenPGP_0x" + print.substr(print.size() - std::min<std::size_t>(16, print.size())) + ".asc";
      const auto armored = spool_canonical(*view_source(spec.engine->export_public(*key, "")), "public key");
      parts.push_back(Entity::leaf(named_type("application/pgp-keys", name), "7bit", Rope(armored)));
      disposition.set("filename", name);
      parts.back().set_disposition(disposition);
    }
  } else {
    Spool spool("certificates");
    spec.engine->export_keys(keys, spool);
    const CmsType type = cms_type("certs-only", "smime.p7c", spec.legacy_types);
    parts.push_back(Entity::leaf(type.content_type, "base64", Rope::base64(spool.freeze())));
    parts.back().set_disposition(type.disposition);
  }
  return Entity::multipart("mixed", std::move(parts));
}

/// CMS compressed-data innermost, so that it is the payload, which signatures and encryption cover (RFC 9787, 4.1.1.5:
/// compression is no layer).
Entity compressed(const Entity& body, const SealSpec& spec) {
  Spool spool("compressed content");
  const Rope plain = body.freeze({}, *spec.random);
  spec.engine->compress(*plain.open(), spool);
  const CmsType type = cms_type("compressed-data", "smime.p7z", spec.legacy_types);
  Entity out = Entity::leaf(type.content_type, "base64", Rope::base64(spool.freeze()));
  out.set_disposition(type.disposition);
  return out;
}

void mark(Entity& body, const SealSpec& spec) {
  ParameterizedValue type = body.content_type();
  type.erase("hp");
  type.erase("protected-headers");
  if (spec.header_policy.protect) type.set("hp", spec.encrypt ? "cipher" : "clear");
  if (spec.header_policy.protect && spec.compat_protected_headers) type.set("protected-headers", "v1");
  body.set_content_type(type);
}

/// Looks at every part once: what is sealed in it by others is vouched for unseen, and 8bit content does not survive
/// the wire.
void look_through(const Entity& body, const SealSpec& spec, SealReport& report) {
  bool closed = false;
  std::vector<const Entity*> open = {&body};
  while (!open.empty()) {
    const Entity& entity = *open.back();
    open.pop_back();
    const std::string type = entity.content_type().value;
    closed = closed || type == "multipart/encrypted" || type == "application/pgp-encrypted" || is_pkcs7_mime(type);
    const std::string encoding = entity.transfer_encoding();
    if ((encoding == "8bit" || encoding == "binary") && !spec.encrypt && !spec.opaque) {
      throw Error(Errc::unsupported,
                  "a part in " + encoding + " cannot be signed so that the signature survives the way", type,
                  "encode it as base64, or sign opaquely");
    }
    for (std::size_t i = 0; i < entity.child_count(); ++i)
      open.push_back(&entity.child(i));
  }
  if (closed)
    report.hints.emplace_back("a part of this message is encrypted already: it is sealed without having been seen");
}

}  // namespace

Payload make_payload(const Message& message, const SealSpec& spec, const People& people, Time at, SealReport& report) {
  HeaderFields fields = message.fields;
  HeaderFields gossip;
  if (spec.autocrypt) add_autocrypt(fields, gossip, spec, people, at, report);
  const Header header = split_header(fields, spec, report);
  report.header_policy = spec.header_policy.name;

  Entity body = message.body.clone();
  // RFC 3156, section 3: no blank may stand at the end of a line that is signed.
  if (spec.sign && spec.engine->protocol() == Protocol::pgp) body.protect_lines();
  look_through(body, spec, report);
  if (spec.encrypt && spec.header_policy.protect && spec.legacy_display) {
    const std::size_t left = add_legacy_display(body, hidden_user_facing(header.inner, spec.header_policy));
    if (left > 0) report.hints.emplace_back("a text part could not take the legacy display element and stays as it is");
  }
  if (spec.attach_key) body = with_key(std::move(body), spec, people, report);
  if (spec.compress && spec.engine->protocol() == Protocol::smime) body = compressed(body, spec);
  mark(body, spec);

  HeaderFields leading;
  if (spec.header_policy.protect) {
    leading.push_back({"MIME-Version", " 1.0"});
    leading.insert(leading.end(), header.inner.begin(), header.inner.end());
    if (spec.encrypt) std::ranges::transform(header.outer, std::back_inserter(leading), hp_outer);
  }
  leading.insert(leading.end(), gossip.begin(), gossip.end());
  return {header.outer, body.freeze(leading, *spec.random)};
}

}  // namespace mimeseal::mail
