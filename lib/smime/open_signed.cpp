// SPDX-License-Identifier: MIT
#include <utility>

#include "smime/open.h"

namespace mimeseal::smime {
namespace {

/// More than any honest message has; each costs a path validation or a comparison.
constexpr std::size_t kMaxSigners = 64;
constexpr std::size_t kMaxCertificates = 1000;
constexpr std::size_t kMaxDigestAlgorithms = 64;
/// CertificateChoices: certificates of other kinds have the tags [0] to [3] (RFC 5652, section 10.2.2).
constexpr std::uint32_t kLastCertificateChoice = 3;

void read_digest_algorithms(BerReader& reader, const std::function<void(const std::string&)>& on_digest) {
  reader.enter(kBerSet, "digestAlgorithms");
  for (std::size_t count = 0; reader.peek() != nullptr; ++count) {
    if (count == kMaxDigestAlgorithms) throw Error(Errc::limit, "there are too many digest algorithms");
    const X509AlgorPtr algorithm = read_algorithm(reader, "a digest algorithm");
    if (const std::optional<std::string> name = digest_name(algorithm.get())) on_digest(*name);
  }
  reader.leave("digestAlgorithms");
}

void read_content(BerReader& reader, const OctetConsumer& on_content, SignedData& message) {
  reader.enter(kBerSequence, "encapContentInfo");
  message.content_type = read_oid(reader, "eContentType");
  if (reader.next_is(ber_context(0))) {
    message.has_content = true;
    reader.enter(ber_context(0), "eContent");
    reader.read_octets(kBerOctetString, on_content, "eContent");
    reader.leave("eContent");
  }
  reader.leave("encapContentInfo");
}

void read_certificates(BerReader& reader, SignedData& message, LayerFacts& facts) {
  reader.enter(ber_context(0), "certificates");
  for (std::size_t count = 0; reader.peek() != nullptr; ++count) {
    if (count == kMaxCertificates) throw Error(Errc::limit, "there are too many certificates");
    const bool plain = reader.next_is(kBerSequence);
    const BerTag tag = reader.peek()->tag;
    if (!plain && (tag.tag_class != BerClass::context || tag.number > kLastCertificateChoice)) {
      throw Error(Errc::malformed, "there is something among the certificates that is none");
    }
    const std::string der = reader.copy("a certificate");
    if (!plain) continue;  // attribute certificates and the like
    const unsigned char* at = bytes(der);
    X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (!certificate || at != bytes(der) + der.size()) {
      throw Error(Errc::malformed, "a certificate in the message is malformed");
    }
    facts.certificates.push_back(pem_of(certificate.get()));
    message.certificates.push_back(std::move(certificate));
  }
  reader.leave("certificates");
}

void read_signers(BerReader& reader, SignedData& message) {
  reader.enter(kBerSet, "signerInfos");
  while (reader.peek() != nullptr) {
    if (message.signers.size() == kMaxSigners) throw Error(Errc::limit, "there are too many signers");
    asn1::SignerInfoPtr signer =
        asn1::decode<asn1::SignerInfoPtr>(reader.copy(kBerSequence, "a SignerInfo"), ASN1_ITEM_rptr(asn1::SignerInfo));
    if (!signer) throw Error(Errc::malformed, "a SignerInfo is malformed");
    message.signers.push_back(std::move(signer));
  }
  reader.leave("signerInfos");
}

/// What stands in the layer is a mail part, and says so (RFC 8551, section 2.4.1): what somebody signed as something
/// else, as a timestamp, a receipt or a key package, is no mail of his.
void demand_data(const SignedData& message, LayerFacts& facts) {
  if (message.content_type == oid::kData || message.signers.empty()) return;
  condemn(facts, "what was signed is not mail but " + asn1::oid_name(message.content_type));
}

void judge_all(const SignedData& message, const MessageDigests& digests, const Replay& replay, const Opening& opening) {
  const PathValidator validator(opening.state, message.certificates, opening.spec.at, opening.spec.revocation);
  const SignatureContext context{.state = opening.state,
                                 .spec = opening.spec,
                                 .message = message,
                                 .digests = digests,
                                 .replay = replay,
                                 .validator = validator};
  for (const asn1::SignerInfoPtr& signer : message.signers) {
    opening.facts.signers.push_back(judge_signer(*signer, context));
  }
}

/// The content of an opaque SignedData once more.
void replay_content(Source& layer, const OctetConsumer& consume) {
  layer.rewind();
  BerReader reader(layer);
  (void)enter_content_info(reader);
  reader.enter(ber_context(0), "the content");
  reader.enter(kBerSequence, "the SignedData");
  (void)reader.copy(kBerInteger, "the version");
  read_digest_algorithms(reader, [](const std::string&) {});
  SignedData message;
  read_content(reader, consume, message);
}

}  // namespace

SignedData walk_signed_data(BerReader& reader, const std::function<void(const std::string&)>& on_digest,
                            const OctetConsumer& on_content, LayerFacts& facts) {
  SignedData message;
  reader.enter(kBerSequence, "the SignedData");
  read_version(reader, {1, 3, 4, 5});
  read_digest_algorithms(reader, on_digest);
  read_content(reader, on_content, message);
  if (reader.next_is(ber_context(0))) read_certificates(reader, message, facts);
  // The message's own revocation lists are not believed: an old one could hide what a newer one says.
  if (reader.next_is(ber_context(1))) (void)reader.copy("crls");
  read_signers(reader, message);
  reader.leave("the SignedData");
  return message;
}

void open_signed(BerReader& reader, Source& layer, Sink& out, const Opening& opening) {
  BoundedSink bounded(out, opening.spec.max_output);
  MessageDigests digests;
  const OctetConsumer on_content = [&](std::string_view octets) {
    digests.update(octets);
    bounded.write(octets);
  };
  const SignedData message = walk_signed_data(
      reader, [&digests](const std::string& name) { digests.add(name); }, on_content, opening.facts);
  leave_content_info(reader);
  digests.finish();

  LayerFacts& facts = opening.facts;
  facts.result = LayerResult::good;
  if (message.signers.empty()) {
    if (message.has_content) {
      condemn(facts, "the signed-data has content, but nobody signed it");
    } else {
      facts.why = "certificates only: nothing is signed";
    }
    return;
  }
  judge_all(
      message, digests, [&layer](const OctetConsumer& consume) { replay_content(layer, consume); }, opening);
  demand_data(message, facts);
  if (!message.has_content) condemn(facts, "the signature is detached: its content is not in the message");
}

LayerFacts SmimeEngine::verify(Source& content, std::string_view signature, const OpenSpec& spec) {
  LayerFacts facts;
  facts.type = LayerType::smime_signed;
  const Opening opening{.state = state_, .spec = spec, .facts = facts};
  const std::unique_ptr<Source> octets = view_source(signature);
  BerReader reader(*octets);
  const std::string type = enter_content_info(reader);
  if (type != oid::kSignedData) {
    condemn(facts, "the signature is no signed-data but " + asn1::oid_name(type));
    return facts;
  }
  try {
    reader.enter(ber_context(0), "the content");
    MessageDigests digests;
    const SignedData message = walk_signed_data(
        reader, [](const std::string&) {}, [](std::string_view) {}, facts);
    leave_content_info(reader);
    if (message.signers.empty()) {
      condemn(facts, "the signature has no signer");
      return facts;
    }
    for (const asn1::SignerInfoPtr& signer : message.signers) {
      if (const std::optional<std::string> name = digest_name(signer->digest_algorithm)) digests.add(*name);
    }
    const auto pass = [&content](const OctetConsumer& consume) {
      content.rewind();
      std::string buffer(std::size_t{64} * 1024, '\0');
      while (const std::size_t got = content.read(buffer))
        consume(std::string_view(buffer).substr(0, got));
    };
    pass([&digests](std::string_view piece) { digests.update(piece); });
    digests.finish();
    facts.result = LayerResult::good;
    judge_all(message, digests, pass, opening);
    demand_data(message, facts);
    // Whoever looks at the signature alone would see another text than the reader does.
    if (message.has_content) condemn(facts, "the detached signature carries a content of its own");
  } catch (const Error& error) {
    if (error.code() != Errc::malformed) throw;
    condemn(facts, error.what() + (error.where().empty() ? std::string() : " (" + error.where() + ")"));
  }
  return facts;
}

}  // namespace mimeseal::smime
