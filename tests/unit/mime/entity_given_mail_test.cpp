// SPDX-License-Identifier: MIT
// Other people's mail, good and bad, taken in and written again.
#include <gtest/gtest.h>

#include <filesystem>

#include "mimeseal/core/error.h"
#include "mimeseal/mime/entity.h"
#include "mimeseal/mime/scan.h"
#include "support/fixed.h"
#include "support/process.h"

namespace mimeseal {
namespace {

/// The types of all parts, and the decoded content of each leaf with LF line ends.
std::string told(const InputPtr& input, const Part& part) {
  std::string out = part.content_type.value + "(";
  for (const Part& child : part.children)
    out += told(input, child);
  if (part.children.empty()) {
    const auto source = decoded_body(input, part);
    std::string octets = read_all(*source);
    for (std::size_t at; (at = octets.find("\r\n")) != std::string::npos;)
      octets.erase(at, 1);
    out += octets;
  }
  return out + ")\n";
}

/// Whether every line ends in CRLF, and all octets are 7bit, in lines of at most 998.
bool is_for_the_wire(std::string_view octets) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const char c = octets[i];
    if (static_cast<unsigned char>(c) > 127 || c == '\0') return false;
    if (c == '\r' && (i + 1 == octets.size() || octets[i + 1] != '\n')) return false;
    if (c == '\n' && (i == 0 || octets[i - 1] != '\r')) return false;
    column = c == '\n' ? 0 : column + (c == '\r' ? 0 : 1);
    if (column > 998) return false;
  }
  return true;
}

class GivenMail : public testing::TestWithParam<const char*> {};

TEST_P(GivenMail, WrittenAgain_IsTheSameOctets_OrTheSameContentIn7bit) {
  const auto folder = std::filesystem::path(MIMESEAL_SOURCE_DIR "/testdata") / GetParam();
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (!entry.is_regular_file() || (ending != ".eml" && ending != ".msg" && ending != ".mbox")) continue;
    SCOPED_TRACE(entry.path().string());
    const std::string octets = test::read_file(entry.path());
    if (octets.starts_with("From ") || octets.size() > (1U << 20U)) continue;
    ++seen;
    const InputPtr input = memory_input(octets);
    const PartIndex before = scan(*input);
    test::FixedRandom random;
    try {
      const Entity entity = Entity::from_input(input, before.root);
      if (is_for_the_wire(octets)) {
        EXPECT_EQ(entity.freeze_parts(random).body.str(), octets.substr(before.root.body_begin));
        continue;
      }
      const std::string again = entity.freeze({}, random).str();
      const InputPtr second = memory_input(again);
      EXPECT_EQ(told(second, scan(*second).root), told(input, before.root));
      // An encoding that nobody knows cannot be replaced by another.
      const bool known = !entry.path().filename().string().starts_with("content_transfer_encoding");
      EXPECT_TRUE(!known || is_for_the_wire(again));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::malformed) << error.what();
    }
  }
  EXPECT_GT(seen, 0U);
}

INSTANTIATE_TEST_SUITE_P(Sets, GivenMail,
                         testing::Values("mime4j-testmsgs", "dovecot-malformed", "rubymail-error-emails",
                                         "ietf-rfc9788", "thunderbird-smime"),
                         [](const auto& set) {
                           std::string name = set.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace mimeseal
