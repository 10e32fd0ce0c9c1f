// SPDX-License-Identifier: MIT
#pragma once

// A context without network, environment of one's own, clock and sleep that only count.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "mimeseal/aws/context.h"
#include "mimeseal/core/source.h"

namespace mimeseal::aws::test {

/// 2026-11-22T12:00:00Z, until somebody moves it.
class MovableClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return time; }
  Time time{std::chrono::seconds(1'795'348'800)};
};

/// Always the greatest fraction: waits are as long as they may be.
class GreatestRandom final : public Random {
 public:
  void fill(std::span<char> into) override {
    for (char& c : into)
      c = static_cast<char>(0xFF);
  }
};

struct Seen {
  net::HttpRequest request;
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : request.headers)
      if (key == name) return value;
    return {};
  }
};

struct Answer {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names lower case
  net::HttpFailure failure;                                  ///< with status 0
};

inline Answer breaks_off(bool complete, Errc code = Errc::unavailable) {
  return {0, {}, {}, {complete, "the connection broke off (test)", code, code != Errc::protocol}};
}

/// Gives out answers in turn, and keeps what it was asked.
class World {
 public:
  World() {
    context.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    context.clock = &clock;
    context.random = &random;
    context.sleep = [this](std::chrono::milliseconds pause) { pauses.push_back(pause.count()); };
    context.trace = [this](std::string_view line) { trace += std::string(line) + "\n"; };
    context.http = [this](const net::HttpRequest& request, Sink* into, net::HttpFailure* failure) {
      return exchange(request, into, failure);
    };
  }

  net::HttpResponse exchange(const net::HttpRequest& request, Sink* into, net::HttpFailure* failure) {
    Seen seen{request, {}};
    if (request.body != nullptr) seen.body = read_all(*request.body);
    seen.request.body = nullptr;
    asked.push_back(std::move(seen));
    Answer answer = breaks_off(false);
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    if (answer.status == 0 && failure != nullptr) *failure = answer.failure;
    net::HttpResponse response;
    response.status = answer.status;
    response.headers = answer.headers;
    if (into != nullptr && answer.status >= 200 && answer.status < 300) {
      into->write(answer.body);
    } else {
      response.body = answer.body;
    }
    return response;
  }

  std::map<std::string, std::string> environment{{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                                 {"AWS_SECRET_ACCESS_KEY", "SECRETMARKER"},
                                                 {"AWS_EC2_METADATA_DISABLED", "true"}};
  MovableClock clock;
  GreatestRandom random;
  std::deque<Answer> answers;
  std::vector<Seen> asked;
  std::vector<long> pauses;
  std::string trace;
  Context context;
};

}  // namespace mimeseal::aws::test
