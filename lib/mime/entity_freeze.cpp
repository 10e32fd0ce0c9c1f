// SPDX-License-Identifier: MIT
// Writing an entity: boundaries, fields, bodies.
#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "entity_node.h"
#include "folding.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "text_body.h"

namespace mimeseal {
namespace {

constexpr std::size_t kRandomOctets = 18;  // of one boundary: 144 bits, 24 characters
constexpr std::size_t kBoundarySize = 2 + 2 + 24;
constexpr unsigned kTries = 64;

/// "=_" cannot occur in quoted-printable or base64. The two characters after it count, so that boundaries of one
/// message differ whatever the Random is, and as all are of one length none begins with another.
std::string make_boundary(unsigned count, std::span<const char> octets) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  std::string out = "=_";
  out += kAlphabet[(count >> 6U) & 63U];
  out += kAlphabet[count & 63U];
  for (std::size_t i = 0; i < kRandomOctets; i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = (bits << 8U) | static_cast<unsigned char>(octets[i + k]);
    for (unsigned shift = 24; shift != 0;) {
      shift -= 6;
      out += kAlphabet[(bits >> shift) & 63U];
    }
  }
  return out;
}

/// Adds to `found` those of `boundaries` that occur in the octets. One pass in constant memory.
void find_boundaries(const Rope& rope, const std::set<std::string, std::less<>>& boundaries,
                     std::set<std::string, std::less<>>& found) {
  const std::unique_ptr<Source> source = rope.open();
  std::string window;
  std::vector<char> chunk(std::size_t{64} << 10U);
  while (const std::size_t n = source->read(chunk)) {
    window.append(chunk.data(), n);
    for (std::size_t at = window.find("=_"); at != std::string::npos; at = window.find("=_", at + 1)) {
      const auto hit = boundaries.find(std::string_view(window).substr(at, kBoundarySize));
      if (hit != boundaries.end()) found.insert(*hit);
    }
    if (window.size() >= kBoundarySize) window.erase(0, window.size() - kBoundarySize + 1);
  }
}

/// Gathers octets; small ones in one piece.
class RopeWriter {
 public:
  void text(std::string_view octets) { pending_ += octets; }
  void field(const HeaderField& field) {
    // Fields can be made by hand; none may become two.
    mime::check_field(field.name, {});
    if (!mime::is_one_field(field.raw)) throw Error(Errc::usage, "the field has stray line ends or NUL", field.name);
    pending_ += field.name;
    pending_ += ':';
    pending_ += field.raw;
    pending_ += "\r\n";
  }
  void rope(const Rope& rope) {
    flush();
    rope_.append(rope);
  }
  Rope take() {
    flush();
    return std::move(rope_);
  }

 private:
  void flush() {
    if (!pending_.empty()) rope_.append(std::move(pending_));
    pending_.clear();
  }
  Rope rope_;
  std::string pending_;
};

}  // namespace

bool Entity::Node::body_intact() const {
  return origin && !body_changed &&
         std::all_of(children.begin(), children.end(), [](const Entity& child) { return child.node_->intact(); });
}

Rope Entity::Node::origin_octets(bool with_header) const {
  return Rope(origin->input, with_header ? origin->header_begin : origin->body_begin, origin->body_end);
}

/// Freezing of one tree. A class inside Entity, which alone may see nodes.
class Entity::Freezer {
 public:
  Freezer(const Node& root, Random& random) : random_(random) {
    collect(root);
    if (!order_.empty()) choose();
  }

  [[nodiscard]] HeaderFields structural(const Node& node) const {
    HeaderFields out = node.fields;
    const auto chosen = boundaries_.find(&node);
    if (chosen == boundaries_.end()) return out;
    for (HeaderField& field : out)
      if (iequals(field.name, "Content-Type")) field = type_field(node, chosen->second);
    return out;
  }

  void write_body(const Node& node, RopeWriter& out) const {
    if (node.body_intact()) return out.rope(node.origin_octets(false));
    if (node.kind == Node::Kind::leaf) return out.rope(node.content);
    if (node.kind == Node::Kind::message) return write(*node.children.front().node_, out);
    const std::string& boundary = boundaries_.at(&node);
    for (const mimetic::MimeEntity* part : node.body().parts()) {
      out.text("--" + boundary + "\r\n");
      write(static_cast<const Node&>(*part), out);
      out.text("\r\n");
    }
    out.text("--" + boundary + "--\r\n");
  }

 private:
  void collect(const Node& node) {
    if (node.body_intact()) {
      raw_.push_back(node.origin_octets(false));
    } else if (node.kind == Node::Kind::leaf) {
      if (!node.marker_free) raw_.push_back(node.content);
    } else {
      if (node.kind == Node::Kind::multipart) order_.push_back(&node);
      for (const Entity& child : node.children)
        collect(*child.node_);
    }
  }

  void choose() {
    unsigned count = 0;
    std::set<std::string, std::less<>> all;
    const auto make = [&](const Node* node, std::span<const char> octets) {
      std::string boundary = make_boundary(count++, octets);
      if (!raw_.empty()) all.insert(boundary);
      boundaries_[node] = std::move(boundary);
    };
    std::vector<char> octets(order_.size() * kRandomOctets);
    random_.fill(octets);
    for (std::size_t i = 0; i < order_.size(); ++i)
      make(order_[i], std::span(octets).subspan(i * kRandomOctets, kRandomOctets));
    for (unsigned tries = 0; !raw_.empty(); ++tries) {
      std::set<std::string, std::less<>> found;
      for (const Rope& rope : raw_)
        find_boundaries(rope, all, found);
      if (found.empty()) return;
      if (tries == kTries) throw Error(Errc::internal, "no boundary could be found that is not in the content");
      for (const Node* node : order_) {
        const std::string hit = boundaries_[node];
        if (!found.contains(hit)) continue;
        all.erase(hit);
        random_.fill(std::span(octets).first(kRandomOctets));
        make(node, std::span(octets).first(kRandomOctets));
      }
    }
  }

  static HeaderField type_field(const Node& node, const std::string& boundary) {
    ParameterizedValue type = node.type();
    std::erase_if(type.parameters, [](const auto& parameter) { return parameter.first == "boundary"; });
    type.parameters.emplace_back("boundary", boundary);
    return type.field("Content-Type");
  }

  void write(const Node& node, RopeWriter& out) const {
    if (node.origin && node.intact()) return out.rope(node.origin_octets(true));
    const auto chosen = boundaries_.find(&node);
    for (const HeaderField& field : node.fields) {
      if (chosen != boundaries_.end() && iequals(field.name, "Content-Type"))
        out.field(type_field(node, chosen->second));
      else
        out.field(field);
    }
    out.text("\r\n");
    write_body(node, out);
  }

  Random& random_;
  std::vector<const Node*> order_;  ///< multiparts to write, parents first
  std::unordered_map<const Node*, std::string> boundaries_;
  std::vector<Rope> raw_;
};

Entity::Frozen Entity::freeze_parts(Random& random) const {
  const Freezer freezer(*node_, random);
  RopeWriter body;
  freezer.write_body(*node_, body);
  return {freezer.structural(*node_), body.take()};
}

Rope Entity::freeze(const HeaderFields& leading, Random& random) const {
  const Freezer freezer(*node_, random);
  RopeWriter out;
  for (const HeaderField& field : leading)
    out.field(field);
  for (const HeaderField& field : freezer.structural(*node_))
    out.field(field);
  out.text("\r\n");
  freezer.write_body(*node_, out);
  return out.take();
}

Rope freeze(const Message& message, Random& random) {
  HeaderFields leading = message.fields;
  leading.push_back({"MIME-Version", " 1.0"});
  return message.body.freeze(leading, random);
}

}  // namespace mimeseal
