// SPDX-License-Identifier: MIT
// How fast messages are scanned and decoded, in octets of input per second.
#include <benchmark/benchmark.h>

#include "mimeseal/core/text.h"
#include "mimeseal/mime/scan.h"

namespace {

using namespace mimeseal;

constexpr std::size_t kSize = std::size_t{64} << 20U;

std::string base64_lines() {
  std::string octets(kSize / 4 * 3, '\0');
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<char>(i * 2654435761U >> 13U);
  const std::string line = base64_encode(octets);
  std::string lines;
  for (std::size_t at = 0; at < line.size(); at += 76)
    lines += line.substr(at, 76) + "\r\n";
  return lines;
}

std::string text_lines() {
  std::string lines;
  while (lines.size() < kSize)
    lines += "The quick brown fox =C3=BC jumps over the lazy dog, and it =\r\n-- goes on.\r\n";
  return lines;
}

const InputPtr& attachment() {
  static const InputPtr input = memory_input(
      "From: a@b\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\n" +
      base64_lines() + "\r\n--=_b--\r\n");
  return input;
}

const InputPtr& quoted() {
  static const InputPtr input = memory_input(
      "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n" +
      text_lines() + "\r\n--=_b--\r\n");
  return input;
}

void scan_input(benchmark::State& state, const InputPtr& input) {
  for (auto _ : state)
    benchmark::DoNotOptimize(scan(*input));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * input->size()));
}

void decode_input(benchmark::State& state, const InputPtr& input) {
  const PartIndex index = scan(*input);
  for (auto _ : state) {
    NullSink sink;
    copy(*decoded_body(input, index.root.children.front()), sink);
    benchmark::DoNotOptimize(sink.count());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * input->size()));
}

void scan_small(benchmark::State& state) {
  const InputPtr input = memory_input(
      "From: =?utf-8?Q?J=C3=BCrgen?= <a@b>\r\nTo: c@d, e@f\r\nSubject: x\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
      "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n\r\ntext\r\n--=_b\r\nContent-Type: a/b; "
      "name=x\r\n\r\ny\r\n--=_b--\r\n");
  for (auto _ : state)
    benchmark::DoNotOptimize(scan(*input));
}

BENCHMARK_CAPTURE(scan_input, base64_attachment, attachment());
BENCHMARK_CAPTURE(scan_input, quoted_text, quoted());
BENCHMARK_CAPTURE(decode_input, base64_attachment, attachment());
BENCHMARK_CAPTURE(decode_input, quoted_text, quoted());
BENCHMARK(scan_small);

}  // namespace
