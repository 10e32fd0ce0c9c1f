// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mimeseal::cli {

/// Which options a command takes; each command is a sum of these.
enum Group : unsigned {
  kDraft = 1U << 0U,
  kSealing = 1U << 1U,
  kKeys = 1U << 2U,
  kSending = 1U << 3U,
  kNetwork = 1U << 4U,
  kOpening = 1U << 5U,
  kOutput = 1U << 6U,
  kVectors = 1U << 7U,
  kSes = 1U << 8U,
  kTime = 1U << 9U,
  kAllGroups = (1U << 10U) - 1U,
};

/// Everything that can be said on the command line or in the configuration file, as it was said.
struct Options {
  std::vector<std::string> arguments;  ///< what is no option

  bool help = false;
  bool json = false;
  bool json_by_config = false;  ///< asked for by the configuration alone: no fault where there is no report
  bool verbose = false;
  std::string config;
  bool no_config = false;
  std::string account;

  // kDraft
  std::vector<std::string> from, reply_to, to, cc, bcc, headers, attach, inlines;
  std::string sender, message_id, in_reply_to, message, eml, date;
  std::optional<std::string> subject, text, text_file, html, html_file;

  // kSealing
  bool sign = false, encrypt = false, no_legacy_display = false, compat_protected_headers = false, attach_key = false,
       autocrypt = false, compress = false, triple_wrap = false, legacy_types = false, no_encrypt_to_self = false,
       hidden_recipients = false, symmetric = false, nested = false, oaep_sha1 = false;
  std::string signature, cipher, digest, rsa_signature, key_transport, profile, protect_headers;

  // kKeys
  std::string protocol, gnupg_home, trust_model, locate, locate_ca;
  std::optional<int> passphrase_fd;
  std::vector<std::string> passphrase_file, identity, recipient_key, trust, crl;
  bool allow_legacy = false;

  // kTime
  std::string at;

  // kSending
  std::string via, raw, envelope_from, save_sent, dsn, envid;
  std::vector<std::string> rcpt, tag;
  bool unsealed = false, partial = false, retry_unknown = false, dry_run = false, require_tls = false;

  // kNetwork
  std::string user, password_file, token_file, auth, ca_file, client_cert, tls_min, tls_pin, proxy, hello, proxy_user,
      proxy_password_file, aws_profile;
  std::optional<int> password_fd;
  int timeout = 0;

  // kOpening
  std::vector<std::string> require, require_signer;
  std::string extract;
  bool allow_unauthenticated = false, inline_pgp = false, fetch_revocation = false, import_keys = false;

  // kOutput
  std::string output;

  // kVectors
  std::string filter, junit, tool;
  int jobs = 0, tool_timeout = 60;

  // kSes
  std::string region, endpoint, api, metadata, data_key;
  bool allow_cbc = false, fips = false;
};

/// Reads the words behind the command, then the configuration file. Throws Error(usage) for the words, Error(config)
/// for the file, naming the option or the line.
[[nodiscard]] Options parse_options(const std::vector<std::string>& words, unsigned groups);

/// The help text of these groups' options.
[[nodiscard]] std::string options_help(unsigned groups);

}  // namespace mimeseal::cli
