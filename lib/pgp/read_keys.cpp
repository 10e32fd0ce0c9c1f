// SPDX-License-Identifier: MIT
#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/keys.h"
#include "pgp/packets.h"

namespace mimeseal::pgp {

std::vector<KeyInfo> read_keys(const std::string& octets) {
  constexpr std::uint64_t kMost = 16U << 20U;
  if (octets.size() > kMost) throw Error(Errc::limit, "the key material is too large");
  const auto source = view_source(octets);
  const auto binary = std::make_unique<Dearmor>(*source);
  const std::string packets = read_all(*binary, kMost);
  PacketWalker walker;
  walker.feed(packets);
  walker.finish();
  if (walker.too_many()) throw Error(Errc::limit, "the key material has too many packets");
  if (!walker.fault().empty() || outline(walker.packets(), true).shape != Shape::keys) {
    throw Error(Errc::malformed, "this is no OpenPGP key");
  }
  std::vector<KeyInfo> result = read_foreign_keys(packets);
  // Listed, not imported: in a home of its own all the same, since gpg would make one for the user otherwise.
  const PrivateHome home;
  Context context(home.path());
  context.begin([](const PassphraseRequest&) { return std::nullopt; });
  const Data data(packets);
  gpgme_error_t code = gpgme_op_keylist_from_data_start(context.get(), data.get(), 0);
  while (code == 0) {
    gpgme_key_t key = nullptr;
    code = gpgme_op_keylist_next(context.get(), &key);
    if (code != 0) break;
    const KeyRef owned = own(key);
    if (key->fpr != nullptr) result.push_back(key_info(*key, "key material"));
  }
  gpgme_op_keylist_end(context.get());
  if (result.empty()) throw Error(Errc::malformed, "there is no key in it that gpg can read");
  return result;
}

}  // namespace mimeseal::pgp
