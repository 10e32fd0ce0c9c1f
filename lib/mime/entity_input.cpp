// SPDX-License-Identifier: MIT
// Entities of messages from outside: taken as they are where the wire lets them be.
#include <algorithm>

#include "entity_node.h"
#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "text_body.h"

namespace mimeseal {
namespace {

/// A text up to this size is read to choose the shorter encoding; a longer one becomes base64.
constexpr std::uint64_t kTextToWeigh = 1U << 20U;

struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

/// Bodies that say they are binary, in order: there a LF is no line end.
void collect_binary(const Part& part, std::vector<Range>& ranges) {
  std::vector<const Part*> open = {&part};
  while (!open.empty()) {
    const Part* const current = open.back();
    open.pop_back();
    if (current->children.empty() && current->transfer_encoding == "binary")
      ranges.push_back({current->body_begin, current->body_end});
    for (auto child = current->children.rbegin(); child != current->children.rend(); ++child)
      open.push_back(&*child);
  }
}

}  // namespace

namespace mime {

Normalized normalized(const InputPtr& input, const Part& part, const ScanLimits& limits) {
  if (!examine(*slice(input, part.header_begin, part.body_end)).bare_lf) return {input, part};
  std::vector<Range> binary;
  collect_binary(part, binary);
  binary.push_back({part.body_end, part.body_end});
  Spool spool(input->name());
  std::uint64_t at = part.header_begin;
  for (const Range& range : binary) {
    normalize_lines(*slice(input, at, range.begin), spool);
    copy(*slice(input, range.begin, range.end), spool);
    at = range.end;
  }
  Normalized out{spool.freeze(), {}};
  out.part = scan(*out.input, 0, out.input->size(), limits, part.path).root;
  // In a digest the default type is another one, which the scan of a part alone cannot know.
  out.part.content_type = part.content_type;
  return out;
}

}  // namespace mime

std::unique_ptr<Entity::Node> Entity::Node::from_part(const InputPtr& input, const Part& part, bool whole_header) {
  auto node = std::make_unique<Node>();
  mimetic::ContentType& type = node->header().contentType();
  const std::size_t slash = std::min(part.content_type.value.find('/'), part.content_type.value.size());
  type.type(part.content_type.value.substr(0, slash));
  type.subtype(slash == part.content_type.value.size() ? std::string() : part.content_type.value.substr(slash + 1));
  for (const auto& [name, text] : part.content_type.parameters)
    type.paramList().push_back(mimetic::FieldParam(name, text));
  if (!part.disposition.value.empty()) {
    mimetic::ContentDisposition& placement = node->header().contentDisposition();
    placement.type(part.disposition.value);
    for (const auto& [name, text] : part.disposition.parameters)
      placement.paramList().push_back(mimetic::FieldParam(name, text));
  }
  node->encoding = part.transfer_encoding;
  for (const HeaderField& field : part.fields)
    if (whole_header || (is_structural(field.name) && !iequals(field.name, "MIME-Version")))
      node->fields.push_back(field);
  node->origin = Origin{input, part.header_begin, part.body_begin, part.body_end};
  return node;
}

Entity Entity::from_input(const InputPtr& input, const Part& part) {
  const mime::Normalized clean = mime::normalized(input, part, {});
  // A stack of our own: how deep it nests is for the sender of the message to say.
  struct Level {
    std::unique_ptr<Node> node;
    const Part* part;
    std::size_t next = 0;
  };
  std::vector<Level> levels;
  const auto enter = [&](const Part& from) {
    auto node = Node::from_part(clean.input, from, !levels.empty());
    if (from.is_multipart())
      node->kind = Node::Kind::multipart;
    else if (!from.children.empty())
      node->kind = Node::Kind::message;
    node->children.reserve(from.children.size());
    levels.push_back({std::move(node), &from});
  };
  enter(clean.part);
  while (true) {
    Level& level = levels.back();
    if (level.next < level.part->children.size() && levels.size() < mime::kDeepest) {
      enter(level.part->children[level.next++]);
      continue;
    }
    Entity entity(std::move(level.node));
    levels.pop_back();
    if (levels.empty()) {
      const Node::Origin& origin = *entity.node_->origin;
      const mime::WireFacts facts = mime::examine(*slice(origin.input, origin.header_begin, origin.body_end));
      if (facts.needs_encoding() || facts.bare_lf) entity.node_->make_seven_bit();
      return entity;
    }
    levels.back().node->add_child(std::move(entity));
  }
}

mime::WireFacts Entity::Node::own_facts() const {
  mime::WireFacts facts;
  std::uint64_t at = origin->body_begin;
  for (const Entity& child : children) {
    const Origin& inside = *child.node_->origin;
    facts |= mime::examine(*slice(origin->input, at, std::max(at, inside.header_begin)));
    at = std::max(at, inside.body_end);
  }
  return facts |= mime::examine(*slice(origin->input, at, std::max(at, origin->body_end)));
}

void Entity::Node::make_fields_fit() {
  for (HeaderField& field : fields) {
    if (mime::fits_wire(field)) continue;
    header_changed = true;
    field = mime::rewritten(field);
  }
}

bool Entity::Node::make_seven_bit() {
  const ParameterizedValue media_type = type();
  // What was signed stays as it is, whatever relays may do to it.
  if (media_type.value == "multipart/signed")
    return !mime::examine(*slice(origin->input, origin->body_begin, origin->body_end)).needs_encoding();
  make_fields_fit();
  // Of a body with parts only what stands between them; each octet is looked at once.
  const mime::WireFacts facts = own_facts();
  const bool dirty = facts.needs_encoding() || facts.bare_lf;
  if (!children.empty()) {
    bool clean = true;
    for (const Entity& child : children)
      clean = child.node_->make_seven_bit() && clean;
    if (dirty) body_changed = true;
    if (clean && encoding != "7bit") set_encoding("7bit");
    return clean;
  }
  return !dirty || encode_origin(media_type);
}

void Entity::protect_lines() {
  std::vector<Node*> open = {node_.get()};
  while (!open.empty()) {
    Node& node = *open.back();
    open.pop_back();
    const ParameterizedValue media_type = node.type();
    if (!node.origin || media_type.value == "multipart/signed" || media_type.value.starts_with("message/")) continue;
    for (HeaderField& field : node.fields) {
      HeaderField bare = mime::without_line_end_blanks(field);
      if (bare == field) continue;
      field = std::move(bare);
      node.header_changed = true;
    }
    const Node::Origin& origin = *node.origin;
    if (node.children.empty()) {
      if (!node.body_changed && mime::has_fragile_line(*slice(origin.input, origin.body_begin, origin.body_end)))
        static_cast<void>(node.encode_origin(media_type));
      continue;
    }
    // What stands between the parts means nothing, and is left out when the parts are written anew.
    std::uint64_t at = origin.body_begin;
    for (Entity& child : node.children) {
      if (!child.node_->origin) {
        node.body_changed = true;
        continue;
      }
      const Node::Origin& inside = *child.node_->origin;
      const auto between = slice(origin.input, at, std::max(at, inside.header_begin));
      node.body_changed = node.body_changed || mime::has_fragile_line(*between);
      at = std::max(at, inside.body_end);
      open.push_back(child.node_.get());
    }
    node.body_changed =
        node.body_changed || mime::has_fragile_line(*slice(origin.input, at, std::max(at, origin.body_end)));
  }
}

bool Entity::Node::encode_origin(const ParameterizedValue& media_type) {
  if (kind != Kind::leaf || media_type.value.starts_with("message/")) return false;
  const InputPtr& input = origin->input;
  const std::uint64_t begin = origin->body_begin;
  const std::uint64_t end = origin->body_end;
  if (encoding == "base64" || encoding == "quoted-printable") {
    std::unique_ptr<Source> octets = slice(input, begin, end);
    octets = encoding == "base64" ? base64_decoder(std::move(octets)) : quoted_printable_decoder(std::move(octets));
    content = Rope::base64(spool_source(*octets, input->name()));
    set_encoding("base64");
  } else if (encoding == "7bit" || encoding == "8bit" || encoding == "binary") {
    content = Rope::base64(Rope(input, begin, end));
    std::string_view chosen = "base64";
    if (media_type.value.starts_with("text/") && end - begin <= kTextToWeigh) {
      std::string printable = mime::quoted_printable(read_range(*input, begin, end, kTextToWeigh));
      if (printable.size() <= content.size()) {
        content = Rope(std::move(printable));
        chosen = "quoted-printable";
      }
    }
    set_encoding(chosen);
  } else {
    return false;  // an encoding that we do not know
  }
  marker_free = true;
  body_changed = true;
  return true;
}

}  // namespace mimeseal
