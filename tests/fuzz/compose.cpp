// SPDX-License-Identifier: MIT
// Any octets as subject, name, file name and text: refused as usage, or composed within the rules and read back the
// same.
#include "mimeseal/mime/compose.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "support/fixed.h"
#include "support/wire_check.h"

using namespace mimeseal;

namespace {

void demand(bool holds, const std::string& what) {
  if (holds) return;
  (void)std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string octets(reinterpret_cast<const char*>(data), size);
  // A byte order mark is no text: readers drop it.
  for (std::size_t at; (at = octets.find("\xef\xbb\xbf")) != std::string::npos;)
    octets.erase(at, 3);
  std::vector<std::string> parts = split(octets, '\xff');
  parts.resize(5);
  Draft draft;
  const auto from = Mailbox::make(parts[1], "a@example.com");
  draft.from = {from ? *from : *Mailbox::make("", "a@example.com")};
  draft.subject = parts[0];
  draft.text = parts[3];
  draft.headers = {{"X-Other", parts[4]}};
  Attachment attachment;
  attachment.filename = parts[2];
  attachment.content = memory_input(parts[3]);
  draft.attachments = {attachment};
  test::FixedRandom random;
  try {
    const std::string message = freeze(compose(draft, test::FixedClock(), random), random).str();
    demand(draft.attachments[0].filename.ends_with(".eml") || test::wire_faults(message).empty(),
           test::wire_faults(message) + message);
    const InputPtr input = memory_input(message);
    const PartIndex index = scan(*input);
    const std::string subject = find_field(index.root.fields, "Subject") == nullptr
                                    ? std::string()
                                    : find_field(index.root.fields, "Subject")->decoded();
    demand(trim(subject) == trim(draft.subject), "subject: " + subject);
    demand(index.root.children.size() == 2, "parts: " + message);
    const std::string name = to_valid_utf8(parts[2].substr(parts[2].rfind('/') + 1));
    demand(index.root.children[1].filename == name, "file name: " + index.root.children[1].filename);
  } catch (const Error& error) {
    demand(error.code() == Errc::usage, error.what());
  }
  return 0;
}
