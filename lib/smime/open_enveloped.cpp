// SPDX-License-Identifier: MIT
#include <utility>

#include "smime/open.h"
#include "smime/open_cipher.h"
#include "smime/open_recipient.h"

namespace mimeseal::smime {
namespace {

constexpr unsigned char kSetTag = 0x31;

/// Up to the encrypted content (RFC 5652, section 6.1; RFC 5083, section 2.1). `on_recipient` gets each RecipientInfo.
X509AlgorPtr walk_to_content(BerReader& reader, bool authenticated,
                             const std::function<void(const std::string&)>& on_recipient) {
  reader.enter(kBerSequence, "the EnvelopedData");
  if (authenticated) {
    read_version(reader, {0});
  } else {
    read_version(reader, {0, 2, 3});
  }
  if (reader.next_is(ber_context(0))) (void)reader.copy("originatorInfo");
  reader.enter(kBerSet, "recipientInfos");
  while (reader.peek() != nullptr)
    on_recipient(reader.copy("a RecipientInfo"));
  reader.leave("recipientInfos");
  reader.enter(kBerSequence, "encryptedContentInfo");
  if (const std::string type = read_oid(reader, "the content type"); type != oid::kData) {
    // Nothing protects this word, and S/MIME knows no other (RFC 8551, sections 3.3 and 3.4).
    throw Error(Errc::malformed, "the encrypted content is not mail but " + asn1::oid_name(type));
  }
  return read_algorithm(reader, "contentEncryptionAlgorithm");
}

/// authAttrs as they were authenticated: DER of a SET OF (RFC 5083, section 2.2).
std::string associated_data(std::string auth_attributes) {
  auth_attributes.front() = static_cast<char>(kSetTag);  // [1] IMPLICIT
  using Attributes = STACK_OF(X509_ATTRIBUTE);
  struct Free {
    void operator()(Attributes* stack) const noexcept { sk_X509_ATTRIBUTE_pop_free(stack, X509_ATTRIBUTE_free); }
  };
  const auto attributes =
      asn1::decode<std::unique_ptr<Attributes, Free>>(auth_attributes, ASN1_ITEM_rptr(asn1::AttributesSorted));
  if (!attributes) throw Error(Errc::malformed, "authAttrs are malformed");
  for (int i = 0; i < sk_X509_ATTRIBUTE_num(attributes.get()); ++i) {
    X509_ATTRIBUTE* const attribute = sk_X509_ATTRIBUTE_value(attributes.get(), i);
    if (OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) != NID_pkcs9_contentType) continue;
    const ASN1_TYPE* const value = X509_ATTRIBUTE_get0_type(attribute, 0);
    if (value == nullptr || value->type != V_ASN1_OBJECT || asn1::oid_of(value->value.object) != oid::kData) {
      throw Error(Errc::malformed, "the authenticated content-type names another type than the content has");
    }
  }
  unsigned char* memory = nullptr;
  const int length = ASN1_item_i2d(reinterpret_cast<const ASN1_VALUE*>(attributes.get()), &memory,
                                   ASN1_ITEM_rptr(asn1::AttributesSorted));
  check(length > 0, "encoding authenticated attributes");
  const MemoryPtr owner(memory);
  return {reinterpret_cast<const char*>(memory), static_cast<std::size_t>(length)};
}

/// The encrypted content once more, with the associated data that stood behind it: whether the tag fits.
bool check_again(Source& layer, ContentDecryptor& cipher, const SecretBytes& key, const std::string& data,
                 const std::string& tag) {
  layer.rewind();
  BerReader reader(layer);
  (void)enter_content_info(reader);
  reader.enter(ber_context(0), "the content");
  (void)walk_to_content(reader, true, [](const std::string&) {});
  cipher.start(key, data);
  NullSink nowhere;
  reader.read_octets(
      ber_context(0), [&](std::string_view octets) { cipher.update(octets, nowhere); }, "encryptedContent");
  return cipher.finish(tag, nowhere);
}

/// The key out of the first recipientInfo that is ours and can be used; `opened_by` is whose.
ContentKey content_key(std::vector<OwnRecipient>& own, const ContentDecryptor& cipher, const Opening& opening) {
  ContentKey result;
  std::string refused;  // said rather than that another key is not known
  for (const OwnRecipient& recipient : own) {
    result = recipient.transport ? transport_key(recipient, cipher.key_length())
                                 : agreed_key(recipient, cipher.key_length(), opening.spec.allow_legacy);
    if (refused.empty()) refused = result.refused;
    if (!result.unsupported.empty() || !result.refused.empty()) continue;
    opening.facts.decrypted_by = recipient.identity->info().fingerprint;
    return result;
  }
  result.refused = std::move(refused);
  return result;
}

struct Trailer {
  std::string auth_attributes;  ///< [1] IMPLICIT, as it stands; empty when absent
  std::string tag;
};

Trailer read_trailer(BerReader& reader, bool authenticated) {
  Trailer trailer;
  if (authenticated) {
    if (reader.next_is(ber_context(1))) trailer.auth_attributes = reader.copy("authAttrs");
    constexpr std::size_t kMaxTag = 64;
    reader.read_octets(
        kBerOctetString,
        [&trailer](std::string_view octets) { trailer.tag += octets.substr(0, kMaxTag + 1 - trailer.tag.size()); },
        "the mac");
    if (reader.next_is(ber_context(2))) (void)reader.copy("unauthAttrs");
  } else if (reader.next_is(ber_context(1))) {
    (void)reader.copy("unprotectedAttrs");
  }
  reader.leave("the EnvelopedData");
  leave_content_info(reader);
  return trailer;
}

/// One sentence for whatever did not fit: key, padding or tag. More would help who tries keys out.
constexpr const char* kDoesNotDecrypt = "the content does not decrypt: it was changed or damaged";

void decrypt(BerReader& reader, Source& layer, Sink& out, ContentDecryptor& cipher, const SecretBytes& key,
             bool authenticated, const Opening& opening) {
  LayerFacts& facts = opening.facts;
  BoundedSink bounded(out, opening.spec.max_output);
  cipher.start(key);
  reader.read_octets(
      ber_context(0), [&](std::string_view octets) { cipher.update(octets, bounded); }, "encryptedContent");
  reader.leave("encryptedContentInfo");
  const Trailer trailer = read_trailer(reader, authenticated);
  bool fits = false;
  if (trailer.auth_attributes.empty()) {
    fits = cipher.finish(trailer.tag, bounded);
  } else {
    // GCM wants the associated data first, and CMS puts it last. The plaintext does not depend on it, only the tag.
    fits = check_again(layer, cipher, key, associated_data(trailer.auth_attributes), trailer.tag);
  }
  if (!fits) {
    condemn(facts, kDoesNotDecrypt);
  } else if (authenticated) {
    facts.result = LayerResult::good;
    facts.authenticated = true;
  } else {
    facts.result = LayerResult::unauthenticated;
    facts.why = "the cipher " + cipher.name() + " does not tell whether the content was changed";
  }
}

}  // namespace

void open_enveloped(BerReader& reader, Source& layer, Sink& out, bool authenticated, const Opening& opening) {
  LayerFacts& facts = opening.facts;
  Recipients recipients(opening.state.identities);
  const X509AlgorPtr algorithm = walk_to_content(reader, authenticated, [&](const std::string& recipient_info) {
    recipients.add(recipient_info, opening.spec.max_recipients);
  });
  facts.recipients = std::move(recipients.names());
  ContentDecryptor cipher(algorithm.get(), authenticated, opening.spec.allow_legacy);
  facts.cipher = cipher.name();
  if (recipients.own().empty()) {
    facts.result = LayerResult::no_key;
    facts.why = "none of the identities' keys is among the recipients";
    return;
  }
  if (!cipher.unsupported().empty()) {
    facts.why = cipher.unsupported();
    return;
  }
  if (!reader.next_is(ber_context(0))) {
    facts.why = "the encrypted content is not in the message";
    return;
  }
  const ContentKey key = content_key(recipients.own(), cipher, opening);
  if (!key.refused.empty()) {
    facts.result = LayerResult::no_key;
    facts.why = key.refused;
  } else if (!key.unsupported.empty()) {
    facts.why = key.unsupported;
  } else if (key.damaged) {
    condemn(facts, kDoesNotDecrypt);
  } else {
    decrypt(reader, layer, out, cipher, key.key, authenticated, opening);
  }
}

}  // namespace mimeseal::smime
