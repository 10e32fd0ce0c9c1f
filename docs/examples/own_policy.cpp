// SPDX-License-Identifier: MIT
// A Header Confidentiality Policy of one's own (RFC 9788, section 3): a function from a field to what of it stands
// outside of an encrypted message, be it kept, changed or removed. What is inside is always the whole header.
// Try it:  own_policy IDENTITY PASSPHRASE RECIPIENT-KEY DRAFT.eml > sealed.eml
#include <algorithm>
#include <array>
#include <iostream>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/seal.h"
#include "mimeseal/mime/compose.h"
#include "mimeseal/toolkit/engines.h"

namespace {

using mimeseal::HeaderField;

/// Nothing that tells what the mail is about: a thread can be followed, a project cannot.
std::optional<HeaderField> without_topic(const HeaderField& field) {
  constexpr std::array kept = {"From", "To", "Cc", "Date", "Message-ID", "In-Reply-To", "References"};
  if (mimeseal::iequals(field.name, "Subject")) return mimeseal::unstructured_field(field.name, "Message");  // changed
  const bool keep = std::ranges::any_of(kept, [&](const char* name) { return mimeseal::iequals(field.name, name); });
  return keep ? std::optional(field) : std::nullopt;  // kept or removed
}

}  // namespace

int main(int count, char** words) try {
  if (count != 5)
    throw mimeseal::Error(mimeseal::Errc::usage, "own_policy IDENTITY PASSPHRASE RECIPIENT-KEY DRAFT.eml");
  mimeseal::KeySettings keys;
  keys.identities = {words[1]};
  keys.recipient_keys = {words[3]};
  keys.passphrase = [&](const std::string&) { return mimeseal::SecretBytes(words[2]); };
  mimeseal::Engines engines(keys);

  const mimeseal::ExistingMessage draft = mimeseal::adopt(mimeseal::file_input(words[4]));
  mimeseal::SealSpec spec;
  spec.engine = &engines.sealing();
  spec.sign = spec.encrypt = true;
  spec.recipients = draft.to;
  spec.header_policy = {.name = "without-topic", .outer = without_topic};

  const mimeseal::Sealed sealed = mimeseal::seal(draft.message, spec);
  std::cout << sealed.copies.front().message.str();
  std::cerr << "hidden: " << mimeseal::join(sealed.report.confidential, ", ") << "\n";
  return 0;
} catch (const mimeseal::Error& error) {
  std::cerr << "own_policy: error: " << error.what() << " (" << error.where() << ")\n";
  return exit_code(error.code());
}
