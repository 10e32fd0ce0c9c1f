// SPDX-License-Identifier: MIT
#include <cstddef>
#include <unordered_set>
#include <vector>

#include "html_text.h"
#include "legacy_display.h"
#include "mimeseal/core/text.h"
#include "reading.h"

namespace mimeseal::mail {
namespace {

constexpr std::uint64_t kMaxText = 4U << 20U;

/// A legacy display element is one only where it is marked and inside the envelope of the message itself.
bool is_legacy_display(const Protection& protection, const Part& part, bool strip) {
  return strip && protection.own_message && !protection.errant && has_legacy_display(part);
}

bool holds_message(const Part& part) {
  return part.content_type.value == "message/rfc822" || part.content_type.value == "message/global";
}

/// What the scan has measured already; a body that is not as it should be is decoded again, which says so.
bool is_measured(const Part& part, bool with_digest) {
  return part.decoded && part.decoded->clean && (!with_digest || !part.decoded->sha256.empty());
}

OpenedPart opened_part(Opening& opening, const Node& node, const Protection& protection) {
  const Part& part = *node.place.part;
  OpenedPart out;
  out.path = part.path;
  out.type = part.content_type.value;
  out.filename = to_valid_utf8(part.filename);
  out.encrypted = protection.encrypted;
  out.inline_part = part.disposition.value == "inline";
  out.content_id = part.content_id;
  out.input = node.place.input();
  out.part = part;
  out.part.children.clear();
  if (is_measured(part, opening.settings.part_digests)) {
    out.size = part.decoded->size;
    if (opening.settings.part_digests) out.sha256 = part.decoded->sha256;
    return out;
  }
  const auto body = decoded_body(node.place.input(), part, &opening.problems);
  Sha256 digest;
  std::vector<char> chunk(64U * 1024U);
  while (const std::size_t got = body->read(chunk)) {
    if (opening.settings.part_digests) digest.update({chunk.data(), got});
    out.size += got;
  }
  if (opening.settings.part_digests) out.sha256 = hex(digest.finish());
  return out;
}

}  // namespace

PartList list_parts(Opening& opening, const Tree& tree, bool strip_legacy_display) {
  PartList out;
  // In the order of the message, not of the list of nodes: down each branch first.
  struct Open {
    std::uint32_t node;
    bool in_message;  // only the outermost message is listed whole: each octet is hashed twice at most
  };
  std::vector<Open> open = {{0, false}};
  const std::vector<std::uint32_t> shown = body_nodes(tree);
  const std::unordered_set<std::uint32_t> body(shown.begin(), shown.end());
  while (!open.empty()) {
    const auto [index, in_message] = open.back();
    open.pop_back();
    const Node& node = tree.nodes[index];
    const bool message = holds_message(*node.place.part) && !node.children.empty();
    for (std::size_t i = node.children.size(); i-- > 0;)
      open.push_back({node.children[i], in_message || message});
    if (!node.children.empty() && (!message || in_message)) continue;
    const Protection& protection = tree.protections[node.protection];
    OpenedPart part = opened_part(opening, node, protection);
    part.is_body = body.contains(index);
    part.legacy_display = node.header_copy || is_legacy_display(protection, *node.place.part, strip_legacy_display);
    out.parts.push_back(std::move(part));
    out.protections.push_back(node.protection);
  }
  return out;
}

void read_text(Opening& opening, const Tree& tree, bool strip_legacy_display, Opened& out) {
  for (const std::uint32_t index : body_nodes(tree)) {
    const Node& node = tree.nodes[index];
    const Protection& protection = tree.protections[node.protection];
    const Part& part = *node.place.part;
    if (out.text.size() >= kMaxText) break;
    if (out.text_path.empty()) {
      out.text_path = part.path;
      out.text_errant = protection.errant;
    } else {
      out.text += out.text.ends_with('\n') ? "\n" : "\n\n";
    }
    const bool legacy = is_legacy_display(protection, part, strip_legacy_display);
    const std::string text = decoded_text(node.place.input(), part, kMaxText, &opening.problems);
    if (part.content_type.value == "text/html") {
      out.text += html_to_text(text, kMaxText - out.text.size(), legacy);
    } else {
      out.text += legacy ? without_legacy_display(text) : std::string_view(text);
    }
    if (out.text.size() > kMaxText) out.text = to_valid_utf8(std::string_view(out.text).substr(0, kMaxText));
  }
}

}  // namespace mimeseal::mail
