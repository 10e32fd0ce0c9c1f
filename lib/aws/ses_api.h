// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "aws/answer.h"
#include "aws/service.h"
#include "mimeseal/aws/ses.h"

namespace mimeseal::aws {

/// Both versions of SES's API: what SesClient shows and what the sender needs beside sending.
class SesApiClient {
 public:
  SesApiClient(const SesSettings& settings, Context context);
  SesApiClient(const SesApiClient&) = delete;
  SesApiClient& operator=(const SesApiClient&) = delete;

  [[nodiscard]] const SesPlace& place() const noexcept { return place_; }
  [[nodiscard]] ServiceClient& service() noexcept { return service_; }
  /// A call of this place, not filled in.
  [[nodiscard]] Call call(std::string method, const std::string& path) const;

  SesQuota quota();
  TlsDelivery tls_policy(const std::string& set);
  void set_tls_policy(const std::string& set, TlsDelivery policy);

 private:
  net::HttpResponse checked(Call call, const std::string& body, const char* type);
  net::HttpResponse ask_v2(const char* method, const std::string& path, const Json* body);
  net::HttpResponse ask_v1(const std::string& action, const std::string& rest);

  SesApi api_;
  SesPlace place_;
  ServiceClient service_;
};

}  // namespace mimeseal::aws
