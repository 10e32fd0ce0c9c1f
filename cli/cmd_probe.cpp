// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "mimeseal/aws/context.h"
#include "mimeseal/aws/ses.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/net/probe.h"
#include "mimeseal/toolkit/report.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

constexpr std::chrono::seconds kDefaultTimeout{15};

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string table(const net::ProbeResult& result) {
  std::string text = result.target + "\n\n";
  for (const net::ProbedVersion& one : result.versions) {
    text += "TLS " + one.version + "  " + padded(one.result, 10) + visible(one.cipher);
    if (!one.group.empty()) text += ", " + visible(one.group);
    if (!one.why.empty()) text += (one.cipher.empty() ? "" : "  ") + visible(one.why);
    text += "\n";
  }
  const net::ProbedCertificate& certificate = result.certificate;
  if (!certificate.subject.empty() || !certificate.names.empty() || certificate.not_after) {
    text += "\ncertificate  " + visible(certificate.subject) + "\n";
    text += "names        " + visible(join(certificate.names, ", ")) + "\n";
    if (certificate.not_after)
      text += "until        " + format_rfc3339(*certificate.not_after) + ", " + std::to_string(certificate.days_left) +
              " days left\n";
    text +=
        std::string("chain        ") + (certificate.chain_good ? "good" : "bad: " + visible(certificate.why)) + "\n";
    text += std::string("OCSP staple  ") + (certificate.ocsp_stapled ? "yes" : "no") + "\n";
  }
  const auto list = [&](const char* title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    text += std::string("\n") + title + "\n";
    for (const std::string& line : lines)
      text += "  " + visible(line) + "\n";
  };
  list("EHLO before TLS", result.ehlo_before_tls);
  list("EHLO after TLS", result.ehlo_after_tls);
  if (!result.faults.empty()) text += "\n";
  for (const net::ProbeFault& fault : result.faults)
    text += "fault: " + fault.code + ": " + visible(fault.why) + "\n";
  return text;
}

/// The first target is the one that was asked for; what else belongs to it may be out of reach, and that is a finding.
std::vector<net::ProbeResult> probe_all(const std::vector<SenderUrl>& targets, const TlsPolicy& policy,
                                        const Options& options) {
  const std::chrono::seconds patience = timeout(options).count() > 0 ? timeout(options) : kDefaultTimeout;
  const Proxy way = proxy(options);
  std::vector<net::ProbeResult> results;
  for (const SenderUrl& one : targets) {
    try {
      results.push_back(net::probe(one, policy, patience, judged_at(options), way));
    } catch (const Error& error) {
      if (results.empty() || error.code() != Errc::unavailable) throw;
      net::ProbeResult unreachable;
      unreachable.target = one.display();
      unreachable.faults.push_back({"unreachable", error.what()});
      results.push_back(std::move(unreachable));
    }
  }
  return results;
}

}  // namespace

int run_probe(const Options& options) {
  if (options.arguments.size() != 1)
    throw Error(Errc::usage, "probe takes one URL: smtp://HOST, smtps://HOST, https://HOST or ses://REGION");
  const SenderUrl target = parse_sender_url(options.arguments.front());
  const TlsPolicy policy = tls_policy(options);
  std::vector<SenderUrl> targets{target};
  if (target.scheme == "ses") {
    aws::Context context;
    context.profile = options.aws_profile;
    context.tls = policy;
    targets = aws::ses_probe_targets(target, context);
  }
  const std::vector<net::ProbeResult> results = probe_all(targets, policy, options);

  if (options.json) {
    // SES has several places: the HTTPS endpoint is the report, the others stand in it.
    auto json = nlohmann::ordered_json::parse(report_json(results.front()));
    for (std::size_t i = 1; i < results.size(); ++i)
      json["others"].push_back(nlohmann::ordered_json::parse(report_json(results[i])));
    print_json(json.dump(2) + "\n");
  } else {
    std::string text;
    for (const net::ProbeResult& result : results)
      text += (text.empty() ? "" : "\n") + table(result);
    print_result(text);
  }
  const bool good =
      std::all_of(results.begin(), results.end(), [](const net::ProbeResult& one) { return one.faults.empty(); });
  return good ? 0 : 1;
}

}  // namespace mimeseal::cli
