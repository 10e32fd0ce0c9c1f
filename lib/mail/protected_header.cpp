// SPDX-License-Identifier: MIT
#include "protected_header.h"

#include <algorithm>
#include <unordered_set>

#include "mimeseal/core/text.h"

namespace mimeseal::mail {
namespace {

std::string parameter(const Part& part, std::string_view name) {
  const std::string* value = part.content_type.find(name);
  return value ? ascii_lower(trim(*value)) : std::string();
}

/// With every run of white space as one blank, so that folding makes no difference.
std::string collapsed(const std::string& value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

bool is_hp_outer(const HeaderField& field) {
  return iequals(field.name, "hp-outer");
}

/// Section 4.2.1, step 4.i: "Split v into (h1,v1) on the first colon, followed by any amount of whitespace."
std::optional<HeaderField> split_hp_outer(const HeaderField& field) {
  const std::string value = field.value();
  const std::size_t colon = value.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string_view name = trim(std::string_view(value).substr(0, colon));
  if (name.empty()) return std::nullopt;
  return HeaderField{std::string(name), " " + std::string(trim(std::string_view(value).substr(colon + 1)))};
}

/// RFC 9788, 4.10.1: a payload that is a message of its own, without hp anywhere, whose body is no layer.
bool is_rfc8551_wrapped(const Part& payload) {
  if (payload.content_type.value != "message/rfc822" || payload.children.size() != 1) return false;
  const Part& inner = payload.children.front();
  if (!parameter(payload, "hp").empty() || !parameter(inner, "hp").empty()) return false;
  const Form form = layer_form(inner).form;
  return form == Form::none;
}

void read_hp(Opening& opening, ProtectedHeader& out, const Part& payload, const std::string& hp, bool encrypted) {
  const bool cipher = hp == "cipher";
  out.encrypted = cipher && encrypted;
  out.protection = out.encrypted ? HeaderProtection::cipher : HeaderProtection::clear;
  if (cipher && !encrypted) {
    opening.add("hp-cipher-unencrypted", payload.path,
                "hp=\"cipher\" in a message that is not encrypted: taken as clear");
  }
  if (!cipher && encrypted) {
    opening.add("hp-clear-encrypted", payload.path,
                "the composer did not mean to encrypt (hp=\"clear\"): the encryption was added on the way");
  }
  for (const HeaderField& field : non_structural(payload.fields)) {
    if (!is_hp_outer(field)) {
      out.refprotected.push_back(field);
    } else if (!out.encrypted) {
      opening.add("hp-outer-misplaced", payload.path, "HP-Outer where no encrypted payload's header is: ignored");
    } else if (auto outer = split_hp_outer(field)) {
      out.refouter.push_back(std::move(*outer));
    } else {
      opening.add("hp-outer-malformed", payload.path, "an HP-Outer field without a field in it");
    }
  }
}

/// Schemes of old: what was hidden can only be told from the header outside (RFC 9788, 4.10.2), without any guarantee.
void infer(ProtectedHeader& out, const Part& root, const HeaderFields& outer, bool encrypted) {
  out.inferred = true;
  out.encrypted = encrypted;
  out.protection = encrypted ? HeaderProtection::cipher : HeaderProtection::clear;
  for (const HeaderField& field : non_structural(root.fields)) {
    if (!is_hp_outer(field)) out.refprotected.push_back(field);
  }
  if (encrypted) out.refouter = non_structural(outer);
}

}  // namespace

HeaderFields non_structural(const HeaderFields& fields) {
  HeaderFields out;
  std::ranges::copy_if(fields, std::back_inserter(out), [](const HeaderField& f) { return !is_structural(f.name); });
  return out;
}

// A field whose decoded text is the same shows the same outside, so it counts as the same value.
void FieldSet::add(const HeaderField& field) {
  const std::string name = ascii_lower(field.name);
  keys_.insert(name + ":" + collapsed(field.value()));
  keys_.insert(name + "=" + collapsed(field.decoded()));
}

bool FieldSet::contains(const HeaderField& field) const {
  const std::string name = ascii_lower(field.name);
  return keys_.contains(name + ":" + collapsed(field.value())) ||
         keys_.contains(name + "=" + collapsed(field.decoded()));
}

ProtectedHeader read_protected_header(Opening& opening, const Chain& chain, const HeaderFields& outer) {
  ProtectedHeader out;
  out.body = chain.content;
  if (chain.envelope == 0 || !chain.released) return out;
  const bool encrypted =
      std::any_of(chain.layers.begin(), chain.layers.begin() + static_cast<std::ptrdiff_t>(chain.envelope),
                  [](const OpenedLayer& layer) { return is_encryption(layer.facts.type); });
  const Part& payload = *chain.payload.part;
  const std::string hp = parameter(payload, "hp");
  if (hp == "clear" || hp == "cipher") {
    read_hp(opening, out, payload, hp, encrypted);
  } else if (is_rfc8551_wrapped(payload)) {
    out.body = chain.payload.at(payload.children.front());
    infer(out, payload.children.front(), outer, encrypted);
  } else if (parameter(payload, "protected-headers") == "v1") {
    infer(out, payload, outer, encrypted);
  }
  for (const HeaderField& field : out.refouter)
    out.outside.add(field);
  return out;
}

bool protects_from(const ProtectedHeader& header) {
  return header.protection != HeaderProtection::none && count_fields(header.refprotected, "From") > 0;
}

FieldState field_state(const ProtectedHeader& header, const HeaderField& field, bool signature_valid) {
  if (header.protection == HeaderProtection::none) return FieldState::unprotected;
  if (header.encrypted && !header.outside.contains(field)) {
    return signature_valid ? FieldState::signed_and_encrypted : FieldState::encrypted_only;
  }
  return signature_valid ? FieldState::signed_only : FieldState::unprotected;
}

std::vector<std::string> confidential_names(const ProtectedHeader& header) {
  std::vector<std::string> names;
  if (!header.encrypted) return names;
  std::unordered_set<std::string> seen;
  for (const HeaderField& field : header.refprotected) {
    if (header.outside.contains(field)) continue;
    if (seen.insert(ascii_lower(field.name)).second) names.push_back(field.name);
  }
  return names;
}

}  // namespace mimeseal::mail
