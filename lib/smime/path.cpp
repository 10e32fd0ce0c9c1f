// SPDX-License-Identifier: MIT
#include "smime/path.h"

#include <cstdint>

#include "smime/key.h"

namespace mimeseal::smime {
namespace {

/// RFC 8550, section 4.4.4: anyExtendedKeyUsage is for mail, too. OpenSSL's purpose does not know that.
bool allows_any_use(X509* certificate) {
  const std::uint32_t usages = X509_get_extended_key_usage(certificate);  // all bits when the extension is absent
  return usages != UINT32_MAX && (usages & XKU_ANYEKU) != 0;
}

/// Lets those errors pass that are facts of their own and not about the path. It runs inside OpenSSL, so nothing in it
/// may throw.
int on_verify(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  PathFacts& facts = *static_cast<PathFacts*>(X509_STORE_CTX_get_app_data(context));
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return 1;  // validity: told by the chain itself
    case X509_V_ERR_INVALID_PURPOSE:
      if (!allows_any_use(X509_STORE_CTX_get_current_cert(context))) facts.wrong_purpose = true;
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

X509StorePtr make_store(const std::vector<X509Ptr>& anchors) {
  X509StorePtr store(check(X509_STORE_new(), "a certificate store"));
  for (const X509Ptr& anchor : anchors)
    check(X509_STORE_add_cert(store.get(), anchor.get()) == 1, "adding an anchor");
  return store;
}

PathFacts walk_path(X509* certificate, const PathQuestion& question) {
  const X509StoreCtxPtr context(check(X509_STORE_CTX_new(), "path validation"));
  check(X509_STORE_CTX_init(context.get(), question.store, certificate, question.untrusted) == 1, "path validation");
  X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, question.at.time_since_epoch().count());
  X509_VERIFY_PARAM_set_depth(parameters, kMaxPathLength);
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SMIME_SIGN);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);

  PathFacts facts;
  X509_STORE_CTX_set_app_data(context.get(), &facts);
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
