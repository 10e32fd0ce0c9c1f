// SPDX-License-Identifier: MIT
#pragma once

#include <gpgme.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/secret.h"
#include "mimeseal/core/source.h"

/// The C API of GpgME behind RAII: the only file that talks about its handles and callbacks.
namespace mimeseal::pgp {

using KeyRef = std::shared_ptr<_gpgme_key>;
[[nodiscard]] KeyRef own(gpgme_key_t key);

/// The error with a line for each thing that is wrong.
[[nodiscard]] Error detailed(Error error, std::vector<std::string> lines);

/// gpg's words for an error, in lower case.
[[nodiscard]] std::string error_words(gpgme_error_t code);

/// Initialises GpgME once; throws Error(unavailable) when gpg is missing or too old.
void require_gpg();

/// An Error of the kind that a GpgME error stands for, its text as the cause.
[[nodiscard]] Error gpgme_failure(gpgme_error_t code, std::string what, std::string where = {}, std::string hint = {});

/// One line of gpg's status output.
struct StatusLine {
  std::string keyword;
  std::string arguments;
};

/// What gpg said during one operation: the machine-readable status lines, each keyword as often as it came.
class StatusLog {
 public:
  void clear() noexcept { lines_.clear(); }
  void add(std::string_view keyword, std::string_view arguments);
  [[nodiscard]] std::size_t count(std::string_view keyword) const noexcept;
  [[nodiscard]] bool has(std::string_view keyword) const noexcept { return count(keyword) != 0; }
  /// The arguments of the first such line, split at blanks; empty when there is none.
  [[nodiscard]] std::vector<std::string> arguments(std::string_view keyword) const;
  /// The number at that place of the first such line; 0 when there is none.
  [[nodiscard]] int number(std::string_view keyword, std::size_t place) const;
  [[nodiscard]] const std::vector<StatusLine>& lines() const noexcept { return lines_; }

 private:
  std::vector<StatusLine> lines_;
};

/// Octets for gpg or from it. Exceptions of the Source or Sink end the operation and are thrown again by
/// Context::check().
class Data {
 public:
  explicit Data(Source& from);
  explicit Data(Sink& to);
  explicit Data(std::string_view octets);
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;
  ~Data();
  [[nodiscard]] gpgme_data_t get() const noexcept { return data_; }
  void rethrow() const;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  gpgme_data_t data_ = nullptr;
};

/// What gpg asks a passphrase for.
struct PassphraseRequest {
  bool symmetric = false;
  std::string user_id;  ///< of the key; may be empty
  std::string key_id;   ///< upper-case hex
};
/// Gives the passphrase, or nothing when there is none.
using PassphraseSource = std::function<std::optional<SecretBytes>(const PassphraseRequest&)>;

/// A GpgME context for one home. One thread at a time; kept as long as its engine, since a new one costs milliseconds.
class Context {
 public:
  /// `home` empty: gpg's own default.
  explicit Context(const std::string& home);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  [[nodiscard]] gpgme_ctx_t get() const noexcept { return ctx_; }
  [[nodiscard]] const std::string& home() const noexcept { return home_; }
  [[nodiscard]] const StatusLog& status() const noexcept { return status_; }

  /// Before each operation: forgets signers, flags, and what the last one left; `passphrase` null: gpg-agent's
  /// pinentry.
  void begin(PassphraseSource passphrase);
  void set_flag(const char* name, const char* value);
  void add_signer(const KeyRef& key);

  /// After an operation: throws what a callback caught, and Error(refused) for a passphrase that was wrong or missing.
  void check_callbacks() const;
  /// What a passphrase was asked for and not given, if that happened.
  [[nodiscard]] const std::optional<PassphraseRequest>& missing() const noexcept { return missing_; }

  /// The keys that match a pattern ("" for all); `secret_only` and `with_secret` ask the agent too.
  [[nodiscard]] std::vector<KeyRef> list(const std::string& pattern, bool secret_only, bool with_secret);

 private:
  static gpgme_error_t on_status(void* self, const char* keyword, const char* arguments);
  static gpgme_error_t on_passphrase(void* self, const char* hint, const char* info, int was_bad, int fd);

  std::string home_;
  gpgme_ctx_t ctx_ = nullptr;
  StatusLog status_;
  PassphraseSource passphrase_;
  std::exception_ptr caught_;
  std::optional<PassphraseRequest> wrong_;
  std::optional<PassphraseRequest> missing_;
};

/// "sha256", "md5"; empty for numbers that are not known (RFC 9580, section 9.5).
[[nodiscard]] std::string digest_name(int algorithm);
/// "aes256", "3des" (RFC 9580, section 9.3).
[[nodiscard]] std::string cipher_name(int algorithm);

}  // namespace mimeseal::pgp
