// SPDX-License-Identifier: MIT
// Public keys on their way into a keyring. A private home reads and checks them first, so that the user's gpg never
// sees anything but the smallest form of keys that are known to be good.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/keys.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {
namespace {

constexpr std::uint64_t kMaxMaterial = 16U << 20U;
constexpr std::size_t kMaxKeys = 1000;
constexpr std::uint64_t kMaxKey = 256U << 10U;

ImportedKey refusal(std::string origin, std::string why) {
  ImportedKey result;
  result.info.origin = std::move(origin);
  result.why = std::move(why);
  return result;
}

/// How many keys of a version that gpg reads there are; one that stands twice counts once.
std::size_t count_readable(std::string_view packets) {
  PacketWalker walker;
  walker.feed(packets);
  std::set<std::string_view> bodies;
  for (const Packet& packet : walker.packets()) {
    const bool readable = !packet.body.empty() && static_cast<unsigned char>(packet.body.front()) <= 4;
    if (packet.tag == tag::kPublicKey && readable) bodies.insert(packet.body);
  }
  return bodies.size();
}

/// The home that material is read in, before anything of it reaches the keyring.
class Reception {
 public:
  Reception() : context_(home_.path()) { home_.prepare_for_listing(); }

  /// The keys of one piece of material; what gpg does not take of it is refused.
  std::vector<ImportedKey> read(const KeyMaterial& material) {
    if (material.octets.size() > kMaxMaterial) return {refusal(material.origin, "it is too large")};
    std::string why;
    const std::string packets = public_packets(material.octets, why);
    if (!why.empty()) return {refusal(material.origin, why)};
    std::vector<ImportedKey> result;
    for (KeyInfo& info : read_foreign_keys(packets)) {
      ImportedKey key = refusal({}, "it is a key of a " + info.origin);
      key.info = std::move(info);
      key.info.origin = material.origin;
      result.push_back(std::move(key));
    }
    std::size_t readable = 0;
    for (const std::string& id : fingerprints(packets)) {
      ImportedKey key = refusal(material.origin, {});
      key.info.fingerprint = id;
      result.push_back(std::move(key));
      ++readable;
    }
    if (readable < count_readable(packets)) {
      result.push_back(refusal(material.origin, "a key in it has no user id, or is otherwise none that gpg reads"));
    }
    const std::vector<std::string> taken = import_keys(context_, packets);
    for (ImportedKey& key : result) {
      if (!key.why.empty()) continue;
      if (std::find(taken.begin(), taken.end(), key.info.fingerprint) == taken.end()) {
        key.why = "gpg does not accept it: a key needs a user id with a good signature of its own";
        continue;
      }
      describe(key);
    }
    if (result.empty()) result.push_back(refusal(material.origin, "it holds no OpenPGP key that gpg can read"));
    return result;
  }

  /// The key's smallest form, binary.
  std::string smallest(const std::string& fingerprint) {
    context_.begin([](const PassphraseRequest&) { return std::nullopt; });
    StringSink octets(kMaxMaterial);
    const Data out(octets);
    const gpgme_error_t code =
        gpgme_op_export(context_.get(), fingerprint.c_str(), GPGME_EXPORT_MODE_MINIMAL, out.get());
    out.rethrow();
    if (code != 0) throw gpgme_failure(code, "gpg cannot export the key", fingerprint);
    return octets.take();
  }

 private:
  std::vector<std::string> fingerprints(const std::string& packets) {
    context_.begin([](const PassphraseRequest&) { return std::nullopt; });
    const Data data(packets);
    std::vector<std::string> result;
    gpgme_error_t code = gpgme_op_keylist_from_data_start(context_.get(), data.get(), 0);
    while (code == 0) {
      gpgme_key_t key = nullptr;
      code = gpgme_op_keylist_next(context_.get(), &key);
      const KeyRef owned = own(key);
      if (code != 0 || key->fpr == nullptr) continue;
      std::string id = ascii_lower(key->fpr);
      if (std::find(result.begin(), result.end(), id) == result.end()) result.push_back(std::move(id));
    }
    gpgme_op_keylist_end(context_.get());
    return result;
  }

  void describe(ImportedKey& key) {
    for (const KeyRef& found : context_.list(key.info.fingerprint, false, false)) {
      if (found->fpr == nullptr || ascii_lower(found->fpr) != key.info.fingerprint) continue;
      key.info = key_info(*found, std::move(key.info.origin));
    }
    if (smallest(key.info.fingerprint).size() > kMaxKey) key.why = "it is larger than 256 KiB";
  }

  PrivateHome home_;
  Context context_;
};

std::string keyring_folder(const std::string& gnupg_home) {
  if (!gnupg_home.empty()) {
    if (!std::filesystem::is_directory(gnupg_home)) {
      throw Error(Errc::no_input, "there is no such keyring folder", gnupg_home);
    }
    return gnupg_home;
  }
  const char* folder = gpgme_get_dirinfo("homedir");
  if (folder == nullptr) throw Error(Errc::unavailable, "gpg does not say where the keyring is");
  if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
    throw errno_error(Errc::cannot_create, "cannot make the folder for the keyring", folder, errno);
  }
  return folder;
}

ImportResult result_of(const _gpgme_import_status& status) {
  if (status.status == 0) return ImportResult::unchanged;
  return (status.status & GPGME_IMPORT_NEW) != 0 ? ImportResult::added : ImportResult::updated;
}

void import_into(const std::string& folder, const std::string& octets, std::vector<ImportedKey>& keys) {
  Context context(folder);
  context.begin([](const PassphraseRequest&) { return std::nullopt; });
  const Data data(octets);
  const gpgme_error_t code = gpgme_op_import(context.get(), data.get());
  if (code != 0) throw gpgme_failure(code, "gpg cannot import into the keyring", folder);
  std::vector<std::string> taken;
  const gpgme_import_result_t imported = gpgme_op_import_result(context.get());
  for (const _gpgme_import_status* one = imported != nullptr ? imported->imports : nullptr; one != nullptr;
       one = one->next) {
    if (one->result != 0 || one->fpr == nullptr) continue;
    for (ImportedKey& key : keys) {
      if (key.info.fingerprint != ascii_lower(one->fpr)) continue;
      key.result = result_of(*one);
      taken.push_back(key.info.fingerprint);
    }
  }
  for (const ImportedKey& key : keys) {
    const bool is_there = std::find(taken.begin(), taken.end(), key.info.fingerprint) != taken.end() &&
                          !context.list(key.info.fingerprint, false, false).empty();
    if (key.why.empty() && !is_there) {
      throw Error(Errc::config, "gpg kept a key out of the keyring", key.info.fingerprint,
                  "look for import-options and the like in the keyring's gpg.conf");
    }
  }
}

}  // namespace

std::string_view to_string(ImportResult value) noexcept {
  switch (value) {
    case ImportResult::added:
      return "added";
    case ImportResult::updated:
      return "updated";
    case ImportResult::unchanged:
      return "unchanged";
    case ImportResult::refused:
      break;
  }
  return "refused";
}

std::vector<ImportedKey> import_public_keys(const std::vector<KeyMaterial>& material, const std::string& gnupg_home,
                                            ImportMode mode) {
  require_gpg();
  std::vector<ImportedKey> keys;
  if (material.empty()) return keys;
  Reception reception;
  for (const KeyMaterial& piece : material) {
    for (ImportedKey& key : reception.read(piece)) {
      const auto same = [&](const ImportedKey& other) {
        return other.why.empty() && other.info.fingerprint == key.info.fingerprint;
      };
      if (key.why.empty() && std::any_of(keys.begin(), keys.end(), same)) continue;
      if (keys.size() == kMaxKeys) throw Error(Errc::limit, "there are more than 1000 keys", piece.origin);
      keys.push_back(std::move(key));
    }
  }
  const auto refused = [](const ImportedKey& key) { return !key.why.empty(); };
  if (mode == ImportMode::whole && std::any_of(keys.begin(), keys.end(), refused)) {
    for (ImportedKey& key : keys) {
      if (key.why.empty()) key.why = "another key is refused, and none is imported then";
    }
    return keys;
  }
  std::string octets;
  for (const ImportedKey& key : keys) {
    if (key.why.empty()) octets += reception.smallest(key.info.fingerprint);
  }
  if (!octets.empty()) import_into(keyring_folder(gnupg_home), octets, keys);
  return keys;
}

}  // namespace mimeseal::pgp
