// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mimeseal/crypto/key.h"
#include "mimeseal/crypto/verdict.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal::mail {

/// How a layer is written in MIME (RFC 9787, section 4.1).
enum class Form {
  none,                 ///< no layer
  multipart_signed,     ///< a protected part and a detached signature
  cms,                  ///< application/pkcs7-mime: what is inside decides
  multipart_encrypted,  ///< PGP/MIME
};

/// What a part says it is, by its MIME alone.
struct LayerForm {
  Form form = Form::none;
  Protocol protocol = Protocol::smime;
  LayerType claimed = LayerType::smime_signed;
  bool sound = true;              ///< false: a layer in name, but not built as its RFC says; not worked with
  std::string why;                ///< what is wrong when not sound
  const char* code = "";          ///< the problem's code when not sound
  bool certain = true;            ///< false: octet-stream by its file name (RFC 8551, 3.10); may be no CMS at all
  bool certs_only = false;        ///< claims to carry certificates and no content
  const Part* content = nullptr;  ///< multipart/signed: the protected part
  const Part* blob = nullptr;     ///< the signature, the CMS object or the OpenPGP message
};

[[nodiscard]] LayerForm layer_form(const Part& part);

/// RFC 8551, 3.9 and older names.
[[nodiscard]] bool is_pkcs7_mime(const std::string& type) noexcept;
[[nodiscard]] bool is_pkcs7_signature(const std::string& type) noexcept;

/// An encrypted OpenPGP part that a gateway has moved from multipart/encrypted into another multipart: an octet-stream
/// right after application/pgp-encrypted among `children`.
[[nodiscard]] bool is_displaced_pgp(const std::vector<Part>& children, std::size_t index);

/// The layer that a CMS object's first octets name (RFC 5652, section 3), when it is one.
[[nodiscard]] std::optional<LayerType> peek_cms(const InputPtr& input, const Part& part);

[[nodiscard]] inline bool is_encryption(LayerType type) noexcept {
  return type == LayerType::smime_enveloped || type == LayerType::smime_auth_enveloped ||
         type == LayerType::pgp_encrypted;
}
[[nodiscard]] inline bool is_signature(const LayerFacts& facts) noexcept {
  return facts.type == LayerType::smime_signed || facts.type == LayerType::pgp_signed ||
         (facts.type == LayerType::pgp_encrypted && !facts.signers.empty());
}

}  // namespace mimeseal::mail
