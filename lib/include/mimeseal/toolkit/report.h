// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/crypto/key.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/mail/seal.h"
#include "mimeseal/net/probe.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/send/sender.h"

/// The JSON reports of schemas/report.schema.json, "format": 1: UTF-8, indented by two, a line end at the end.
namespace mimeseal {

/// With `imported`, what became of the attached keys that were to be imported, as "imported_keys".
[[nodiscard]] MIMESEAL_API std::string report_json(const Opened& opened,
                                                   const std::vector<pgp::ImportedKey>* imported = nullptr);
[[nodiscard]] MIMESEAL_API std::string report_json(const Inspected& inspected);
[[nodiscard]] MIMESEAL_API std::string report_json(const SealReport& report, std::uint64_t bytes);
/// Several transactions of one message (each Bcc copy is one): receipts in order, recipients joined.
[[nodiscard]] MIMESEAL_API std::string report_json(const std::vector<Receipt>& receipts);
[[nodiscard]] MIMESEAL_API std::string report_json(const net::ProbeResult& result);
[[nodiscard]] MIMESEAL_API std::string report_json(const Error& error);

/// What can be done with a key now, for `keys`.
struct KeyReport {
  KeyInfo info;
  std::string address;  ///< `check`: the address asked about
  bool can_seal_to = false;
  std::string why;
};
[[nodiscard]] MIMESEAL_API std::string report_json(const std::vector<KeyReport>& keys);
/// Of `keys import`.
[[nodiscard]] MIMESEAL_API std::string report_json(const std::vector<pgp::ImportedKey>& imported);

}  // namespace mimeseal
