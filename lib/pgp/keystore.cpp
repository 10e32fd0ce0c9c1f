// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/keys.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxKeyFile = 64U << 20U;

/// A fingerprint or key id as gpg takes it, or empty: "0x" and blanks, as people copy them, are let go.
std::string fingerprint(std::string_view text) {
  std::string result;
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  for (const char c : text) {
    if (c == ' ') continue;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!digit) return {};
    result.push_back(c);
  }
  if (result.size() != 16 && result.size() != 40 && result.size() != 64) return {};
  return ascii_lower(result);
}

bool matches(const _gpgme_key& key, std::string_view id) {
  for (const _gpgme_subkey* subkey = key.subkeys; subkey != nullptr; subkey = subkey->next) {
    const std::string own = ascii_lower(subkey->fpr != nullptr ? subkey->fpr : "");
    if (own == id || (id.size() == 16 && own.size() == 40 && own.ends_with(id))) return true;
  }
  return false;
}

bool newer(const StoredPtr& a, const StoredPtr& b) {
  return a->info().not_before.value_or(Time{}) > b->info().not_before.value_or(Time{});
}

std::string user_home() {
  const char* folder = gpgme_get_dirinfo("homedir");
  return folder != nullptr ? folder : "";
}

std::string stamp(const std::string& home) {
  std::string result;
  for (const char* name : {"pubring.kbx", "pubring.gpg", "trustdb.gpg", "gpg.conf", "private-keys-v1.d"}) {
    struct stat status {};
    if (stat((home + "/" + name).c_str(), &status) != 0) continue;
    result += std::string(name) + ":" + std::to_string(status.st_mtim.tv_sec) + "." +
              std::to_string(status.st_mtim.tv_nsec) + ":" + std::to_string(status.st_size) + ";";
  }
  return result;
}

}  // namespace

std::vector<std::string> import_keys(Context& context, std::string_view octets) {
  context.begin([](const PassphraseRequest&) { return std::nullopt; });
  const Data data(octets);
  const gpgme_error_t code = gpgme_op_import(context.get(), data.get());
  std::vector<std::string> result;
  if (code != 0) return result;
  const gpgme_import_result_t imported = gpgme_op_import_result(context.get());
  if (imported == nullptr) return result;
  for (const _gpgme_import_status* status = imported->imports; status != nullptr; status = status->next) {
    if (status->result != 0 || status->fpr == nullptr) continue;
    const std::string id = ascii_lower(status->fpr);
    if (std::find(result.begin(), result.end(), id) == result.end()) result.push_back(id);
  }
  return result;
}

KeyStore::KeyStore(const EngineOptions& options) : options_(options) {
  require_gpg();
  if (!options_.gnupg_home.empty() && !fs::is_directory(options_.gnupg_home)) {
    throw Error(Errc::no_input, "there is no such keyring folder", options_.gnupg_home);
  }
  std::vector<std::string> named;
  for (const std::string& path : options_.recipient_keys) {
    if (std::error_code ignored; !fs::exists(path, ignored) && !fingerprint(path).empty()) {
      named.push_back(fingerprint(path));
    } else {
      add_path(path, {.recipient = true});
    }
  }
  for (const std::string& path : options_.trust)
    add_path(path, {.trusted = true});
  bool secrets = false;
  for (const std::string& name : options_.identities) {
    if (std::error_code ignored; fs::exists(name, ignored)) {
      add_file(name, {.identity = true}, false);
      secrets = true;
    }
  }
  if (home_) reload_files(secrets);
  const bool by_name = std::any_of(options_.identities.begin(), options_.identities.end(), [](const std::string& name) {
    std::error_code ignored;
    return !fs::exists(name, ignored);
  });
  // The user's own keyring is read where there is one; gpg would make it otherwise.
  std::error_code ignored;
  const bool own = (options_.use_user_keyring || by_name || !named.empty()) && fs::is_directory(user_home(), ignored);
  if (!options_.gnupg_home.empty() || own) keyring_context_ = std::make_unique<Context>(options_.gnupg_home);
  for (const std::string& id : named) {
    const StoredPtr key = find(id, Place::keyring);
    if (!key) throw Error(Errc::no_input, "the keyring has no such key", id);
    marks_[key->info().fingerprint].first.recipient = true;
    key->recipient = true;
  }
  for (const std::string& name : options_.identities) {
    if (!fs::exists(name, ignored)) add_keyring_identity(name);
  }
}

std::optional<std::size_t> KeyStore::identity_of(const StoredKey& key) const {
  const auto found = identity_of_.find(key.info().fingerprint);
  return found == identity_of_.end() ? std::nullopt : std::optional(found->second);
}

void KeyStore::note_identity(const std::string& fingerprint, const std::string& name) {
  const auto at = std::find(options_.identities.begin(), options_.identities.end(), name);
  const bool is_new = identity_of_.try_emplace(fingerprint, at - options_.identities.begin()).second;
  if (is_new) identity_order_.push_back(fingerprint);
}

Context* KeyStore::context(Place place) const noexcept {
  return place == Place::files ? files_context_.get() : keyring_context_.get();
}

PrivateHome& KeyStore::private_home() {
  if (!home_) {
    home_ = std::make_unique<PrivateHome>();
    files_context_ = std::make_unique<Context>(home_->path());
  }
  return *home_;
}

bool KeyStore::has_file_secrets() const noexcept {
  return std::any_of(files_.begin(), files_.end(), [](const StoredPtr& key) { return key->info().has_secret; });
}

void KeyStore::add_path(const std::string& path, const Mark& mark) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return add_file(path, mark, false);
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ignored)) {
    std::error_code failed;
    if (entry.is_regular_file(failed)) files.push_back(entry.path().string());
  }
  if (ignored) throw errno_error(Errc::no_input, "the folder cannot be read", path, ignored.value());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files)
    add_file(file, mark, true);
}

void KeyStore::add_file(const std::string& path, const Mark& mark, bool lenient) {
  const InputPtr input = file_input(path);
  if (lenient && input->size() > kMaxKeyFile) return;
  const std::string octets = read_range(*input, 0, input->size(), kMaxKeyFile);
  const auto source = view_source(octets);
  Dearmor binary(*source);
  const std::string packets = read_all(binary);
  PacketWalker walker;
  walker.feed(packets);
  const bool keys = outline(walker.packets(), false).shape == Shape::keys;
  if (!keys) {
    // A folder may hold other things as well: certificates, notes.
    if (lenient) return;
    throw Error(Errc::malformed, "the file holds no OpenPGP key", path);
  }
  private_home();
  const std::vector<std::string> found = import_keys(*files_context_, octets);
  if (found.empty()) {
    if (lenient) return;
    if (!read_foreign_keys(packets).empty()) {
      throw Error(Errc::unsupported, "the key is of a version that gpg cannot read", path,
                  "OpenPGP keys of version 4 are what this gpg works with");
    }
    throw Error(Errc::malformed, "the file holds no OpenPGP key that gpg accepts", path,
                "a key needs a user id with a good signature of its own");
  }
  const gpgme_import_result_t imported = gpgme_op_import_result(files_context_->get());
  if (mark.identity && (imported == nullptr || imported->secret_read == 0)) {
    throw Error(Errc::refused, "the identity's file holds no secret key", path);
  }
  for (const std::string& id : found) {
    auto& [own, origin] = marks_[id];
    own.identity = own.identity || mark.identity;
    own.recipient = own.recipient || mark.recipient;
    own.trusted = own.trusted || mark.trusted;
    if (origin.empty() || mark.identity) origin = path;
    if (mark.identity) note_identity(id, path);
  }
}

void KeyStore::add_keyring_identity(const std::string& name) {
  const std::string id = fingerprint(name);
  if (id.empty() && name.find('@') == std::string::npos) {
    throw Error(Errc::no_input, "the identity is neither a file nor a fingerprint nor an address", name);
  }
  if (has_crlf_or_nul(name)) throw Error(Errc::usage, "an identity cannot hold line ends", visible(name));
  const std::vector<KeyRef> keys = keyring(name).list(id.empty() ? "<" + name + ">" : id, true, false);
  if (keys.empty()) throw Error(Errc::refused, "the keyring has no secret key for the identity", name);
  for (const KeyRef& key : keys) {
    if (key->fpr == nullptr) continue;
    const std::string own = ascii_lower(key->fpr);
    marks_[own].first.identity = true;
    note_identity(own, name);
  }
}

void KeyStore::reload_files(bool with_secret) {
  files_.clear();
  for (const KeyRef& key : files_context_->list("", false, with_secret)) {
    if (key->fpr == nullptr) continue;
    const auto mark = marks_.find(ascii_lower(key->fpr));
    if (mark == marks_.end()) continue;
    auto stored = std::make_shared<StoredKey>(key, Place::files, mark->second.second);
    stored->identity = mark->second.first.identity;
    stored->recipient = mark->second.first.recipient;
    stored->trusted = mark->second.first.trusted;
    files_.push_back(std::move(stored));
  }
}

Context& KeyStore::keyring(const std::string& what) const {
  if (!keyring_context_) throw Error(Errc::no_input, "no keyring is in use", what);
  return *keyring_context_;
}

void KeyStore::refresh_keyring_cache() {
  const std::string home = options_.gnupg_home.empty() ? user_home() : options_.gnupg_home;
  // Someone else may have changed the keyring: a revocation must be seen by an engine that lives long.
  std::string present = stamp(home);
  if (present == keyring_stamp_) return;
  keyring_stamp_ = std::move(present);
  keyring_cache_.clear();
}

std::vector<StoredPtr> KeyStore::all() {
  std::vector<StoredPtr> result;
  for (const StoredPtr& key : files_) {
    if (key->identity || key->recipient) result.push_back(key);
  }
  if (keyring_context_) {
    for (const KeyRef& key : keyring_context_->list("", false, true)) {
      auto stored = std::make_shared<StoredKey>(key, Place::keyring, "keyring");
      const auto mark = marks_.find(stored->info().fingerprint);
      stored->identity = mark != marks_.end() && mark->second.first.identity;
      stored->recipient = mark != marks_.end() && mark->second.first.recipient;
      const bool given = stored->identity || stored->recipient || (mark != marks_.end() && mark->second.first.trusted);
      if (!given && options_.trust_model != TrustModel::always) stored->note_doubt();
      result.push_back(std::move(stored));
    }
  }
  return result;
}

std::vector<StoredPtr> KeyStore::identities() {
  std::vector<StoredPtr> result;
  for (const std::string& id : identity_order_) {
    StoredPtr key = find_file(id);
    if (!key || !key->info().has_secret) key = find(id, Place::keyring, true);
    if (key) result.push_back(std::move(key));
  }
  if (identity_order_.empty() && keyring_context_) {
    for (const StoredPtr& key : all()) {
      if (key->place() == Place::keyring && key->info().has_secret) result.push_back(key);
    }
    std::stable_sort(result.begin(), result.end(), newer);
  }
  return result;
}

std::vector<StoredPtr> KeyStore::for_address(std::string_view address) {
  std::vector<StoredPtr> result;
  for (const StoredPtr& key : files_) {
    if ((key->recipient || key->identity) && user_id_for(*key->get(), address) != nullptr) result.push_back(key);
  }
  std::stable_sort(result.begin(), result.end(), newer);
  if (keyring_context_ && !has_crlf_or_nul(address)) {
    std::vector<StoredPtr> more;
    for (const KeyRef& key : keyring_context_->list("<" + std::string(address) + ">", false, false)) {
      if (key->fpr == nullptr || user_id_for(*key, address) == nullptr) continue;
      const std::string id = ascii_lower(key->fpr);
      const bool doubled = std::any_of(result.begin(), result.end(),
                                       [&](const StoredPtr& other) { return other->info().fingerprint == id; });
      if (doubled) continue;
      auto stored = std::make_shared<StoredKey>(key, Place::keyring, "keyring");
      const auto mark = marks_.find(id);
      stored->identity = mark != marks_.end() && mark->second.first.identity;
      stored->recipient = mark != marks_.end() && mark->second.first.recipient;
      stored->trusted = mark != marks_.end() && mark->second.first.trusted;
      more.push_back(std::move(stored));
    }
    std::stable_sort(more.begin(), more.end(), newer);
    result.insert(result.end(), more.begin(), more.end());
  }
  return result;
}

StoredPtr KeyStore::find_file(std::string_view id) const {
  const std::string wanted = fingerprint(id);
  if (wanted.empty()) return nullptr;
  for (const StoredPtr& key : files_) {
    if (matches(*key->get(), wanted)) return key;
  }
  return nullptr;
}

StoredPtr KeyStore::find(std::string_view id, Place place, bool with_secret) {
  if (place == Place::files) return find_file(id);
  const std::string wanted = fingerprint(id);
  if (wanted.empty() || !keyring_context_) return nullptr;
  refresh_keyring_cache();
  const std::string name = (with_secret ? "secret " : "") + wanted;
  if (const auto known = keyring_cache_.find(name); known != keyring_cache_.end()) return known->second;
  StoredPtr result;
  for (const KeyRef& key : keyring_context_->list(wanted, false, with_secret)) {
    if (!matches(*key, wanted)) continue;
    result = std::make_shared<StoredKey>(key, Place::keyring, "keyring");
    const auto mark = marks_.find(result->info().fingerprint);
    result->identity = mark != marks_.end() && mark->second.first.identity;
    result->recipient = mark != marks_.end() && mark->second.first.recipient;
    break;
  }
  // gpg may have brought its trust database up to date just now: that is no change by someone else.
  refresh_keyring_cache();
  keyring_cache_[name] = result;
  return result;
}

std::vector<std::string> KeyStore::take_located(const std::string& address, std::string& why) {
  Located located;
  try {
    located = options_.locate(address);
  } catch (const Error& error) {
    if (error.code() == Errc::internal || error.code() == Errc::config) throw;
    located.why = error.what();
  }
  const std::string whose = located.origin.empty() ? "the key directory" : located.origin;
  why = whose + ": " + (located.why.empty() ? "it has no key" : located.why);
  if (located.octets.empty()) return {};
  std::string fault;
  const std::string packets = public_packets(located.octets, fault);
  const std::vector<std::string> keys = fault.empty() ? keys_for_address(packets, address) : std::vector<std::string>();
  if (keys.empty()) {
    why = whose + ": " + (fault.empty() ? "what it gives is no key for the address" : fault);
    return {};
  }
  private_home();
  std::vector<std::string> found;
  for (const std::string& key : keys) {
    for (std::string& id : import_keys(*files_context_, key))
      found.push_back(std::move(id));
  }
  why = whose + ": gpg does not accept the key that it gives";
  for (const std::string& id : found) {
    auto& [mark, origin] = marks_[id];
    mark.recipient = true;
    if (origin.empty()) origin = whose;
  }
  if (!found.empty()) reload_files(has_file_secrets());
  return found;
}

std::vector<StoredPtr> KeyStore::locate(const std::string& address, std::string& why) {
  if (!options_.locate) return {};
  const std::string wanted = ascii_lower(address);
  if (const auto known = not_located_.find(wanted); known != not_located_.end()) {
    why = known->second;
    return {};
  }
  std::vector<StoredPtr> result;
  for (const std::string& id : take_located(address, why)) {
    // gpg has dropped what is not well signed: the user id must still be there.
    const StoredPtr key = find_file(id);
    if (key && user_id_for(*key->get(), address) != nullptr) result.push_back(key);
  }
  std::stable_sort(result.begin(), result.end(), newer);
  if (result.empty()) not_located_[wanted] = why;
  return result;
}

}  // namespace mimeseal::pgp
