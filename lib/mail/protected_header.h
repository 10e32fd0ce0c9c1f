// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "mimeseal/mail/open.h"
#include "opening.h"

namespace mimeseal::mail {

/// Fields by name and value: names without regard to case, values unfolded, however they are folded or encoded. Made
/// for headers of hostile length.
class FieldSet {
 public:
  void add(const HeaderField& field);
  [[nodiscard]] bool contains(const HeaderField& field) const;

 private:
  std::unordered_set<std::string> keys_;
};

/// The protected header of a message, read out of its cryptographic payload (RFC 9788, sections 4.1, 4.2 and 4.10),
/// before it is known what the signatures are worth.
struct ProtectedHeader {
  HeaderProtection protection = HeaderProtection::none;
  bool inferred =
      false;  ///< RFC 8551's wrapping or protected-headers="v1": no HP-Outer, the outer header stands for it
  bool encrypted = false;     ///< the envelope encrypts, and the composer meant it (hp="cipher" or inferred)
  HeaderFields refprotected;  ///< section 4.2.1
  HeaderFields refouter;
  FieldSet outside;  ///< refouter again
  Place body;        ///< whose entity is rendered: the payload, or the message wrapped in it
};

[[nodiscard]] ProtectedHeader read_protected_header(Opening& opening, const Chain& chain, const HeaderFields& outer);

/// Fields that describe no body: neither MIME-Version nor Content-*.
[[nodiscard]] HeaderFields non_structural(const HeaderFields& fields);

/// RFC 9788, section 4.3.1.
[[nodiscard]] FieldState field_state(const ProtectedHeader& header, const HeaderField& field, bool signature_valid);

/// Names, in order and once each, of the protected fields that did not stand outside as they are (section 4.3).
[[nodiscard]] std::vector<std::string> confidential_names(const ProtectedHeader& header);

/// The outer fields that differ from what the sealed message says stood there.
[[nodiscard]] std::vector<Mismatch> find_mismatches(const ProtectedHeader& header, const HeaderFields& outer);

/// Whether From is among the protected fields. Programs of old protect the Subject alone: the From outside is shown
/// then, as unprotected, and signers are held against it.
[[nodiscard]] bool protects_from(const ProtectedHeader& header);

/// RFC 9788, 4.4.1.1: the addr-specs of inner and outer From differ.
[[nodiscard]] bool from_mismatch(const ProtectedHeader& header, const HeaderFields& outer);

}  // namespace mimeseal::mail
