// SPDX-License-Identifier: MIT
#include "sealing.h"

#include <optional>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/reply.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

void refuse_for(bool said, const char* option, const char* protocol) {
  if (said) throw Error(Errc::usage, std::string("--") + option + " is for " + protocol + " alone");
}

/// An option of the other protocol is a misunderstanding, not something to pass over.
void check_protocol_options(const Options& o, Protocol protocol) {
  if (protocol == Protocol::pgp) {
    refuse_for(!o.signature.empty(), "signature", "S/MIME");
    refuse_for(!o.cipher.empty(), "cipher", "S/MIME");
    refuse_for(!o.digest.empty(), "digest", "S/MIME");
    refuse_for(!o.rsa_signature.empty(), "rsa-signature", "S/MIME");
    refuse_for(!o.key_transport.empty(), "key-transport", "S/MIME");
    refuse_for(o.oaep_sha1, "oaep-sha1", "S/MIME");
    refuse_for(o.compress, "compress", "S/MIME");
    refuse_for(o.triple_wrap, "triple-wrap", "S/MIME");
    refuse_for(o.legacy_types, "legacy-types", "S/MIME");
  } else {
    refuse_for(o.nested, "nested", "OpenPGP");
    refuse_for(o.hidden_recipients, "hidden-recipients", "OpenPGP");
    refuse_for(o.symmetric, "symmetric", "OpenPGP");
    refuse_for(o.autocrypt, "autocrypt", "OpenPGP");
  }
}

/// Without any key there is nothing to tell the protocol by, and nobody can be encrypted to: each is named.
void refuse_without_keys(const Prepared& prepared, const Options& o) {
  if (!o.encrypt || !o.protocol.empty() || !o.identity.empty() || !o.recipient_key.empty() || !o.gnupg_home.empty() ||
      !o.locate.empty() || o.symmetric)
    return;
  std::vector<std::string> lacking;
  for (const auto* list : {&prepared.recipients, &prepared.bcc})
    for (const Mailbox& mailbox : *list)
      lacking.push_back(mailbox.address() + ": no certificate and no OpenPGP key was given");
  if (lacking.empty()) return;
  const std::size_t count = lacking.size();
  throw Error(
      Errc::no_recipient,
      count == 1 ? "a recipient cannot be sealed to" : std::to_string(count) + " recipients cannot be sealed to", "",
      "nothing is sent; give --recipient-key FILE|DIR, or --protocol pgp to use the keyring")
      .with_details(std::move(lacking));
}

}  // namespace

bool wants_sealing(const Options& o) {
  return o.sign || o.encrypt || o.triple_wrap || o.symmetric;
}

Sealed seal_prepared(const Prepared& prepared, const Options& options, Engines& engines) {
  SealSpec spec;
  refuse_without_keys(prepared, options);
  Engine& engine = engines.sealing();
  check_protocol_options(options, engine.protocol());
  spec.engine = &engine;
  spec.sign = options.sign || options.triple_wrap;
  spec.encrypt = options.encrypt || options.triple_wrap || options.symmetric;
  spec.header_policy = header_policy(options);
  if (prepared.basis) {
    // RFC 9787, section 5.4: an answer to an encrypted message is encrypted.
    if (prepared.basis->encrypt && !spec.encrypt) {
      spec.encrypt = true;
      print_hint("the message that is answered was encrypted, so the answer is encrypted too");
    }
    if (!spec.header_policy.protect && !prepared.basis->confidential.empty())
      print_hint("the message that is answered hid " + visible(join(prepared.basis->confidential, ", ")) +
                 ": --protect-headers off would show it, so the header is protected (RFC 9788, section 6.1)");
    spec.header_policy = reply_policy(std::move(spec.header_policy), *prepared.basis);
  }
  spec.recipients = prepared.recipients;
  spec.bcc = prepared.bcc;
  spec.sender = prepared.from.empty() ? prepared.sender : std::optional(prepared.from.front());
  spec.policy = smime_policy(options);
  if (!options.signature.empty() && options.signature != "detached" && options.signature != "opaque")
    throw Error(Errc::usage, "--signature is detached or opaque, not '" + visible(options.signature) + "'");
  spec.opaque = options.signature == "opaque";
  spec.legacy_display = !options.no_legacy_display;
  spec.compat_protected_headers = options.compat_protected_headers;
  spec.legacy_types = options.legacy_types;
  spec.compress = options.compress;
  spec.triple_wrap = options.triple_wrap;
  spec.nested = options.nested;
  spec.hidden_recipients = options.hidden_recipients;
  spec.attach_key = options.attach_key;
  spec.autocrypt = options.autocrypt;
  spec.encrypt_to_self = !options.no_encrypt_to_self;

  std::optional<SecretBytes> passphrase;
  if (options.symmetric) {
    const auto source = passphrase_source(options);
    if (!source) throw Error(Errc::refused, "--symmetric needs a passphrase", {}, "give --passphrase-file");
    passphrase = source("symmetric encryption");
    spec.symmetric = &*passphrase;
  }
  Sealed sealed = seal(prepared.message, spec);
  for (const std::string& hint : sealed.report.hints)
    print_hint(hint);
  return sealed;
}

}  // namespace mimeseal::cli
