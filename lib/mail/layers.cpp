// SPDX-License-Identifier: MIT
#include "layers.h"

#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

std::string lower_parameter(const ParameterizedValue& value, std::string_view name) {
  const std::string* found = value.find(name);
  return found ? ascii_lower(trim(*found)) : std::string();
}

LayerForm unsound(LayerForm form, const char* code, std::string why) {
  form.sound = false;
  form.code = code;
  form.why = std::move(why);
  return form;
}

bool is_signature_type(const std::string& type) {
  return is_pkcs7_signature(type) || type == "application/pgp-signature";
}

LayerForm signed_form(const Part& part) {
  LayerForm form;
  form.form = Form::multipart_signed;
  const std::string protocol = lower_parameter(part.content_type, "protocol");
  std::string type = part.children.empty() ? std::string() : part.children.back().content_type.value;
  if (!is_signature_type(protocol) && !is_signature_type(type)) {
    form.form = Form::none;  // some other protocol's signature: no layer that can be spoken of here
    return form;
  }
  const bool pgp =
      is_signature_type(protocol) ? protocol == "application/pgp-signature" : type == "application/pgp-signature";
  form.protocol = pgp ? Protocol::pgp : Protocol::smime;
  form.claimed = pgp ? LayerType::pgp_signed : LayerType::smime_signed;
  if (part.children.size() != 2) {
    return unsound(form, "signed-parts",
                   "multipart/signed has " + std::to_string(part.children.size()) + " parts instead of two");
  }
  if (protocol.empty()) return unsound(form, "signed-protocol", "multipart/signed without its protocol parameter");
  const bool same = pgp ? type == "application/pgp-signature" : is_pkcs7_signature(type);
  if (!is_signature_type(protocol) || !same) {
    return unsound(form, "signed-protocol",
                   "multipart/signed says " + visible(protocol) + ", but its second part is " + visible(type));
  }
  form.content = &part.children[0];
  form.blob = &part.children[1];
  return form;
}

LayerForm encrypted_form(const Part& part) {
  LayerForm form;
  form.protocol = Protocol::pgp;
  form.claimed = LayerType::pgp_encrypted;
  const std::string protocol = lower_parameter(part.content_type, "protocol");
  const bool first_says = !part.children.empty() && part.children[0].content_type.value == "application/pgp-encrypted";
  if (protocol != "application/pgp-encrypted" && !(protocol.empty() && first_says)) return form;
  form.form = Form::multipart_encrypted;
  if (part.children.size() != 2) {
    return unsound(form, "encrypted-parts",
                   "multipart/encrypted has " + std::to_string(part.children.size()) + " parts instead of two");
  }
  if (!first_says || part.children[1].is_multipart()) {
    return unsound(form, "encrypted-parts",
                   "the parts of multipart/encrypted are not a version part and an encrypted one");
  }
  form.blob = &part.children[1];
  return form;
}

LayerType claimed_cms(const std::string& smime_type, const std::string& name) {
  if (smime_type == "signed-data" || smime_type == "certs-only" || smime_type == "signed-receipt") {
    return LayerType::smime_signed;
  }
  if (smime_type == "authenveloped-data") return LayerType::smime_auth_enveloped;
  if (smime_type == "compressed-data" || name.ends_with(".p7z")) return LayerType::smime_compressed;
  if (name.ends_with(".p7c") || name.ends_with(".p7s")) return LayerType::smime_signed;
  return LayerType::smime_enveloped;
}

LayerForm cms_form(const Part& part) {
  LayerForm form;
  const std::string& type = part.content_type.value;
  const std::string name = ascii_lower(part.filename);
  const bool by_type = is_pkcs7_mime(type);
  const bool by_name = type == "application/octet-stream" &&
                       (name.ends_with(".p7m") || name.ends_with(".p7z") || name.ends_with(".p7c"));
  if (!by_type && !by_name) return form;
  const std::string smime_type = lower_parameter(part.content_type, "smime-type");
  form.form = Form::cms;
  form.certain = by_type;
  form.claimed = claimed_cms(smime_type, name);
  form.certs_only = smime_type == "certs-only" || (smime_type.empty() && name.ends_with(".p7c"));
  form.blob = &part;
  return form;
}

}  // namespace

bool is_pkcs7_mime(const std::string& type) noexcept {
  return type == "application/pkcs7-mime" || type == "application/x-pkcs7-mime";
}

bool is_pkcs7_signature(const std::string& type) noexcept {
  return type == "application/pkcs7-signature" || type == "application/x-pkcs7-signature";
}

LayerForm layer_form(const Part& part) {
  if (part.content_type.value == "multipart/signed") return signed_form(part);
  if (part.content_type.value == "multipart/encrypted") return encrypted_form(part);
  if (part.is_multipart()) return {};
  return cms_form(part);
}

bool is_displaced_pgp(const std::vector<Part>& children, std::size_t index) {
  if (index == 0 || children[index].content_type.value != "application/octet-stream") return false;
  return children[index - 1].content_type.value == "application/pgp-encrypted";
}

std::optional<LayerType> peek_cms(const InputPtr& input, const Part& part) {
  constexpr std::string_view kPkcs7 = "\x2a\x86\x48\x86\xf7\x0d\x01\x07";            // 1.2.840.113549.1.7
  constexpr std::string_view kSmimeCt = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01";  // 1.2.840.113549.1.9.16.1
  std::string head(64, '\0');
  std::size_t filled = 0;
  const auto body = decoded_body(input, part);
  while (filled < head.size()) {
    const std::size_t got = body->read(std::span(head).subspan(filled));
    if (got == 0) break;
    filled += got;
  }
  head.resize(filled);
  if (head.size() < 4 || head[0] != '\x30') return std::nullopt;  // ContentInfo ::= SEQUENCE
  const auto length = static_cast<unsigned char>(head[1]);
  const std::size_t at = 2 + ((length & 0x80U) != 0 ? (length & 0x7FU) : 0U);
  if (at + 2 > head.size() || head[at] != '\x06') return std::nullopt;
  const std::string_view oid = std::string_view(head).substr(at + 2, static_cast<unsigned char>(head[at + 1]));
  if (oid.size() == kPkcs7.size() + 1 && oid.starts_with(kPkcs7)) {
    if (oid.back() == 2) return LayerType::smime_signed;
    if (oid.back() == 3) return LayerType::smime_enveloped;
  }
  if (oid.size() == kSmimeCt.size() + 1 && oid.starts_with(kSmimeCt)) {
    if (oid.back() == 23) return LayerType::smime_auth_enveloped;
    if (oid.back() == 9) return LayerType::smime_compressed;
  }
  return std::nullopt;
}

}  // namespace mimeseal::mail
