// SPDX-License-Identifier: MIT
#include "smtp/command.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::smtp {
namespace {

constexpr std::size_t kMaxEnvid = 100;  // RFC 3461, section 4.4
constexpr std::size_t kMaxOrcpt = 500;  // RFC 3461, section 4.2

/// The domain in A-labels (RFC 5890): an address whose local part is ASCII then needs no SMTPUTF8.
std::string with_ascii_domain(const std::string& address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string::npos || is_ascii(std::string_view(address).substr(at))) return address;
  char* converted = nullptr;
  const int code = idn2_to_ascii_8z(address.c_str() + at + 1, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&idn2_free)> domain(converted, &idn2_free);
  if (code != IDN2_OK)
    throw Error(Errc::usage, "the address's domain is no internationalised domain name", visible(address))
        .with_cause(idn2_strerror(code));
  return address.substr(0, at + 1) + domain.get();
}

std::string line(std::string command) {
  const bool clean = std::none_of(command.begin(), command.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7F;
  });
  if (!clean) throw Error(Errc::usage, "a control character cannot stand in an SMTP command", visible(command));
  return command += "\r\n";
}

void demand_notify(const std::string& notify) {
  if (notify.empty() || notify == "NEVER") return;
  for (const std::string& word : split(notify, ','))
    if (word != "SUCCESS" && word != "FAILURE" && word != "DELAY")
      throw Error(Errc::usage, "no DSN condition", visible(notify), "NEVER, or a list of SUCCESS, FAILURE, DELAY");
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet >= 0x20 && octet < 0x7F;
  });
}

}  // namespace

std::string xtext(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 0x20 && octet < 0x7F && c != '+' && c != '=') {
      out += c;
    } else {
      out += '+';
      out += kDigits[octet >> 4U];
      out += kDigits[octet & 0x0FU];
    }
  }
  return out;
}

void demand_sound(const Envelope& envelope) {
  (void)make_envelope(envelope.from, envelope.recipients);
  if (!envelope.tags.empty())
    throw Error(Errc::usage, "only SES's API takes message tags", {},
                "through SES's SMTP they stand in an X-SES-MESSAGE-TAGS field (--header)");
  demand_notify(envelope.notify);
  if (!envelope.ret.empty() && envelope.ret != "FULL" && envelope.ret != "HDRS")
    throw Error(Errc::usage, "DSN returns FULL or HDRS", visible(envelope.ret));
  if (!is_printable(envelope.envid) || xtext(envelope.envid).size() > kMaxEnvid)
    throw Error(Errc::usage, "an envelope id is at most 100 printable ASCII characters", visible(envelope.envid));
  for (const auto& orcpt : envelope.orcpt) {
    if (!orcpt) continue;
    const std::size_t semicolon = orcpt->find(';');
    if (semicolon == std::string::npos || semicolon == 0 || !is_printable(*orcpt) || xtext(*orcpt).size() > kMaxOrcpt)
      throw Error(Errc::usage, "no original recipient (\"rfc822;address\")", visible(*orcpt));
  }
}

void demand_offered(const Envelope& envelope, const MessageFacts& message, const Offers& offers,
                    const std::string& where) {
  const auto lacks = [&](Errc code, const std::string& what, const char* hint = "") {
    throw Error(code, what, where, hint);
  };
  if (envelope.require_tls && !offers.require_tls)
    lacks(Errc::protocol, "the server offers no REQUIRETLS, which was demanded (RFC 8689)");
  if (offers.size_limit != 0 && message.size > offers.size_limit)
    lacks(Errc::limit, "the message has " + std::to_string(message.size) + " octets, and the server takes " +
                           std::to_string(offers.size_limit));
  if (needs_smtputf8(envelope) && !offers.smtputf8)
    lacks(Errc::unsupported, "an address is not ASCII, and the server offers no SMTPUTF8 (RFC 6531)");
  if (message.eight_bit && !offers.eight_bit)
    lacks(Errc::unsupported, "the message is not 7-bit, and the server offers no 8BITMIME");
  if (message.longest_line > kMaxTextLine && !offers.chunking)
    lacks(Errc::limit, "a line of the message has " + std::to_string(message.longest_line) +
                           " octets; 998 are allowed (RFC 5321, section 4.5.3.1.6)");
  if (asks_dsn(envelope) && !offers.dsn)
    lacks(Errc::unsupported, "delivery notifications were asked for, and the server offers no DSN (RFC 3461)");
}

std::string mail_command(const Envelope& envelope, const MessageFacts& message, const Offers& offers) {
  std::string command = "MAIL FROM:<" + with_ascii_domain(envelope.from) + ">";
  if (offers.size) command += " SIZE=" + std::to_string(message.size);
  if (message.eight_bit && offers.eight_bit) command += " BODY=8BITMIME";
  if (offers.smtputf8 && (needs_smtputf8(envelope) || message.eight_bit_header)) command += " SMTPUTF8";
  if (!envelope.ret.empty()) command += " RET=" + envelope.ret;
  if (!envelope.envid.empty()) command += " ENVID=" + xtext(envelope.envid);
  if (envelope.require_tls) command += " REQUIRETLS";
  return line(std::move(command));
}

std::string rcpt_command(const Envelope& envelope, std::size_t recipient) {
  std::string command = "RCPT TO:<" + with_ascii_domain(envelope.recipients[recipient]) + ">";
  if (!envelope.notify.empty()) command += " NOTIFY=" + envelope.notify;
  if (recipient < envelope.orcpt.size() && envelope.orcpt[recipient]) {
    const std::string& orcpt = *envelope.orcpt[recipient];
    const std::size_t semicolon = orcpt.find(';');
    command += " ORCPT=" + xtext(orcpt.substr(0, semicolon)) + ";" + xtext(orcpt.substr(semicolon + 1));
  }
  return line(std::move(command));
}

}  // namespace mimeseal::smtp
