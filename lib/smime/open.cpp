// SPDX-License-Identifier: MIT
#include "smime/open.h"

#include <utility>

namespace mimeseal::smime {
namespace {

/// Known forms that hold nothing a mail reader could show: named, not opened.
const char* unsupported_form(std::string_view type) {
  if (type == oid::kData) return "the CMS content is plain data, without any protection";
  if (type == oid::kDigestedData) return "the CMS content is digested-data, which proves nothing";
  if (type == oid::kEncryptedData) return "the CMS content is encrypted-data, whose key is agreed outside of mail";
  if (type == oid::kAuthData) return "the CMS content is authenticated-data";
  return nullptr;
}

LayerType type_for(std::string_view type) {
  if (type == oid::kEnvelopedData || type == oid::kEncryptedData) return LayerType::smime_enveloped;
  if (type == oid::kAuthEnvelopedData) return LayerType::smime_auth_enveloped;
  if (type == oid::kCompressedData) return LayerType::smime_compressed;
  return LayerType::smime_signed;
}

}  // namespace

void BoundedSink::write(std::string_view octets) {
  if (octets.size() > limit_ - count_) {
    throw Error(Errc::limit, "the layer gives out more than " + std::to_string(limit_) + " octets");
  }
  count_ += octets.size();
  out_.write(octets);
}

std::string enter_content_info(BerReader& reader) {
  reader.enter(kBerSequence, "a CMS ContentInfo");
  std::string type = read_oid(reader, "the content type");
  return type;
}

void leave_content_info(BerReader& reader) {
  reader.leave("the content");
  reader.leave("the ContentInfo");
  if (!reader.only_padding_follows()) throw Error(Errc::malformed, "something follows after the CMS structure");
}

std::string read_oid(BerReader& reader, const char* what) {
  std::string dotted = asn1::decode_oid(reader.copy(kBerOid, what));
  if (dotted.empty()) throw Error(Errc::malformed, std::string(what) + " is no object identifier");
  return dotted;
}

X509AlgorPtr read_algorithm(BerReader& reader, const char* what) {
  X509AlgorPtr algorithm = asn1::decode_algorithm(reader.copy(kBerSequence, what));
  if (!algorithm) throw Error(Errc::malformed, std::string(what) + " is malformed");
  return algorithm;
}

void read_version(BerReader& reader, std::initializer_list<int> allowed) {
  const std::string element = reader.copy(kBerInteger, "the version");
  if (element.size() == 3 && element[1] == 1) {
    for (const int version : allowed) {
      if (element[2] == version) return;
    }
  }
  throw Error(Errc::malformed, "the version of the structure is not one that exists");
}

void condemn(LayerFacts& facts, const std::string& why) {
  facts.result = LayerResult::bad;
  facts.authenticated = false;
  facts.why = why;
  for (SignerFacts& signer : facts.signers) {
    if (signer.integrity == Integrity::bad) continue;
    signer.integrity = Integrity::bad;
    signer.why = why;
  }
}

LayerFacts SmimeEngine::open(Source& layer, Sink& out, const OpenSpec& spec) {
  layer.rewind();
  BerReader reader(layer);
  const std::string type = enter_content_info(reader);
  LayerFacts facts;
  facts.type = type_for(type);
  const Opening opening{.state = state_, .spec = spec, .facts = facts};
  try {
    if (const char* why = unsupported_form(type); why != nullptr) {
      facts.why = why;
      return facts;
    }
    reader.enter(ber_context(0), "the content");
    if (type == oid::kSignedData) {
      open_signed(reader, layer, out, opening);
    } else if (type == oid::kEnvelopedData || type == oid::kAuthEnvelopedData) {
      open_enveloped(reader, layer, out, type == oid::kAuthEnvelopedData, opening);
    } else if (type == oid::kCompressedData) {
      open_compressed(reader, out, opening);
    } else {
      facts.why = "the CMS content is of a type that is not known here: " + asn1::oid_name(type);
    }
  } catch (const Error& error) {
    // It is CMS, but broken: that is a fact about the layer.
    if (error.code() != Errc::malformed) throw;
    condemn(facts, error.what() + (error.where().empty() ? std::string() : " (" + error.where() + ")"));
  }
  return facts;
}

}  // namespace mimeseal::smime
