// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/source.h"
#include "mimeseal/mime/mailbox.h"

namespace mimeseal {

/// A file to go along. It is read when the message is frozen or sent, never as a whole into memory.
struct Attachment {
  InputPtr content;
  std::string filename;    ///< UTF-8, without a path; may be empty for inline content
  std::string media_type;  ///< empty: by the name's ending, else application/octet-stream
  std::string content_id;  ///< inline: what cid: URLs name, without angle brackets
  bool inline_part = false;
};

/// What a person wants to say. A value; compose() makes a message of it.
struct Draft {
  std::vector<Mailbox> from;
  std::optional<Mailbox> sender;
  std::vector<Mailbox> reply_to;
  std::vector<Mailbox> to;
  std::vector<Mailbox> cc;
  std::vector<Mailbox> bcc;                                  ///< never in the composed message
  std::string subject;                                       ///< UTF-8
  std::vector<std::pair<std::string, std::string>> headers;  ///< further fields, UTF-8 values; not Bcc, not structural
  std::optional<std::string> text;                           ///< UTF-8; LF or CRLF line ends
  std::optional<std::string> html;
  std::vector<Attachment> attachments;  ///< inline ones go beside the HTML (multipart/related)
  std::optional<Time> date;             ///< none: now
  std::string message_id;               ///< "<…@…>" or empty: made
  std::string in_reply_to;              ///< "<…@…>" or empty
  std::vector<std::string> references;
};

}  // namespace mimeseal
