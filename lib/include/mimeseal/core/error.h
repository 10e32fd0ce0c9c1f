// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/api.h"

namespace mimeseal {

/// Why a piece of work could not be done. Each kind has one exit code of the tool (sysexits.h); a bad
/// signature is a verdict, never an Error.
enum class Errc {
  usage,          ///< 64: the call itself makes no sense
  malformed,      ///< 65: a message, key, draft or manifest is not what its format asks for
  limit,          ///< 65: well-formed, but past a limit of size, depth or count
  unsupported,    ///< 65: understood, but of a kind that cannot be worked with here
  no_input,       ///< 66: an input file is missing or unreadable
  no_recipient,   ///< 67: a recipient has no usable key or certificate
  unavailable,    ///< 69: a server or helper program cannot be reached
  internal,       ///< 70: a fault of mimeseal itself
  cannot_create,  ///< 73: an output cannot be created
  io,             ///< 74: reading or writing broke off, or a file changed between two reads
  temporary,      ///< 75: try again later; nothing was accepted and nothing is unknown
  protocol,       ///< 76: the server breaks the protocol, or TLS cannot be had as demanded
  refused,        ///< 77: password, passphrase or permission refused, or no key here can decrypt
  config,         ///< 78: configuration
};

/// The one exception of the library. Holds no secret: no passphrase, credential or plaintext may be put in.
/// what() is one sentence in lower case without a full stop, naming the reason; where() the file, field, offset
/// or host it speaks of; hint() what the user can do; details() further lines when several things are wrong at
/// once (each recipient without a key, say).
class MIMESEAL_API Error final : public std::exception {
 public:
  Error(Errc code, std::string what, std::string where = {}, std::string hint = {});

  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const std::vector<std::string>& details() const noexcept { return details_; }
  /// The code and text of the library below (OpenSSL, GpgME, libcurl, errno), or empty.
  [[nodiscard]] const std::string& cause() const noexcept { return cause_; }

  Error& with_details(std::vector<std::string> lines);
  Error& with_cause(std::string cause);
  Error& with_hint(std::string hint);
  Error& with_where(std::string where);

 private:
  Errc code_;
  std::string what_;
  std::string where_;
  std::string hint_;
  std::string cause_;
  std::vector<std::string> details_;
};

/// The exit code of the tool's contract for an error of this kind.
[[nodiscard]] MIMESEAL_API int exit_code(Errc code) noexcept;
/// The enumerator's name, as the JSON report of an error gives it ("no_input").
[[nodiscard]] MIMESEAL_API std::string_view to_string(Errc code) noexcept;
/// An Error from errno (or the given number), naming the path.
[[nodiscard]] MIMESEAL_API Error errno_error(Errc code, std::string_view what, std::string where, int number);

}  // namespace mimeseal
