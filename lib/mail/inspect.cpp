// SPDX-License-Identifier: MIT
#include "layers.h"
#include "mimeseal/mail/open.h"

namespace mimeseal {
namespace mail {
namespace {

std::string detail_of(const Part& part, const LayerForm& form, bool recognised, LayerType found) {
  if (!form.sound) return form.why;
  std::string out;
  for (const char* name : {"smime-type", "protocol", "micalg"}) {
    const std::string* value = part.content_type.find(name);
    if (value != nullptr) out += (out.empty() ? "" : "; ") + std::string(name) + "=" + *value;
  }
  if (found != form.claimed)
    out += (out.empty() ? "" : "; ") + std::string("but holds ") + std::string(to_string(found));
  if (form.form == Form::cms && !recognised)
    out += (out.empty() ? "" : "; ") + std::string("no CMS that can be recognised");
  return out;
}

void add_layer(Inspected& out, const InputPtr& input, const Part& part) {
  const LayerForm form = layer_form(part);
  if (form.form == Form::none) return;
  const auto inside = form.form == Form::cms ? peek_cms(input, part) : std::nullopt;
  if (form.form == Form::cms && !form.certain && !inside) return;
  const LayerType found = inside ? *inside : form.claimed;
  out.layers.push_back({part.path, found, detail_of(part, form, inside.has_value(), found)});
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
