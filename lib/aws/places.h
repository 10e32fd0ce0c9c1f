// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "aws/shared_files.h"
#include "mimeseal/aws/context.h"

// Regions and endpoints, as every AWS tool finds them.
namespace mimeseal::aws {

/// `named`, else AWS_REGION, AWS_DEFAULT_REGION, the profile's. Throws Error(config) when nothing says it, Error(usage)
/// when it is no region's name.
std::string resolve_region(std::string_view named, const Context& context, const SharedFiles& files);

/// Letters, digits and hyphens, as a host's label has them.
bool is_region(std::string_view text) noexcept;

/// "amazonaws.com", "amazonaws.com.cn" for China.
std::string domain_of(std::string_view region);

/// An endpoint that somebody named for a service: `named`, else AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
/// profile's. Empty when nobody did. Without the "/" at its end. Throws Error(usage) or Error(config) when it is no
/// https:// URL.
std::string named_endpoint(std::string_view named, std::string_view service, const Context& context,
                           const SharedFiles& files);

/// A yes or no of the environment or the profile ("true", "1").
bool asks_for(const char* variable, std::string_view setting, const Context& context, const SharedFiles& files);

}  // namespace mimeseal::aws
