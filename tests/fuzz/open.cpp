// SPDX-License-Identifier: MIT
// Any octets as a message: opened within bounds or refused; nothing is good that no trusted signer of From has signed,
// and what is withheld shows nothing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/reply.h"
#include "support/memory_engine.h"

using namespace mimeseal;

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::MemoryEngine smime(Protocol::smime);
  static test::MemoryEngine pgp(Protocol::pgp);
  static const bool ready = [] {
    for (test::MemoryEngine* engine : {&smime, &pgp})
      engine->add("bob@example.net", true);
    return true;
  }();
  OpenSettings settings;
  settings.engines = {&smime, &pgp};
  settings.inline_pgp = ready;
  settings.max_payload = 1U << 22U;
  const InputPtr input = memory_input(std::string(reinterpret_cast<const char*>(data), size));
  try {
    const Opened opened = open_message(input, settings);
    if (opened.summary.signed_ == SignedState::good) {
      demand(opened.headers.from.size() == 1);
      bool bound = false;
      for (const OpenedLayer& layer : opened.layers) {
        for (const SignerFacts& signer : layer.facts.signers)
          bound = bound || (!layer.errant && judge(signer) == Verdict::good);
      }
      demand(bound);
    }
    // Whoever is called a match vouches for the From that is shown.
    for (const OpenedLayer& layer : opened.layers) {
      for (const SignerFacts& signer : layer.facts.signers) {
        if (layer.errant || signer.from != FromMatch::match) continue;
        demand(opened.headers.from.size() == 1);
        demand(std::ranges::any_of(signer.addresses, [&](const std::string& address) {
          return same_address(address, opened.headers.from.front().address());
        }));
      }
    }
    demand(opened.payload != nullptr || opened.text.empty());
    demand(opened.payload != nullptr || opened.headers.protection == HeaderProtection::none);
    static_cast<void>(reply_basis(opened));
    for (Engine* engine : settings.engines)
      static_cast<void>(inspect_message(input, {}, engine->protocol() == Protocol::smime ? engine : nullptr));
  } catch (const Error& error) {
    demand(error.code() == Errc::limit || error.code() == Errc::malformed);
  }
  return 0;
}
