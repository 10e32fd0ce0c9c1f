// SPDX-License-Identifier: MIT
// Probing servers that accept chosen versions of TLS only.
#include "mimeseal/net/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"
#include "support/peer.h"

namespace mimeseal::test {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::string file(const char* name) {
  return (test_ca() / name).string();
}

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

net::ProbeResult probe(const char* scheme, int port, TlsVersion floor = TlsVersion::v1_2, Time at = now(),
                       const char* host = "localhost") {
  TlsPolicy policy;
  policy.ca_file = file("ca.pem");
  policy.min = floor;
  return net::probe(parse_sender_url(std::string(scheme) + "://" + host + ":" + std::to_string(port)), policy,
                    std::chrono::seconds(5), at);
}

std::vector<std::string> results(const net::ProbeResult& result) {
  std::vector<std::string> all;
  for (const auto& one : result.versions)
    all.push_back(one.version + " " + one.result);
  return all;
}

std::vector<std::string> codes(const net::ProbeResult& result) {
  std::vector<std::string> all;
  for (const auto& one : result.faults)
    all.push_back(one.code);
  return all;
}

class EachProtocol : public ::testing::TestWithParam<const char*> {};

TEST_P(EachProtocol, SaysOfEachVersionWhatTheServerDoes) {
  const std::string protocol = GetParam();
  {
    Peer peer("tls_server.py", {"--protocol=" + protocol});
    const net::ProbeResult result = probe(GetParam(), peer.port());
    EXPECT_THAT(results(result), ElementsAre("1.0 refused", "1.1 refused", "1.2 accepted", "1.3 accepted"));
    EXPECT_THAT(result.faults, IsEmpty())
        << (result.faults.empty() ? "" : result.faults[0].code + result.faults[0].why);
    EXPECT_TRUE(result.certificate.chain_good);
    EXPECT_THAT(result.certificate.names, UnorderedElementsAre("localhost", "127.0.0.1"));
    EXPECT_THAT(result.certificate.days_left, AnyOf(29, 30));  // it was made for 30 days, a moment ago
    EXPECT_THAT(result.versions[3].cipher, HasSubstr("TLS_"));
    EXPECT_EQ(result.versions[3].group, "x25519");
    EXPECT_EQ(result.ehlo_before_tls.empty(), protocol != "smtp");
    EXPECT_EQ(result.ehlo_after_tls.empty(), protocol == "https");
    // Each version was offered by itself.
    const std::string hellos = peer.log("hellos.jsonl");
    EXPECT_THAT(hellos, HasSubstr("\"up to 1.0\""));
    EXPECT_THAT(hellos, HasSubstr("\"versions\": [\"1.3\"]"));
  }
  Peer old("tls_server.py", {"--protocol=" + protocol, "--versions=1.0,1.1"});
  const net::ProbeResult result = probe(GetParam(), old.port());
  EXPECT_THAT(results(result), ElementsAre("1.0 accepted", "1.1 accepted", "1.2 refused", "1.3 refused"));
  EXPECT_THAT(codes(result), UnorderedElementsAre("old-tls", "old-tls", "no-tls"));
}

INSTANTIATE_TEST_SUITE_P(All, EachProtocol, ::testing::Values("https", "smtp", "smtps"),
                         [](const auto& test) { return std::string(test.param); });

TEST(Probe, FloorOf13_MakesTls12AFault) {
  Peer peer("tls_server.py", {"--versions=1.2,1.3"});
  EXPECT_THAT(codes(probe("https", peer.port(), TlsVersion::v1_3)), ElementsAre("old-tls"));
  Peer two("tls_server.py", {"--versions=1.2"});
  EXPECT_THAT(codes(probe("https", two.port(), TlsVersion::v1_3)), UnorderedElementsAre("old-tls", "no-tls"));
}

TEST(Probe, CertificateFaultsAreNamed) {
  const struct {
    const char* name;
    const char* code;
    const char* why;
  } cases[] = {{"expired", "expired", "has expired"},
               {"early", "chain", "not yet valid"},
               {"rogue", "chain", "unable to get local issuer"},
               {"selfsigned", "chain", "self-signed"},
               {"short", "chain", "unable to get local issuer"}};
  for (const auto& [name, code, why] : cases) {
    Peer peer("tls_server.py", {"--cert=" + file((std::string(name) + ".pem").c_str()),
                                "--key=" + file((std::string(name) + ".key").c_str())});
    const net::ProbeResult result = probe("https", peer.port());
    EXPECT_THAT(codes(result), ElementsAre(code)) << name;
    EXPECT_FALSE(result.certificate.chain_good);
    EXPECT_THAT(result.certificate.why, HasSubstr(why));
  }
  Peer other("tls_server.py", {"--cert=" + file("other.pem"), "--key=" + file("other.key")});
  const net::ProbeResult misnamed = probe("https", other.port());
  EXPECT_THAT(codes(misnamed), ElementsAre("name"));
  EXPECT_FALSE(misnamed.certificate.chain_good);
  EXPECT_THAT(misnamed.certificate.why, HasSubstr("other.example.invalid"));
  Peer good("tls_server.py");
  EXPECT_THAT(codes(probe("https", good.port(), TlsVersion::v1_2, now() + std::chrono::days(60))),
              ElementsAre("expired"));
  EXPECT_THAT(codes(probe("https", good.port(), TlsVersion::v1_2, now(), "127.0.0.1")), IsEmpty());
}

TEST(Probe, OcspStapleIsSeen) {
  Peer peer("tls_server.py", {"--protocol=tls", "--ocsp=" + file("ocsp-good.der")});
  EXPECT_TRUE(probe("https", peer.port()).certificate.ocsp_stapled);
  Peer without("tls_server.py");
  EXPECT_FALSE(probe("https", without.port()).certificate.ocsp_stapled);
}

TEST(Probe, SmtpFaultsAreNamed) {
  Peer clear("tls_server.py", {"--protocol=smtp", "--ehlo-plain=STARTTLS,AUTH PLAIN LOGIN"});
  EXPECT_THAT(codes(probe("smtp", clear.port())), ElementsAre("auth-in-clear"));
  Peer missing("tls_server.py", {"--protocol=smtp", "--ehlo-plain=PIPELINING"});
  EXPECT_THAT(codes(probe("smtp", missing.port())), ElementsAre("starttls-missing", "no-tls"));
  Peer injects("smtp_script.py", {"--fault=starttls:extra:250 injected"});
  EXPECT_THAT(codes(probe("smtp", injects.port())), Contains("injection"));
  Peer offers("tls_server.py", {"--protocol=smtp", "--ehlo-tls=AUTH PLAIN,SIZE 5"});
  EXPECT_THAT(probe("smtp", offers.port()).ehlo_after_tls, ElementsAre("peer.example", "AUTH PLAIN", "SIZE 5"));
}

TEST(Probe, SilentServer_EndsInTimeWithErrors) {
  Peer peer("smtp_script.py", {"--fault=handshake:stall"});
  TlsPolicy policy;
  policy.ca_file = file("ca.pem");
  const net::ProbeResult result = net::probe(parse_sender_url("smtp://localhost:" + std::to_string(peer.port())),
                                             policy, std::chrono::seconds(1), now());
  EXPECT_THAT(results(result), ElementsAre("1.0 error", "1.1 error", "1.2 error", "1.3 error"));
  EXPECT_THAT(codes(result), ElementsAre("no-tls"));
}

TEST(Probe, NobodyThere_IsUnavailable) {
  try {
    (void)probe("https", 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::unavailable);
  }
}

}  // namespace
}  // namespace mimeseal::test
