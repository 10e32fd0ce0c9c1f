// SPDX-License-Identifier: MIT
#include "wrap.h"

#include <algorithm>

#include "canonical.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

/// "=-" stands neither in base64 nor in quoted-printable, and boundaries of composed parts begin with "=_": 128 random
/// bits do the rest.
std::string make_boundary(std::string_view kind, Random& random) {
  std::string octets(16, '\0');
  random.fill(octets);
  return "=-" + std::string(kind) + "-" + hex(octets);
}

ParameterizedValue value_of(std::string value, std::vector<std::pair<std::string, std::string>> parameters) {
  ParameterizedValue out;
  out.value = std::move(value);
  out.parameters = std::move(parameters);
  return out;
}

std::string wire(const HeaderFields& fields) {
  std::string out;
  for (const HeaderField& field : fields)
    out += field.wire();
  return out;
}

}  // namespace

Rope Wrapped::rope(const HeaderFields& leading) const {
  Rope out(wire(leading) + wire(structural) + "\r\n");
  out.append(body);
  return out;
}

InputPtr spool_canonical(Source& from, std::string name) {
  Spool spool(std::move(name));
  CanonicalSink canonical(spool);
  copy(from, canonical);
  return spool.freeze();
}

std::string micalg(Protocol protocol, const std::vector<std::string>& digests) {
  if (protocol == Protocol::pgp)
    return "pgp-" + (digests.empty() ? std::string("sha512") : ascii_lower(digests.front()));
  std::vector<std::string> names;
  for (const std::string& digest : digests) {
    std::string name = ascii_lower(digest);
    // SHA-3's names have their hyphen, and shake256 needs none.
    if (name.starts_with("sha") && name.find('-') == std::string::npos && !name.starts_with("shake"))
      name.insert(3, "-");
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names.empty() ? "unknown" : join(names, ",");
}

CmsType cms_type(std::string smime_type, std::string filename, bool legacy_types) {
  const std::string type = legacy_types ? "application/x-pkcs7-mime" : "application/pkcs7-mime";
  return {value_of(type, {{"smime-type", std::move(smime_type)}, {"name", filename}}),
          value_of("attachment", {{"filename", filename}})};
}

Wrapped wrap_cms(const CmsType& type, InputPtr der) {
  Wrapped out;
  out.structural = {type.content_type.field("Content-Type"),
                    {"Content-Transfer-Encoding", " base64"},
                    type.disposition.field("Content-Disposition")};
  out.body = Rope::base64(std::move(der));
  return out;
}

Wrapped wrap_signed(Protocol protocol, const Rope& payload, const std::string& signature,
                    const std::vector<std::string>& digests, bool legacy_types, Random& random) {
  const bool pgp = protocol == Protocol::pgp;
  const std::string type = pgp            ? "application/pgp-signature"
                           : legacy_types ? "application/x-pkcs7-signature"
                                          : "application/pkcs7-signature";
  const std::string filename = pgp ? "signature.asc" : "smime.p7s";
  const std::string boundary = make_boundary("signed", random);
  HeaderFields header = {value_of(type, {{"name", filename}}).field("Content-Type")};
  if (pgp) {
    header.push_back({"Content-Description", " OpenPGP digital signature"});
  } else {
    header.push_back({"Content-Transfer-Encoding", " base64"});
  }
  header.push_back(value_of("attachment", {{"filename", filename}}).field("Content-Disposition"));

  Wrapped out;
  out.structural = {
      value_of("multipart/signed", {{"protocol", type}, {"micalg", micalg(protocol, digests)}, {"boundary", boundary}})
          .field("Content-Type")};
  out.body = Rope("--" + boundary + "\r\n");
  out.body.append(payload);
  // The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1), not to what was signed.
  out.body.append("\r\n--" + boundary + "\r\n" + wire(header) + "\r\n");
  if (pgp) {
    std::string armored;
    StringSink collected;
    CanonicalSink canonical(collected);
    canonical.write(signature);
    armored = collected.take();
    if (!armored.ends_with("\r\n")) armored += "\r\n";
    out.body.append(armored);
  } else {
    out.body.append(Rope::base64(memory_input(signature)));
  }
  out.body.append("--" + boundary + "--\r\n");
  return out;
}

Wrapped wrap_encrypted(InputPtr armored, Random& random) {
  const std::string boundary = make_boundary("encrypted", random);
  Wrapped out;
  out.structural = {value_of("multipart/encrypted", {{"protocol", "application/pgp-encrypted"}, {"boundary", boundary}})
                        .field("Content-Type")};
  out.body =
      Rope("--" + boundary +
           "\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n"
           "Version: 1\r\n\r\n--" +
           boundary +
           "\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
           "Content-Description: OpenPGP encrypted message\r\n"
           "Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n");
  out.body.append(Rope(std::move(armored)));
  out.body.append("\r\n--" + boundary + "--\r\n");
  return out;
}

}  // namespace mimeseal::mail
