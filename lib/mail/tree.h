// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "binding.h"
#include "opening.h"

namespace mimeseal::mail {

/// What protects a part. Parts with different ones are never joined into one text (EFAIL).
struct Protection {
  bool encrypted = false;
  bool signed_ = false;       ///< by an errant layer of the message itself whose verdict is good
  bool inner_signed = false;  ///< likewise of a message that is forwarded inside
  bool covered = true;        ///< the envelope's signatures speak for it: no further encryption lies between
  bool errant = false;        ///< some of it by layers that are not the envelope
  bool own_message = true;    ///< not in a message that is forwarded inside
  std::uint32_t layer = 0;    ///< tells apart what came out of different layers
  Binding from;               ///< of the message that the part belongs to
};

/// What is inside the envelope with every errant layer opened: the tree that is listed and read.
struct Node {
  Place place;
  std::uint32_t protection = 0;         ///< index into Tree::protections
  std::vector<std::uint32_t> children;  ///< always of higher index
  bool closed = false;                  ///< a blob that stays closed
  bool header_copy = false;             ///< an older program's copy of the header in a part by itself; not for reading
};

struct Tree {
  std::vector<Node> nodes;  ///< the root first
  std::vector<Protection> protections;
  std::vector<OpenedLayer> errant;
  std::vector<bool> own;               ///< for each of them: held against the From of the message itself
  std::vector<std::string> forwarded;  ///< paths of the messages inside, at most some hundred
};

/// Opens the errant layers below `root` (RFC 9787, 6.2), each as a tree of its own, binds their signers to the message
/// they stand in, and adds their problems.
[[nodiscard]] Tree build_tree(Opening& opening, const Place& root, bool root_closed, Protection protection);

/// The leaves that make the reading view's text, in order (RFC 9787, 7.1): of multipart/alternative the plain one, else
/// the last HTML one; after the first, only inline text beside it under the very same protection.
[[nodiscard]] std::vector<std::uint32_t> body_nodes(const Tree& tree);

}  // namespace mimeseal::mail
