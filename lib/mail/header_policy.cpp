// SPDX-License-Identifier: MIT
#include "mimeseal/mail/header_policy.h"

#include "mimeseal/core/text.h"

namespace mimeseal {
namespace {

using Outer = std::optional<HeaderField>;

Outer baseline_outer(const HeaderField& field) {
  if (iequals(field.name, "subject")) return HeaderField{field.name, " [...]"};
  if (iequals(field.name, "comments") || iequals(field.name, "keywords")) return std::nullopt;
  return field;
}

/// The field with bare addresses, or as it was where it is not the plain list that the policy speaks of.
HeaderField without_names(const HeaderField& field, bool single) {
  const AddressList list = parse_address_list(field.value());
  const bool plain = list.groups.empty() && list.problems.empty() && !list.mailboxes.empty();
  if (!plain || (single && list.mailboxes.size() != 1)) return field;
  std::vector<Mailbox> bare;
  for (const Mailbox& mailbox : list.mailboxes) {
    auto nameless = Mailbox::make("", mailbox.address());
    if (!nameless) return field;
    bare.push_back(std::move(*nameless));
  }
  return mailbox_field(field.name, bare);
}

Outer shy_outer(const HeaderField& field) {
  if (iequals(field.name, "from")) return without_names(field, true);
  if (iequals(field.name, "to") || iequals(field.name, "cc")) return without_names(field, false);
  if (iequals(field.name, "date")) {
    const auto time = parse_date(field.value());
    return time ? date_field(field.name, *time) : field;
  }
  return baseline_outer(field);
}

}  // namespace

HeaderPolicy HeaderPolicy::baseline() {
  return {"baseline", baseline_outer, true};
}

HeaderPolicy HeaderPolicy::shy() {
  return {"shy", shy_outer, true};
}

HeaderPolicy HeaderPolicy::no_confidentiality() {
  return {"no-confidentiality", [](const HeaderField& field) -> Outer { return field; }, true};
}

HeaderPolicy HeaderPolicy::off() {
  return {"off", [](const HeaderField& field) -> Outer { return field; }, false};
}

std::optional<HeaderPolicy> HeaderPolicy::by_name(std::string_view name) {
  if (name == "baseline") return baseline();
  if (name == "shy") return shy();
  if (name == "no-confidentiality") return no_confidentiality();
  if (name == "off") return off();
  return std::nullopt;
}

}  // namespace mimeseal
