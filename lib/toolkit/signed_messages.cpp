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

/// What CMS says of itself in its first octets (RFC 5652, section 3); a smime-type may lie, and need not be there.
enum class Form { signed_data, other, none };

Form form_of(const InputPtr& file, const Part& part) {
  constexpr std::string_view kSignedData = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
  constexpr std::size_t kEnough = 32;
  std::string head(kEnough, '\0');
  const auto body = decoded_body(file, part);
  std::size_t length = 0;
  while (length < head.size()) {
    const std::size_t more = body->read({head.data() + length, head.size() - length});
    if (more == 0) break;
    length += more;
  }
  std::string_view at = std::string_view(head).substr(0, length);
  if (at.size() < 2 || at[0] != '\x30') return Form::none;
  const auto size = static_cast<unsigned char>(at[1]);
  const std::size_t skipped = 2 + ((size & 0x80U) != 0 ? size & 0x7FU : 0);
  if (at.size() < skipped + 2 || at[skipped] != '\x06') return Form::none;
  at.remove_prefix(skipped + 2);
  return at.starts_with(kSignedData) ? Form::signed_data : Form::other;
}

}  // namespace

std::vector<smime::SignedMessage> signed_messages(const std::string& path, bool named) {
  const InputPtr file = file_input(path);
  if (file->size() > kMaxMessage) return {};
  const PartIndex index = scan(*file);
  std::vector<smime::SignedMessage> found;
  std::vector<smime::SignedMessage> bare;  // certs-only (RFC 8551, section 3.8)
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
    if (!is_signature(type) && !is_cms(type)) continue;
    const Form form = form_of(file, part);
    if (form == Form::signed_data) {
      const std::string* const said = part.content_type.find("smime-type");
      auto& into = said != nullptr && iequals(*said, "certs-only") ? bare : found;
      into.push_back({path, read_all(*decoded_body(file, part), kMaxSignature), named});
    } else if (named && is_cms(type) && part.path == "1") {
      if (form == Form::none) throw Error(Errc::malformed, "what the message holds is not CMS", path);
      throw Error(Errc::malformed, "the message is encrypted or compressed: who signed it is not to be seen", path,
                  "open it with -o, and give what that writes");
    }
  }
  // Where somebody signs, the signature's own certificates tell of the sender; what is attached could be anybody's.
  return found.empty() ? bare : found;
}

}  // namespace mimeseal
