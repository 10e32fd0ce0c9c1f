// SPDX-License-Identifier: MIT
#include "reading_view.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/text.h"

namespace mimeseal::cli {
namespace {

constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kPlain = "\x1b[0m";

std::string painted(std::string text, const char* colour, bool on) {
  return on ? colour + std::move(text) + kPlain : std::move(text);
}

std::string shown(const Mailbox& mailbox) {
  const std::string address = visible(mailbox.address());
  return mailbox.name().empty() ? address : visible(mailbox.name()) + " <" + address + ">";
}

std::string shown(const std::vector<Mailbox>& list) {
  std::vector<std::string> parts;
  for (const Mailbox& mailbox : list)
    parts.push_back(shown(mailbox));
  return join(parts, ", ");
}

/// The signer whom the verdict speaks of: the one that decided.
const SignerFacts* deciding_signer(const Opened& opened) {
  const SignerFacts* first = nullptr;
  for (const OpenedLayer& layer : opened.layers) {
    if (layer.errant) continue;
    for (const SignerFacts& signer : layer.facts.signers) {
      if (first == nullptr) first = &signer;
      const Verdict verdict = judge(signer);
      if (opened.summary.signed_ == SignedState::good && verdict == Verdict::good) return &signer;
      if (opened.summary.signed_ == SignedState::bad && verdict == Verdict::bad) return &signer;
      if (opened.summary.signed_ == SignedState::unverified && verdict == Verdict::unverified) return &signer;
    }
  }
  return first;
}

const OpenedLayer* closed_layer(const Opened& opened) {
  for (const OpenedLayer& layer : opened.layers)
    if (!layer.errant && (layer.facts.result == LayerResult::no_key || layer.facts.result == LayerResult::unsupported ||
                          layer.facts.result == LayerResult::bad || layer.facts.result == LayerResult::unauthenticated))
      return &layer;
  return nullptr;
}

std::string field_note(const Opened& opened, const char* name) {
  for (const std::string& one : opened.headers.confidential)
    if (iequals(one, name)) return "  (hidden on the outside)";
  for (const Mismatch& one : opened.headers.mismatch)
    if (iequals(one.name, name)) return "  (outside: " + visible(one.outer) + ")";
  for (const ShownField& one : opened.headers.fields)
    if (iequals(one.name, name)) return one.state == FieldState::unprotected ? "  (not protected)" : "";
  return "";
}

void header_line(std::string& text, const Opened& opened, const char* name, const std::string& value) {
  if (value.empty()) return;
  std::string label = std::string(name) + ":";
  label.resize(9, ' ');
  text += label + value + (opened.layers.empty() ? "" : field_note(opened, name)) + "\n";
}

std::string size_text(std::uint64_t size) {
  std::array<char, 32> buffer;
  if (size < 1024) {
    std::snprintf(buffer.data(), buffer.size(), "%u octets", static_cast<unsigned>(size));
  } else if (size < 1024ULL * 1024) {
    std::snprintf(buffer.data(), buffer.size(), "%.1f KiB", static_cast<double>(size) / 1024);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%.1f MiB", static_cast<double>(size) / 1024 / 1024);
  }
  return buffer.data();
}

std::string protection(const OpenedPart& part) {
  if (part.encrypted && part.signed_) return "encrypted, signed";
  if (part.encrypted) return "encrypted";
  return part.signed_ ? "signed" : "not protected";
}

const char* verdict_colour(const Opened& opened) {
  if (opened.summary.signed_ == SignedState::bad) return kRed;
  if (const OpenedLayer* layer = closed_layer(opened)) return layer->facts.result == LayerResult::bad ? kRed : kYellow;
  const bool good =
      opened.summary.state == MessageState::verified || opened.summary.state == MessageState::confidential;
  return good ? kGreen : kYellow;
}

}  // namespace

std::string verdict_line(const Opened& opened) {
  const SignerFacts* signer = deciding_signer(opened);
  const std::string who = signer == nullptr            ? std::string()
                          : !signer->addresses.empty() ? visible(signer->addresses.front())
                                                       : visible(signer->who);
  std::string line;
  const OpenedLayer* closed = closed_layer(opened);
  if (closed != nullptr && closed->facts.result == LayerResult::no_key) {
    line = "encrypted, and no key here opens it";
  } else if (closed != nullptr && closed->facts.result == LayerResult::unsupported) {
    line = "protected in a way that cannot be read here";
  } else if (closed != nullptr && closed->facts.result == LayerResult::bad &&
             opened.summary.signed_ != SignedState::bad) {
    line = "BROKEN: the message was damaged or tampered with";
  } else if (closed != nullptr && closed->facts.result == LayerResult::unauthenticated && opened.payload == nullptr) {
    line = "encrypted, but nothing proves that it is intact, so it is kept back";
  } else {
    switch (opened.summary.signed_) {
      case SignedState::good:
        line = std::string(opened.summary.encrypted ? "encrypted, and signed by " : "signed by ") + who;
        break;
      case SignedState::bad:
        line = std::string("BAD SIGNATURE: ") + (opened.summary.encrypted ? "encrypted, but " : "") +
               "the signature does not hold";
        break;
      case SignedState::unverified:
        line = std::string(opened.summary.encrypted ? "encrypted; " : "") + "signed" +
               (who.empty() ? "" : " by " + who + " (so it says)") + ", but not verified";
        break;
      case SignedState::none:
        line = opened.summary.encrypted ? "encrypted, not signed: anybody can have written it" : "not protected";
    }
  }
  std::string why;
  if (signer != nullptr && opened.summary.signed_ != SignedState::good) why = signer->why;
  if (why.empty() && closed != nullptr) why = closed->facts.why;
  if (!why.empty()) line += ": " + visible(why);
  return line;
}

std::string reading_view(const Opened& opened, bool colour) {
  const OpenedHeaders& headers = opened.headers;
  std::string text = painted(verdict_line(opened), verdict_colour(opened), colour) + "\n\n";
  header_line(text, opened, "From", shown(headers.from));
  header_line(text, opened, "Sender", shown(headers.sender));
  header_line(text, opened, "Reply-To", shown(headers.reply_to));
  header_line(text, opened, "To", shown(headers.to));
  header_line(text, opened, "Cc", shown(headers.cc));
  header_line(text, opened, "Date", visible(headers.date));
  header_line(text, opened, "Subject", painted(visible(headers.subject), kBold, colour && !headers.subject.empty()));
  if (!opened.text.empty()) {
    text += "\n" + visible(opened.text, true);
    if (text.back() != '\n') text += '\n';
  }
  bool first = true;
  for (const OpenedPart& part : opened.parts) {
    if (part.is_body) continue;
    text += first ? "\nattachments:\n" : "";
    first = false;
    text += "  " + part.path + "  " + (part.filename.empty() ? "(no name)" : visible(part.filename)) + "  " +
            visible(part.type) + ", " + size_text(part.size) + ", " + protection(part) + "\n";
  }
  if (!opened.layers.empty()) text += "\nlayers:\n";
  for (const OpenedLayer& layer : opened.layers) {
    text += "  " + layer.path + "  " + std::string(to_string(layer.facts.type)) + ": " +
            std::string(to_string(layer.facts.result)) +
            (layer.facts.cipher.empty() ? "" : ", " + visible(layer.facts.cipher)) +
            (layer.errant ? ", not around the whole message: it does not count" : "") + "\n";
    for (const SignerFacts& signer : layer.facts.signers)
      text += "      " + std::string(to_string(judge(signer))) + "  " +
              (signer.who.empty() ? "unknown signer" : visible(signer.who)) +
              (signer.digest.empty() ? "" : ", " + visible(signer.digest)) +
              (signer.why.empty() ? "" : ": " + visible(signer.why)) + "\n";
  }
  if (!opened.attached_keys.empty()) text += "\nkeys that came along (not believed for that):\n";
  for (const KeyInfo& key : opened.attached_keys) {
    text += "  " + std::string(to_string(key.protocol)) + "  " + visible(key.fingerprint) + "  " +
            visible(key.algorithm) +
            (key.not_after ? ", until " + format_rfc3339(*key.not_after) : std::string(", does not expire")) + "  (" +
            visible(key.origin) + ")\n";
    const std::vector<std::string> names = key.user_ids.empty() ? std::vector{key.name} : key.user_ids;
    for (const std::string& name : names)
      text += "       " + visible(name) + "\n";
  }
  for (const Problem& problem : opened.problems)
    text += painted("problem", kYellow, colour) + " at " + visible(problem.path) + ": " + problem.code + ": " +
            visible(problem.why) + "\n";
  return text;
}

}  // namespace mimeseal::cli
