// SPDX-License-Identifier: MIT
#pragma once

#include "mimeseal/mail/open.h"
#include "protected_header.h"
#include "tree.h"

namespace mimeseal::mail {

/// What a reader may show of the header, field by field with its state (RFC 9788, sections 4.3 to 4.6). With
/// `outer_from` the From outside is shown in place of the protected one (section 4.4.3).
[[nodiscard]] OpenedHeaders read_headers(Opening& opening, const ProtectedHeader& header, const Part& message,
                                         const Summary& summary, bool outer_from);

/// The leaves with the size and SHA-256 of their decoded content, streamed; and for each what protects it (an index
/// into Tree::protections), which says once the signers are judged whether it is signed.
struct PartList {
  std::vector<OpenedPart> parts;
  std::vector<std::uint32_t> protections;
};
[[nodiscard]] PartList list_parts(Opening& opening, const Tree& tree, bool strip_legacy_display);

/// The reading view's text, of parts of one protection.
void read_text(Opening& opening, const Tree& tree, bool strip_legacy_display, Opened& out);

/// OpenPGP messages within text (RFC 9787, 6.2.3): reported; decrypted as parts by themselves where the settings allow
/// it; their signatures are never looked at. Appends layers and parts.
void open_inline_pgp(Opening& opening, const Tree& tree, Opened& out);

/// Keys and certificates that came along: attached, in layers, in Autocrypt fields of the header shown and of the
/// payload's.
[[nodiscard]] std::vector<KeyInfo> attached_keys(const Opening& opening, const Opened& opened,
                                                 const HeaderFields& payload);

}  // namespace mimeseal::mail
