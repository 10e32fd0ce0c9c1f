// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/pgp_engine.h"

namespace mimeseal::pgp {
namespace {

constexpr std::uint64_t kMaxSignature = 1U << 20U;
constexpr std::uint64_t kMaxExport = 64U << 20U;

bool weak(std::string_view digest) {
  return digest.empty() || digest == "md5" || digest == "sha1" || digest == "ripemd160";
}

/// Throws what went wrong in an operation: first what our own callbacks caught, then what gpg says.
void check(const Context& context, gpgme_error_t code, std::initializer_list<const Data*> data, const char* what,
           const std::string& where) {
  for (const Data* one : data)
    one->rethrow();
  context.check_callbacks();
  if (code == 0) return;
  if (context.missing() || gpgme_err_code(code) == GPG_ERR_BAD_PASSPHRASE) {
    throw Error(Errc::refused, context.missing() ? "the key needs a passphrase" : "the passphrase is wrong", where,
                "give the passphrase by file or descriptor");
  }
  throw gpgme_failure(code, what, where);
}

std::string names(const std::vector<const StoredKey*>& keys) {
  std::vector<std::string> result;
  for (const StoredKey* key : keys)
    result.push_back(key->info().fingerprint + " " + visible(key->info().name));
  return join(result, ", ");
}

std::vector<const StoredKey*> stored_all(const std::vector<KeyPtr>& keys) {
  std::vector<const StoredKey*> result;
  for (const KeyPtr& key : keys) {
    if (!key) throw Error(Errc::usage, "a key is missing");
    result.push_back(&stored(*key));
  }
  return result;
}

bool owns(const StoredKey& key, const char* fingerprint) {
  if (fingerprint == nullptr) return false;
  for (const _gpgme_subkey* part = key.get()->subkeys; part != nullptr; part = part->next) {
    if (part->fpr != nullptr && iequals(part->fpr, fingerprint)) return true;
  }
  return false;
}

/// gpg names the signatures it made in an order of its own.
void take_digests(const Context& context, const std::vector<const StoredKey*>& signers,
                  std::vector<std::string>& digests, std::vector<Choice>& choices) {
  const gpgme_sign_result_t signed_ = gpgme_op_sign_result(context.get());
  for (const StoredKey* signer : signers) {
    std::string digest;
    for (const _gpgme_new_signature* made = signed_ != nullptr ? signed_->signatures : nullptr; made != nullptr;
         made = made->next) {
      if (owns(*signer, made->fpr)) digest = digest_name(static_cast<int>(made->hash_algo));
    }
    if (weak(digest)) {
      throw Error(Errc::unsupported, "gpg made a signature with " + (digest.empty() ? "an unknown digest" : digest),
                  signer->info().fingerprint, "gpg.conf or the key's preferences ask for it");
    }
    choices.push_back({"digest", digest, "gpg's choice for the key " + signer->info().fingerprint});
    digests.push_back(std::move(digest));
  }
}

void add_signers(Context& context, const std::vector<const StoredKey*>& signers) {
  for (const StoredKey* signer : signers)
    context.add_signer(signer->ref());
}

[[noreturn]] void throw_unusable_signers(const Context& context, gpgme_error_t code,
                                         const std::vector<const StoredKey*>& signers) {
  std::vector<std::string> details;
  const gpgme_sign_result_t result = gpgme_op_sign_result(context.get());
  for (const _gpgme_invalid_key* bad = result != nullptr ? result->invalid_signers : nullptr; bad != nullptr;
       bad = bad->next) {
    details.push_back(visible(bad->fpr != nullptr ? bad->fpr : "") + ": " + error_words(bad->reason));
  }
  throw gpgme_failure(code, "gpg cannot sign with the key", names(signers)).with_details(std::move(details));
}

}  // namespace

const StoredKey& stored(const Key& key) {
  const auto* own = dynamic_cast<const StoredKey*>(&key);
  if (own == nullptr) throw Error(Errc::usage, "the key is not of this engine", key.info().fingerprint);
  return *own;
}

std::unique_ptr<Engine> make_engine(const EngineOptions& options) {
  return std::make_unique<PgpEngine>(options);
}

std::vector<KeyPtr> PgpEngine::keys() {
  const std::vector<StoredPtr> all = store_.all();
  return {all.begin(), all.end()};
}

KeyChoice PgpEngine::signing_key(std::string_view address, Time at) {
  return choose_signer(store_, address, at);
}

KeyChoice PgpEngine::recipient_key(std::string_view address, Time at) {
  return choose_recipient(store_, options_, address, at);
}

KeyPtr PgpEngine::find_key(std::string_view fingerprint) {
  if (StoredPtr key = store_.find_file(fingerprint)) return key;
  return store_.find(fingerprint, Place::keyring, true);
}

PassphraseSource PgpEngine::passphrases(Place place, const SecretBytes* symmetric) const {
  if (place == Place::keyring && !options_.passphrase && symmetric == nullptr) return {};
  return [this, symmetric](const PassphraseRequest& request) -> std::optional<SecretBytes> {
    if (request.symmetric && symmetric != nullptr) return symmetric->clone();
    if (!options_.passphrase) return std::nullopt;
    if (request.symmetric) return options_.passphrase("the message encrypted with a passphrase");
    std::string name = "the key " + ascii_lower(request.key_id);
    if (!request.user_id.empty()) name += " (" + visible(request.user_id) + ")";
    return options_.passphrase(name);
  };
}

std::string PgpEngine::export_binary(const StoredKey& key) {
  Context* context = store_.context(key.place());
  if (context == nullptr) throw Error(Errc::usage, "the key is not of this engine", key.info().fingerprint);
  context->begin(passphrases(key.place(), nullptr));
  StringSink octets(kMaxExport);
  const Data out(octets);
  const gpgme_error_t code =
      gpgme_op_export(context->get(), key.info().fingerprint.c_str(), GPGME_EXPORT_MODE_MINIMAL, out.get());
  check(*context, code, {&out}, "gpg cannot export the key", key.info().fingerprint);
  if (octets.str().empty()) throw Error(Errc::no_input, "the key is gone from the keyring", key.info().fingerprint);
  return octets.take();
}

std::string PgpEngine::export_public(const Key& key, std::string_view address) {
  const StoredKey& own = stored(key);
  std::string octets = export_binary(own);
  if (!address.empty()) {
    std::optional<std::string> kept = keep_user_id(octets, address);
    if (!kept)
      throw Error(Errc::usage, "no user id of the key names the address " + visible(address), own.info().fingerprint);
    octets = std::move(*kept);
  }
  return armor(octets, "PGP PUBLIC KEY BLOCK");
}

void PgpEngine::export_keys(const std::vector<KeyPtr>& keys, Sink& out) {
  ArmorSink armored(out, "PGP PUBLIC KEY BLOCK");
  for (const StoredKey* key : stored_all(keys))
    armored.write(export_binary(*key));
  armored.finish();
}

std::string PgpEngine::key_file(const StoredKey& key) {
  const std::string& id = key.info().fingerprint;
  if (const auto known = key_files_.find(id); known != key_files_.end()) return known->second;
  const std::string octets = export_binary(key);
  return key_files_[id] = store_.private_home().write("recipient-" + id + ".gpg", octets);
}

std::string PgpEngine::sign_in(Place place, const std::vector<const StoredKey*>& signers, Source& content,
                               const SignSpec& spec, SignResult& result) {
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  add_signers(context, signers);
  gpgme_set_textmode(context.get(), spec.text ? 1 : 0);
  StringSink signature(kMaxSignature);
  const Data in(content);
  const Data out(signature);
  const gpgme_error_t code = gpgme_op_sign(context.get(), in.get(), out.get(), GPGME_SIG_MODE_DETACH);
  if (gpgme_err_code(code) == GPG_ERR_UNUSABLE_SECKEY) throw_unusable_signers(context, code, signers);
  check(context, code, {&in, &out}, "gpg cannot sign", names(signers));
  take_digests(context, signers, result.digests, result.choices);
  return signature.take();
}

void PgpEngine::sign_message(Place place, const std::vector<const StoredKey*>& signers, Source& content, Sink& out,
                             const SignSpec& spec, SignResult& result) {
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  add_signers(context, signers);
  gpgme_set_textmode(context.get(), spec.text ? 1 : 0);
  ArmorSink armored(out, "PGP MESSAGE");
  const Data in(content);
  const Data made(armored);
  const gpgme_error_t code = gpgme_op_sign(context.get(), in.get(), made.get(), GPGME_SIG_MODE_NORMAL);
  if (gpgme_err_code(code) == GPG_ERR_UNUSABLE_SECKEY) throw_unusable_signers(context, code, signers);
  check(context, code, {&in, &made}, "gpg cannot sign", names(signers));
  take_digests(context, signers, result.digests, result.choices);
  armored.finish();
}

SignResult PgpEngine::sign(Source& content, Sink& out, const SignSpec& spec) {
  const std::vector<const StoredKey*> signers = stored_all(spec.signers);
  if (signers.empty()) throw Error(Errc::usage, "there is no key to sign with");
  std::vector<const StoredKey*> of_files;
  std::vector<const StoredKey*> of_keyring;
  for (const StoredKey* signer : signers) {
    if (!signer->info().has_secret) {
      throw Error(Errc::refused, "the secret key is not here", signer->info().fingerprint);
    }
    (signer->place() == Place::files ? of_files : of_keyring).push_back(signer);
  }
  SignResult result;
  if (!spec.detached) {
    if (!of_files.empty() && !of_keyring.empty()) {
      throw Error(Errc::unsupported, "keys of files and keys of the keyring cannot sign one message together",
                  names(signers), "sign detached, or import the key files into one keyring");
    }
    sign_message(of_files.empty() ? Place::keyring : Place::files, signers, content, out, spec, result);
    return result;
  }
  // One signature part may hold several packets: those of each place, one after the other.
  std::string signature;
  std::map<const StoredKey*, std::string> digests;
  const auto part = [&](Place place, const std::vector<const StoredKey*>& group) {
    if (group.empty()) return;
    if (!signature.empty()) content.rewind();
    SignResult own;
    signature += sign_in(place, group, content, spec, own);
    for (std::size_t i = 0; i < group.size(); ++i)
      digests[group[i]] = own.digests[i];
    result.choices.insert(result.choices.end(), own.choices.begin(), own.choices.end());
  };
  part(Place::files, of_files);
  part(Place::keyring, of_keyring);
  for (const StoredKey* signer : signers)
    result.digests.push_back(digests[signer]);
  out.write(armor(signature, "PGP SIGNATURE"));
  return result;
}

EncryptResult PgpEngine::encrypt(Source& content, Sink& out, const EncryptSpec& spec) {
  const std::vector<const StoredKey*> recipients = stored_all(spec.recipients);
  const std::vector<const StoredKey*> signers = stored_all(spec.signers);
  if (recipients.empty() && spec.passphrase == nullptr) throw Error(Errc::usage, "there is nobody to encrypt to");
  const auto lies_in = [](Place place) { return [place](const StoredKey* key) { return key->place() == place; }; };
  Place place = Place::files;
  if (!signers.empty()) {
    place = signers.front()->place();
    if (!std::all_of(signers.begin(), signers.end(), lies_in(place))) {
      throw Error(Errc::unsupported, "keys of files and keys of the keyring cannot sign one message together",
                  names(signers));
    }
    for (const StoredKey* signer : signers) {
      if (!signer->info().has_secret)
        throw Error(Errc::refused, "the secret key is not here", signer->info().fingerprint);
    }
  } else if (!recipients.empty() && std::all_of(recipients.begin(), recipients.end(), lies_in(Place::keyring))) {
    place = Place::keyring;
  }
  if (place == Place::files) store_.private_home();

  // A key of the other place is named by file: no key enters a keyring that it is not in.
  std::string names_for_gpg = "--\n";
  std::string files;
  for (const StoredKey* recipient : recipients) {
    if (recipient->place() == place) {
      names_for_gpg += recipient->info().fingerprint + "\n";
    } else {
      files += key_file(*recipient) + "\n";
    }
  }
  if (!files.empty()) names_for_gpg = "--file\n" + files + "--no-file\n" + names_for_gpg.substr(3);
  if (files.empty()) names_for_gpg.erase(0, 3);

  // Always trust: the choice of keys was made, and explained, before. No encrypt-to: gpg.conf may not add a reader,
  // since a Bcc copy would tell of another then.
  int flags = GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_ENCRYPT_TO;
  if (!spec.compress) flags |= GPGME_ENCRYPT_NO_COMPRESS;
  if (spec.hidden) flags |= GPGME_ENCRYPT_THROW_KEYIDS;
  if (spec.passphrase != nullptr) flags |= GPGME_ENCRYPT_SYMMETRIC;

  Context& context = *store_.context(place);
  context.begin(passphrases(place, spec.passphrase));
  add_signers(context, signers);
  ArmorSink armored(out, "PGP MESSAGE");
  const Data in(content);
  const Data made(armored);
  const char* readers = recipients.empty() ? nullptr : names_for_gpg.c_str();
  const auto gpg_flags = static_cast<gpgme_encrypt_flags_t>(flags);
  const gpgme_error_t code =
      signers.empty() ? gpgme_op_encrypt_ext(context.get(), nullptr, readers, gpg_flags, in.get(), made.get())
                      : gpgme_op_encrypt_sign_ext(context.get(), nullptr, readers, gpg_flags, in.get(), made.get());
  if (gpgme_err_code(code) == GPG_ERR_UNUSABLE_SECKEY) throw_unusable_signers(context, code, signers);
  if (const gpgme_encrypt_result_t done = gpgme_op_encrypt_result(context.get());
      code != 0 && done != nullptr && done->invalid_recipients != nullptr) {
    std::vector<std::string> details;
    for (const _gpgme_invalid_key* bad = done->invalid_recipients; bad != nullptr; bad = bad->next) {
      details.push_back(visible(bad->fpr != nullptr ? bad->fpr : "") + ": " + error_words(bad->reason));
    }
    throw Error(Errc::no_recipient, "gpg cannot encrypt to a recipient's key").with_details(std::move(details));
  }
  check(context, code, {&in, &made}, "gpg cannot encrypt", names(signers));

  const std::vector<std::string> begun = context.status().arguments("BEGIN_ENCRYPTION");
  const int cipher = begun.size() > 1 ? std::atoi(begun[1].c_str()) : 0;
  const bool protected_ = begun.size() > 1 && (begun[0] != "0" || (begun.size() > 2 && begun[2] != "0"));
  if (!protected_) throw Error(Errc::unsupported, "gpg encrypted without integrity protection", names(recipients));
  // Blocks of 64 bits: IDEA, 3DES, CAST5, Blowfish (RFC 9580, section 9.3).
  if (cipher <= 4) {
    throw Error(Errc::unsupported, "the recipients' keys agree only on the cipher " + cipher_name(cipher),
                names(recipients), "these keys are too old to encrypt to");
  }
  EncryptResult result;
  result.type = LayerType::pgp_encrypted;
  result.cipher = cipher_name(cipher);
  result.choices.push_back({"cipher", result.cipher, "the strongest that all recipients' keys name"});
  if (!signers.empty()) take_digests(context, signers, result.digests, result.choices);
  armored.finish();
  return result;
}

void PgpEngine::compress(Source& /*content*/, Sink& /*out*/) {
  throw Error(Errc::unsupported, "OpenPGP has no layer of compression alone");
}

}  // namespace mimeseal::pgp
