// SPDX-License-Identifier: MIT
#include "unwrap.h"

#include <algorithm>

#include "canonical.h"
#include "live_scan.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

/// A signature part with its certificates; anything longer is no signature.
constexpr std::uint64_t kMaxSignature = 16U << 20U;

OpenSpec spec_of(const Opening& opening) {
  OpenSpec spec;
  spec.at = opening.settings.at;
  spec.allow_legacy = opening.settings.allow_legacy;
  spec.max_output = opening.payload_left;
  spec.revocation = opening.settings.revocation;
  return spec;
}

LayerFacts failed(LayerType type, LayerResult result, std::string why) {
  LayerFacts facts;
  facts.type = type;
  facts.result = result;
  facts.why = std::move(why);
  return facts;
}

const char* name_of(Protocol protocol) {
  return protocol == Protocol::smime ? "S/MIME" : "OpenPGP";
}

/// Signs of one and the same text in two line-end conventions: over the octets as they stand, else in canonical form,
/// as both protocols demand of a message whose line ends a system has changed (RFC 3156, section 5; RFC 8551, 3.1.1).
LayerFacts verify(Engine& engine, const Place& place, const Part& content, const std::string& signature,
                  const OpenSpec& spec) {
  auto source = slice(place.input(), content.header_begin, content.body_end);
  LayerFacts facts = engine.verify(*source, signature, spec);
  if (fits(facts) || !has_bare_lf(*source)) return facts;
  const auto canonical = canonical_source(std::move(source));
  return engine.verify(*canonical, signature, spec);
}

Unwrapped unwrap_signed(Opening& opening, const Place& place, const LayerForm& form) {
  Unwrapped out;
  out.inside = place.at(*form.content);
  --opening.layers_left;
  Engine* engine = opening.engine(form.protocol);
  if (engine == nullptr) {
    out.facts = failed(form.claimed, LayerResult::unverified,
                       std::string("nothing here verifies ") + name_of(form.protocol) + " signatures");
    return out;
  }
  try {
    const std::string signature = read_all(*decoded_body(place.input(), *form.blob), kMaxSignature);
    out.facts = verify(*engine, place, *form.content, signature, spec_of(opening));
  } catch (const Error& error) {
    if (error.code() != Errc::malformed && error.code() != Errc::limit) throw;
    out.facts = failed(form.claimed, LayerResult::bad, std::string("the signature cannot be read: ") + error.what());
  }
  out.facts.type = form.claimed;
  return out;
}

/// What may go on into the layer's content, by the layer itself; whether a cipher without integrity may is seen later.
bool gives_content(const LayerFacts& facts, std::uint64_t size) {
  if (facts.type == LayerType::smime_signed || facts.type == LayerType::pgp_signed) return size > 0;
  return facts.result == LayerResult::good || facts.result == LayerResult::unauthenticated;
}

LayerFacts open_into(Opening& opening, const Place& place, const LayerForm& form, Engine& engine, Spool& spool) {
  const Account account(opening, spool);
  const auto body = decoded_body(place.input(), *form.blob, &opening.problems);
  return engine.open(*body, spool, spec_of(opening));
}

Unwrapped open_blob(Opening& opening, const Place& place, const LayerForm& form, bool hides_nothing, Engine& engine) {
  Unwrapped out;
  const std::string inner_path = place.part->path + ".1";
  --opening.layers_left;
  LiveScan live(opening.settings.scan, inner_path, opening.scan_work());  // outlives the spool, which ends it
  Spool spool("the content of part " + place.part->path, Spool::kDefaultThreshold, opening.payload_left);
  spool.when_long([&live](InputPtr growing) { live.start(std::move(growing)); });
  spool.prefer_folder(opening.settings.spool_folder);
  // What is only signed or compressed can be read in the message's own file.
  if (hides_nothing && place.input()->stands_in_the_clear()) spool.leave_unencrypted();
  out.facts = open_into(opening, place, form, engine, spool);
  const std::uint64_t size = spool.size();
  const bool only_certificates = out.facts.type == LayerType::smime_signed && out.facts.signers.empty() && size == 0 &&
                                 (form.certs_only || !out.facts.certificates.empty());
  if (only_certificates) {
    out.is_layer = false;
    for (std::string& pem : out.facts.certificates)
      opening.certificates.emplace_back(place.part->path, std::move(pem));
    return out;
  }
  if (gives_content(out.facts, size)) {
    InputPtr content = spool.freeze();
    out.inside = live.is_running() ? place_of(std::move(content), live.finish())
                                   : scan_place(std::move(content), opening, inner_path);
  } else if (out.facts.result == LayerResult::good) {
    out.facts.result = LayerResult::bad;
    out.facts.why = "there is no content in it";
  }
  return out;
}

/// RFC 3156, section 4: "Version: 1" must stand in the first part. Read leniently, since nothing depends on it.
void check_version(Opening& opening, const Place& place) {
  if (place.part->children.empty()) return;  // displaced out of its multipart/encrypted
  const Part& version = place.part->children[0];
  std::string text(256, '\0');
  text.resize(decoded_body(place.input(), version)->read(text));
  if (!istarts_with(trim(text), "version: 1") && !istarts_with(trim(text), "version:1")) {
    opening.add("pgp-version", version.path, "the version part of multipart/encrypted does not say Version: 1");
  }
}

/// What became of a layer that could not be opened for what it is.
Unwrapped not_opened(Opening& opening, const Place& place, const LayerForm& form, LayerType type, const Error& error) {
  Unwrapped out;
  out.is_layer = !form.certs_only;
  const bool limit = error.code() == Errc::limit;
  out.facts = failed(type, limit ? LayerResult::unsupported : LayerResult::bad, error.what());
  const char* malformed = form.protocol == Protocol::smime ? "bad-cms" : "bad-pgp";
  opening.add(limit ? "layer-limit" : malformed, place.part->path, error.what());
  return out;
}

Unwrapped unwrap_blob(Opening& opening, const Place& place, const LayerForm& form, bool errant) {
  Unwrapped out;
  if (form.form == Form::multipart_encrypted) check_version(opening, place);
  const auto peeked = form.form == Form::cms ? peek_cms(place.input(), *form.blob) : std::nullopt;
  if (form.form == Form::cms && !form.certain && !peeked) {
    out.is_layer = false;
    return out;
  }
  const LayerType type = peeked.value_or(form.claimed);
  Engine* engine = opening.engine(form.protocol);
  if (engine == nullptr) {
    if (form.certs_only) {
      out.is_layer = false;
      return out;
    }
    --opening.layers_left;
    out.facts = failed(type, is_encryption(type) ? LayerResult::no_key : LayerResult::unverified,
                       std::string("nothing here opens ") + name_of(form.protocol));
    return out;
  }
  try {
    return open_blob(opening, place, form, peeked && !is_encryption(*peeked), *engine);
  } catch (const Error& error) {
    if (error.code() == Errc::limit && !errant) throw Error(error).with_where("part " + place.part->path);
    if (error.code() != Errc::malformed && error.code() != Errc::limit) throw;
    return not_opened(opening, place, form, type, error);
  }
}

}  // namespace

bool fits(const LayerFacts& facts) noexcept {
  return facts.result != LayerResult::bad && !facts.signers.empty() &&
         std::ranges::all_of(facts.signers, [](const SignerFacts& s) { return s.integrity == Integrity::good; });
}

Unwrapped unwrap(Opening& opening, const Place& place, const LayerForm& form, bool errant) {
  return form.form == Form::multipart_signed ? unwrap_signed(opening, place, form)
                                             : unwrap_blob(opening, place, form, errant);
}

}  // namespace mimeseal::mail
