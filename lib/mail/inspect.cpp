// SPDX-License-Identifier: MIT
#include "layers.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"

namespace mimeseal {
namespace mail {
namespace {

/// `held` is what the octets are; `known`: whether that could be told.
std::string detail_of(const Part& part, const LayerForm& form, LayerType held, bool known) {
  if (!form.sound) return form.why;
  std::vector<std::string> details;
  for (const char* name : {"smime-type", "protocol", "micalg"})
    if (const std::string* value = part.content_type.find(name)) details.push_back(std::string(name) + "=" + *value);
  if (held != form.claimed) details.push_back("but holds " + std::string(to_string(held)));
  if (form.form == Form::cms && !known) details.emplace_back("no CMS that can be recognised");
  return join(details, "; ");
}

void add_layer(Inspected& out, const InputPtr& input, const Part& part) {
  const LayerForm form = layer_form(part);
  if (form.form == Form::none) return;
  std::optional<LayerType> inside;
  if (form.form == Form::cms) inside = peek_cms(input, part);
  if (form.form == Form::cms && !form.certain && !inside) return;
  const LayerType held = inside ? *inside : form.claimed;
  const bool recognised = form.sound && (form.form != Form::cms || inside.has_value());
  out.layers.push_back({part.path, held, detail_of(part, form, held, inside.has_value()), recognised});
}

}  // namespace
}  // namespace mail

Inspected inspect_message(const InputPtr& input, const ScanLimits& limits) {
  Inspected out;
  out.index = scan(*input, limits);
  std::vector<const Part*> open = {&out.index.root};
  while (!open.empty()) {
    const Part& part = *open.back();
    open.pop_back();
    mail::add_layer(out, input, part);
    for (std::size_t i = part.children.size(); i-- > 0;)
      open.push_back(&part.children[i]);
  }
  return out;
}

}  // namespace mimeseal
