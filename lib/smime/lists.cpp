// SPDX-License-Identifier: MIT
#include "smime/lists.h"

#include <algorithm>

#include "smime/path.h"

namespace mimeseal::smime {
namespace {

using Status = ListFacts::Status;
using AuthorityKeyPtr = std::unique_ptr<AUTHORITY_KEYID, Releaser<AUTHORITY_KEYID_free>>;

/// What OpenSSL finds wrong with the list. It runs inside OpenSSL, so nothing in it may throw.
struct Faults {
  int unusable = X509_V_OK;    ///< it proves nothing at all
  int incomplete = X509_V_OK;  ///< it cannot prove that somebody is not revoked
  bool left_out = false;       ///< it was not even looked at
};

int on_verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  Faults& faults = *static_cast<Faults*>(X509_STORE_CTX_get_app_data(context));
  switch (const int error = X509_STORE_CTX_get_error(context); error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      faults.left_out = true;
      break;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      faults.incomplete = error;
      break;
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
    case X509_V_ERR_INVALID_EXTENSION:
      faults.unusable = error;
      break;
    default:
      // CERT_REVOKED: read from the list itself, with its date. CRL_NOT_YET_VALID: a list newer than the time judged at
      // knows more. All else is about the path, which has been walked already.
      break;
  }
  return 1;
}

bool may_sign_lists(X509* issuer) {
  return (X509_get_key_usage(issuer) & X509v3_KU_CRL_SIGN) != 0;
}

bool is_signed_by(X509_CRL* list, X509* issuer) {
  EVP_PKEY* const key = X509_get0_pubkey(issuer);
  return key != nullptr && may_sign_lists(issuer) && X509_CRL_verify(list, key) == 1;
}

/// The list says that another key signed it than this issuer's: that of another CA of the same name, or of the same
/// one, before or after a change of keys.
bool names_other_key(X509_CRL* list, X509* issuer) {
  const AuthorityKeyPtr key(
      static_cast<AUTHORITY_KEYID*>(X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, nullptr, nullptr)));
  return key && X509_check_akid(issuer, key.get()) != X509_V_OK;
}

/// Whether the list names the certificate, with a date that is not after `at`; one that cannot be read counts.
bool names(X509_CRL* list, X509* certificate, Time at) {
  X509_REVOKED* entry = nullptr;
  // 2 is an entry that takes a certificate off the list again (removeFromCRL).
  if (X509_CRL_get0_by_cert(list, &entry, certificate) != 1) return false;
  std::time_t then = at.time_since_epoch().count();
  // -1 when the date is earlier than or equal to the time, 1 when later, 0 when it cannot be read.
  return X509_cmp_time(X509_REVOKED_get0_revocationDate(entry), &then) != 1;
}

bool is_delta(X509_CRL* list) {
  return X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0;
}

/// OpenSSL's judgement of this one list, for this one certificate.
Faults faults_of(X509_CRL* list, X509* certificate, X509* issuer, Time at) {
  std::vector<X509Ptr> anchors;
  anchors.push_back(share(issuer));
  const X509StorePtr store = make_store(anchors);
  check(X509_STORE_add_crl(store.get(), list) == 1, "adding a CRL");
  const X509StoreCtxPtr context(check(X509_STORE_CTX_new(), "judging a CRL"));
  check(X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr) == 1, "judging a CRL");
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, at.time_since_epoch().count());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK);
  Faults faults;
  X509_STORE_CTX_set_app_data(context.get(), &faults);
  X509_STORE_CTX_set_verify_cb(context.get(), on_verify);
  if (X509_verify_cert(context.get()) != 1 && faults.unusable == X509_V_OK) faults.unusable = X509_V_ERR_UNSPECIFIED;
  ERR_clear_error();
  return faults;
}

ListFacts unclear(int error) {
  return {.status = Status::unclear, .why = X509_verify_cert_error_string(error)};
}

/// One list of the certificate's issuer.
ListFacts ask_list(X509_CRL* list, X509* certificate, X509* issuer, Time at) {
  const Faults faults = faults_of(list, certificate, issuer, at);
  if (faults.unusable != X509_V_OK) return unclear(faults.unusable);
  if (faults.left_out && !is_signed_by(list, issuer)) return unclear(X509_V_ERR_CRL_SIGNATURE_FAILURE);
  if (names(list, certificate, at)) return {.status = Status::revoked};
  if (is_delta(list))
    return {.status = Status::unclear, .why = "the list at hand is a delta list, which says only what has changed"};
  if (faults.left_out) return unclear(X509_V_ERR_DIFFERENT_CRL_SCOPE);
  return faults.incomplete == X509_V_OK ? ListFacts{.status = Status::good} : unclear(faults.incomplete);
}

/// Of two reasons the same one, whichever was found first.
void keep(ListFacts& facts, ListFacts found) {
  if (facts.status == Status::none || found.why < facts.why) facts = std::move(found);
}

}  // namespace

ListFacts ask_lists(X509* certificate, X509* issuer, const std::vector<X509_CRL*>& lists, Time at) {
  ListFacts revoked;
  ListFacts doubtful;  // outweighs a list that is good
  ListFacts partial;   // does not
  ListFacts good;
  for (X509_CRL* const list : lists) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_issuer_name(certificate)) != 0) continue;
    if (names_other_key(list, issuer) && !is_signed_by(list, issuer)) {
      keep(names(list, certificate, at) ? doubtful : partial, unclear(X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER));
      continue;
    }
    ListFacts found = ask_list(list, certificate, issuer, at);
    if (found.status == Status::revoked) {
      revoked = std::move(found);
    } else if (found.status == Status::good) {
      good = std::move(found);
    } else {
      // What is genuine, but old or not about all certificates, is made up for by a list that is neither.
      const bool harmless = is_signed_by(list, issuer) && !names(list, certificate, at);
      keep(harmless ? partial : doubtful, std::move(found));
    }
  }
  ERR_clear_error();
  doubtful.doubtful = true;
  for (ListFacts* const facts : {&revoked, &doubtful, &good, &partial}) {
    if (facts->status != Status::none) return std::move(*facts);
  }
  return {};
}

ListFacts ask_lists_of_anchor(X509* anchor, const std::vector<X509*>& known, const std::vector<X509_CRL*>& lists,
                              Time at) {
  ListFacts facts;
  for (X509_CRL* const list : lists) {
    if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_issuer_name(anchor)) != 0 || !names(list, anchor, at))
      continue;
    const bool proven = std::any_of(known.begin(), known.end(), [anchor, list](X509* issuer) {
      return X509_check_issued(issuer, anchor) == X509_V_OK && X509_get0_pubkey(issuer) != nullptr &&
             X509_verify(anchor, X509_get0_pubkey(issuer)) == 1 && is_signed_by(list, issuer);
    });
    if (proven) {
      facts = {.status = Status::revoked};
      break;
    }
    facts = unclear(X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER);
    facts.doubtful = true;
  }
  ERR_clear_error();
  return facts;
}

}  // namespace mimeseal::smime
