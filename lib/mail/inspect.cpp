// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>
#include <utility>

#include "layers.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
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

/// The layer that a part is, or nothing; also into the list.
std::optional<LayerType> add_layer(Inspected& out, const InputPtr& input, const Part& part) {
  const LayerForm form = layer_form(part);
  if (form.form == Form::none) return std::nullopt;
  std::optional<LayerType> inside;
  if (form.form == Form::cms) inside = peek_cms(input, part);
  if (form.form == Form::cms && !form.certain && !inside) return std::nullopt;
  const LayerType held = inside ? *inside : form.claimed;
  const bool recognised = form.sound && (form.form != Form::cms || inside.has_value());
  out.layers.push_back({part.path, held, detail_of(part, form, held, inside.has_value()), recognised});
  return form.form == Form::cms ? inside : std::nullopt;
}

/// Looks into the layers that need no key, within the limits that opening has too.
class LayerReader {
 public:
  LayerReader(Engine* smime, const ScanLimits& limits) : smime_(smime), limits_(limits) {}

  /// Hangs what the layer holds below its part; what that lies in, or null.
  InputPtr read(Inspected& out, const InputPtr& input, Part& part, LayerType type) {
    const bool readable = type == LayerType::smime_signed || type == LayerType::smime_compressed;
    const auto depth = static_cast<std::size_t>(std::ranges::count(part.path, '.'));
    if (smime_ == nullptr || !readable || layers_left_ == 0 || depth > kMaxDepth) return nullptr;
    --layers_left_;
    Spool spool("content of part " + part.path);
    try {
      OpenSpec spec;
      spec.max_output = octets_left_;
      smime_->prepare();
      static_cast<void>(smime_->open(*decoded_body(input, part), spool, spec));
      octets_left_ -= std::min(octets_left_, spool.size());
      if (spool.size() == 0) return nullptr;  // a detached signature, or certificates alone
      InputPtr content = spool.freeze();
      PartIndex index = scan(*content, 0, content->size(), limits_, part.path + ".1");
      part.children.push_back(std::move(index.root));
      std::ranges::move(index.problems, std::back_inserter(out.index.problems));
      return content;
    } catch (const Error& error) {
      if (error.code() != Errc::malformed && error.code() != Errc::limit && error.code() != Errc::unsupported) throw;
      octets_left_ -= std::min(octets_left_, spool.size());
      out.index.problems.push_back({error.code() == Errc::limit ? "layer-limit" : "bad-cms", part.path,
                                    std::string("not looked into: ") + error.what()});
      return nullptr;
    }
  }

 private:
  static constexpr std::size_t kMaxDepth = 200;  // parts are destroyed and printed by recursion
  Engine* smime_;
  const ScanLimits& limits_;
  std::uint64_t octets_left_ = OpenSettings().max_payload;
  std::uint32_t layers_left_ = OpenSettings().max_layers;
};

}  // namespace
}  // namespace mail

Inspected inspect_message(const InputPtr& input, const ScanLimits& limits, Engine* smime) {
  Inspected out;
  out.index = scan(*input, limits);
  mail::LayerReader reader(smime, limits);
  struct Place {
    Part* part;
    InputPtr input;
  };
  std::vector<Place> open = {{&out.index.root, input}};
  while (!open.empty()) {
    const Place at = std::move(open.back());
    open.pop_back();
    InputPtr below = at.input;
    if (const auto layer = mail::add_layer(out, at.input, *at.part)) {
      if (InputPtr content = reader.read(out, at.input, *at.part, *layer)) below = std::move(content);
    }
    for (std::size_t i = at.part->children.size(); i-- > 0;)
      open.push_back({&at.part->children[i], below});
  }
  return out;
}

}  // namespace mimeseal
