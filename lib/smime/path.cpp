// SPDX-License-Identifier: MIT
#include "smime/path.h"

#include "smime/key.h"

namespace mimeseal::smime {
namespace {

/// What the verify callback works on. It runs inside OpenSSL, so nothing in it may throw.
struct Seen {
  const PathQuestion& question;
  PathFacts& facts;
};

/// Whether the revocation that OpenSSL reports had already happened at the time judged at. The list that it found it in
/// is not told to callbacks, so it is looked up in those of the same issuer; a date that cannot be read counts.
bool revoked_by_then(X509* certificate, const PathQuestion& question) {
  if (certificate == nullptr) return true;
  const std::time_t then = question.at.time_since_epoch().count();
  bool found = false;
  for (X509_CRL* const crl : question.crls) {
    X509_REVOKED* entry = nullptr;
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(certificate)) != 0 ||
        X509_CRL_get0_by_cert(crl, &entry, certificate) != 1) {
      continue;
    }
    found = true;
    std::time_t compared = then;
    // -1 when the date is earlier than or equal to the time, 1 when later, 0 when it cannot be read.
    if (X509_cmp_time(X509_REVOKED_get0_revocationDate(entry), &compared) != 1) return true;
  }
  return !found;
}

/// Lets those errors pass that are facts of their own and not about the path.
int on_verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  const Seen& seen = *static_cast<const Seen*>(X509_STORE_CTX_get_app_data(context));
  PathFacts& facts = seen.facts;
  const int error = X509_STORE_CTX_get_error(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (depth < 0 || static_cast<std::size_t>(depth) >= facts.lists.size()) return 0;
  int& lists = facts.lists[static_cast<std::size_t>(depth)];
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      // validity: told by the chain itself
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return 1;  // a CRL newer than the time judged at: it knows more, and revoked_by_then() compares the dates
    case X509_V_ERR_INVALID_PURPOSE:
      facts.wrong_purpose = true;
      return 1;
    case X509_V_ERR_CERT_REVOKED:
      // A list that is merely out of date still says who was revoked; one that cannot be checked says nothing.
      if (lists != X509_V_OK && lists != X509_V_ERR_CRL_HAS_EXPIRED) return 1;
      if (facts.revoked_depth < 0 && revoked_by_then(X509_STORE_CTX_get_current_cert(context), seen.question))
        facts.revoked_depth = depth;
      return 1;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
      if (lists == X509_V_OK) lists = error;
      return 1;
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      lists = error;  // weighs more than being out of date
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::string quoted(X509* certificate) {
  return certificate == nullptr ? std::string("a certificate")
                                : "\"" + name_of(X509_get_subject_name(certificate)) + "\"";
}

X509StorePtr make_store(const std::vector<X509Ptr>& anchors, const std::vector<X509_CRL*>& crls) {
  X509StorePtr store(check(X509_STORE_new(), "a certificate store"));
  for (const X509Ptr& anchor : anchors)
    check(X509_STORE_add_cert(store.get(), anchor.get()) == 1, "adding an anchor");
  for (X509_CRL* const crl : crls)
    check(X509_STORE_add_crl(store.get(), crl) == 1, "adding a CRL");
  return store;
}

PathFacts walk_path(X509* certificate, const PathQuestion& question) {
  const X509StoreCtxPtr context(check(X509_STORE_CTX_new(), "path validation"));
  check(X509_STORE_CTX_init(context.get(), question.store, certificate, question.untrusted) == 1, "path validation");
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, question.at.time_since_epoch().count());
  X509_VERIFY_PARAM_set_depth(parameters, kMaxPathLength);
  X509_VERIFY_PARAM_set_purpose(parameters, question.purpose);
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;
  if (!question.crls.empty()) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_USE_DELTAS;
  X509_VERIFY_PARAM_set_flags(parameters, flags);

  PathFacts facts;
  if (question.crls.empty()) facts.lists.fill(X509_V_ERR_UNABLE_TO_GET_CRL);
  Seen seen{.question = question, .facts = facts};
  X509_STORE_CTX_set_app_data(context.get(), &seen);
  X509_STORE_CTX_set_verify_cb(context.get(), on_verify);
  if (X509_verify_cert(context.get()) != 1) {
    const int error = X509_STORE_CTX_get_error(context.get());
    facts.failure =
        quoted(X509_STORE_CTX_get_current_cert(context.get())) + ": " + X509_verify_cert_error_string(error);
    return facts;
  }
  STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(context.get());
  for (int depth = 0; depth < sk_X509_num(chain); ++depth)
    facts.chain.push_back(share(sk_X509_value(chain, depth)));
  return facts;
}

}  // namespace mimeseal::smime
