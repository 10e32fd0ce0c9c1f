// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "aws/ses_body.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/send/sender.h"

namespace mimeseal::aws {

/// What SES can be told before it is asked: throws when it could not take such an envelope. Error(limit) for more than
/// 50 recipients, Error(unsupported) for addresses that need SMTPUTF8, Error(usage) for DSN, the null reverse-path and
/// tags that are none, Error(protocol) when TLS towards the receivers is demanded and no configuration set is named.
void check_envelope(const Envelope& envelope, const SesSettings& settings);

/// The parts of a sending request that stand around the message, and what goes with them.
struct SesRequest {
  std::string path;
  std::string content_type;
  std::string prefix;
  std::string suffix;
  BodyForm form = BodyForm::json;
  std::uint64_t limit = 0;  ///< of the message in base64
  const char* limit_words = "";
};
SesRequest make_request(const Envelope& envelope, const SesSettings& settings);

}  // namespace mimeseal::aws
