// SPDX-License-Identifier: MIT
// One kept TLS connection to a sink on loopback, messages of 2 KB one after another: our transaction against libcurl's
// own SMTP, in turns within one run, and the cost of a round trip of 10 ms. Goals: 1.7x with PIPELINING, 2x with
// CHUNKING, and 1.2 times the two round trips that both allow.

#include <curl/curl.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <vector>

#include "mimeseal/smtp/sender.h"
#include "smtp_sink.h"

namespace mimeseal::bench {
namespace {

constexpr int kRounds = 7;
constexpr int kMessages = 2000;
constexpr int kLeastRoundTrips = 2;
constexpr std::chrono::milliseconds kRoundTrip{10};

using SteadyClock = std::chrono::steady_clock;

std::string message() {
  std::string text = "From: a@example.org\r\nTo: b@example.org\r\nSubject: bench\r\n\r\n";
  while (text.size() < 2048)
    text += "The quick brown fox jumps over the lazy dog. 0123456789\r\n";
  return text;
}

double seconds_for(auto& send, int count) {
  const auto began = SteadyClock::now();
  for (int i = 0; i < count; ++i)
    send();
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

class Ours {
 public:
  Ours(const TestCertificate& ca, int port) {
    SenderOptions options;
    options.tls.ca_file = ca.path();
    sender_ = smtp::make_sender(parse_sender_url("smtps://localhost:" + std::to_string(port)), std::move(options));
  }
  void operator()() {
    const auto source = view_source(text_);
    const Receipt receipt = sender_->submit(envelope_, *source);
    demand(exit_code(receipt) == 0, "not accepted");
  }

 private:
  std::unique_ptr<Sender> sender_;
  Envelope envelope_ = make_envelope("a@example.org", {"b@example.org"});
  std::string text_ = message();
};

class Curls {
 public:
  Curls(const TestCertificate& ca, int port)
      : curl_(curl_easy_init()), to_(curl_slist_append(nullptr, "<b@example.org>")) {
    curl_easy_setopt(curl_, CURLOPT_URL, ("smtps://localhost:" + std::to_string(port)).c_str());
    curl_easy_setopt(curl_, CURLOPT_CAINFO, ca.path().c_str());
    curl_easy_setopt(curl_, CURLOPT_MAIL_FROM, "<a@example.org>");
    curl_easy_setopt(curl_, CURLOPT_MAIL_RCPT, to_);
    curl_easy_setopt(curl_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(text_.size()));
    curl_easy_setopt(curl_, CURLOPT_READFUNCTION, &Curls::read);
    curl_easy_setopt(curl_, CURLOPT_READDATA, this);
  }
  Curls(const Curls&) = delete;
  Curls& operator=(const Curls&) = delete;
  ~Curls() {
    curl_slist_free_all(to_);
    curl_easy_cleanup(curl_);
  }
  void operator()() {
    at_ = 0;
    demand(curl_easy_perform(curl_) == CURLE_OK, "libcurl did not send");
  }

 private:
  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self) {
    auto* curls = static_cast<Curls*>(self);
    const std::size_t got = std::min(size * count, curls->text_.size() - curls->at_);
    std::memcpy(into, curls->text_.data() + curls->at_, got);
    curls->at_ += got;
    return got;
  }

  CURL* curl_;
  curl_slist* to_;
  std::string text_ = message();
  std::size_t at_ = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const TestCertificate& ca, const char* name, const std::string& offers, double goal) {
  SmtpSink sink(ca, offers, {});
  SmtpSink other(ca, offers, {});
  Ours ours(ca, sink.port());
  Curls curls(ca, other.port());
  ours();
  curls();
  std::vector<double> our_times;
  std::vector<double> curl_times;
  for (int round = 0; round < kRounds; ++round) {
    our_times.push_back(seconds_for(ours, kMessages));
    curl_times.push_back(seconds_for(curls, kMessages));
  }
  const double ratio = median(curl_times) / median(our_times);
  std::printf("%-12s %8.0f messages/s, libcurl %8.0f, ratio %.2f (goal %.1f)%s\n", name, kMessages / median(our_times),
              kMessages / median(curl_times), ratio, goal, ratio < goal ? "  MISSED" : "");
}

void round_trips(const TestCertificate& ca, const char* name, const std::string& offers) {
  SmtpSink sink(ca, offers, kRoundTrip);
  Ours ours(ca, sink.port());
  ours();
  const double each = seconds_for(ours, 30) / 30 / std::chrono::duration<double>(kRoundTrip).count();
  std::printf("%-12s %.2f round trips a message (goal %.1f)%s\n", name, each, 1.2 * kLeastRoundTrips,
              each > 1.2 * kLeastRoundTrips ? "  MISSED" : "");
}

}  // namespace
}  // namespace mimeseal::bench

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  using namespace mimeseal::bench;
  const TestCertificate ca;
  const std::string pipelining = "250-PIPELINING\r\n";
  const std::string chunking = pipelining + "250-CHUNKING\r\n";
  compare(ca, "PIPELINING", pipelining, 1.7);
  compare(ca, "CHUNKING", chunking, 2.0);
  round_trips(ca, "PIPELINING", pipelining);
  round_trips(ca, "CHUNKING", chunking);
  return 0;
}
