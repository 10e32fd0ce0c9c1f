// SPDX-License-Identifier: MIT
// Detached signatures, and the facts about signatures of any form.
#include <algorithm>

#include "mimeseal/core/text.h"
#include "pgp/armor.h"
#include "pgp/pgp_engine.h"

namespace mimeseal::pgp {
namespace {

constexpr std::uint64_t kMaxSignatures = 1U << 20U;  // octets of a signature part
constexpr std::size_t kMaxGroups = 8;                // passes over the content
constexpr std::size_t kMaxPackets = 64;

LayerFacts broken(LayerFacts facts, std::string why) {
  facts.result = LayerResult::bad;
  facts.why = std::move(why);
  facts.signers.clear();
  return facts;
}

std::vector<const _gpgme_signature*> signatures(const Context& context) {
  std::vector<const _gpgme_signature*> result;
  const gpgme_verify_result_t verified = gpgme_op_verify_result(context.get());
  for (const _gpgme_signature* one = verified != nullptr ? verified->signatures : nullptr; one != nullptr;
       one = one->next) {
    result.push_back(one);
  }
  return result;
}

}  // namespace

StoredPtr PgpEngine::signer_key(const _gpgme_signature& signature, Place place) {
  if (signature.fpr == nullptr) return nullptr;
  return store_.find(signature.fpr, place);
}

std::vector<SignerFacts> PgpEngine::signers(Context& context, Place place, Time at) {
  // Looking up a key is an operation too, after which the result of this one is gone: hold it.
  struct Hold {
    explicit Hold(void* what) : result(what) { gpgme_result_ref(result); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { gpgme_result_unref(result); }
    void* result;
  };
  const gpgme_verify_result_t verified = gpgme_op_verify_result(context.get());
  if (verified == nullptr) return {};
  const Hold hold(verified);
  std::vector<SignerFacts> result;
  for (const _gpgme_signature* one : signatures(context)) {
    const bool known = gpgme_err_code(one->status) != GPG_ERR_NO_PUBKEY;
    result.push_back(signer_facts(*one, known ? signer_key(*one, place) : nullptr, store_, options_.trust_model, at));
  }
  return result;
}

std::vector<SignerFacts> PgpEngine::verify_in(Place place, Source& content, std::string_view packets, Time at) {
  Context& context = *store_.context(place);
  context.begin(passphrases(place, nullptr));
  const Data text(content);
  const Data signature(packets);
  const gpgme_error_t code = gpgme_op_verify(context.get(), signature.get(), text.get(), nullptr);
  text.rethrow();
  context.check_callbacks();
  // What is wrong with the signature is a fact; only gpg itself failing is an Error.
  const auto kind = gpgme_err_code(code);
  if (kind == GPG_ERR_INV_ENGINE || kind == GPG_ERR_ENOMEM || kind == GPG_ERR_EMFILE || kind == GPG_ERR_EAGAIN) {
    throw gpgme_failure(code, "gpg cannot be run");
  }
  return signers(context, place, at);
}

/// Signatures of one type and digest: gpg judges them in one pass.
std::vector<SignerFacts> PgpEngine::verify_group(Source& content, const std::vector<Packet>& group, bool& used,
                                                 Time at) {
  std::string packets;
  std::vector<SignatureHead> heads;
  bool of_files = false;
  for (const Packet& packet : group) {
    packets += write_packet(tag::kSignature, packet.body);
    heads.push_back(read_signature(packet.body).value_or(SignatureHead{}));
    of_files = of_files || store_.find_file(heads.back().issuer) != nullptr;
  }
  const bool keyring = store_.context(Place::keyring) != nullptr;
  std::vector<SignerFacts> facts;
  for (const SignatureHead& head : heads) {
    const std::string issuer = head.issuer.empty() ? "" : "; the signature names " + head.issuer;
    facts.push_back(unjudged(head, Integrity::no_key, "the signer's key is not known here" + issuer, at));
  }
  for (const Place place : {Place::files, Place::keyring}) {
    if (place == Place::files ? !of_files : !keyring) continue;
    const bool open =
        std::any_of(facts.begin(), facts.end(), [](const SignerFacts& f) { return f.integrity == Integrity::no_key; });
    if (!open) break;
    if (used) content.rewind();
    used = true;
    const std::vector<SignerFacts> judged = verify_in(place, content, packets, at);
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (facts[i].integrity != Integrity::no_key) continue;
      if (judged.size() != facts.size()) {
        facts[i] = unjudged(heads[i], Integrity::unsupported, "gpg does not judge the signature", at);
      } else {
        facts[i] = judged[i];
      }
    }
  }
  return facts;
}

LayerFacts PgpEngine::verify(Source& content, std::string_view signature, const OpenSpec& spec) {
  LayerFacts facts;
  facts.type = LayerType::pgp_signed;
  const auto source = view_source(signature);
  Dearmor binary(*source);
  const std::string packets = read_all(binary, kMaxSignatures);
  if (!binary.found()) throw Error(Errc::malformed, "the signature is not OpenPGP");
  const bool right_label = binary.type() == ArmorType::none || binary.type() == ArmorType::signature ||
                           binary.type() == ArmorType::message;  // old programs write MESSAGE
  if (!right_label) return broken(std::move(facts), "the armour holds something else than a signature");
  PacketWalker walker(kMaxPackets);
  walker.feed(packets);
  walker.finish();
  if (walker.too_many()) throw Error(Errc::limit, "there are too many signatures");
  if (!walker.fault().empty()) return broken(std::move(facts), walker.fault());
  if (!binary.fault().empty()) return broken(std::move(facts), binary.fault());
  const Outline shape = outline(walker.packets(), true);
  if (shape.shape == Shape::signed_message || shape.shape == Shape::unprotected || shape.shape == Shape::encrypted) {
    return broken(std::move(facts), "the detached signature carries content of its own");
  }
  if (shape.shape != Shape::signatures)
    return broken(std::move(facts), "the signature is something else than signatures");

  std::vector<Packet> all;
  for (const Packet& packet : walker.packets()) {
    if (packet.tag == tag::kSignature) all.push_back(packet);
  }
  facts.signers.resize(all.size());
  std::map<std::pair<int, int>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::optional<SignatureHead> head = read_signature(all[i].body);
    if (!head) return broken(std::move(facts), "a signature packet is broken");
    const std::string version = std::to_string(head->version);
    if (head->version != 3 && head->version != 4) {
      facts.signers[i] = unjudged(*head, Integrity::unsupported,
                                  "a signature of version " + version + ", which gpg cannot read", spec.at);
    } else if (!gpg_knows_public_key(head->public_key) || digest_name(head->digest).empty()) {
      facts.signers[i] =
          unjudged(*head, Integrity::unsupported, "a signature of an algorithm that gpg does not know", spec.at);
    } else if (head->type > 1) {
      facts.signers[i] = unjudged(*head, Integrity::bad, "the signature is not one over a document", spec.at);
    } else {
      groups[{head->type, head->digest}].push_back(i);
    }
  }
  if (groups.size() > kMaxGroups) throw Error(Errc::limit, "there are too many kinds of signatures");
  bool used = false;
  for (const auto& [kind, members] : groups) {
    std::vector<Packet> group;
    for (const std::size_t i : members)
      group.push_back(all[i]);
    std::vector<SignerFacts> judged = verify_group(content, group, used, spec.at);
    for (std::size_t k = 0; k < members.size(); ++k)
      facts.signers[members[k]] = std::move(judged[k]);
  }
  for (const SignerFacts& signer : facts.signers) {
    if (facts.why.empty()) facts.why = signer.why;
  }
  const bool all_unsupported = std::all_of(facts.signers.begin(), facts.signers.end(), [](const SignerFacts& signer) {
    return signer.integrity == Integrity::unsupported;
  });
  facts.result = all_unsupported ? LayerResult::unsupported : LayerResult::good;
  return facts;
}

}  // namespace mimeseal::pgp
