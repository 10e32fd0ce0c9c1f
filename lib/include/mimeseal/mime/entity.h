// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/rope.h"
#include "mimeseal/mime/header.h"

namespace mimeseal {

/// A MIME entity (RFC 2045, section 2.4): Content-* fields and a body, or children; a tree over mimetic's
/// MimeEntity. Mutable until frozen; move-only. Bodies of files stay where they are until the frozen Rope is read.
class MIMESEAL_API Entity final {
 public:
  /// text/<subtype>, charset UTF-8 (US-ASCII content says us-ascii is not needed: always utf-8 unless pure ASCII);
  /// 7bit when it can be, else quoted-printable or base64, whichever is shorter. LF becomes CRLF.
  [[nodiscard]] static Entity text(std::string_view subtype, std::string_view utf8);
  /// A part whose body is `body`, encoded already as `transfer_encoding` says ("7bit", "base64", …).
  [[nodiscard]] static Entity leaf(ParameterizedValue content_type, std::string transfer_encoding, Rope body);
  /// A file in base64; message/rfc822 in 7bit (RFC 2046, 5.2.1: Error(usage) when it is not 7bit with CRLF lines of at
  /// most 998).
  [[nodiscard]] static Entity file(InputPtr content, ParameterizedValue content_type);
  /// multipart/<subtype>; the boundary is made when it is frozen.
  [[nodiscard]] static Entity multipart(std::string_view subtype, std::vector<Entity> children);
  /// An entity of a message from outside, its structural fields and its body octets as they are; children can be
  /// reached and changed, and what is not changed is written as it was.
  [[nodiscard]] static Entity from_input(const InputPtr& input, const struct Part& part);
  /// Of a message from outside: encodes what a signature over it would not survive, lines that end in a blank or begin
  /// with "From " (RFC 3156, sections 3 and 5). Decoded, every part is what it was. What others signed, and messages
  /// within the message, stay untouched.
  void protect_lines();

  Entity(Entity&&) noexcept;
  Entity& operator=(Entity&&) noexcept;
  ~Entity();
  [[nodiscard]] Entity clone() const;

  [[nodiscard]] ParameterizedValue content_type() const;
  void set_content_type(const ParameterizedValue& value);
  [[nodiscard]] ParameterizedValue disposition() const;
  void set_disposition(const ParameterizedValue& value);
  [[nodiscard]] std::string transfer_encoding() const;
  /// Content-ID, Content-Description and the like.
  void set_field(const HeaderField& field);
  [[nodiscard]] HeaderFields fields() const;

  [[nodiscard]] std::size_t child_count() const noexcept;
  [[nodiscard]] Entity& child(std::size_t index);
  [[nodiscard]] const Entity& child(std::size_t index) const;
  void replace_child(std::size_t index, Entity entity);

  /// For text parts: the decoded text as UTF-8 (at most `limit` octets), and its replacement (encoded anew).
  [[nodiscard]] std::string decoded_text(std::uint64_t limit) const;
  void set_text(std::string_view utf8);

  /// The entity's octets: `leading` fields first, then the structural ones, a blank line, the body. CRLF throughout;
  /// boundaries (from `random`) that occur in no child. The same Entity frozen twice gives other boundaries.
  [[nodiscard]] Rope freeze(const HeaderFields& leading, Random& random) const;
  /// The body alone (what follows the blank line), for an entity that is to stand under another header.
  struct Frozen {
    HeaderFields structural;
    Rope body;
  };
  [[nodiscard]] Frozen freeze_parts(Random& random) const;

 private:
  struct Node;
  class Freezer;
  explicit Entity(std::unique_ptr<Node> node);
  std::unique_ptr<Node> node_;
};

/// A composed message: header fields (none structural, no Bcc), and the body's entity.
struct Message {
  HeaderFields fields;
  Entity body;
};

/// fields, MIME-Version, the body: the message as octets.
[[nodiscard]] MIMESEAL_API Rope freeze(const Message& message, Random& random);

}  // namespace mimeseal
