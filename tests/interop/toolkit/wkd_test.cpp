// SPDX-License-Identifier: MIT
// Keys from a recipient's domain: real HTTPS to directories on loopback, reached through a proxy, since their names are
// nobody's.
#include "mimeseal/toolkit/wkd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "mimeseal/core/clock.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/toolkit/engines.h"
#include "support/gnupg.h"
#include "support/peer.h"

namespace mimeseal {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

constexpr const char* kDomain = "pgp.example";
constexpr const char* kSub = "openpgpkey.pgp.example";

/// What gpg exports of a key file, binary.
std::string binary_key(const std::string& name) {
  const Gnupg gnupg({pgp_key(name + ".pub.asc")});
  return gnupg.gpg({"--export"}).out;
}

class Wkd : public testing::Test {
 protected:
  Wkd() {
    const Finished made = run({"/usr/bin/python3", std::string(MIMESEAL_SOURCE_DIR) + "/tests/peers/make_ca.py",
                               "--out", (folder_ / "ca").string(), "--host", std::string(kDomain) + "," + kSub});
    if (made.exit_code != 0) throw std::runtime_error(made.err);
    fs::create_directories(root());
    settings_.protocol = Protocol::pgp;
    settings_.locate_wkd = true;
    settings_.locate_ca = (folder_ / "ca/ca.pem").string();
  }

  fs::path root() const { return folder_ / "root"; }
  void host(const std::string& name) const { fs::create_directories(root() / name); }

  /// Publishes octets for an address, by the direct or the advanced method.
  void publish(const std::string& address, std::string_view octets, bool direct = false) const {
    const WkdUrls urls = wkd_urls(address);
    std::string url = direct ? urls.direct : urls.advanced;
    url = url.substr(std::string("https://").size());
    const fs::path file = root() / url.substr(0, url.find('?'));
    fs::create_directories(file.parent_path());
    write_file(file, octets);
  }

  KeyChoice ask(const std::string& address) {
    if (!peer_) start();
    return engines_->get(Protocol::pgp).recipient_key(address, system_clock().now());
  }

  void start(const std::string& certificate = "server") {
    peer_ = std::make_unique<Peer>(
        "wkd_server.py", std::vector<std::string>{"--root=" + root().string(),
                                                  "--cert=" + (folder_ / ("ca/" + certificate + ".pem")).string(),
                                                  "--key=" + (folder_ / ("ca/" + certificate + ".key")).string()});
    settings_.proxy.url = "http://127.0.0.1:" + std::to_string(peer_->port());
    engines_ = std::make_unique<Engines>(settings_);
  }

  std::string requests() const { return peer_->log("requests.jsonl"); }

  TempDir folder_;
  KeySettings settings_;
  std::unique_ptr<Peer> peer_;
  std::unique_ptr<Engines> engines_;
};

TEST(WkdUrls, AreThoseOfTheDraft) {
  const WkdUrls urls = wkd_urls("Joe.Doe@Example.ORG");
  EXPECT_EQ(urls.advanced,
            "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q"
            "?l=Joe.Doe");
  EXPECT_EQ(urls.direct, "https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe");
  EXPECT_THAT(wkd_urls("a+b/c?d&e@x.example").direct, HasSubstr("?l=a%2bb%2fc%3fd%26e"));
  EXPECT_THAT(wkd_urls("a@b\xC3\xBC"
                       "cher.example")
                  .direct,
              HasSubstr("https://xn--bcher-kva.example/"));
}

TEST(WkdUrls, AddressesAtNoDomainName_AreRefused) {
  for (const char* address :
       {"a@[127.0.0.1]", "a@127.0.0.1", "a@10.1", "a@b:8080", "a@b/c", "a@", "a", "a@b.example/x"})
    EXPECT_THROW(static_cast<void>(wkd_urls(address)), Error) << address;
}

TEST_F(Wkd, KeyOfTheSubDomain_IsEncryptedTo) {
  publish("rita@pgp.example", binary_key("rita"));
  const KeyChoice choice = ask("rita@pgp.example");
  ASSERT_TRUE(choice.key) << choice.why;
  EXPECT_THAT(choice.why, AllOf(HasSubstr("WKD"), HasSubstr(kSub)));
  Engine& engine = engines_->get(Protocol::pgp);
  StringSink out;
  engine.encrypt(*view_source("MARKER"), out, {.recipients = {choice.key}, .at = system_clock().now()});
  const Gnupg rita({pgp_key("rita.sec.asc")});
  EXPECT_EQ(rita.gpg({"--decrypt"}, out.str()).out, "MARKER");
  EXPECT_THAT(requests(), Not(HasSubstr("\"connect\": \"pgp.example\"")));
}

TEST_F(Wkd, DomainItself_IsAskedOnlyWithoutTheSubDomain) {
  publish("rita@pgp.example", binary_key("rita"), true);
  EXPECT_TRUE(ask("rita@pgp.example").key);
  host(kSub);  // now there is one, and it has no key
  start();
  const KeyChoice choice = ask("rita@pgp.example");
  EXPECT_FALSE(choice.key);
  EXPECT_THAT(choice.why, HasSubstr("answered 404"));
  EXPECT_THAT(requests(), Not(HasSubstr("\"connect\": \"pgp.example\"")));
}

TEST_F(Wkd, DomainWithoutADirectory_IsNamed) {
  const KeyChoice choice = ask("rita@pgp.example");
  EXPECT_FALSE(choice.key);
  EXPECT_THAT(choice.why, AllOf(HasSubstr("rita@pgp.example"), HasSubstr("no key directory")));
}

TEST_F(Wkd, OnlyTheUserIdOfTheAddress_IsTaken) {
  // Alice's key has two: the other one must not come along, and another's key must not come at all.
  publish("alice@pgp.example", binary_key("rita") + binary_key("alice"));
  const KeyChoice choice = ask("alice@pgp.example");
  ASSERT_TRUE(choice.key) << choice.why;
  EXPECT_THAT(choice.key->info().addresses, ElementsAre("alice@pgp.example"));
  EXPECT_FALSE(engines_->get(Protocol::pgp).recipient_key("alice.other@pgp.example", system_clock().now()).key);
  publish("bob@pgp.example", binary_key("alice"));
  const KeyChoice wrong = ask("bob@pgp.example");
  EXPECT_FALSE(wrong.key);
  EXPECT_THAT(wrong.why, HasSubstr("no key for the address"));
}

TEST_F(Wkd, KeyOfTheDirectory_IsNotBelievedForSignatures) {
  publish("alice@pgp.example", binary_key("alice"));
  ASSERT_TRUE(ask("alice@pgp.example").key);
  const Gnupg alice({pgp_key("alice.sec.asc")});
  const Finished made = alice.gpg({"--armor", "--detach-sign", "--output", "-", alice.file("t", "text")});
  const LayerFacts facts =
      engines_->get(Protocol::pgp).verify(*view_source("text"), made.out, {.at = system_clock().now()});
  ASSERT_EQ(facts.signers.size(), 1U);
  EXPECT_EQ(facts.signers[0].trust, Trust::unknown);
}

TEST_F(Wkd, UnusableAnswers_AreNoKeyAndSayWhy) {
  publish("expired@pgp.example", binary_key("expired"));
  publish("signonly@pgp.example", binary_key("signonly"));
  publish("alice@pgp.example", read_file(pgp_key("alice.sec.asc")));
  publish("garbage@pgp.example", "<html>no such page</html>");
  publish("empty@pgp.example", "");
  publish("large@pgp.example", std::string((1U << 20U) + 1, 'x'));
  const std::pair<const char*, const char*> cases[] = {
      {"expired@pgp.example", "expired on 2021-01-01"},
      {"signonly@pgp.example", "not for encryption"},
      {"alice@pgp.example", "secret key"},
      {"garbage@pgp.example", "no OpenPGP key"},
      {"empty@pgp.example", "answered nothing"},
      {"large@pgp.example", "larger than"},
      {"a@[127.0.0.1]", "domain name"},
  };
  for (const auto& [address, why] : cases) {
    const KeyChoice choice = ask(address);
    EXPECT_FALSE(choice.key) << address;
    EXPECT_THAT(choice.why, HasSubstr(why)) << address;
  }
}

TEST_F(Wkd, Redirect_IsNotFollowed) {
  host("elsewhere.pgp.example");
  publish("rita@pgp.example", "");
  const std::string url = wkd_urls("rita@pgp.example").advanced.substr(std::string("https://").size());
  const std::string path = url.substr(0, url.find('?'));
  write_file((root() / path).string() + ".redirect", "https://elsewhere.pgp.example/key\n");
  EXPECT_THAT(ask("rita@pgp.example").why, HasSubstr("answered 302"));
  EXPECT_THAT(requests(), Not(HasSubstr("elsewhere")));
}

TEST_F(Wkd, ServerOfAnotherCaOrName_IsNotBelieved) {
  publish("rita@pgp.example", binary_key("rita"));
  for (const char* certificate : {"rogue", "other", "expired", "selfsigned"}) {
    start(certificate);
    const KeyChoice choice = ask("rita@pgp.example");
    EXPECT_FALSE(choice.key) << certificate;
    EXPECT_THAT(choice.why, HasSubstr(kSub)) << certificate;
    EXPECT_THAT(requests(), Not(HasSubstr("target"))) << certificate;
  }
}

TEST_F(Wkd, EachAddress_IsAskedForOnce) {
  host(kSub);
  publish("rita@pgp.example", binary_key("rita"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(ask("rita@pgp.example").key);
    EXPECT_FALSE(ask("bob@pgp.example").key);
  }
  const std::string log = requests();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3) << log;  // one connection, two requests
}

TEST_F(Wkd, Nobody_IsAskedUnaskedOrWhenThereIsAKey) {
  publish("rita@pgp.example", binary_key("rita"));
  settings_.locate_wkd = false;
  EXPECT_FALSE(ask("rita@pgp.example").key);
  EXPECT_EQ(requests(), "");
  settings_.locate_wkd = true;
  settings_.recipient_keys = {pgp_key("rita.pub.asc")};
  start();
  EXPECT_THAT(ask("rita@pgp.example").why, HasSubstr("rita.pub.asc"));
  EXPECT_EQ(requests(), "");
}

}  // namespace
}  // namespace mimeseal
