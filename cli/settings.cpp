// SPDX-License-Identifier: MIT
#include "settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "mimeseal/core/error.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/core/text.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

constexpr std::uint64_t kMaxStream = 8ULL << 30U;

[[noreturn]] void refuse_value(const char* option, std::string_view value, const char* expected) {
  throw Error(Errc::usage, std::string("--") + option + " is " + expected + ", not '" + visible(value) + "'");
}

/// Parses when something was said; refuses what cannot be parsed.
template <class T>
std::optional<T> chosen(const char* option, const std::string& value, const char* expected,
                        std::optional<T> (*parse)(std::string_view) noexcept) {
  if (value.empty()) return std::nullopt;
  const std::optional<T> parsed = parse(value);
  if (!parsed) refuse_value(option, value, expected);
  return parsed;
}

/// A secret that is read when it is first needed, and only once: a descriptor gives it only once.
std::function<SecretBytes()> secret_source(const std::string& file, const std::optional<int>& fd) {
  if (file.empty() && !fd) return nullptr;
  auto kept = std::make_shared<SecretBytes>();
  return [kept, file, fd] {
    if (kept->empty()) *kept = fd ? read_secret_fd(*fd) : read_secret_file(file);
    return kept->clone();
  };
}

/// Several passphrases: one for each identity, in their order.
std::function<SecretBytes(const std::string&)> passphrase_of_each(const Options& options) {
  if (options.passphrase_file.size() != options.identity.size())
    throw Error(Errc::usage, "--passphrase-file is given once, or once for each --identity");
  std::vector<std::pair<std::string, std::function<SecretBytes()>>> sources;
  for (std::size_t i = 0; i < options.identity.size(); ++i)
    sources.emplace_back(options.identity[i], secret_source(options.passphrase_file[i], std::nullopt));
  return [sources](const std::string& what) {
    for (const auto& [identity, source] : sources) {
      if (what == identity || what.starts_with(identity + "/")) return source();
    }
    throw Error(Errc::usage, "which of the passphrases it is cannot be told", visible(what),
                "give one --passphrase-file, or use S/MIME identities in files");
  };
}

/// Standard input, a pipe or a device: read once, to its end.
class StreamSource final : public Source {
 public:
  StreamSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  StreamSource(const StreamSource&) = delete;
  StreamSource& operator=(const StreamSource&) = delete;
  ~StreamSource() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }

  std::size_t read(std::span<char> into) override {
    while (true) {
      const ssize_t n = ::read(fd_, into.data(), into.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw errno_error(Errc::io, "reading broke off", name_, errno);
      return static_cast<std::size_t>(n);
    }
  }
  void rewind() override { throw Error(Errc::internal, "a stream is read once", name_); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  int fd_;
  std::string name_;
};

/// Files are looked at now, whether or not the message will need them: a wrong path is the user's fault.
void check_readable(const std::vector<std::string>& paths) {
  for (const std::string& path : paths)
    if (std::error_code error; !std::filesystem::is_directory(path, error)) static_cast<void>(file_input(path));
}

}  // namespace

std::function<SecretBytes(const std::string&)> passphrase_source(const Options& options) {
  const std::vector<std::string>& files = options.passphrase_file;
  if (!files.empty() && options.passphrase_fd)
    throw Error(Errc::usage, "--passphrase-file and --passphrase-fd were both given");
  if (files.size() > 1) return passphrase_of_each(options);
  if (const auto source = secret_source(files.empty() ? "" : files.front(), options.passphrase_fd))
    return [source](const std::string&) { return source(); };
  if (::isatty(STDIN_FILENO) == 1 || ::isatty(STDERR_FILENO) == 1)
    return [](const std::string& what) { return ask_secret("passphrase for " + what); };
  return nullptr;
}

KeySettings key_settings(const Options& options) {
  KeySettings settings;
  if (options.protocol == "smime") {
    settings.protocol = Protocol::smime;
  } else if (options.protocol == "pgp") {
    settings.protocol = Protocol::pgp;
  } else if (!options.protocol.empty()) {
    refuse_value("protocol", options.protocol, "smime or pgp");
  }
  if (!options.trust_model.empty() && options.trust_model != "validity" && options.trust_model != "always")
    refuse_value("trust-model", options.trust_model, "validity or always");
  if (!options.locate.empty() && options.locate != "wkd") refuse_value("locate", options.locate, "wkd");
  for (const std::string& path : options.trust)
    if (path != "system") check_readable({path});
  check_readable(options.crl);
  if (std::error_code error; !options.gnupg_home.empty() && !std::filesystem::is_directory(options.gnupg_home, error))
    throw Error(Errc::no_input, error ? "cannot read the keyring: " + error.message() : "is not a folder",
                options.gnupg_home);
  settings.identities = options.identity;
  settings.recipient_keys = options.recipient_key;
  settings.trust = options.trust;
  settings.crls = options.crl;
  settings.gnupg_home = options.gnupg_home;
  settings.passphrase = passphrase_source(options);
  settings.trust_always = options.trust_model == "always";
  settings.locate_wkd = options.locate == "wkd";
  settings.locate_ca = options.locate_ca;
  if (!settings.locate_ca.empty()) static_cast<void>(file_input(settings.locate_ca));
  settings.proxy = proxy(options);
  settings.allow_legacy = options.allow_legacy;
  settings.hint = [](const std::string& hint) { print_hint(hint); };
  return settings;
}

SmimePolicy smime_policy(const Options& options) {
  SmimePolicy policy;
  if (const auto profile = chosen("profile", options.profile, "default, compat, bdew or fips", &parse_profile))
    policy.profile = *profile;
  policy.cipher = chosen("cipher", options.cipher, "aes-128-gcm, aes-192-gcm, aes-256-gcm, or one of these with cbc",
                         &parse_cipher);
  policy.digest = chosen("digest", options.digest, "sha256, sha384 or sha512", &parse_digest);
  policy.rsa_signature = chosen("rsa-signature", options.rsa_signature, "pss or pkcs1", &parse_rsa_signature);
  policy.key_transport = chosen("key-transport", options.key_transport, "oaep or pkcs1", &parse_key_transport);
  policy.oaep_sha1 = options.oaep_sha1;
  return policy;
}

HeaderPolicy header_policy(const Options& options) {
  if (options.protect_headers.empty()) return HeaderPolicy::baseline();
  const auto policy = HeaderPolicy::by_name(options.protect_headers);
  if (!policy) refuse_value("protect-headers", options.protect_headers, "baseline, shy, no-confidentiality or off");
  return *policy;
}

TlsPolicy tls_policy(const Options& options) {
  TlsPolicy policy;
  if (options.tls_min == "1.3") {
    policy.min = TlsVersion::v1_3;
  } else if (!options.tls_min.empty() && options.tls_min != "1.2") {
    refuse_value("tls-min", options.tls_min, "1.2 or 1.3");
  }
  policy.ca_file = options.ca_file;
  if (const char* bundle = std::getenv("AWS_CA_BUNDLE"); policy.ca_file.empty() && bundle != nullptr)
    policy.ca_file = bundle;
  policy.client_cert = options.client_cert;
  policy.pin = options.tls_pin;
  // Files are looked at now: a wrong path is the user's, not the server's fault.
  if (!policy.ca_file.empty()) static_cast<void>(file_input(policy.ca_file));
  if (!policy.client_cert.empty()) static_cast<void>(file_input(policy.client_cert));
  return policy;
}

Proxy proxy(const Options& options) {
  return {options.proxy, options.proxy_user, secret_source(options.proxy_password_file, std::nullopt)};
}

std::chrono::seconds timeout(const Options& options) {
  if (options.timeout < 0) throw Error(Errc::usage, "--timeout is a number of seconds, not negative");
  return std::chrono::seconds(options.timeout);
}

std::function<void(std::string_view)> trace(const Options& options) {
  if (!options.verbose) return nullptr;
  return [](std::string_view line) { print_note(line); };
}

SenderOptions sender_options(const Options& options) {
  SenderOptions sender;
  sender.user = options.user;
  if (!options.password_file.empty() && options.password_fd)
    throw Error(Errc::usage, "--password-file and --password-fd were both given");
  sender.password = secret_source(options.password_file, options.password_fd);
  sender.token = secret_source(options.token_file, std::nullopt);
  if (sender.password && sender.user.empty()) throw Error(Errc::usage, "a password was given without --user");
  if (has_crlf_or_nul(sender.user)) throw Error(Errc::usage, "a control character in --user");
  sender.auth = options.auth;
  sender.tls = tls_policy(options);
  sender.timeout = timeout(options);
  sender.proxy = proxy(options);
  sender.hello = options.hello;
  sender.profile = options.aws_profile;
  sender.trace = trace(options);
  return sender;
}

Time judged_at(const Options& options) {
  if (options.at.empty()) return system_clock().now();
  const auto time = parse_rfc3339(options.at);
  if (!time) refuse_value("at", options.at, "a time as in RFC 3339 (2026-11-22T12:00:00Z), a date, or @seconds");
  return *time;
}

InputPtr open_input(const std::string& path) {
  if (path == "-") {
    StreamSource input(STDIN_FILENO, "standard input");
    return spool_source(input, "standard input", kMaxStream);
  }
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0 || S_ISREG(there.st_mode) || S_ISDIR(there.st_mode)) return file_input(path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) throw errno_error(Errc::no_input, "cannot read it", path, errno);
  StreamSource input(fd, path);
  return spool_source(input, path, kMaxStream);
}

InputPtr open_message_input(const std::string& path) {
  InputPtr input = open_input(path);
  if (input->size() == 0) throw Error(Errc::malformed, "the message is empty", input->name());
  return input;
}

std::string single_argument(const Options& options) {
  if (options.arguments.size() > 1) throw Error(Errc::usage, "one file at a time", visible(options.arguments[1]));
  return options.arguments.empty() ? "-" : options.arguments[0];
}

void refuse_arguments(const Options& options) {
  if (!options.arguments.empty())
    throw Error(Errc::usage, "an argument that belongs to no option", visible(options.arguments[0]));
}

}  // namespace mimeseal::cli
