// SPDX-License-Identifier: MIT
// What AWS's services, an object's metadata, the shared files and a message's header fields may say.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "aws/answer.h"
#include "aws/message_check.h"
#include "aws/process.h"
#include "aws/shared_files.h"
#include "aws/stored_keys.h"
#include "aws/uri.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace {

using namespace mimeseal;
using namespace mimeseal::aws;

template <class Work>
void allow_errors(Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() == Errc::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  net::HttpResponse response;
  response.body = text;
  if (has_crlf_or_nul(service_error(response).message)) std::abort();
  (void)xml_text(text, "Code");
  if (decode_encoded_words(text).size() > 3 * size) std::abort();
  (void)parse_expiry(text);
  (void)split_url(text);
  (void)split_command(text);
  for (const std::string& name : names_in_field(text))
    (void)blocked_extension(name);
  allow_errors([&] { (void)parse_sections(text); });
  allow_errors([&] {
    MessageCheck check;
    check.write(text);
    check.finish();
  });
  allow_errors([&] {
    const StoredKeys keys = read_stored_keys(metadata_of_json(text, "fuzz"), "fuzz");
    const auto object = memory_input(std::string(48, 'x'), "fuzz");
    (void)unwrap_with_master(keys, SecretBytes(std::string(32, 'k')));
    (void)decrypt_object(*object, keys, SecretBytes(std::string(32, 'k')), true);
  });
  return 0;
}
