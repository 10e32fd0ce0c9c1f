// SPDX-License-Identifier: MIT
#include "mimeseal/send/sender.h"

#include <algorithm>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal {
namespace {

constexpr std::size_t kMaxLocalPart = 64;  // RFC 5321, section 4.5.3.1.1
constexpr std::size_t kMaxPath = 254;      // section 4.5.3.1.3, without the brackets

/// Why an address cannot stand in an envelope, or null.
const char* fault(std::string_view address) {
  if (!is_utf8(address)) return "it is not UTF-8";
  for (const char c : address) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7F) return "it holds a control character";
  }
  if (address.size() > kMaxPath) return "it is longer than 254 octets";
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return "it has no @";
  if (at == 0 || at + 1 == address.size()) return "nothing stands before or after its @";
  if (at > kMaxLocalPart) return "its local part is longer than 64 octets";
  const std::string_view local = address.substr(0, at);
  const bool quoted = local.size() >= 2 && local.front() == '"' && local.back() == '"';
  if (!quoted && local.find_first_of(" ()<>[]:;,\\\"@") != std::string_view::npos)
    return "its local part holds a character that must be quoted";
  if (quoted) {
    const std::string_view inner = local.substr(1, local.size() - 2);
    for (std::size_t i = 0; i < inner.size(); ++i) {
      if (inner[i] == '"') return "a quotation mark in its local part is not escaped";
      if (inner[i] == '\\' && ++i == inner.size()) return "its local part ends in a backslash";
    }
  }
  const std::string_view domain = address.substr(at + 1);
  const bool literal = domain.front() == '[' && domain.back() == ']';
  if (domain.find_first_of(literal ? " <>\\\"" : " ()<>[]:;,\\\"") != std::string_view::npos)
    return "its domain holds a character that no domain has";
  return nullptr;
}

std::string checked(std::string address, const char* role) {
  if (const char* why = fault(address))
    throw Error(Errc::usage, std::string("not usable as ") + role + ": " + why, visible(address));
  return address;
}

}  // namespace

Envelope make_envelope(std::string from, std::vector<std::string> recipients) {
  Envelope envelope;
  if (!from.empty()) envelope.from = checked(std::move(from), "envelope sender");
  for (std::string& recipient : recipients) {
    std::string address = checked(std::move(recipient), "envelope recipient");
    if (std::find(envelope.recipients.begin(), envelope.recipients.end(), address) == envelope.recipients.end())
      envelope.recipients.push_back(std::move(address));
  }
  if (envelope.recipients.empty()) throw Error(Errc::usage, "the envelope has no recipient");
  return envelope;
}

bool needs_smtputf8(const Envelope& envelope) noexcept {
  const auto needs = [](const std::string& address) {
    return !is_ascii(std::string_view(address).substr(0, address.rfind('@')));
  };
  return needs(envelope.from) || std::any_of(envelope.recipients.begin(), envelope.recipients.end(), needs);
}

bool asks_dsn(const Envelope& envelope) noexcept {
  return !envelope.notify.empty() || !envelope.ret.empty() || !envelope.envid.empty() ||
         std::any_of(envelope.orcpt.begin(), envelope.orcpt.end(), [](const auto& one) { return one.has_value(); });
}

std::string_view to_string(Delivery value) noexcept {
  switch (value) {
    case Delivery::accepted:
      return "accepted";
    case Delivery::refused:
      return "refused";
    case Delivery::deferred:
      return "deferred";
    case Delivery::unknown:
      return "unknown";
  }
  return "unknown";
}

int exit_code(const Receipt& receipt) noexcept {
  const auto count = [&](Delivery value) {
    return std::count_if(receipt.recipients.begin(), receipt.recipients.end(),
                         [&](const RecipientReceipt& one) { return one.result == value; });
  };
  if (count(Delivery::unknown) != 0) return 4;
  const auto total = static_cast<std::ptrdiff_t>(receipt.recipients.size());
  const auto accepted = count(Delivery::accepted);
  if (accepted == total) return 0;
  if (accepted != 0) return 3;
  return count(Delivery::refused) != 0 ? 2 : 75;
}

std::optional<Receipt> Sender::rehearse(const Envelope& /*envelope*/, Source& /*message*/) {
  return std::nullopt;
}

}  // namespace mimeseal
