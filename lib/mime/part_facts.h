// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "mime/problem_list.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal::mime {

/// How a part's body is to be read.
struct BodyKind {
  enum class Kind { leaf, multipart, message } kind = Kind::leaf;
  std::string boundary;  ///< octets, for multipart
  bool digest = false;   ///< its parts are messages unless they say otherwise (RFC 2046, section 5.1.5)
};

/// Fills in what the part's fields say (type, disposition, encoding, names) and reports what is wrong with them.
[[nodiscard]] BodyKind read_part_facts(Part& part, bool in_digest, ProblemList& problems);

/// Fields that a message may have once; From.
void check_fields(const Part& part, ProblemList& problems);

[[nodiscard]] bool is_identity_encoding(std::string_view transfer_encoding) noexcept;

}  // namespace mimeseal::mime
