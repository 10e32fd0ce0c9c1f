// SPDX-License-Identifier: MIT
#include "signed_messages.h"

#include "mimeseal/core/error.h"
#include "mimeseal/core/source.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mime/scan.h"

namespace mimeseal {
namespace {

/// A message larger than this tells nothing that a smaller one does not.
constexpr std::uint64_t kMaxMessage = 64U << 20U;
constexpr std::uint64_t kMaxSignature = 16U << 20U;

bool is_signature(const std::string& type) {
  return type == "application/pkcs7-signature" || type == "application/x-pkcs7-signature";
}

bool is_cms(const std::string& type) {
  return type == "application/pkcs7-mime" || type == "application/x-pkcs7-mime";
}

}  // namespace

std::vector<smime::SignedMessage> signed_messages(const std::string& path, bool named) {
  const InputPtr file = file_input(path);
  if (file->size() > kMaxMessage) return {};
  const PartIndex index = scan(*file);
  std::vector<smime::SignedMessage> found;
  // What is forwarded in it is somebody else's.
  std::vector<const Part*> open = {&index.root};
  while (!open.empty()) {
    const Part& part = *open.back();
    open.pop_back();
    if (part.is_multipart()) {
      for (const Part& child : part.children)
        open.push_back(&child);
    }
    const std::string& type = part.content_type.value;
    const std::string* const form = part.content_type.find("smime-type");
    const bool is_signed = is_signature(type) || (is_cms(type) && form != nullptr && iequals(*form, "signed-data"));
    if (is_signed) found.push_back({path, read_all(*decoded_body(file, part), kMaxSignature), named});
    if (named && is_cms(type) && !is_signed && part.path == "1") {
      throw Error(Errc::malformed, "the message is encrypted: who signed it is not to be seen", path,
                  "open it with -o, and give what that writes");
    }
  }
  return found;
}

}  // namespace mimeseal
