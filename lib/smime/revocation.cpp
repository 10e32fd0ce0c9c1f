// SPDX-License-Identifier: MIT
#include "smime/revocation.h"

#include "mimeseal/core/text.h"
#include "smime/open_asn1.h"
#include "smime/trust.h"
#include "smime/verify.h"

namespace mimeseal::smime {
namespace {

/// More than any CA names; each may cost a fetch.
constexpr std::size_t kMaxPlaces = 4;
/// id-ce-noRevAvail (RFC 9608).
constexpr const char* kNoRevocation = "2.5.29.56";

struct AccessReleaser {
  void operator()(AUTHORITY_INFO_ACCESS* access) const noexcept { AUTHORITY_INFO_ACCESS_free(access); }
};
struct PointsReleaser {
  void operator()(CRL_DIST_POINTS* points) const noexcept { CRL_DIST_POINTS_free(points); }
};
using PssParametersPtr = std::unique_ptr<RSA_PSS_PARAMS, Releaser<RSA_PSS_PARAMS_free>>;

/// An http or https URL out of a GeneralName; empty for all else.
std::string url_of(const GENERAL_NAME* name) {
  if (name == nullptr || name->type != GEN_URI) return {};
  const std::string_view url = octets_of(name->d.uniformResourceIdentifier);
  return istarts_with(url, "http://") || istarts_with(url, "https://") ? std::string(url) : std::string();
}

void add(std::vector<std::string>& urls, std::string url) {
  if (!url.empty() && urls.size() < kMaxPlaces) urls.push_back(std::move(url));
}

}  // namespace

RevocationPlaces places_of(X509* certificate) {
  RevocationPlaces places;
  const std::unique_ptr<AUTHORITY_INFO_ACCESS, AccessReleaser> access(
      static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* const one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(one->method) == NID_ad_OCSP) add(places.responders, url_of(one->location));
  }
  const std::unique_ptr<CRL_DIST_POINTS, PointsReleaser> points(
      static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()) && places.list_points.size() < kMaxPlaces; ++i) {
    const DIST_POINT* const point = sk_DIST_POINT_value(points.get(), i);
    if (point->distpoint == nullptr || point->distpoint->type != 0) continue;  // a name relative to the issuer's
    std::vector<std::string> alternatives;
    for (int k = 0; k < sk_GENERAL_NAME_num(point->distpoint->name.fullname); ++k)
      add(alternatives, url_of(sk_GENERAL_NAME_value(point->distpoint->name.fullname, k)));
    if (!alternatives.empty()) places.list_points.push_back(std::move(alternatives));
  }
  ERR_clear_error();
  return places;
}

bool needs_no_revocation(X509* certificate) {
  const Asn1ObjectPtr type(OBJ_txt2obj(kNoRevocation, 1));
  return X509_check_ca(certificate) == 0 && X509_get_ext_by_OBJ(certificate, type.get(), -1) >= 0;
}

bool rests_on_weak_digest(const X509_ALGOR* algorithm) {
  const int nid = asn1::nid_of(algorithm);
  if (nid == NID_ED25519 || nid == NID_ED448) return false;
  if (nid == NID_rsassaPss) {
    const auto parameters = asn1::decode_parameters<PssParametersPtr>(algorithm, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    // Without a name it is SHA-1 (RFC 4055, section 3.1).
    return !parameters || parameters->hashAlgorithm == nullptr ||
           is_weak_digest(asn1::nid_of(parameters->hashAlgorithm));
  }
  int digest = NID_undef;
  return OBJ_find_sigid_algs(nid, &digest, nullptr) != 1 || digest == NID_undef || is_weak_digest(digest);
}

X509CrlPtr read_list(std::string_view octets, std::string& why) {
  X509CrlPtr list;
  if (octets.starts_with("-----BEGIN ")) {
    const BioPtr text = view_bio(octets);
    list.reset(PEM_read_bio_X509_CRL(text.get(), nullptr, no_passphrase, nullptr));
  } else {
    const unsigned char* at = bytes(octets);
    list.reset(d2i_X509_CRL(nullptr, &at, static_cast<long>(octets.size())));
  }
  ERR_clear_error();
  if (!list) {
    why = "what came back is no revocation list";
    return nullptr;
  }
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(list.get(), nullptr, &algorithm);
  if (rests_on_weak_digest(algorithm)) {
    why = "the revocation list's signature rests on a weak digest";
    return nullptr;
  }
  return list;
}

}  // namespace mimeseal::smime
