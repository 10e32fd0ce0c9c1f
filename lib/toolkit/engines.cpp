// SPDX-License-Identifier: MIT
#include "mimeseal/toolkit/engines.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/smime/engine.h"
#include "mimeseal/toolkit/wkd.h"
#include "signed_messages.h"

namespace mimeseal {
namespace {

/// What was given for each of the two protocols, the order kept.
struct Sorted {
  std::vector<std::string> smime;
  std::vector<std::string> pgp;
  std::vector<smime::SignedMessage> messages;
};

/// What paths are given as.
enum class Role { identity, recipient, trusted };

[[noreturn]] void refuse_unknown(const std::string& path, Role role) {
  const char* const what = role == Role::identity    ? "an identity"
                           : role == Role::recipient ? "a recipient's key"
                                                     : "trusted";
  throw Error(Errc::malformed, std::string("holds neither certificates nor OpenPGP keys, and was given as ") + what,
              path);
}

std::vector<std::string> files_in(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) files.push_back(it->path().string());
  }
  if (error) throw Error(Errc::no_input, "cannot read the folder: " + error.message(), folder);
  std::sort(files.begin(), files.end());
  return files;
}

/// Folders are opened one level deep, in the order of names; what is no key in them is passed over. The S/MIME engine
/// gets the folder itself: to it, all of a folder is one identity.
Sorted sort_paths(const std::vector<std::string>& paths, Role role) {
  Sorted sorted;
  const auto place_messages = [&](const std::string& path, bool named) {
    if (role != Role::recipient) return false;
    auto messages = signed_messages(path, named);
    std::move(messages.begin(), messages.end(), std::back_inserter(sorted.messages));
    return !messages.empty();
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      const KeyFileKind kind = key_file_kind(path);
      if (kind == KeyFileKind::smime) sorted.smime.push_back(path);
      if (kind == KeyFileKind::pgp) sorted.pgp.push_back(path);
      if (kind == KeyFileKind::unknown && !place_messages(path, true)) refuse_unknown(path, role);
      continue;
    }
    bool has_smime = false;
    for (const std::string& file : files_in(path)) {
      const KeyFileKind kind = key_file_kind(file);
      has_smime = has_smime || kind == KeyFileKind::smime;
      if (kind == KeyFileKind::pgp) sorted.pgp.push_back(file);
      if (kind == KeyFileKind::unknown) place_messages(file, false);
    }
    if (has_smime) sorted.smime.push_back(path);
  }
  return sorted;
}

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

bool looks_like_fingerprint(std::string_view text) {
  if (istarts_with(text, "0x")) text.remove_prefix(2);
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!digit) return false;
    ++digits;
  }
  return digits == 16 || digits == 40 || digits == 64;
}

}  // namespace

KeyFileKind key_file_kind(const std::string& path) {
  const InputPtr file = file_input(path);
  std::array<char, 4096> buffer;
  const std::string_view head(buffer.data(), file->read_at(0, buffer));
  if (head.find("-----BEGIN PGP ") != std::string_view::npos) return KeyFileKind::pgp;
  if (head.find("-----BEGIN ") != std::string_view::npos) return KeyFileKind::smime;
  if (head.empty()) return KeyFileKind::unknown;
  const auto first = static_cast<unsigned char>(head[0]);
  if (first == 0x30) return KeyFileKind::smime;  // a DER SEQUENCE
  // An OpenPGP packet (RFC 9580, section 4.2): public key (6), secret key (5), in the new or the old form.
  const unsigned tag = (first & 0x40U) != 0 ? first & 0x3FU : (first >> 2U) & 0x0FU;
  if ((first & 0x80U) != 0 && (tag == 5 || tag == 6)) return KeyFileKind::pgp;
  // PEM behind a long comment (Bag Attributes, `openssl x509 -text`).
  if (is_ascii(head) && file->size() > head.size() && file->size() < (16U << 20U)) {
    const std::string whole = read_range(*file, 0, file->size(), 16U << 20U);
    if (whole.find("-----BEGIN PGP ") != std::string::npos) return KeyFileKind::pgp;
    if (whole.find("-----BEGIN ") != std::string::npos) return KeyFileKind::smime;
  }
  return KeyFileKind::unknown;
}

struct Engines::State {
  smime::EngineOptions smime_options;
  pgp::EngineOptions pgp_options;
  std::optional<Protocol> protocol;
  bool has_smime_keys = false;
  bool has_pgp_keys = false;

  class Lazy;
  std::unique_ptr<Lazy> smime;
  std::unique_ptr<Lazy> pgp;
};

/// Makes its engine at the first call that needs it: `open` asks for both protocols, and gpg is started only for mail
/// that is OpenPGP.
class Engines::State::Lazy final : public Engine {
 public:
  Lazy(Protocol protocol, std::function<std::unique_ptr<Engine>()> make)
      : protocol_(protocol), make_(std::move(make)) {}

  [[nodiscard]] Protocol protocol() const noexcept override { return protocol_; }
  void prepare() override { real().prepare(); }
  std::vector<KeyPtr> keys() override { return real().keys(); }
  KeyChoice signing_key(std::string_view address, Time at) override { return real().signing_key(address, at); }
  std::vector<KeyChoice> signing_keys(std::string_view address, Time at) override {
    return real().signing_keys(address, at);
  }
  KeyChoice recipient_key(std::string_view address, Time at) override {
    return with_hint(real().recipient_key(address, at), address, at);
  }
  KeyChoice sealing_key(std::string_view address, Time at, const SmimePolicy& policy) override {
    return with_hint(real().sealing_key(address, at, policy), address, at);
  }
  /// Where a key of a recipient who has none here may be: only to say so.
  void know_of(Lazy& other) { other_ = &other; }
  KeyPtr find_key(std::string_view fingerprint) override { return real().find_key(fingerprint); }
  std::string export_public(const Key& key, std::string_view address) override {
    return real().export_public(key, address);
  }
  SignResult sign(Source& content, Sink& out, const SignSpec& spec) override { return real().sign(content, out, spec); }
  EncryptResult encrypt(Source& content, Sink& out, const EncryptSpec& spec) override {
    return real().encrypt(content, out, spec);
  }
  void compress(Source& content, Sink& out) override { real().compress(content, out); }
  void export_keys(const std::vector<KeyPtr>& keys, Sink& out) override { real().export_keys(keys, out); }
  LayerFacts verify(Source& content, std::string_view signature, const OpenSpec& spec) override {
    return real().verify(content, signature, spec);
  }
  LayerFacts open(Source& layer, Sink& out, const OpenSpec& spec) override { return real().open(layer, out, spec); }

 private:
  Engine& real() {
    if (!engine_) engine_ = make_();
    return *engine_;
  }
  /// Where there is no key: whether there is one of the other protocol.
  KeyChoice with_hint(KeyChoice choice, std::string_view address, Time at) {
    if (!choice.key && other_ != nullptr && other_->real().recipient_key(address, at).key) {
      choice.why += std::string(choice.why.empty() ? "" : "; ") + "there is " +
                    (protocol_ == Protocol::smime ? "an OpenPGP key" : "an S/MIME certificate") +
                    " for it, and one message is sealed with one protocol (RFC 9787, section 9.6)";
    }
    return choice;
  }

  Protocol protocol_;
  std::function<std::unique_ptr<Engine>()> make_;
  std::unique_ptr<Engine> engine_;
  Lazy* other_ = nullptr;
};

Engines::Engines(const KeySettings& settings) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.protocol = settings.protocol;
  smime::EngineOptions& smime = state.smime_options;
  pgp::EngineOptions& pgp = state.pgp_options;

  bool names_keyring_key = false;
  std::vector<std::string> identity_files;
  for (const std::string& identity : settings.identities) {
    if (istarts_with(identity, "pkcs11:")) {
      smime.identities.push_back(identity);
    } else if (exists(identity)) {
      identity_files.push_back(identity);
    } else if (looks_like_fingerprint(identity) || identity.find('@') != std::string::npos) {
      pgp.identities.push_back(identity);
      names_keyring_key = true;
    } else {
      throw Error(Errc::no_input, "no such file, and neither a fingerprint nor an address", visible(identity));
    }
  }
  const Sorted identities = sort_paths(identity_files, Role::identity);
  smime.identities.insert(smime.identities.end(), identities.smime.begin(), identities.smime.end());
  pgp.identities.insert(pgp.identities.end(), identities.pgp.begin(), identities.pgp.end());

  std::vector<std::string> recipient_paths;
  for (const std::string& key : settings.recipient_keys) {
    if (exists(key)) {
      recipient_paths.push_back(key);
    } else if (looks_like_fingerprint(key)) {
      pgp.recipient_keys.push_back(key);
      names_keyring_key = true;
    } else {
      throw Error(Errc::no_input, "no such file or folder", visible(key));
    }
  }
  Sorted recipients = sort_paths(recipient_paths, Role::recipient);
  smime.recipient_keys = std::move(recipients.smime);
  smime.recipient_messages = std::move(recipients.messages);
  pgp.recipient_keys.insert(pgp.recipient_keys.end(), recipients.pgp.begin(), recipients.pgp.end());

  std::vector<std::string> trust_paths;
  for (const std::string& trust : settings.trust) {
    if (trust == "system") {
      smime.trust.push_back(trust);
    } else {
      trust_paths.push_back(trust);
    }
  }
  const Sorted trust = sort_paths(trust_paths, Role::trusted);
  smime.trust.insert(smime.trust.end(), trust.smime.begin(), trust.smime.end());
  pgp.trust = trust.pgp;
  smime.crls = settings.crls;

  smime.passphrase = pgp.passphrase = settings.passphrase;
  smime.hint = settings.hint;
  pgp.allow_legacy = settings.allow_legacy;
  pgp.gnupg_home = settings.gnupg_home;
  pgp.trust_model = settings.trust_always ? pgp::TrustModel::always : pgp::TrustModel::validity;
  if (settings.locate_wkd) {
    WkdSettings wkd;
    wkd.tls.ca_file = settings.locate_ca;
    wkd.proxy = settings.proxy;
    pgp.locate = make_wkd_locator(std::move(wkd));
  }

  state.has_smime_keys =
      !smime.identities.empty() || !smime.recipient_keys.empty() || !smime.recipient_messages.empty();
  const bool pgp_files = !identities.pgp.empty() || !pgp.recipient_keys.empty() || !pgp.trust.empty();
  state.has_pgp_keys = !pgp.identities.empty() || !pgp.recipient_keys.empty();
  // Key files alone never touch the user's keyring.
  pgp.use_user_keyring = settings.gnupg_home.empty() && (names_keyring_key || !pgp_files);

  state.smime = std::make_unique<State::Lazy>(
      Protocol::smime, [options = &state.smime_options] { return smime::make_engine(*options); });
  state.pgp = std::make_unique<State::Lazy>(Protocol::pgp,
                                            [options = &state.pgp_options] { return pgp::make_engine(*options); });
  if (!smime.recipient_keys.empty()) state.pgp->know_of(*state.smime);
  if (!pgp.recipient_keys.empty()) state.smime->know_of(*state.pgp);
}

Engines::~Engines() = default;
Engines::Engines(Engines&&) noexcept = default;
Engines& Engines::operator=(Engines&&) noexcept = default;

std::vector<Engine*> Engines::all() {
  return {state_->smime.get(), state_->pgp.get()};
}

std::vector<Engine*> Engines::given() {
  const State& state = *state_;
  if (state.protocol) return {&get(*state.protocol)};
  const bool pgp = state.has_pgp_keys || !state.pgp_options.gnupg_home.empty();
  if (state.has_smime_keys && !pgp) return {&get(Protocol::smime)};
  if (pgp && !state.has_smime_keys) return {&get(Protocol::pgp)};
  return all();
}

Engine& Engines::get(Protocol protocol) {
  return protocol == Protocol::smime ? *state_->smime : *state_->pgp;
}

Engine& Engines::sealing() {
  const State& state = *state_;
  if (state.protocol) return get(*state.protocol);
  const bool both = state.has_smime_keys && state.has_pgp_keys;
  // What one signs with decides; recipients of the other protocol are refused then, each with the reason.
  const bool smime_self = !state.smime_options.identities.empty();
  const bool pgp_self = !state.pgp_options.identities.empty();
  if (both && smime_self != pgp_self) return get(smime_self ? Protocol::smime : Protocol::pgp);
  if (both)
    throw Error(Errc::usage,
                "the given keys are of both protocols, and one message is sealed with one (RFC 9787, section 9.6)", {},
                "say --protocol smime or --protocol pgp");
  if (state.has_smime_keys) return get(Protocol::smime);
  if (state.has_pgp_keys || !state.pgp_options.gnupg_home.empty()) return get(Protocol::pgp);
  throw Error(Errc::usage, "nothing tells which protocol to seal with", {},
              "give --identity or --recipient-key, or say --protocol smime or --protocol pgp");
}

}  // namespace mimeseal
