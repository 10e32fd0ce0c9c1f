// SPDX-License-Identifier: MIT
#pragma once

#include "mimeseal/core/clock.h"
#include "mimeseal/mime/draft.h"
#include "mimeseal/mime/entity.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {

/// Makes a message of a draft: multipart/mixed of (alternative of text and (related of HTML and inline parts)) and
/// attachments, as few levels as it needs. Throws Error(usage) naming the field: no From, several From without
/// Sender, nobody in To/Cc/Bcc is allowed, a header that is not allowed (Bcc, Content-*, MIME-Version, CR LF in a
/// value).
[[nodiscard]] MIMESEAL_API Message compose(const Draft& draft, const Clock& clock, Random& random);

/// An existing message: its fields (trace and structural ones told apart), its body as it is. Bcc and Resent-Bcc fields
/// are left out of `message` and given back. Bare LF line ends become CRLF. Throws Error(malformed).
struct ExistingMessage {
  Message message;
  std::vector<Mailbox> from;
  std::vector<Mailbox> to;
  std::vector<Mailbox> cc;
  std::vector<Mailbox> bcc;
};
[[nodiscard]] MIMESEAL_API ExistingMessage adopt(const InputPtr& input, const ScanLimits& limits = {});

/// "<random@domain>", the domain of the first From address.
[[nodiscard]] MIMESEAL_API std::string make_message_id(const Mailbox& from, Random& random);
/// The media type by a file name's ending ("report.PDF" → application/pdf), else application/octet-stream.
[[nodiscard]] MIMESEAL_API std::string media_type_of(std::string_view filename);

}  // namespace mimeseal
