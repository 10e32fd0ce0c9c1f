// SPDX-License-Identifier: MIT
#include "mimeseal/net/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"
#include "support/peer.h"

namespace mimeseal::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TlsPolicy believing_test_ca() {
  TlsPolicy policy;
  policy.ca_file = (test_ca() / "ca.pem").string();
  return policy;
}

std::string url_of(const Peer& peer, const char* path = "/", const char* host = "localhost") {
  return std::string("https://") + host + ":" + std::to_string(peer.port()) + path;
}

net::HttpResponse get(const std::string& url, const TlsPolicy& policy = believing_test_ca()) {
  net::HttpClient client(policy);
  net::HttpRequest request;
  request.url = url;
  request.timeout = std::chrono::seconds(5);
  return client.perform(request);
}

/// The code and words of the Error.
std::pair<Errc, std::string> failure_of(const std::string& url, const TlsPolicy& policy = believing_test_ca()) {
  try {
    (void)get(url, policy);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {Errc::internal, "no error"};
}

TEST(Http, AnswerCarriesTlsFactsAndHeaders) {
  Peer peer("tls_server.py");
  const net::HttpResponse response = get(url_of(peer));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "probed\n");
  ASSERT_NE(response.find("Content-Type"), nullptr);
  EXPECT_EQ(*response.find("content-type"), "text/plain");
  EXPECT_EQ(response.tls.version, "1.3");
  EXPECT_EQ(response.tls.fingerprint.size(), 64U);
  EXPECT_THAT(response.tls.peer, HasSubstr("localhost"));
}

TEST(Http, CertificateAndVersionAreAlwaysChecked) {
  const struct {
    const char* name;
    const char* words;
  } cases[] = {
      {"other", "another name"}, {"expired", "expired"}, {"rogue", "local issuer"}, {"selfsigned", "self-signed"}};
  for (const auto& [name, words] : cases) {
    Peer peer("tls_server.py", {"--cert=" + (test_ca() / (std::string(name) + ".pem")).string(),
                                "--key=" + (test_ca() / (std::string(name) + ".key")).string()});
    const auto [code, what] = failure_of(url_of(peer));
    EXPECT_EQ(code, Errc::protocol) << name;
    EXPECT_THAT(what, HasSubstr(words));
  }
  Peer old("tls_server.py", {"--versions=1.0,1.1"});
  EXPECT_EQ(failure_of(url_of(old)).first, Errc::protocol);
  Peer two("tls_server.py", {"--versions=1.2"});
  TlsPolicy policy = believing_test_ca();
  EXPECT_EQ(get(url_of(two), policy).tls.version, "1.2");
  policy.min = TlsVersion::v1_3;
  EXPECT_EQ(failure_of(url_of(two), policy).first, Errc::protocol);
  policy.ca_file = "/nonexistent";
  EXPECT_EQ(failure_of(url_of(two), policy).first, Errc::no_input);
}

TEST(Http, OnlyHttpsAndNothingThatInjects) {
  EXPECT_EQ(failure_of("http://127.0.0.1:1/").first, Errc::usage);
  EXPECT_EQ(failure_of("ftp://127.0.0.1:1/").first, Errc::usage);
  EXPECT_EQ(failure_of("https://127.0.0.1:1/\r\nX: y").first, Errc::usage);
  EXPECT_EQ(failure_of("https://user:secret@127.0.0.1:1/").first, Errc::usage);
  EXPECT_THAT(failure_of("https://user:secret@127.0.0.1:1/").second, Not(HasSubstr("secret")));
  EXPECT_EQ(failure_of("https://127.0.0.1:1/").first, Errc::unavailable);
  net::HttpClient client(believing_test_ca());
  for (const auto& header :
       {std::pair{"X", "a\r\nb"}, std::pair{"X\r\nY", "a"}, std::pair{"X Y", "a"}, std::pair{"", "a"}}) {
    net::HttpRequest request;
    request.url = "https://127.0.0.1:1/";
    request.headers = {header};
    try {
      (void)client.perform(request);
      ADD_FAILURE() << header.first;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::usage) << header.first;  // nobody listens: what is tried is `unavailable`
    }
  }
}

/// A body that no socket buffer holds.
net::HttpFailure failure_at(const char* fate, std::size_t size) {
  Peer peer("ses_server.py", {"--credentials=AKIDEXAMPLE:SECRETEXAMPLE", std::string(fate)});
  const std::string body(size, 'x');
  const auto source = view_source(body);
  net::HttpClient client(believing_test_ca());
  net::HttpRequest request;
  request.method = "POST";
  request.url = url_of(peer, "/v2/email/outbound-emails");
  request.body = source.get();
  request.timeout = std::chrono::seconds(2);
  net::HttpFailure failure;
  EXPECT_EQ(client.perform(request, nullptr, &failure).status, 0) << fate;
  return failure;
}

TEST(Http, FailureSaysWhetherTheWholeRequestHadLeft) {
  constexpr std::size_t kLarge = 48U << 20U;
  EXPECT_FALSE(failure_at("--hangup=mid-body", kLarge).request_complete);
  EXPECT_FALSE(failure_at("--reset=before-body", kLarge).request_complete);
  EXPECT_TRUE(failure_at("--hangup=after-body", 1000).request_complete);
  const net::HttpFailure stalled = failure_at("--stall=after-body", 1000);
  EXPECT_TRUE(stalled.request_complete);
  EXPECT_EQ(stalled.code, Errc::temporary);
  EXPECT_TRUE(failure_at("--hangup=mid-answer", 1000).request_complete);
}

TEST(Http, BodyThatBreaks_IsItsOwnError) {
  class Short final : public Source {
   public:
    std::size_t read(std::span<char> into) override {
      if (done_) return 0;
      done_ = true;
      into[0] = 'x';
      return 1;
    }
    void rewind() override {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return 1000; }

   private:
    bool done_ = false;
  };
  Peer peer("tls_server.py");
  Short body;
  net::HttpClient client(believing_test_ca());
  net::HttpRequest request;
  request.method = "PUT";
  request.url = url_of(peer);
  request.body = &body;
  net::HttpFailure failure;
  EXPECT_THROW((void)client.perform(request, nullptr, &failure), Error);
}

TEST(Http, AnswerPastTheLimit_IsRefused) {
  Peer peer("tls_server.py");
  net::HttpClient client(believing_test_ca());
  net::HttpRequest request;
  request.url = url_of(peer);
  request.max_response = 3;
  EXPECT_THROW((void)client.perform(request), Error);
  StringSink sink;
  request.max_response = 0;
  EXPECT_EQ(client.perform(request, &sink).status, 200);
  EXPECT_EQ(sink.str(), "probed\n");
}

}  // namespace
}  // namespace mimeseal::test
