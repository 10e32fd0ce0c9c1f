// SPDX-License-Identifier: MIT
#include "mimeseal/aws/context.h"

#include <cstdlib>

namespace mimeseal::aws {

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Context make_context(const SenderOptions& options, const Clock& clock) {
  Context context;
  context.profile = options.profile;
  context.tls = options.tls;
  context.proxy = options.proxy;
  context.timeout = options.timeout;
  context.trace = options.trace;
  context.clock = &clock;
  return context;
}

}  // namespace mimeseal::aws
