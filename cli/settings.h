// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/source.h"
#include "mimeseal/crypto/policy.h"
#include "mimeseal/mail/header_policy.h"
#include "mimeseal/send/options.h"
#include "mimeseal/toolkit/engines.h"
#include "options.h"

/// What was said, made into the values that the library takes. Everything throws Error(usage) naming the option.
namespace mimeseal::cli {

[[nodiscard]] KeySettings key_settings(const Options& options);
[[nodiscard]] SmimePolicy smime_policy(const Options& options);
[[nodiscard]] HeaderPolicy header_policy(const Options& options);
[[nodiscard]] Proxy proxy(const Options& options);
/// 0: as each phase has it.
[[nodiscard]] std::chrono::seconds timeout(const Options& options);
/// Prints the dialogue for --verbose; else null.
[[nodiscard]] std::function<void(std::string_view)> trace(const Options& options);
[[nodiscard]] SenderOptions sender_options(const Options& options);
[[nodiscard]] TlsPolicy tls_policy(const Options& options);
/// --at, else now.
[[nodiscard]] Time judged_at(const Options& options);
/// The passphrase as --passphrase-file, --passphrase-fd or the terminal give it; asked for once.
[[nodiscard]] std::function<SecretBytes(const std::string&)> passphrase_source(const Options& options);
/// A file, or standard input for "-" (spooled).
[[nodiscard]] InputPtr open_input(const std::string& path);
/// The same for a message, which is not empty: Error(malformed).
[[nodiscard]] InputPtr open_message_input(const std::string& path);
/// The only argument, or "-" when there is none.
[[nodiscard]] std::string single_argument(const Options& options);
void refuse_arguments(const Options& options);

}  // namespace mimeseal::cli
