// SPDX-License-Identifier: MIT
#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "reading.h"

namespace mimeseal::mail {
namespace {

constexpr std::uint64_t kMaxSearched = 8U << 20U;
constexpr std::string_view kBegin = "-----BEGIN PGP MESSAGE-----";
constexpr std::string_view kEnd = "-----END PGP MESSAGE-----";
constexpr std::string_view kSigned = "-----BEGIN PGP SIGNED MESSAGE-----";

std::string head_of(const Place& place) {
  const auto body = decoded_body(place.input(), *place.part);
  std::string text(
      static_cast<std::size_t>(std::min<std::uint64_t>(kMaxSearched, (place.part->body_end - place.part->body_begin))),
      '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const std::size_t got = body->read(std::span(text).subspan(filled));
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

/// Where `mark` begins a line, from `at` on.
std::size_t find_line(std::string_view text, std::string_view mark, std::size_t at) {
  for (at = text.find(mark, at); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return at;
  }
  return at;
}

OpenedPart synthesized(InputPtr content, const Place& place, const std::string& path) {
  OpenedPart out;
  out.path = path;
  out.type = "text/plain";
  out.encrypted = true;
  out.size = content->size();
  Sha256 digest;
  const auto source = slice(content);
  std::vector<char> chunk(64U * 1024U);
  while (const std::size_t got = source->read(chunk))
    digest.update({chunk.data(), got});
  out.sha256 = hex(digest.finish());
  out.part.path = path;
  out.part.body_end = content->size();
  out.part.content_type = place.part->content_type;
  out.part.transfer_encoding = "8bit";
  out.input = std::move(content);
  return out;
}

/// Decrypts one block as a part by itself. Its signatures are dropped unseen (RFC 9787, 6.2.3.1: MUST NOT).
void open_block(Opening& opening, const Place& place, std::string_view block, const std::string& path, Opened& out) {
  Engine* engine = opening.engine(Protocol::pgp);
  if (engine == nullptr) return;
  if (opening.layers_left == 0) {
    opening.add("layer-limit", place.part->path, kTooManyLayers);
    return;
  }
  --opening.layers_left;
  OpenSpec spec;
  spec.at = opening.settings.at;
  spec.allow_legacy = opening.settings.allow_legacy;
  spec.max_output = opening.payload_left;
  Spool spool("the decrypted part " + path, Spool::kDefaultThreshold, opening.payload_left);
  LayerFacts facts;
  try {
    const Account account(opening, spool);
    facts = engine->open(*view_source(block), spool, spec);
  } catch (const Error& error) {
    if (error.code() != Errc::malformed && error.code() != Errc::limit) throw;
    opening.add(error.code() == Errc::limit ? "layer-limit" : "bad-pgp", place.part->path, error.what());
    return;
  }
  facts.signers.clear();
  const bool released = facts.type == LayerType::pgp_encrypted && facts.result == LayerResult::good;
  out.layers.push_back({place.part->path, true, std::move(facts)});
  if (released) out.parts.push_back(synthesized(spool.freeze(), place, path));
}

void open_blocks(Opening& opening, const Place& place, std::string_view text, Opened& out) {
  int number = 0;
  for (std::size_t at = find_line(text, kBegin, 0); at != std::string_view::npos; at = find_line(text, kBegin, at)) {
    const std::size_t end = find_line(text, kEnd, at);
    if (end == std::string_view::npos) return;
    const std::size_t past = end + kEnd.size();
    const std::string path = place.part->path + "." + std::to_string(++number);
    open_block(opening, place, text.substr(at, past - at), path, out);
    at = past;
  }
}

}  // namespace

void open_inline_pgp(Opening& opening, const Tree& tree, Opened& out) {
  for (const Node& node : tree.nodes) {
    if (!node.children.empty() || node.closed || node.place.part->content_type.value != "text/plain") continue;
    const std::string text = head_of(node.place);
    const bool encrypted = find_line(text, kBegin, 0) != std::string::npos;
    const bool clearsigned = find_line(text, kSigned, 0) != std::string::npos;
    if (!encrypted && !clearsigned) continue;
    opening.add("inline-pgp", node.place.part->path,
                encrypted ? "there is an OpenPGP message within the text, which no MIME part stands for"
                          : "there is a clear-signed text, whose signature is not looked at");
    if (encrypted && opening.settings.inline_pgp) open_blocks(opening, node.place, text, out);
  }
}

}  // namespace mimeseal::mail
