// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/pgp_engine.h"
#include "pgp/sealing.h"
#include "pgp/signed_message.h"

namespace mimeseal::pgp {
namespace {

constexpr std::uint64_t kMaxSignature = 1U << 20U;
constexpr std::uint64_t kMaxExport = 64U << 20U;

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

std::vector<KeyChoice> PgpEngine::signing_keys(std::string_view address, Time at) {
  return choose_signers(store_, address, at);
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
  DearmorSink binary(octets);
  const Data out(binary);
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
  const WorkingTime time(store_, place, spec.at, true);
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  add_signers(context, signers);
  gpgme_set_textmode(context.get(), spec.text ? 1 : 0);
  StringSink signature(kMaxSignature);
  const Data in(content);
  DearmorSink binary(signature);
  const Data out(binary);
  const gpgme_error_t code = gpgme_op_sign(context.get(), in.get(), out.get(), GPGME_SIG_MODE_DETACH);
  if (gpgme_err_code(code) == GPG_ERR_UNUSABLE_SECKEY) throw_unusable_signers(context, code, signers);
  check(context, code, {&in, &out}, "gpg cannot sign", names(signers));
  take_digests(context, signers, result.digests, result.choices);
  return signature.take();
}

void PgpEngine::sign_message(Place place, const std::vector<const StoredKey*>& signers, Source& content, Sink& out,
                             const SignSpec& spec, SignResult& result) {
  const WorkingTime time(store_, place, spec.at, true);
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  add_signers(context, signers);
  gpgme_set_textmode(context.get(), spec.text ? 1 : 0);
  ArmorSink armored(out, "PGP MESSAGE");
  const Data in(content);
  DearmorSink binary(armored);
  const Data made(binary);
  const gpgme_error_t code = gpgme_op_sign(context.get(), in.get(), made.get(), GPGME_SIG_MODE_NORMAL);
  if (gpgme_err_code(code) == GPG_ERR_UNUSABLE_SECKEY) throw_unusable_signers(context, code, signers);
  check(context, code, {&in, &made}, "gpg cannot sign", names(signers));
  take_digests(context, signers, result.digests, result.choices);
  armored.finish();
}

std::string PgpEngine::sign_detached(const std::vector<const StoredKey*>& signers, Source& content,
                                     const SignSpec& spec, SignResult& result) {
  std::string signature;
  std::map<const StoredKey*, std::string> digests;
  for (const Place place : {Place::files, Place::keyring}) {
    std::vector<const StoredKey*> group;
    std::copy_if(signers.begin(), signers.end(), std::back_inserter(group),
                 [&](const StoredKey* signer) { return signer->place() == place; });
    if (group.empty()) continue;
    if (!signature.empty()) content.rewind();
    SignResult own;
    signature += sign_in(place, group, content, spec, own);
    for (std::size_t i = 0; i < group.size(); ++i)
      digests[group[i]] = own.digests[i];
    result.choices.insert(result.choices.end(), own.choices.begin(), own.choices.end());
  }
  for (const StoredKey* signer : signers)
    result.digests.push_back(digests[signer]);
  return signature;
}

SignResult PgpEngine::sign(Source& content, Sink& out, const SignSpec& spec) {
  const std::vector<const StoredKey*> signers = stored_all(spec.signers);
  if (signers.empty()) throw Error(Errc::usage, "there is no key to sign with");
  SignResult result;
  if (spec.detached) {
    out.write(armor(sign_detached(signers, content, spec, result), "PGP SIGNATURE"));
  } else if (in_one_place(signers)) {
    sign_message(signers.front()->place(), signers, content, out, spec, result);
  } else {
    if (spec.text) throw Error(Errc::unsupported, "keys of files and of the keyring sign only binary together");
    const std::string signatures = sign_detached(signers, content, spec, result);
    content.rewind();
    SignedMessage message(content, signatures);
    ArmorSink armored(out, "PGP MESSAGE");
    copy(message, armored);
    armored.finish();
  }
  return result;
}

void PgpEngine::compress(Source& /*content*/, Sink& /*out*/) {
  throw Error(Errc::unsupported, "OpenPGP has no layer of compression alone");
}

}  // namespace mimeseal::pgp
