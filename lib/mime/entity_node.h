// SPDX-License-Identifier: MIT
#pragma once

// What an Entity is made of. mimetic's MimeEntity holds the tree and the values of Content-Type and
// Content-Disposition; fields, bodies and boundaries are ours.

#include <mimetic/mimeentity.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/mime/entity.h"
#include "mimeseal/mime/scan.h"
#include "text_body.h"

namespace mimeseal {

struct Entity::Node final : mimetic::MimeEntity {
  /// multipart: children between boundaries; message: one child, its header and body as they are.
  enum class Kind { leaf, multipart, message };
  /// Where it stood in a message from outside.
  struct Origin {
    InputPtr input;
    std::uint64_t header_begin = 0;
    std::uint64_t body_begin = 0;
    std::uint64_t body_end = 0;
  };

  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  /// The children belong to their Entity; mimetic would free them, too.
  ~Node() override { body().parts().clear(); }

  [[nodiscard]] std::unique_ptr<Node> clone() const;

  [[nodiscard]] ParameterizedValue type() const;
  void set_type(const ParameterizedValue& value);
  [[nodiscard]] ParameterizedValue placement() const;
  void set_placement(const ParameterizedValue& value);
  /// "7bit" leaves the field out.
  void set_encoding(std::string_view encoding);
  void put_field(HeaderField field);
  void drop_field(std::string_view name);
  void add_child(Entity entity);
  void replace_child(std::size_t index, Entity entity);
  void encode(std::string_view utf8);

  /// Nothing in the body was changed: it can be written as it was.
  [[nodiscard]] bool body_intact() const;
  [[nodiscard]] bool intact() const { return !header_changed && body_intact(); }
  /// The octets as they were, header included or not.
  [[nodiscard]] Rope origin_octets(bool with_header) const;
  /// A leaf's body as it stands.
  [[nodiscard]] Rope leaf_body() const { return body_changed || !origin ? content : origin_octets(false); }

  /// Makes a node of a part and all below it.
  static std::unique_ptr<Node> from_part(const InputPtr& input, const Part& part, bool whole_header);
  /// Brings leaves that a 7bit relay would change into an encoding; says whether all of it is clean now. Only for nodes
  /// that have an origin, and below what was signed nothing is touched.
  bool make_seven_bit();
  void make_fields_fit();
  bool encode_origin(const ParameterizedValue& media_type);
  /// Of the octets that belong to no child.
  [[nodiscard]] mime::WireFacts own_facts() const;

  Kind kind = Kind::leaf;
  std::string encoding = "7bit";
  HeaderFields fields;       ///< as written; the Content-Type of a multipart gets its boundary when frozen
  Rope content;              ///< a leaf's body, encoded
  bool marker_free = false;  ///< no line of the content can be a boundary of ours
  std::vector<Entity> children;
  std::size_t depth = 1;
  std::optional<Origin> origin;
  bool header_changed = false;
  bool body_changed = false;
};

namespace mime {

/// More nesting than anybody writes; below it a message from outside is taken as one opaque part.
inline constexpr std::size_t kDeepest = 100;

/// A body with bare LF line ends again with CRLF, parts of the encoding "binary" left alone; its part scanned anew.
struct Normalized {
  InputPtr input;
  Part part;
};
[[nodiscard]] Normalized normalized(const InputPtr& input, const Part& part, const ScanLimits& limits);

}  // namespace mime
}  // namespace mimeseal
