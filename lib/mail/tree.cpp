// SPDX-License-Identifier: MIT
#include "tree.h"

#include <algorithm>

#include "legacy_display.h"
#include "mimeseal/core/text.h"
#include "protected_header.h"

namespace mimeseal::mail {
namespace {

bool says_protected_headers(const Part& part) {
  const std::string* value = part.content_type.find("protected-headers");
  return value != nullptr && iequals(trim(*value), "v1");
}

/// How programs before RFC 9788 repeated a hidden header in an encrypted message: as the first part of several, marked
/// protected-headers="v1" like the multipart around it.
bool is_header_copy(const Part& parent, std::size_t index) {
  if (index != 0 || parent.children.size() < 2) return false;
  const Part& part = parent.children.front();
  const bool text = part.content_type.value == "text/plain" || part.content_type.value == "text/rfc822-headers";
  return text && says_protected_headers(part) && says_protected_headers(parent);
}

class Builder {
 public:
  Builder(Opening& opening, Tree& tree) : opening_(opening), tree_(tree) {}

  void add_root(const Place& root, bool closed, Protection protection) {
    tree_.protections.push_back(std::move(protection));
    tree_.nodes.push_back({root, 0, {}, closed});
  }

  /// Nodes are appended behind the one that is looked at, so one loop sees them all, however deep they lie.
  void run() {
    for (std::uint32_t i = 0; i < tree_.nodes.size(); ++i) {
      if (!tree_.nodes[i].closed) expand(i);
    }
  }

 private:
  void expand(std::uint32_t index) {
    const Place place = tree_.nodes[index].place;
    const std::uint32_t protection = tree_.nodes[index].protection;
    const Part& part = *place.part;
    const bool forwarded = !part.is_multipart() && !part.children.empty();
    const std::uint32_t inner = forwarded ? message_protection(part.children.front(), protection) : protection;
    for (std::size_t i = 0; i < part.children.size(); ++i) {
      const Place child = place.at(part.children[i]);
      if (is_displaced_pgp(part.children, i)) {
        LayerForm form;
        form.form = Form::multipart_encrypted;
        form.protocol = Protocol::pgp;
        form.claimed = LayerType::pgp_encrypted;
        form.blob = child.part;
        opening_.add("displaced-pgp", child.part->path, "an encrypted OpenPGP part outside of multipart/encrypted");
        add_layered(index, child, inner, form);
      } else {
        add_layered(index, child, inner, std::nullopt);
        const Protection& around = tree_.protections[protection];
        tree_.nodes.back().header_copy = around.encrypted && !around.errant && is_header_copy(part, i);
      }
    }
  }

  void add_layered(std::uint32_t parent, const Place& place, std::uint32_t protection,
                   const std::optional<LayerForm>& form) {
    if (!form && layer_form(*place.part).form == Form::none) {
      add_node(parent, place, protection, false);
      return;
    }
    Chain chain = peel(opening_, place, true, form);
    if (chain.layers.empty()) {
      add_node(parent, chain.content, protection, true);
      return;
    }
    if (chain.released) opening_.add(chain.inner);
    const std::uint32_t inner = layer_protection(chain, protection);
    add_node(parent, chain.released ? chain.content : chain.withheld, chain.released ? inner : protection,
             !chain.released);
    std::ranges::move(chain.layers, std::back_inserter(tree_.errant));
    tree_.own.resize(tree_.errant.size(), tree_.protections[protection].own_message);
  }

  void add_node(std::uint32_t parent, const Place& place, std::uint32_t protection, bool closed) {
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    tree_.nodes.push_back({place, protection, {}, closed && place.part->children.empty()});
    tree_.nodes[parent].children.push_back(index);
  }

  std::uint32_t add_protection(Protection protection) {
    const auto index = static_cast<std::uint32_t>(tree_.protections.size());
    protection.layer = index;
    tree_.protections.push_back(std::move(protection));
    return index;
  }

  /// What stands in a forwarded message is that message's, and its signers are held against its From (RFC 9787, 6.3).
  std::uint32_t message_protection(const Part& message, std::uint32_t outer) {
    Protection protection = tree_.protections[outer];
    protection.own_message = false;
    protection.from = bind_from(message.fields);
    if (tree_.forwarded.size() < 200) tree_.forwarded.push_back(message.path);
    return add_protection(std::move(protection));
  }

  std::uint32_t layer_protection(Chain& chain, std::uint32_t outer) {
    Protection protection = tree_.protections[outer];
    protection.errant = true;
    for (OpenedLayer& layer : chain.layers) {
      bind_signers(layer.facts, protection.from, ambiguity(opening_.problems, layer.path));
      const bool encrypts = is_encryption(layer.facts.type);
      const LayerResult result = encrypts ? layer_result(layer.facts.signers) : layer.facts.result;
      if (encrypts) protection.signed_ = protection.inner_signed = protection.covered = false;
      protection.encrypted = protection.encrypted || encrypts;
      bool& signed_ = protection.own_message ? protection.signed_ : protection.inner_signed;
      signed_ = signed_ || (is_signature(layer.facts) && result == LayerResult::good);
    }
    return add_protection(std::move(protection));
  }

  Opening& opening_;
  Tree& tree_;
};

enum class Taste { none, html, plain };

/// The text that a subtree would show.
struct Shown {
  Taste taste = Taste::none;
  std::vector<std::uint32_t> leaves;
};

/// Mail programs put empty texts before what they attach: nothing to read.
bool is_blank(const Place& place) {
  constexpr std::uint64_t kShort = 64;
  const Part& part = *place.part;
  if (part.body_end - part.body_begin > kShort) return false;
  return trim(read_range(*place.input(), part.body_begin, part.body_end, kShort)).empty();
}

Shown leaf_shown(const Node& node, std::uint32_t index) {
  const Part& part = *node.place.part;
  Shown shown;
  if (node.closed || node.header_copy || part.disposition.value == "attachment" || is_blank(node.place)) return shown;
  if (part.content_type.value == "text/plain") shown.taste = Taste::plain;
  if (part.content_type.value == "text/html") shown.taste = Taste::html;
  if (shown.taste != Taste::none) shown.leaves.push_back(index);
  return shown;
}

Shown best_alternative(const Node& node, std::vector<Shown>& shown) {
  std::uint32_t best = 0;
  Taste taste = Taste::none;
  for (const std::uint32_t child : node.children) {
    const Taste own = shown[child].taste;
    if (own == Taste::none || taste == Taste::plain || own < taste) continue;
    best = child;
    taste = own;
  }
  return taste == Taste::none ? Shown() : std::move(shown[best]);
}

/// An unnamed inline text that goes on where the first one ended (as mail programs write it around pictures).
bool continues(const Tree& tree, std::uint32_t leaf, std::uint32_t first) {
  const Node& node = tree.nodes[leaf];
  return node.protection == tree.nodes[first].protection && node.place.part->filename.empty();
}

/// The child that multipart/related's start parameter names (RFC 2387, 3.2), when there is such a one.
std::optional<std::size_t> related_root(const Part& part) {
  const std::string* start = part.content_type.find("start");
  if (start == nullptr || part.content_type.value != "multipart/related") return std::nullopt;
  const std::string wanted = bare_content_id(*start);
  const auto root = std::ranges::find_if(
      part.children, [&](const Part& child) { return !wanted.empty() && bare_content_id(child.content_id) == wanted; });
  if (root == part.children.end()) return std::nullopt;
  return static_cast<std::size_t>(root - part.children.begin());
}

Shown first_and_more(const Tree& tree, const Node& node, std::vector<Shown>& shown, bool only_first = false) {
  Shown out;
  for (const std::uint32_t child : node.children) {
    Shown& own = shown[child];
    if (own.taste == Taste::none) continue;
    if (out.taste == Taste::none) {
      out = std::move(own);
      if (only_first) break;
    } else if (tree.nodes[child].children.empty() && continues(tree, own.leaves.front(), out.leaves.front())) {
      out.leaves.push_back(own.leaves.front());
    }
  }
  return out;
}

/// multipart/related shows its root: the child that is named as its start, else the first one with a text.
Shown related_shown(const Tree& tree, const Node& node, std::vector<Shown>& shown) {
  const auto root = related_root(*node.place.part);
  if (!root || shown[node.children[*root]].taste == Taste::none) return first_and_more(tree, node, shown, true);
  return std::move(shown[node.children[*root]]);
}

}  // namespace

Tree build_tree(Opening& opening, const Place& root, bool root_closed, Protection protection) {
  Tree tree;
  Builder builder(opening, tree);
  builder.add_root(root, root_closed, std::move(protection));
  builder.run();
  return tree;
}

std::vector<std::uint32_t> body_nodes(const Tree& tree) {
  std::vector<Shown> shown(tree.nodes.size());
  // Children stand behind their parents, so going backwards every subtree is known before it is needed.
  for (auto index = static_cast<std::uint32_t>(tree.nodes.size()); index-- > 0;) {
    const Node& node = tree.nodes[index];
    if (!tree.protections[node.protection].own_message) continue;
    const std::string& type = node.place.part->content_type.value;
    if (node.place.part->children.empty() || node.closed) {
      shown[index] = leaf_shown(node, index);
      continue;
    }
    if (type.starts_with("message/")) continue;
    shown[index] = type == "multipart/alternative" ? best_alternative(node, shown)
                   : type == "multipart/related"   ? related_shown(tree, node, shown)
                                                   : first_and_more(tree, node, shown);
  }
  return std::move(shown.front().leaves);
}

}  // namespace mimeseal::mail
