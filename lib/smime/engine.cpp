// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <set>

#include "mimeseal/core/text.h"
#include "smime/chain.h"
#include "smime/choose.h"
#include "smime/engine_impl.h"
#include "smime/load.h"

namespace mimeseal::smime {
namespace {

namespace fs = std::filesystem;

std::string origin_of(const std::string& path, const std::string& note) {
  return note.empty() ? path : path + " (" + note + ")";
}

/// A certificate for signing certificates; kept to build chains with.
bool is_ca(X509* certificate) {
  const int kind = X509_check_ca(certificate);
  ERR_clear_error();
  return kind != 0;
}

/// Collects what files hold and pairs private keys with certificates at the end: key and certificate may stand in two
/// files.
class Loader final {
 public:
  Loader(EngineState& state, const EngineOptions& options) : state_(state), options_(options) {}

  void identity(const std::string& name, std::size_t number) {
    if (istarts_with(name, "pkcs11:")) {
      add_identity(load_token(name, options_.passphrase), number);
      return;
    }
    bool is_folder = false;
    for (const auto& path : files_of(name, &is_folder)) {
      Bundle bundle = load(path, Keys::wanted, is_folder);
      const std::string origin = origin_of(path, bundle.note);
      for (auto& key : bundle.keys)
        keys_.push_back({std::move(key), origin, !is_folder, number});
      for (auto& certificate : bundle.certificates)
        certificates_.push_back({std::move(certificate), origin, !is_folder, number});
      add_crls(bundle);
    }
  }

  void recipient(const std::string& name) {
    bool is_folder = false;
    for (const auto& path : files_of(name, &is_folder)) {
      Bundle bundle = load(path, Keys::skipped, is_folder);
      if (bundle.is_signed) {
        add_correspondent(bundle, path, !is_folder);
        continue;
      }
      const std::string origin = origin_of(path, bundle.note);
      for (auto& certificate : bundle.certificates)
        add_other(std::move(certificate), origin);
      add_crls(bundle);
    }
  }

  void message(const SignedMessage& message) {
    Asker asker(nobody_, message.name);
    Bundle bundle = load_octets(message.signed_data, asker, Keys::skipped);
    if (bundle.is_signed || bundle.certificates.empty()) {
      add_correspondent(bundle, message.name, message.required);
      return;
    }
    for (auto& certificate : bundle.certificates)
      add_other(std::move(certificate), message.name);
  }

  void anchor(const std::string& name) {
    bool is_folder = false;
    for (const auto& path : files_of(name == "system" ? system_certificates() : name, &is_folder)) {
      Bundle bundle = load(path, Keys::skipped, is_folder);
      for (auto& certificate : bundle.certificates) {
        if (anchors_.insert(fingerprint_of(certificate.get())).second) state_.anchors.push_back(std::move(certificate));
      }
      add_crls(bundle);
    }
  }

  void crl(const std::string& name) {
    bool is_folder = false;
    for (const auto& path : files_of(name, &is_folder)) {
      Bundle bundle = load(path, Keys::skipped, is_folder, "revocation list");
      if (bundle.crls.empty() && !is_folder) throw Error(Errc::malformed, "the file holds no revocation list", path);
      add_crls(bundle);
    }
  }

  /// Pairs keys with certificates.
  void finish() {
    for (const auto& [key, origin, named, number] : keys_) {
      bool paired = false;
      for (const auto& certificate : certificates_) {
        if (X509_check_private_key(certificate.object.get(), key.get()) != 1) continue;
        add_identity(make_key(share(certificate.object.get()), share(key.get()), origin), number);
        paired = true;
      }
      ERR_clear_error();
      if (!paired && named) {
        throw Error(Errc::malformed, "the private key's certificate is missing", origin,
                    "name the file of the certificate as an identity too");
      }
    }
    for (auto& [certificate, origin, named, number] : certificates_) {
      const std::string fingerprint = fingerprint_of(certificate.get());
      const bool ours = std::any_of(state_.identities.begin(), state_.identities.end(),
                                    [&](const auto& key) { return key->info().fingerprint == fingerprint; });
      if (!ours) add_other(std::move(certificate), origin);
    }
    for (auto* const keys : {&state_.identities, &state_.recipients}) {
      for (auto& key : *keys) {
        if (is_revoked(key->certificate(), state_)) key = key->revoked();
      }
    }
    if (state_.identities.empty() && !options_.identities.empty()) {
      throw Error(Errc::malformed, "no private key is in what was given as identity", options_.identities.front());
    }
  }

 private:
  template <class T>
  struct From {
    T object;
    std::string origin;
    bool named;          ///< by the user; not merely found in a folder
    std::size_t number;  ///< of the identity that it came with
  };

  Bundle load(const std::string& path, Keys keys, bool in_folder, const char* wanted = "certificate") {
    try {
      // Nobody is asked for what merely lies beside the certificates of others.
      const Asker::Function& ask = in_folder && keys == Keys::skipped ? nobody_ : options_.passphrase;
      Bundle bundle = load_file(path, ask, keys);
      if (bundle.empty() && !in_folder && keys == Keys::wanted) {
        throw Error(Errc::malformed, "the file holds neither a key nor a certificate", path);
      }
      if (bundle.certificates.empty() && bundle.crls.empty() && !in_folder && keys == Keys::skipped) {
        throw Error(Errc::malformed, std::string("the file holds no ") + wanted, path);
      }
      if (!bundle.note.empty() && options_.hint)
        options_.hint(path + " was " + bundle.note + ": it is locked in an old and weak way; save it anew");
      return bundle;
    } catch (const Error& error) {
      // What else lies in a folder is none of our business; only what was named must be right.
      const bool foreign = error.code() == Errc::malformed || error.code() == Errc::limit ||
                           (error.code() == Errc::refused && keys == Keys::skipped);
      if (!in_folder || !foreign) throw;
      return {};
    }
  }

  static std::string system_certificates() {
    const std::string file = X509_get_default_cert_file();
    const std::string folder = X509_get_default_cert_dir();
    for (const auto& path : {file, folder + "/ca-certificates.crt", folder}) {
      std::error_code ignored;
      if (fs::exists(path, ignored)) return path;
    }
    throw Error(Errc::no_input, "the system's CA certificates are not installed", folder, "install ca-certificates");
  }

  void add_identity(SmimeKeyPtr key, std::size_t number) {
    auto& keys = state_.identities;
    const bool known = std::any_of(keys.begin(), keys.end(), [&key](const auto& other) {
      return other->info().fingerprint == key->info().fingerprint;
    });
    if (known) return;
    keys.push_back(std::move(key));
    state_.identity_of.push_back(number);
  }

  void add_other(X509Ptr certificate, const std::string& origin) {
    const bool ca = is_ca(certificate.get());
    if (ca && intermediates_.insert(fingerprint_of(certificate.get())).second) {
      state_.intermediates.push_back(share(certificate.get()));
    }
    // Self-made certificates are often marked as CA and are a person's all the same: an address tells.
    if (!ca || !addresses_of(certificate.get()).empty()) {
      SmimeKeyPtr key = make_key(std::move(certificate), nullptr, origin);
      if (recipients_.insert(key->info().fingerprint).second) state_.recipients.push_back(std::move(key));
    }
  }

  /// Who signed a message: the certificates that the signature speaks for, and what can be read there. The newest word
  /// counts (RFC 8551, section 2.7.1). Other certificates in it could be anybody's; they only help to build chains.
  void add_correspondent(Bundle& bundle, const std::string& origin, bool named) {
    if (bundle.announced.empty() && named) {
      throw Error(Errc::malformed,
                  bundle.is_signed ? "no signature in it holds, so it tells nothing about its sender"
                                   : "it holds neither a signature nor a certificate",
                  origin);
    }
    for (auto& [certificate, ciphers, signed_at] : bundle.announced) {
      if (ciphers) {
        const Time at = signed_at.value_or(kNoTime);
        const auto [known, is_new] =
            state_.announced.try_emplace(fingerprint_of(certificate.get()), KnownCapabilities{*ciphers, at});
        if (!is_new && known->second.signed_at < at) known->second = {*ciphers, at};
      }
      add_other(std::move(certificate), origin);
    }
    for (auto& certificate : bundle.certificates) {
      if (is_ca(certificate.get()) && intermediates_.insert(fingerprint_of(certificate.get())).second)
        state_.intermediates.push_back(std::move(certificate));
    }
  }

  void add_crls(Bundle& bundle) {
    for (auto& crl : bundle.crls)
      state_.crls.push_back(std::move(crl));
  }

  EngineState& state_;
  const EngineOptions& options_;
  const Asker::Function nobody_;
  std::vector<From<EvpPkeyPtr>> keys_;
  std::vector<From<X509Ptr>> certificates_;
  std::set<std::string> recipients_;
  std::set<std::string> intermediates_;
  std::set<std::string> anchors_;
};

}  // namespace

SmimeEngine::SmimeEngine(const EngineOptions& options) {
  Loader loader(state_, options);
  for (std::size_t i = 0; i < options.identities.size(); ++i)
    loader.identity(options.identities[i], i);
  for (const auto& name : options.recipient_keys)
    loader.recipient(name);
  for (const auto& message : options.recipient_messages)
    loader.message(message);
  for (const auto& name : options.trust)
    loader.anchor(name);
  for (const auto& name : options.crls)
    loader.crl(name);
  loader.finish();
}

std::vector<KeyPtr> SmimeEngine::keys() {
  std::vector<KeyPtr> keys(state_.identities.begin(), state_.identities.end());
  for (const auto& key : state_.recipients) {
    const bool ours = std::any_of(state_.identities.begin(), state_.identities.end(), [&key](const auto& own) {
      return own->info().fingerprint == key->info().fingerprint;
    });
    if (!ours) keys.push_back(key);
  }
  return keys;
}

KeyChoice SmimeEngine::signing_key(std::string_view address, Time at) {
  return choose_key(state_.identities, Purpose::sign, address, at);
}

std::vector<KeyChoice> SmimeEngine::signing_keys(std::string_view address, Time at) {
  return choose_signers(state_.identities, state_.identity_of, address, at);
}

KeyChoice SmimeEngine::recipient_key(std::string_view address, Time at) {
  return sealing_key(address, at, {});
}

KeyChoice SmimeEngine::sealing_key(std::string_view address, Time at, const SmimePolicy& policy) {
  // An identity that was also given as a recipient is met first as an identity, and once.
  std::vector<SmimeKeyPtr> all = state_.identities;
  all.insert(all.end(), state_.recipients.begin(), state_.recipients.end());
  return choose_key(all, Purpose::encrypt, address, at, policy);
}

KeyPtr SmimeEngine::find_key(std::string_view fingerprint) {
  for (const auto& key : keys()) {
    if (iequals(key->info().fingerprint, fingerprint)) return key;
  }
  return nullptr;
}

std::string SmimeEngine::export_public(const Key& key, std::string_view /*address*/) {
  return pem_of(smime_key(key).certificate());
}

std::unique_ptr<Engine> make_engine(const EngineOptions& options) {
  return std::make_unique<SmimeEngine>(options);
}

}  // namespace mimeseal::smime
