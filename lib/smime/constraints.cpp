// SPDX-License-Identifier: MIT
#include "smime/constraints.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "mimeseal/core/text.h"
#include "smime/key.h"
#include "smime/path.h"

namespace mimeseal::smime {
namespace {

using NameConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, Releaser<NAME_CONSTRAINTS_free>>;

/// The base of a subtree of rfc822Names: one mailbox, all of a host, or all of a domain's hosts.
struct Subtree {
  bool everything = false;  ///< an empty base
  std::string local_part;   ///< empty: all of the host
  std::string domain;       ///< with the dot in front: all hosts below
};

/// Nothing when it is not written as RFC 5280 demands.
std::optional<Subtree> read_subtree(std::string_view base) {
  if (base.empty()) return Subtree{.everything = true};
  const bool plain =
      std::all_of(base.begin(), base.end(), [](char c) { return static_cast<signed char>(c) > ' ' && c != 0x7F; });
  if (!plain || base.back() == '.' || base.back() == '@' || base.find_first_of("<>()") != std::string_view::npos)
    return std::nullopt;
  const CanonicalMailbox canonical =
      canonical_mailbox(base.find('@') == std::string_view::npos ? "@" + std::string(base) : std::string(base));
  if (!canonical.local_part.empty() && canonical.domain.front() == '.') return std::nullopt;
  return Subtree{.local_part = canonical.local_part, .domain = canonical.domain};
}

bool holds(const Subtree& subtree, const CanonicalMailbox& mailbox) {
  if (subtree.everything) return true;
  if (subtree.domain.front() == '.') return mailbox.domain.ends_with(subtree.domain);
  return mailbox.domain == subtree.domain && (subtree.local_part.empty() || mailbox.local_part == subtree.local_part);
}

/// What one CA says about mail addresses.
struct MailConstraints {
  std::vector<Subtree> permitted;
  std::vector<Subtree> excluded;
  bool limits = false;  ///< permitted subtrees are there
  bool unclear = false;

  void read(const STACK_OF(GENERAL_SUBTREE) * subtrees, std::vector<Subtree>& into) {
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
      const GENERAL_NAME* const base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
      if (base->type != GEN_EMAIL) continue;
      std::optional<Subtree> subtree = read_subtree(octets_of(base->d.rfc822Name));
      limits = limits || &into == &permitted;
      if (!subtree) {
        unclear = true;
      } else if (!subtree->everything || &into == &excluded) {  // an empty base permits nothing
        into.push_back(std::move(*subtree));
      }
    }
  }

  [[nodiscard]] bool none() const noexcept { return excluded.empty() && !limits && !unclear; }
  [[nodiscard]] bool allow(const CanonicalMailbox& mailbox) const {
    const auto holds_it = [&mailbox](const Subtree& subtree) { return holds(subtree, mailbox); };
    return std::none_of(excluded.begin(), excluded.end(), holds_it) &&
           (!limits || std::any_of(permitted.begin(), permitted.end(), holds_it));
  }
};

MailConstraints constraints_of(X509* certificate) {
  MailConstraints constraints;
  int where = -1;  // -1: absent
  const NameConstraintsPtr names(
      static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(certificate, NID_name_constraints, &where, nullptr)));
  ERR_clear_error();
  if (!names) {
    constraints.unclear = where != -1;
    return constraints;
  }
  constraints.read(names->permittedSubtrees, constraints.permitted);
  constraints.read(names->excludedSubtrees, constraints.excluded);
  return constraints;
}

}  // namespace

std::string constraint_fault(const std::vector<X509Ptr>& chain) {
  std::optional<std::vector<std::string>> addresses;
  for (std::size_t depth = 1; depth < chain.size(); ++depth) {
    const MailConstraints constraints = constraints_of(chain[depth].get());
    if (constraints.none()) continue;
    if (!addresses) addresses = addresses_of(chain.front().get());
    for (const std::string& address : *addresses) {
      if (constraints.unclear) return "the name constraints of " + quoted(chain[depth].get()) + " cannot be read";
      if (!constraints.allow(canonical_mailbox(address)))
        return "the name constraints of " + quoted(chain[depth].get()) + " do not allow " + address;
    }
  }
  return {};
}

}  // namespace mimeseal::smime
