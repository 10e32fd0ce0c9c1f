// SPDX-License-Identifier: MIT
#include "mimeseal/mail/open.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "binding.h"
#include "live_scan.h"
#include "opening.h"
#include "protected_header.h"
#include "reading.h"
#include "tree.h"

namespace mimeseal {
namespace mail {
namespace {

/// The message as it came. Where it is long and nothing but one S/MIME part, its layer can be opened from its header
/// on, while a thread of its own looks through the rest for what is odd there.
class Outermost {
 public:
  Outermost(const Opening& opening, const InputPtr& input) : rest_(opening.settings.scan, "1", {}) {
    if (auto begun = beginning(opening, *input)) {
      place_ = place_of(input, std::move(*begun));
      rest_.start(input);
    }
    if (!rest_.is_running()) place_ = scan_place(input, opening, "1");
  }

  [[nodiscard]] const Place& place() const noexcept { return place_; }

  /// Waits for all that is wrong with it: that stands before what was found inside.
  void report_to(Opening& opening) {
    const std::vector<Problem> problems = rest_.is_running() ? rest_.finish().problems : place_.scanned->index.problems;
    opening.problems.insert(opening.problems.begin(), problems.begin(), problems.end());
  }

 private:
  static constexpr std::uint64_t kLong = 8U << 20U;
  static constexpr std::uint64_t kBeginning = 256U << 10U;

  static std::optional<PartIndex> beginning(const Opening& opening, const Input& input) {
    if (input.size() < kLong) return std::nullopt;
    PartIndex index = scan(input, 0, kBeginning, opening.settings.scan);
    Part& root = index.root;
    const bool has_its_header = root.body_begin < kBeginning - 2;  // the blank line too, whatever ends it
    if (!has_its_header || !is_pkcs7_mime(root.content_type.value)) return std::nullopt;
    root.body_end = input.size();
    return index;
  }

  LiveScan rest_;
  Place place_;
};

bool is_encrypted(const Chain& chain, std::size_t layers) {
  return std::any_of(chain.layers.begin(), chain.layers.begin() + static_cast<std::ptrdiff_t>(layers),
                     [](const OpenedLayer& layer) { return is_encryption(layer.facts.type); });
}

/// The From that a reader shows and a signer is held against: the protected one, else the one outside.
Binding shown_from(const ProtectedHeader& header, const Part& message) {
  return bind_from(protects_from(header) ? header.refprotected : message.fields);
}

/// RFC 9788, 4.4.3: a protected From that no valid signature binds, and another one outside, which is shown then.
bool shows_outer_from(const ProtectedHeader& header, const Part& message, const Summary& summary) {
  return summary.signed_ != SignedState::good && from_mismatch(header, message.fields) &&
         find_field(message.fields, "From") != nullptr;
}

/// Then the signers were held against a From that is not shown. Nobody of them is called a match: neither for the one
/// inside, which nobody sees, nor for the one outside, which the author did not seal.
void unbind(Chain& chain, Tree& tree) {
  const Binding nobody{{}, "the sealed From differs from the one outside, and no valid signature binds it"};
  for (OpenedLayer& layer : chain.layers)
    bind_signers(layer.facts, nobody, nullptr);
  for (std::size_t i = 0; i < tree.errant.size(); ++i) {
    if (tree.own[i]) bind_signers(tree.errant[i].facts, nobody, nullptr);
  }
  for (Protection& protection : tree.protections)
    protection.signed_ = false;
}

/// A signature over ciphertext says who passed it on, not who wrote it (RFC 8551, 3.7).
void notice_signed_ciphertext(Opening& opening, const Chain& chain, const Summary& summary) {
  if (!summary.encrypted || summary.signed_ != SignedState::unverified) return;
  const auto layer = std::ranges::find_if(chain.layers, [](const OpenedLayer& l) {
    return !l.errant && !is_encryption(l.facts.type) && l.facts.result == LayerResult::good;
  });
  if (layer == chain.layers.end() || layer->facts.type == LayerType::smime_compressed) return;
  opening.add("signed-ciphertext", layer->path,
              "the signature is around the encryption: whoever made it may not know what is inside");
}

/// The verdict on the envelope, once all that could cast doubt on it has been seen.
Summary judge_envelope(const Opening& opening, Chain& chain, const Binding& from, const Tree& tree) {
  const Problem* doubt = ambiguity(opening.problems, "1", tree.forwarded);
  for (std::size_t i = 0; i < chain.envelope; ++i)
    bind_signers(chain.layers[i].facts, from, doubt);
  return summarize(chain);
}

/// What stands around the tree; a blob that stays closed lies only in the layers that could be taken off.
Protection envelope_protection(const Chain& chain, const Binding& from) {
  Protection protection;
  protection.encrypted = is_encrypted(chain, chain.released ? chain.envelope : chain.withheld_layer);
  protection.covered = chain.released;
  protection.from = from;
  return protection;
}

void take_parts(Opened& out, PartList list, const Tree& tree) {
  const bool good = out.summary.signed_ == SignedState::good;
  for (std::size_t i = 0; i < list.parts.size(); ++i) {
    const Protection& protection = tree.protections[list.protections[i]];
    list.parts[i].signed_ = protection.signed_ || protection.inner_signed || (good && protection.covered);
  }
  out.parts = std::move(list.parts);
}

/// RFC 9787, 6.2.1.1: a list that adds a footer wraps what was signed; said so, though the summary stays as it is.
void notice_list_footer(Opening& opening, const Tree& tree, const Part& message) {
  const Node& root = tree.nodes.front();
  if (root.place.part->content_type.value != "multipart/mixed" || root.children.size() != 2) return;
  if (find_field(message.fields, "List-Id") == nullptr) return;
  const std::string first = root.place.part->children.front().path;
  const auto layer = std::ranges::find_if(tree.errant, [&](const OpenedLayer& l) { return l.path == first; });
  if (layer == tree.errant.end() || is_encryption(layer->facts.type) || layer->facts.result != LayerResult::good)
    return;
  opening.add("mailing-list-footer", first,
              "a mailing list has added a footer: part " + first + " is signed and verified, the rest is not");
}

/// RFC 9787, 6.4: a signature made long before or after the date of the message. What a signer says of the time is only
/// reported.
void notice_signing_time(Opening& opening, const Opened& out) {
  const auto date = parse_rfc3339(out.headers.date);
  if (!date) return;
  for (const OpenedLayer& layer : out.layers) {
    for (const SignerFacts& signer : layer.facts.signers) {
      if (layer.errant || signer.integrity != Integrity::good || !signer.signed_at) continue;
      const auto apart = std::chrono::abs(*signer.signed_at - *date);
      if (apart > std::chrono::days(7)) {
        opening.add("signed-at", layer.path,
                    "the signature says " + format_rfc3339(*signer.signed_at) + ", the message " + out.headers.date);
      }
    }
  }
}

void set_payload(Opened& out, const Chain& chain) {
  if (!chain.released) return;
  out.payload = chain.content.input();
  out.payload_begin = chain.content.part->header_begin;
  out.payload_end = chain.content.part->body_end;
}

void drop_repeated(std::vector<Problem>& problems) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  std::erase_if(problems, [&](const Problem& p) { return !seen.emplace(p.code, p.path, p.why).second; });
}

}  // namespace
}  // namespace mail

Opened open_message(const InputPtr& input, const OpenSettings& settings) {
  using namespace mail;
  Opening opening(settings);
  Opened out;

  Outermost outermost(opening, input);
  const Place& message = outermost.place();
  Chain chain = peel(opening, message);
  outermost.report_to(opening);
  if (chain.released) opening.add(chain.inner);

  const ProtectedHeader header = read_protected_header(opening, chain, message.part->fields);
  const Binding from = shown_from(header, *message.part);
  const Place root = chain.released ? header.body : chain.withheld;
  const bool strip = is_encrypted(chain, chain.envelope);  // RFC 9788, 4.5.3.1: only in a message that is encrypted
  Tree tree = build_tree(opening, root, !chain.released, envelope_protection(chain, from));
  PartList parts = list_parts(opening, tree, strip);
  read_text(opening, tree, strip, out);

  out.summary = judge_envelope(opening, chain, from, tree);
  notice_signed_ciphertext(opening, chain, out.summary);
  const bool outer_from = shows_outer_from(header, *message.part, out.summary);
  if (outer_from) unbind(chain, tree);
  out.headers = read_headers(opening, header, *message.part, out.summary, outer_from);
  take_parts(out, std::move(parts), tree);
  set_payload(out, chain);
  out.layers = std::move(chain.layers);
  out.layers.insert(out.layers.end(), tree.errant.begin(), tree.errant.end());
  notice_list_footer(opening, tree, *message.part);
  open_inline_pgp(opening, tree, out);
  notice_signing_time(opening, out);
  out.attached_keys = attached_keys(opening, out, chain.released ? chain.payload.part->fields : HeaderFields());
  out.problems = std::move(opening.problems);
  drop_repeated(out.problems);
  return out;
}

}  // namespace mimeseal
