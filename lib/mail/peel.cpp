// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mimeseal/core/error.h"
#include "opening.h"
#include "unwrap.h"

namespace mimeseal::mail {
namespace {

/// The release rule for ciphers that prove nothing (EFAIL): what such a layer holds is given out only when a signature
/// inside it fits over all of it, which an attacker who changes ciphertext cannot make.
bool proven_inside(const std::vector<OpenedLayer>& layers, std::size_t index) {
  return std::any_of(layers.begin() + static_cast<std::ptrdiff_t>(index) + 1, layers.end(),
                     [](const OpenedLayer& layer) { return is_signature(layer.facts) && fits(layer.facts); });
}

void release(Opening& opening, Chain& chain, const std::vector<Place>& places) {
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    const OpenedLayer& layer = chain.layers[i];
    if (layer.facts.result != LayerResult::unauthenticated || proven_inside(chain.layers, i)) continue;
    if (opening.settings.allow_unauthenticated) {
      opening.add("unauthenticated", layer.path,
                  "released though its cipher proves no integrity: it may have been changed on the way");
      continue;
    }
    opening.add("withheld", layer.path,
                "kept back: the cipher proves no integrity, and no signature inside covers the content");
    chain.withheld = places[i];
    chain.withheld_layer = i;
    chain.released = false;
    return;
  }
}

/// The blob of a closed layer, for the list of parts.
Place closed_part(const Place& place, const LayerForm& form) {
  return form.blob != nullptr ? place.at(*form.blob) : place;
}

}  // namespace

Engine* Opening::engine(Protocol protocol) const {
  for (Engine* candidate : settings.engines) {
    if (candidate == nullptr || candidate->protocol() != protocol) continue;
    candidate->prepare();
    return candidate;
  }
  return nullptr;
}

void Opening::add(std::string code, std::string path, std::string why) {
  Problem problem{std::move(code), std::move(path), std::move(why)};
  if (std::ranges::find(problems, problem) == problems.end()) problems.push_back(std::move(problem));
}

void Opening::add(const std::vector<Problem>& found) {
  problems.insert(problems.end(), found.begin(), found.end());
}

Place place_of(InputPtr input, PartIndex index) {
  auto scanned = std::make_shared<Scanned>();
  scanned->input = std::move(input);
  scanned->index = std::move(index);
  const Part* root = &scanned->index.root;
  return {std::move(scanned), root};
}

Place scan_place(InputPtr input, const Opening& opening, std::string path) {
  PartIndex index = scan(*input, 0, input->size(), opening.settings.scan, std::move(path), opening.scan_work());
  return place_of(std::move(input), std::move(index));
}

Chain peel(Opening& opening, const Place& start, bool errant, std::optional<LayerForm> first) {
  Chain chain;
  Place at = start;
  std::vector<Place> closed;
  bool compressed = false;
  while (true) {
    const LayerForm form = first ? *first : layer_form(*at.part);
    first.reset();
    if (form.form == Form::none) break;
    if (opening.layers_left == 0 && errant) {
      opening.add("layer-limit", at.part->path, kTooManyLayers);
      break;
    }
    if (opening.layers_left == 0) {
      throw Error(Errc::limit, "more than " + std::to_string(opening.settings.max_layers) + " cryptographic layers",
                  "part " + at.part->path);
    }
    if (!form.sound) {
      --opening.layers_left;
      opening.add(form.code, at.part->path, form.why);
      LayerFacts facts;
      facts.type = form.claimed;
      facts.result = is_encryption(form.claimed) ? LayerResult::bad : LayerResult::unverified;
      facts.why = form.why;
      const bool outside = errant || compressed || is_encryption(form.claimed);
      chain.layers.push_back({at.part->path, outside, std::move(facts)});
      if (!outside) chain.envelope = chain.layers.size();
      break;
    }
    Unwrapped layer = unwrap(opening, at, form, errant || compressed);
    if (!layer.is_layer) break;
    const bool is_compression = layer.facts.type == LayerType::smime_compressed;
    if (is_compression && !compressed) {
      compressed = true;
      chain.payload = at;
    }
    chain.layers.push_back({at.part->path, errant || (compressed && !is_compression), std::move(layer.facts)});
    if (!compressed && !errant) chain.envelope = chain.layers.size();
    closed.push_back(closed_part(at, form));
    if (!layer.inside) {
      chain.released = false;
      chain.withheld = closed.back();
      chain.withheld_layer = chain.layers.size() - 1;
      break;
    }
    if (layer.inside->scanned != at.scanned) {
      const auto& found = layer.inside->scanned->index.problems;
      chain.inner.insert(chain.inner.end(), found.begin(), found.end());
    }
    at = *layer.inside;
  }
  chain.content = at;
  if (!compressed) chain.payload = at;
  release(opening, chain, closed);
  return chain;
}

}  // namespace mimeseal::mail
