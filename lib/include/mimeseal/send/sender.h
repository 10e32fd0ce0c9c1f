// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/source.h"

namespace mimeseal {

/// Who gets the message and how (RFC 5321, section 2.3.1). Addresses hold no CR, LF, NUL or control characters
/// and no angle brackets: make_envelope checks.
struct Envelope {
  std::string from;                     ///< reverse-path; empty is the null path <>
  std::vector<std::string> recipients;  ///< forward-paths, at least one
  /// DSN (RFC 3461)
  std::string notify;                             ///< "NEVER" or a list of SUCCESS,FAILURE,DELAY; empty: not asked
  std::string ret;                                ///< "FULL", "HDRS" or empty
  std::string envid;                              ///< printable ASCII, not encoded yet
  std::vector<std::optional<std::string>> orcpt;  ///< "rfc822;addr" beside each recipient, or empty
  bool require_tls = false;                       ///< RFC 8689: REQUIRETLS, fails closed
  bool partial = false;                           ///< go on when some recipients are refused
  bool retry_unknown = false;                     ///< repeat what may have been accepted (may send twice)
  std::vector<std::pair<std::string, std::string>> tags;  ///< SES: name, value
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

/// Throws Error(usage) naming the address that cannot be in an envelope and why; removes exact duplicates.
[[nodiscard]] MIMESEAL_API Envelope make_envelope(std::string from, std::vector<std::string> recipients);
/// Whether an address needs SMTPUTF8 (RFC 6531): its local part is not ASCII. (A domain alone becomes A-labels.)
[[nodiscard]] MIMESEAL_API bool needs_smtputf8(const Envelope& envelope) noexcept;

/// Whether anything of RFC 3461 is asked for.
[[nodiscard]] MIMESEAL_API bool asks_dsn(const Envelope& envelope) noexcept;

enum class Delivery { accepted, refused, deferred, unknown };
[[nodiscard]] MIMESEAL_API std::string_view to_string(Delivery value) noexcept;

struct RecipientReceipt {
  std::string address;
  Delivery result = Delivery::unknown;
  int code = 0;          ///< SMTP reply code or HTTP status; 0: none seen
  std::string enhanced;  ///< "5.1.1" (RFC 3463), or the API's error type
  std::string reply;     ///< the server's own words, one line
  std::string id;        ///< the server's id of the message
  friend bool operator==(const RecipientReceipt&, const RecipientReceipt&) = default;
};

struct TlsFacts {
  std::string version;  ///< "1.3"; empty: no TLS (a local sender)
  std::string cipher;
  std::string peer;         ///< subject of the server's certificate
  std::string fingerprint;  ///< SHA-256 of it
  friend bool operator==(const TlsFacts&, const TlsFacts&) = default;
};

/// What is known after a submission; one entry a recipient, in the envelope's order.
struct Receipt {
  std::string sender;  ///< the URL without credentials
  TlsFacts tls;
  std::string message_id;  ///< the server's, when one stands for all
  std::uint64_t bytes = 0;
  std::vector<RecipientReceipt> recipients;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

/// 0 all accepted; 2 nobody, for good; 3 some; 4 at least one unknown; 75 nobody yet, at least one deferred and
/// none refused or unknown. The order of precedence: unknown, then partial, then refused, then deferred.
[[nodiscard]] MIMESEAL_API int exit_code(const Receipt& receipt) noexcept;

/// Hands a whole message to somebody who delivers it. Sees octets, knows no cryptography.
///
/// submit() reads `message` from its start (CRLF lines) and returns what became of it for each recipient. It throws
/// only while it is certain that nobody got it: Error(unavailable), Error(protocol), Error(refused) for credentials,
/// Error(temporary), Error(limit) for a message that the server's SIZE or the API's limit cannot take. A connection
/// that breaks after the last octet is a Receipt with `unknown`. A sender keeps its connection for the next message.
/// One thread at a time.
class MIMESEAL_API Sender {
 public:
  Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  virtual ~Sender() = default;

  virtual Receipt submit(const Envelope& envelope, Source& message) = 0;
  /// What would hinder this submission as far as can be told without a connection; throws like submit().
  virtual void check(const Envelope& envelope, Source& message) = 0;
  /// Asks whether the recipients would be taken, where the protocol can be asked so (SMTP: MAIL, RCPT, RSET); nothing
  /// is sent. A receipt without an accepted recipient when they would not be; nothing when all would be, as far as is
  /// known. For messages that go to all of several envelopes or to nobody. Throws like submit().
  virtual std::optional<Receipt> rehearse(const Envelope& envelope, Source& message);
  /// The URL without credentials, for reports.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};

}  // namespace mimeseal
