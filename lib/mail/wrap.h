// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/rope.h"
#include "mimeseal/crypto/key.h"
#include "mimeseal/crypto/verdict.h"
#include "mimeseal/mime/header.h"

namespace mimeseal::mail {

/// A finished entity whose header may still get a message's fields before it.
struct Wrapped {
  HeaderFields structural;
  Rope body;
  /// The entity as octets, `leading` fields first.
  [[nodiscard]] Rope rope(const HeaderFields& leading = {}) const;
};

/// Every line end as CRLF, spooled.
[[nodiscard]] InputPtr spool_canonical(Source& from, std::string name);

/// "sha256" as S/MIME's micalg says it (RFC 8551, 3.5.3.2), or OpenPGP's (RFC 3156, section 5: exactly one).
[[nodiscard]] std::string micalg(Protocol protocol, const std::vector<std::string>& digests);

/// Content-Type and file name of a CMS object (RFC 8551, 3.2): application/pkcs7-mime, smime-type, smime.p7m/.p7z/.p7c.
struct CmsType {
  ParameterizedValue content_type;
  ParameterizedValue disposition;
};
[[nodiscard]] CmsType cms_type(std::string smime_type, std::string filename, bool legacy_types);

[[nodiscard]] Wrapped wrap_cms(const CmsType& type, InputPtr der);

/// multipart/signed (RFC 1847): the frozen payload as it was signed, and the signature: DER for S/MIME, armour for
/// OpenPGP.
[[nodiscard]] Wrapped wrap_signed(Protocol protocol, const Rope& payload, const std::string& signature,
                                  const std::vector<std::string>& digests, bool legacy_types, Random& random);

/// multipart/encrypted (RFC 3156, section 4).
[[nodiscard]] Wrapped wrap_encrypted(InputPtr armored, Random& random);

}  // namespace mimeseal::mail
