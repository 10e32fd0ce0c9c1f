// SPDX-License-Identifier: MIT
// Messages: what they are is decided from their packets before gpg sees them, and again after it has read them.
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/pgp_engine.h"

namespace mimeseal::pgp {
namespace {

constexpr std::size_t kOtherPackets = 100;  // beside those of the recipients

class LimitSink final : public Sink {
 public:
  LimitSink(Sink& to, std::uint64_t limit) : to_(to), left_(limit) {}
  void write(std::string_view octets) override {
    if (octets.size() > left_) throw Error(Errc::limit, "the decrypted content is larger than allowed");
    left_ -= octets.size();
    any_ = any_ || !octets.empty();
    to_.write(octets);
  }
  [[nodiscard]] bool any() const noexcept { return any_; }

 private:
  Sink& to_;
  std::uint64_t left_;
  bool any_ = false;
};

class HeldResult {
 public:
  explicit HeldResult(void* result) : result_(result) {
    if (result_ != nullptr) gpgme_result_ref(result_);
  }
  HeldResult(const HeldResult&) = delete;
  HeldResult& operator=(const HeldResult&) = delete;
  ~HeldResult() {
    if (result_ != nullptr) gpgme_result_unref(result_);
  }

 private:
  void* result_;
};

void judge_as(LayerFacts& facts, LayerResult result, std::string why) {
  facts.result = result;
  facts.why = std::move(why);
}

SignerFacts unsupported_signer(std::string why, Time at) {
  return unjudged(SignatureHead{}, Integrity::unsupported, std::move(why), at);
}

/// The whole stream as gpg is given it, and what its packets turn out to be.
struct Passed {
  explicit Passed(Source& layer, std::size_t max_packets)
      : binary(layer), walker(max_packets), source(binary, walker) {}
  /// Empty when the message is the one whole shape that was expected.
  std::string fault(Shape expected) {
    source.drain();
    if (!walker.fault().empty()) return walker.fault();
    if (!binary.fault().empty()) return binary.fault();
    const Outline whole = outline(walker.packets(), true);
    if (!whole.fault.empty()) return whole.fault;
    return whole.shape == expected ? "" : "the message is not what it began as";
  }
  Dearmor binary;
  PacketWalker walker;
  WalkedSource source;
};

/// A signature that does not fit makes gpg fail, though the content was decrypted and is intact.
bool has_doubtful_signature(const Context& context) {
  const gpgme_verify_result_t verified = gpgme_op_verify_result(context.get());
  for (const _gpgme_signature* one = verified != nullptr ? verified->signatures : nullptr; one != nullptr;
       one = one->next) {
    if (one->status != 0) return true;
  }
  return false;
}

bool gpg_cannot_run(gpgme_error_t code) {
  const auto kind = gpgme_err_code(code);
  return kind == GPG_ERR_INV_ENGINE || kind == GPG_ERR_ENOMEM || kind == GPG_ERR_EMFILE || kind == GPG_ERR_EAGAIN ||
         kind == GPG_ERR_NO_AGENT;
}

}  // namespace

LayerFacts PgpEngine::open(Source& layer, Sink& out, const OpenSpec& spec) {
  const std::size_t max_packets =
      static_cast<std::size_t>(std::min<std::uint64_t>(spec.max_recipients, 1'000'000)) + kOtherPackets;
  Outline before;
  {
    const auto binary = std::make_unique<Dearmor>(layer);
    PacketWalker walker(max_packets);
    std::array<char, 4096> buffer;
    std::size_t count = 1;
    while (count != 0 && !walker.at_data() && walker.fault().empty()) {
      count = binary->read(buffer);
      walker.feed({buffer.data(), count});
    }
    if (binary->type() == ArmorType::cleartext) {
      LayerFacts facts;
      facts.type = LayerType::pgp_signed;
      judge_as(facts, LayerResult::unsupported,
               "clearsigned text is not verified: what it covers cannot be told safely");
      facts.signers.push_back(unsupported_signer(facts.why, spec.at));
      return facts;
    }
    if (walker.too_many()) throw Error(Errc::limit, "the message has too many recipients or packets");
    if (!binary->found() || walker.packets().empty()) {
      throw Error(Errc::malformed, binary->fault().empty() ? "this is no OpenPGP message" : binary->fault());
    }
    before = outline(walker.packets(), false);
    const int first = walker.packets().front().tag;
    if (before.fault.empty()) before.fault = walker.fault();
    if (before.shape == Shape::keys) throw Error(Errc::malformed, "these are OpenPGP keys, not a message");
    if (before.shape == Shape::signatures) before.fault = "this is a signature without its content";
    if (before.shape == Shape::unprotected) before.fault = "the message is neither signed nor encrypted";
    if (!before.fault.empty()) {
      LayerFacts facts;
      const bool is_signed =
          first == tag::kSignature || first == tag::kOnePass || first == tag::kLiteral || first == tag::kCompressed;
      facts.type = is_signed ? LayerType::pgp_signed : LayerType::pgp_encrypted;
      judge_as(facts, LayerResult::bad, before.fault);
      return facts;
    }
  }
  layer.rewind();
  return before.shape == Shape::encrypted ? open_encrypted(layer, out, spec, before)
                                          : open_signed(layer, out, spec, before);
}

std::vector<Place> PgpEngine::places_to_open(const Outline& before) const {
  const bool keyring = store_.context(Place::keyring) != nullptr;
  bool in_files = false;
  bool passphrase = false;
  for (const SessionKeyHead& head : before.session_keys) {
    if (!head.unsupported.empty()) continue;
    passphrase = passphrase || head.passphrase;
    if (head.passphrase) continue;
    const bool hidden = head.recipient.find_first_not_of('0') == std::string::npos;
    const StoredPtr key = store_.find_file(head.recipient);
    in_files = in_files || (hidden ? store_.has_file_secrets() : key && key->info().has_secret);
  }
  std::vector<Place> places;
  // A passphrase needs no key: any place will do, and our own asks nobody else for it.
  if (in_files || (passphrase && (!keyring || options_.passphrase))) places.push_back(Place::files);
  if (keyring) places.push_back(Place::keyring);
  return places;
}

LayerFacts PgpEngine::open_encrypted(Source& layer, Sink& out, const OpenSpec& spec, const Outline& before) {
  LayerFacts facts;
  facts.type = LayerType::pgp_encrypted;
  for (const SessionKeyHead& head : before.session_keys) {
    facts.recipients.push_back(head.passphrase ? "passphrase" : head.recipient);
  }
  if (!before.unsupported.empty()) {
    judge_as(facts, LayerResult::unsupported, "gpg cannot read " + before.unsupported);
    return facts;
  }
  if (before.data_tag == tag::kEncryptedNoMdc) {
    judge_as(facts, LayerResult::bad, "the message has no integrity protection (MDC)");
    return facts;
  }
  if (before.session_keys.empty()) {
    judge_as(facts, LayerResult::bad, "the message names no key that opens it");
    return facts;
  }
  judge_as(facts, LayerResult::no_key, "no secret key here opens the message");
  bool again = false;
  for (const Place place : places_to_open(before)) {
    if (place == Place::files) store_.private_home();
    if (again) layer.rewind();
    again = true;
    if (decrypt_in(place, layer, out, spec, facts)) break;
  }
  return facts;
}

bool PgpEngine::decrypt_in(Place place, Source& layer, Sink& out, const OpenSpec& spec, LayerFacts& facts) {
  const Place other = place == Place::files ? Place::keyring : Place::files;
  const bool ask_other = store_.context(other) != nullptr && (other == Place::keyring || store_.has_file_keys());
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  if (ask_other) context.set_flag("export-session-key", "1");
  const auto passed = std::make_unique<Passed>(layer, facts.recipients.size() + kOtherPackets);
  LimitSink limited(out, spec.max_output);
  gpgme_error_t code = 0;
  {
    const Data in(passed->source);
    const Data plain(limited);
    code = gpgme_op_decrypt_verify(context.get(), in.get(), plain.get());
    plain.rethrow();
    in.rethrow();
  }
  context.check_callbacks();
  if (gpg_cannot_run(code)) throw gpgme_failure(code, "gpg cannot decrypt");

  const StatusLog& status = context.status();
  const std::vector<std::string> info = status.arguments("DECRYPTION_INFO");
  const bool decrypting = info.size() > 1;
  if (context.missing() && !decrypting) {
    if (!context.missing()->symmetric) {
      throw Error(Errc::refused, "the key needs a passphrase",
                  ascii_lower(context.missing()->key_id) + " " + visible(context.missing()->user_id),
                  "give the passphrase by file or descriptor");
    }
    facts.why = "the message is encrypted with a passphrase, and none was given";
    return false;
  }
  const auto kind = gpgme_err_code(code);
  if (!decrypting && !limited.any()) {
    if (kind == GPG_ERR_BAD_PASSPHRASE) throw Error(Errc::refused, "the passphrase is wrong", "the encrypted message");
    if (kind == GPG_ERR_CANCELED || kind == GPG_ERR_FULLY_CANCELED || kind == GPG_ERR_NO_PIN_ENTRY) {
      throw gpgme_failure(code, "the passphrase was not given", "the encrypted message");
    }
    if (kind == GPG_ERR_NO_SECKEY) return false;
  }
  // Without a checksum on the session key gpg can only guess that the passphrase is to blame, and says so.
  const std::vector<std::string> error = status.arguments("ERROR");
  if (error.size() > 1 && error[0] == "symkey_decrypt.maybe_error" && error[1].starts_with("11") && !limited.any()) {
    throw Error(Errc::refused, "the passphrase is wrong, or the message is damaged", "the encrypted message");
  }
  const auto held = gpgme_op_decrypt_result(context.get());
  const HeldResult hold(held);
  const int cipher = status.number("DECRYPTION_INFO", 1);
  if (decrypting) facts.cipher = cipher_name(cipher);
  if (held != nullptr && held->file_name != nullptr) facts.literal_filename = to_valid_utf8(held->file_name);
  if (const auto by = status.arguments("DECRYPTION_KEY"); by.size() > 1) facts.decrypted_by = ascii_lower(by[1]);

  const bool aead = info.size() > 2 && info[2] != "0";
  const bool intact = status.has("DECRYPTION_OKAY") && !status.has("DECRYPTION_FAILED") && !status.has("BADMDC") &&
                      (aead || status.has("GOODMDC"));
  facts.authenticated = intact;
  const auto bad = [&](std::string why) {
    facts.authenticated = false;
    judge_as(facts, LayerResult::bad, std::move(why));
    return true;
  };
  if (held != nullptr && held->legacy_cipher_nomdc) return bad("the message has no integrity protection (MDC)");
  if (!decrypting) return bad("the message cannot be decrypted: " + error_words(code));
  if (!intact) {
    const bool unprotected = info[0] == "0" && !aead;
    return bad(unprotected ? "the message has no integrity protection (MDC)"
                           : "the encrypted content was changed or cut: its integrity check fails");
  }
  if (status.count("BEGIN_DECRYPTION") != 1 || status.count("PLAINTEXT") != 1) {
    return bad("there is not exactly one content inside the encryption");
  }
  if (code != 0 && !has_doubtful_signature(context))
    return bad("the decrypted content is broken: " + error_words(code));
  if (std::string why = passed->fault(Shape::encrypted); !why.empty()) return bad(std::move(why));

  if (cipher <= 4 && !options_.allow_legacy && !spec.allow_legacy) {
    judge_as(facts, LayerResult::unsupported,
             "the cipher " + facts.cipher + " has blocks of 64 bits and is only read when legacy is allowed");
    return true;
  }
  judge_as(facts, LayerResult::good, {});
  facts.signers = signers(context, place, spec.at);
  if (ask_other && held != nullptr) ask_other_place(place, layer, spec, held->session_key, facts);
  return true;
}

LayerFacts PgpEngine::open_signed(Source& layer, Sink& out, const OpenSpec& spec, const Outline& before) {
  LayerFacts facts;
  facts.type = LayerType::pgp_signed;
  if (!before.unsupported.empty()) {
    judge_as(facts, LayerResult::unsupported, "gpg cannot read " + before.unsupported);
    facts.signers.push_back(unsupported_signer(facts.why, spec.at));
    return facts;
  }
  const Place place =
      store_.has_file_keys() || store_.context(Place::keyring) == nullptr ? Place::files : Place::keyring;
  if (place == Place::files) store_.private_home();
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  const auto passed = std::make_unique<Passed>(layer, kOtherPackets);
  LimitSink limited(out, spec.max_output);
  gpgme_error_t code = 0;
  {
    const Data in(passed->source);
    const Data plain(limited);
    code = gpgme_op_verify(context.get(), in.get(), nullptr, plain.get());
    plain.rethrow();
    in.rethrow();
  }
  context.check_callbacks();
  if (gpg_cannot_run(code)) throw gpgme_failure(code, "gpg cannot verify");
  const StatusLog& status = context.status();
  const auto bad = [&](std::string why) {
    judge_as(facts, LayerResult::bad, std::move(why));
    return facts;
  };
  if (status.has("BEGIN_DECRYPTION") || status.has("ENC_TO"))
    return bad("there is encrypted content inside the signed one");
  if (status.count("PLAINTEXT") != 1) return bad("there is not exactly one content inside the signature");
  if (code != 0 && !has_doubtful_signature(context)) return bad("the signed content is broken: " + error_words(code));
  if (std::string why = passed->fault(Shape::signed_message); !why.empty()) return bad(std::move(why));
  if (const gpgme_verify_result_t verified = gpgme_op_verify_result(context.get());
      verified != nullptr && verified->file_name != nullptr) {
    facts.literal_filename = to_valid_utf8(verified->file_name);
  }
  facts.signers = signers(context, place, spec.at);
  if (facts.signers.empty()) return bad("the message is neither signed nor encrypted");
  facts.result = LayerResult::good;
  const Place other = place == Place::files ? Place::keyring : Place::files;
  if (store_.context(other) != nullptr && (other == Place::keyring || store_.has_file_keys())) {
    ask_other_place(place, layer, spec, nullptr, facts);
  }
  return facts;
}

void PgpEngine::ask_other_place(Place place, Source& layer, const OpenSpec& spec, const char* session_key,
                                LayerFacts& facts) {
  const auto unknown = [](const SignerFacts& signer) { return signer.integrity == Integrity::no_key; };
  if (std::none_of(facts.signers.begin(), facts.signers.end(), unknown)) return;
  const bool encrypted = facts.type == LayerType::pgp_encrypted;
  if (encrypted && session_key == nullptr) return;
  const Place other = place == Place::files ? Place::keyring : Place::files;
  Context& context = *store_.context(other);
  context.begin([](const PassphraseRequest&) { return std::nullopt; });
  if (encrypted) context.set_flag("override-session-key", session_key);
  layer.rewind();
  const auto binary = std::make_unique<Dearmor>(layer);
  NullSink nowhere;
  const Data in(*binary);
  const Data plain(nowhere);
  const gpgme_error_t code = encrypted ? gpgme_op_decrypt_verify(context.get(), in.get(), plain.get())
                                       : gpgme_op_verify(context.get(), in.get(), nullptr, plain.get());
  in.rethrow();
  if (gpg_cannot_run(code)) throw gpgme_failure(code, "gpg cannot verify");
  if (encrypted && (!context.status().has("GOODMDC") && !context.status().has("DECRYPTION_OKAY"))) return;
  if (context.status().count("PLAINTEXT") != 1) return;
  const std::vector<SignerFacts> judged = signers(context, other, spec.at);
  if (judged.size() != facts.signers.size()) return;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    if (unknown(facts.signers[i])) facts.signers[i] = judged[i];
  }
}

}  // namespace mimeseal::pgp
