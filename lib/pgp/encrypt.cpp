// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/pgp_engine.h"
#include "pgp/sealing.h"
#include "pgp/signed_message.h"

namespace mimeseal::pgp {
namespace {

constexpr int kLast64BitCipher = 4;  // IDEA, 3DES, CAST5, Blowfish (RFC 9580, section 9.3)

/// Holds the message back until its head shows that it is for those it was meant for, and for nobody else: a line in
/// the keyring's gpg.conf may add a reader, and a Bcc copy would then tell of another.
class HeadCheck final : public Sink {
 public:
  HeadCheck(Sink& to, std::size_t readers) : to_(to), readers_(readers), walker_(readers + 100) {}
  void write(std::string_view octets) override {
    if (passed_) return to_.write(octets);
    walker_.feed(octets);
    held_.append(octets);
    if (!walker_.fault().empty()) throw Error(Errc::internal, "gpg made no OpenPGP message", walker_.fault());
    if (!walker_.at_data()) return;
    const Outline head = outline(walker_.packets(), false);
    if (head.shape != Shape::encrypted || head.data_tag == tag::kEncryptedNoMdc) {
      throw Error(Errc::unsupported, "gpg encrypted without integrity protection", {}, kHint);
    }
    if (head.session_keys.size() != readers_) {
      throw Error(Errc::config, "gpg encrypted to others than was asked for", {}, kHint);
    }
    passed_ = true;
    to_.write(held_);
    held_.clear();
  }

 private:
  static constexpr const char* kHint = "look for recipient, encrypt-to and the like in the keyring's gpg.conf";
  Sink& to_;
  std::size_t readers_;
  PacketWalker walker_;
  std::string held_;
  bool passed_ = false;
};

bool lies_in(const StoredKey* key, Place place) {
  return key->place() == place;
}

/// Where gpg works: where the signers' secret keys are, else where the recipients' keys are.
Place place_for(const std::vector<const StoredKey*>& recipients, const std::vector<const StoredKey*>& signers) {
  if (!signers.empty()) return signers.front()->place();
  return !recipients.empty() && in_one_place(recipients) ? recipients.front()->place() : Place::files;
}

void check_recipients(const Context& context, gpgme_error_t code) {
  const gpgme_encrypt_result_t result = gpgme_op_encrypt_result(context.get());
  if (code == 0 || result == nullptr || result->invalid_recipients == nullptr) return;
  std::vector<std::string> details;
  for (const _gpgme_invalid_key* bad = result->invalid_recipients; bad != nullptr; bad = bad->next) {
    details.push_back(ascii_lower(visible(bad->fpr != nullptr ? bad->fpr : "")) + ": " + error_words(bad->reason));
  }
  throw detailed(Error(Errc::no_recipient, "gpg cannot encrypt to a recipient's key"), std::move(details));
}

}  // namespace

EncryptResult PgpEngine::encrypt(Source& content, Sink& out, const EncryptSpec& spec) {
  std::vector<const StoredKey*> recipients;
  for (const StoredKey* key : stored_all(spec.recipients)) {
    const auto same = [&](const StoredKey* other) { return other->info().fingerprint == key->info().fingerprint; };
    if (std::none_of(recipients.begin(), recipients.end(), same)) recipients.push_back(key);
  }
  const std::vector<const StoredKey*> signers = stored_all(spec.signers);
  if (recipients.empty() && spec.passphrase == nullptr) throw Error(Errc::usage, "there is nobody to encrypt to");
  if (in_one_place(signers)) {
    return encrypt_in(place_for(recipients, signers), recipients, signers, content, out, spec, false);
  }
  // No gpg has all the secret keys: the signed message is put together here, and encrypted as it is.
  SignResult made;
  const std::string signatures = sign_detached(signers, content, {.at = spec.at}, made);
  content.rewind();
  SignedMessage message(content, signatures);
  EncryptResult result = encrypt_in(place_for(recipients, {}), recipients, {}, message, out, spec, true);
  result.digests = std::move(made.digests);
  result.choices.insert(result.choices.end(), made.choices.begin(), made.choices.end());
  return result;
}

EncryptResult PgpEngine::encrypt_in(Place place, const std::vector<const StoredKey*>& recipients,
                                    const std::vector<const StoredKey*>& signers, Source& content, Sink& out,
                                    const EncryptSpec& spec, bool wrap) {
  if (place == Place::files) store_.private_home();
  // A key of the other place is named by file: no key enters a keyring that it is not in.
  std::string by_name;
  std::string by_file;
  for (const StoredKey* recipient : recipients) {
    if (lies_in(recipient, place)) {
      by_name += recipient->info().fingerprint + "\n";
    } else {
      by_file += key_file(*recipient) + "\n";
    }
  }
  const std::string readers = by_file.empty() ? by_name : "--file\n" + by_file + "--no-file\n" + by_name;

  // Always trust: the choice of keys was made, and explained, before.
  int flags = GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_ENCRYPT_TO;
  if (wrap) flags |= GPGME_ENCRYPT_WRAP;
  if (!spec.compress) flags |= GPGME_ENCRYPT_NO_COMPRESS;
  if (spec.hidden) flags |= GPGME_ENCRYPT_THROW_KEYIDS;
  if (spec.passphrase != nullptr) flags |= GPGME_ENCRYPT_SYMMETRIC;

  const WorkingTime time(store_, place, spec.at, !signers.empty());
  Context& context = *store_.context(place);
  context.begin(passphrases(place, spec.passphrase));
  add_signers(context, signers);
  ArmorSink armored(out, "PGP MESSAGE");
  HeadCheck checked(armored, recipients.size() + (spec.passphrase != nullptr ? 1 : 0));
  DearmorSink binary(checked);
  const Data in(content);
  const Data made(binary);
  const char* to = recipients.empty() ? nullptr : readers.c_str();
  const auto how = static_cast<gpgme_encrypt_flags_t>(flags);
  const gpgme_error_t code = signers.empty()
                                 ? gpgme_op_encrypt_ext(context.get(), nullptr, to, how, in.get(), made.get())
                                 : gpgme_op_encrypt_sign_ext(context.get(), nullptr, to, how, in.get(), made.get());
  in.rethrow();
  made.rethrow();
  if (gpgme_err_code(code) == GPG_ERR_UNUSABLE_SECKEY) throw_unusable_signers(context, code, signers);
  check_recipients(context, code);
  check(context, code, {}, "gpg cannot encrypt", names(signers));

  const int cipher = context.status().number("BEGIN_ENCRYPTION", 1);
  if (cipher <= kLast64BitCipher) {
    throw Error(Errc::unsupported, "the recipients' keys agree only on the cipher " + cipher_name(cipher),
                names(recipients), "these keys are too old to encrypt to");
  }
  EncryptResult result;
  result.type = LayerType::pgp_encrypted;
  result.cipher = cipher_name(cipher);
  result.choices.push_back({"cipher", result.cipher, "gpg's choice of what all recipients' keys name"});
  if (!signers.empty()) take_digests(context, signers, result.digests, result.choices);
  armored.finish();
  return result;
}

}  // namespace mimeseal::pgp
