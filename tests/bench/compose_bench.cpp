// SPDX-License-Identifier: MIT
// Composing M: text and HTML (8 KB together) and a 100 KB attachment. "Frozen" alone reads no attachment.
#include <benchmark/benchmark.h>

#include "mimeseal/mime/compose.h"

namespace {

using namespace mimeseal;

Draft draft_m(bool umlauts) {
  Draft draft;
  draft.from = {*Mailbox::make("Ann Example", "ann@example.com")};
  draft.to = {*Mailbox::make("Bob Example", "bob@example.org"), *Mailbox::make("", "carol@example.org")};
  draft.subject = umlauts ? "Grüße aus Wasserburg 😀" : "Quarterly report";
  std::string line = umlauts ? "Sch\u00f6ne Gr\u00fc\u00dfe und so weiter, eine Zeile wie viele andere auch.\n"
                             : "The quick brown fox jumps over the lazy dog, once more and again.\n";
  std::string text;
  while (text.size() < 3500)
    text += line;
  draft.html = "<html><body><p>" + text + "</p></body></html>\n";
  draft.text = std::move(text);
  Attachment attachment;
  attachment.content = memory_input(std::string(100 * 1024, '\x5a'), "report.pdf");
  attachment.filename = "report.pdf";
  draft.attachments = {attachment};
  return draft;
}

void compose_frozen(benchmark::State& state) {
  const Draft draft = draft_m(state.range(0) != 0);
  for (auto _ : state) {
    const Rope rope = freeze(compose(draft, system_clock(), system_random()), system_random());
    benchmark::DoNotOptimize(rope.size());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compose_frozen)->Arg(0)->Arg(1);

void compose_read(benchmark::State& state) {
  const Draft draft = draft_m(state.range(0) != 0);
  std::vector<char> buffer(64 * 1024);
  for (auto _ : state) {
    const Rope rope = freeze(compose(draft, system_clock(), system_random()), system_random());
    const auto source = rope.open();
    while (source->read(buffer) != 0)
      benchmark::DoNotOptimize(buffer.data());
    state.SetBytesProcessed(state.bytes_processed() + static_cast<std::int64_t>(rope.size()));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compose_read)->Arg(0)->Arg(1);

}  // namespace
