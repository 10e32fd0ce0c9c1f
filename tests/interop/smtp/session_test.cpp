// SPDX-License-Identifier: MIT
// Signing in, certificates, extensions, kept connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/smtp/support.h"

namespace mimeseal::test {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Envelope kEnvelope = make_envelope("a@example.org", {"b@example.org"});

std::string cert(const char* name) {
  return "--cert=" + (test_ca() / (std::string(name) + ".pem")).string();
}
std::string key(const char* name) {
  return "--key=" + (test_ca() / (std::string(name) + ".key")).string();
}

TEST(SmtpAuth, EveryMechanismSignsIn) {
  Peer peer("smtp_script.py", {"--user=me@example.org", "--password=correct horse", "--require-auth"});
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "plain", ""}) {
    SenderOptions options = options_for("me@example.org");
    options.auth = mechanism;
    const Outcome outcome = submit(*sender_for(peer, options), kEnvelope, sample());
    EXPECT_EQ(outcome.exit, 0) << mechanism << ": " << outcome.error;
  }
  Peer oauth("smtp_script.py", {"--user=me@example.org", "--token=ya29.token", "--require-auth"});
  for (const char* mechanism : {"XOAUTH2", "OAUTHBEARER", ""}) {
    SenderOptions options = options_for();
    options.user = "me@example.org";
    options.token = [] { return SecretBytes("ya29.token"); };
    options.auth = mechanism;
    const Outcome outcome = submit(*sender_for(oauth, options), kEnvelope, sample());
    EXPECT_EQ(outcome.exit, 0) << mechanism << ": " << outcome.error;
  }
  EXPECT_THAT(violations(peer), IsEmpty());
  EXPECT_THAT(violations(oauth), IsEmpty());
}

/// A client that is just being let in says nothing but this; an answer to AUTH is shown as "***".
TEST(SmtpAuth, TraceShowsNoMechanismsAnswer) {
  Peer peer("smtp_script.py", {"--user=me", "--password=correct horse"});
  Peer oauth("smtp_script.py", {"--user=me", "--token=ya29.token"});
  const std::vector<std::pair<std::string, bool>> mechanisms = {
      {"PLAIN", false}, {"LOGIN", false}, {"CRAM-MD5", false}, {"XOAUTH2", true}, {"OAUTHBEARER", true}};
  for (const auto& [mechanism, by_token] : mechanisms) {
    SenderOptions options = options_for("me");
    if (by_token) {
      options.password = nullptr;
      options.token = [] { return SecretBytes("ya29.token"); };
    }
    options.auth = mechanism;
    std::vector<std::string> said;
    options.trace = [&](std::string_view line) {
      if (line.starts_with("> ")) said.emplace_back(line);
    };
    EXPECT_EQ(submit(*sender_for(by_token ? oauth : peer, options), kEnvelope, sample()).exit, 0) << mechanism;
    const auto mail =
        std::find_if(said.begin(), said.end(), [](const auto& line) { return line.starts_with("> MAIL"); });
    said.erase(mail, said.end());
    EXPECT_THAT(said, Contains(StartsWith("> AUTH " + mechanism)));
    EXPECT_THAT(said, Each(AnyOf("> EHLO client.example", "> STARTTLS", "> AUTH " + mechanism,
                                 "> AUTH " + mechanism + " ***", "> ***")));
  }
}

TEST(SmtpAuth, WrongPassword_IsRefusedBeforeMailAndNeverShown) {
  Peer peer("smtp_script.py", {"--user=me", "--password=correct horse"});
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5"}) {
    SenderOptions options = options_for("me", "wrong horse");
    options.auth = mechanism;
    std::string trace;
    options.trace = [&](std::string_view line) { trace += std::string(line) + "\n"; };
    const Outcome outcome = submit(*sender_for(peer, options), kEnvelope, sample());
    EXPECT_EQ(outcome.exit, 77) << mechanism;
    EXPECT_THAT(outcome.error, HasSubstr("535 5.7.8 Authentication credentials invalid"));
    EXPECT_THAT(outcome.error, Not(HasSubstr("wrong horse")));
    EXPECT_THAT(trace, HasSubstr("> AUTH " + std::string(mechanism)));
    for (const std::string_view part : {"wrong horse", "AG1lAHdyb25nIGhvcnNl", "d3JvbmcgaG9yc2U=", "d3Jvbmc"})
      EXPECT_THAT(trace, Not(HasSubstr(std::string(part))));
  }
  EXPECT_THAT(commands(peer), Not(Contains(StartsWith("MAIL"))));
}

TEST(SmtpAuth, WrongToken_IsRefused) {
  Peer peer("smtp_script.py", {"--user=me", "--token=right"});
  for (const char* mechanism : {"XOAUTH2", "OAUTHBEARER"}) {
    SenderOptions options = options_for();
    options.user = "me";
    options.token = [] { return SecretBytes("wrong-token"); };
    options.auth = mechanism;
    const Outcome outcome = submit(*sender_for(peer, options), kEnvelope, sample());
    EXPECT_EQ(outcome.exit, 77) << mechanism << ": " << outcome.error;
    EXPECT_THAT(outcome.error, Not(HasSubstr("wrong-token")));
  }
}

TEST(SmtpAuth, ServerOffersNone_SessionEndsBeforeMail) {
  Peer peer("smtp_script.py", {"--ehlo-tls=PIPELINING,8BITMIME"});
  const Outcome outcome = submit(*sender_for(peer, options_for("me")), kEnvelope, sample());
  EXPECT_EQ(outcome.exit, 77);
  EXPECT_THAT(outcome.error, HasSubstr("offers no AUTH"));
  EXPECT_THAT(commands(peer), Not(Contains(StartsWith("MAIL"))));
}

TEST(SmtpAuth, OfferedOnlyBeforeTls_CountsForNothing) {
  Peer peer("smtp_script.py",
            {"--ehlo-plain=STARTTLS,AUTH PLAIN LOGIN", "--ehlo-tls=8BITMIME", "--user=me", "--password=x"});
  const Outcome outcome = submit(*sender_for(peer, options_for("me")), kEnvelope, sample());
  EXPECT_EQ(outcome.exit, 77);
  EXPECT_THAT(commands(peer), Not(Contains(StartsWith("AUTH"))));
}

TEST(SmtpAuth, NoMechanismInCommon_NamesThoseOffered) {
  Peer peer("smtp_script.py", {"--ehlo-tls=AUTH GSSAPI NTLM"});
  const Outcome outcome = submit(*sender_for(peer, options_for("me")), kEnvelope, sample());
  EXPECT_EQ(outcome.exit, 77);
  EXPECT_THAT(outcome.error, HasSubstr("GSSAPI, NTLM"));
}

TEST(SmtpAuth, ServerWantsAuthAndNobodyIsGiven_IsRefused) {
  Peer peer("smtp_script.py", {"--user=me", "--password=x", "--require-auth"});
  const Outcome outcome = submit(*sender_for(peer, options_for()), kEnvelope, sample());
  EXPECT_EQ(outcome.exit, 77) << outcome.error;
}

TEST(SmtpAuth, OptionsThatDoNotFitAreFoundWithoutAConnection) {
  const auto code = [](auto change) {
    SenderOptions options = options_for("me");
    change(options);
    try {
      smtp::make_sender(parse_sender_url("smtp://localhost:1"), options)->check(kEnvelope, *view_source(sample()));
      return 0;
    } catch (const Error& error) {
      return exit_code(error.code());
    }
  };
  EXPECT_EQ(code([](SenderOptions&) {}), 0);
  EXPECT_EQ(code([](SenderOptions& o) { o.auth = "GSSAPI"; }), 64);
  EXPECT_EQ(code([](SenderOptions& o) { o.auth = "XOAUTH2"; }), 64);
  EXPECT_EQ(code([](SenderOptions& o) { o.user.clear(); }), 64);
  EXPECT_EQ(code([](SenderOptions& o) { o.password = nullptr; }), 64);
  EXPECT_EQ(code([](SenderOptions& o) { o.hello = "a b"; }), 64);
  EXPECT_EQ(code([](SenderOptions& o) { o.tls.pin = "abc"; }), 64);
  EXPECT_EQ(code([](SenderOptions& o) { o.tls.ca_file = "/nonexistent"; }), 66);
}

TEST(SmtpTls, CertificateIsAlwaysChecked) {
  const struct {
    const char* name;
    const char* words;
  } cases[] = {{"other", "for another name: other.example.invalid"},
               {"expired", "has expired"},
               {"early", "not yet valid"},
               {"selfsigned", "self-signed"},
               {"rogue", "unable to get local issuer"},
               {"short", "unable to get local issuer"}};
  for (const auto& [name, words] : cases) {
    Peer peer("smtp_server.py", {cert(name), key(name)});
    const Outcome outcome = submit(*sender_for(peer, options_for()), kEnvelope, sample());
    EXPECT_EQ(outcome.exit, 76) << name;
    EXPECT_THAT(outcome.error, HasSubstr(words)) << name;
    EXPECT_THAT(peer.messages(), IsEmpty());
  }
  Peer chain("smtp_server.py", {cert("chain"), key("chain")});
  EXPECT_EQ(submit(*sender_for(chain, options_for()), kEnvelope, sample()).exit, 0);
  SenderOptions system = options_for();
  system.tls.ca_file.clear();
  EXPECT_EQ(submit(*sender_for(chain, system), kEnvelope, sample()).exit, 76);
}

TEST(SmtpTls, PinnedCertificateAndKey) {
  Peer peer("smtp_server.py");
  SenderOptions options = options_for();
  const Outcome first = submit(*sender_for(peer, options), kEnvelope, sample());
  ASSERT_EQ(first.exit, 0) << first.error;
  options.tls.pin = first.receipt.tls.fingerprint;
  EXPECT_EQ(submit(*sender_for(peer, options), kEnvelope, sample()).exit, 0);
  options.tls.pin[0] = options.tls.pin[0] == '0' ? '1' : '0';
  const Outcome wrong = submit(*sender_for(peer, options), kEnvelope, sample());
  EXPECT_EQ(wrong.exit, 76);
  EXPECT_THAT(wrong.error, HasSubstr("not the pinned one"));

  const Finished digest =
      run({"/bin/sh", "-c",
           "openssl x509 -in " + (test_ca() / "server.pem").string() +
               " -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"});
  options.tls.pin = "sha256//" + digest.out.substr(0, 44);
  EXPECT_EQ(submit(*sender_for(peer, options), kEnvelope, sample()).exit, 0);
  options.tls.pin = "sha256//" + std::string(43, 'A') + "=";
  const Outcome other = submit(*sender_for(peer, options), kEnvelope, sample());
  EXPECT_EQ(other.exit, 76);
  EXPECT_THAT(other.error, HasSubstr("public key is not the pinned one"));
}

TEST(SmtpTls, VersionsBelowTheFloorAreNotSpoken) {
  Peer old("smtp_server.py", {"--tls-min=1.0", "--tls-max=1.1"});
  EXPECT_EQ(submit(*sender_for(old, options_for()), kEnvelope, sample()).exit, 76);
  Peer two("smtp_server.py", {"--tls-max=1.2"});
  SenderOptions options = options_for();
  const Outcome outcome = submit(*sender_for(two, options), kEnvelope, sample());
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_EQ(outcome.receipt.tls.version, "1.2");
  options.tls.min = TlsVersion::v1_3;
  EXPECT_EQ(submit(*sender_for(two, options), kEnvelope, sample()).exit, 76);
}

TEST(SmtpTls, ClientCertificate) {
  Peer peer("smtp_server.py", {"--client-ca=" + (test_ca() / "ca.pem").string(), "--tls=implicit"});
  EXPECT_NE(submit(*sender_for(peer, options_for(), true), kEnvelope, sample()).exit, 0);
  const TempDir folder;
  write_file(folder / "client.pem", read_file(test_ca() / "client.pem") + read_file(test_ca() / "client.key"));
  SenderOptions options = options_for();
  options.tls.client_cert = (folder / "client.pem").string();
  const Outcome outcome = submit(*sender_for(peer, options, true), kEnvelope, sample());
  EXPECT_EQ(outcome.exit, 0) << outcome.error;
  EXPECT_THAT(peer.messages(1).at(0).facts, HasSubstr("mimeseal test client"));
  options.tls.client_cert = (test_ca() / "client.pem").string();  // without its key
  EXPECT_EQ(submit(*sender_for(peer, options, true), kEnvelope, sample()).exit, 65);
  options.tls.client_cert = "/nonexistent";
  EXPECT_THROW((void)sender_for(peer, options, true)->check(kEnvelope, *view_source(sample())), Error);
}

TEST(SmtpExtensions, ParametersStandWhereOffered) {
  Peer peer("smtp_script.py");
  Envelope envelope = make_envelope("a@example.org", {"b@example.org",
                                                      "c@b\xC3\xBC"
                                                      "cher.example"});
  envelope.notify = "SUCCESS,FAILURE";
  envelope.ret = "HDRS";
  envelope.envid = "id+1=x y";
  envelope.orcpt = {"rfc822;b+c@example.org", std::nullopt};
  envelope.require_tls = true;
  const Outcome outcome = submit(*sender_for(peer, options_for()), envelope, "Subject: x\r\n\r\n\xC3\xBC\r\n");
  ASSERT_EQ(outcome.exit, 0) << outcome.error;
  EXPECT_THAT(commands(peer),
              Contains("MAIL FROM:<a@example.org> SIZE=18 BODY=8BITMIME RET=HDRS ENVID=id+2B1+3Dx+20y REQUIRETLS"));
  EXPECT_THAT(commands(peer),
              Contains("RCPT TO:<b@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc@example.org"));
  EXPECT_THAT(commands(peer), Contains("RCPT TO:<c@xn--bcher-kva.example> NOTIFY=SUCCESS,FAILURE"));
  EXPECT_THAT(commands(peer), Contains("EHLO client.example"));
  EXPECT_THAT(violations(peer), IsEmpty());
}

TEST(SmtpExtensions, AddressThatNeedsUtf8_IsSentSoOrRefusedClearly) {
  const Envelope envelope = make_envelope("a@example.org", {"j\xC3\xBCrgen@example.org"});
  Peer peer("smtp_script.py");
  const Outcome outcome = submit(*sender_for(peer, options_for()), envelope, sample());
  ASSERT_EQ(outcome.exit, 0) << outcome.error;
  EXPECT_THAT(commands(peer), Contains(EndsWith(" SMTPUTF8")));
  EXPECT_THAT(violations(peer), IsEmpty());
  Peer lacks("smtp_script.py", {"--ehlo-tls=PIPELINING,8BITMIME"});
  const Outcome refused = submit(*sender_for(lacks, options_for()), envelope, sample());
  EXPECT_EQ(refused.exit, 65);
  EXPECT_THAT(refused.error, HasSubstr("SMTPUTF8"));
  EXPECT_THAT(commands(lacks), Not(Contains(StartsWith("MAIL"))));
}

TEST(SmtpExtensions, WhatIsNotOfferedIsRefusedBeforeMail) {
  Peer peer("smtp_script.py", {"--ehlo-tls=SIZE 100"});
  const auto sender = sender_for(peer, options_for());
  const auto with = [](auto change) {
    Envelope envelope = kEnvelope;
    change(envelope);
    return envelope;
  };
  const std::string small = "Subject: x\r\n\r\n";
  EXPECT_EQ(submit(*sender, with([](Envelope& e) { e.require_tls = true; }), small).exit, 76);
  EXPECT_EQ(submit(*sender, with([](Envelope& e) { e.notify = "NEVER"; }), small).exit, 65);
  EXPECT_EQ(submit(*sender, kEnvelope, small + std::string(100, 'x') + "\r\n").exit, 65);
  EXPECT_EQ(submit(*sender, kEnvelope, small + "\xC3\xBC\r\n").exit, 65);
  EXPECT_THAT(commands(peer), Not(Contains(StartsWith("MAIL"))));
  EXPECT_EQ(submit(*sender, kEnvelope, small).exit, 0);
}

TEST(SmtpExtensions, LongLines_PassInChunksOnly) {
  const std::string message = "Subject: x\r\n\r\n" + std::string(5000, 'x') + "\r\n";
  Peer chunks("smtp_script.py", {"--ehlo-tls=CHUNKING"});
  EXPECT_EQ(submit(*sender_for(chunks, options_for()), kEnvelope, message).exit, 0);
  EXPECT_EQ(chunks.messages(1).at(0).content, message);
  Peer lines("smtp_script.py", {"--ehlo-tls=8BITMIME"});
  EXPECT_EQ(submit(*sender_for(lines, options_for()), kEnvelope, message).exit, 65);
}

TEST(SmtpInjection, NothingWithControlCharactersReachesTheWire) {
  Peer peer("smtp_script.py");
  const auto sender = sender_for(peer, options_for());
  const auto refused = [&](auto change) {
    Envelope envelope = kEnvelope;
    envelope.notify = "NEVER";
    change(envelope);
    return submit(*sender, envelope, sample()).exit;
  };
  for (const std::string& bad :
       {std::string("\r\n"), std::string("\n"), std::string("\r"), std::string(1, '\0'), std::string("\x7F")}) {
    EXPECT_EQ(refused([&](Envelope& e) { e.from = "a" + bad + "@example.org"; }), 64);
    EXPECT_EQ(refused([&](Envelope& e) { e.recipients[0] = "b@example.org" + bad + "RSET"; }), 64);
    EXPECT_EQ(refused([&](Envelope& e) { e.notify = "NEVER" + bad; }), 64);
    EXPECT_EQ(refused([&](Envelope& e) { e.ret = "FULL" + bad; }), 64);
    EXPECT_EQ(refused([&](Envelope& e) { e.envid = "x" + bad; }), 64);
    EXPECT_EQ(refused([&](Envelope& e) { e.orcpt = {"rfc822;x" + bad}; }), 64);
    SenderOptions options = options_for();
    options.hello = "client" + bad;
    EXPECT_EQ(submit(*sender_for(peer, options), kEnvelope, sample()).exit, 64);
    SenderOptions user = options_for("me" + bad);
    EXPECT_EQ(submit(*sender_for(peer, user), kEnvelope, sample()).exit, 64);
    if (bad != "\x7F") {
      SenderOptions password = options_for("me", "pass" + bad);
      EXPECT_EQ(submit(*sender_for(peer, password), kEnvelope, sample()).exit, 64);
    }
  }
  EXPECT_EQ(refused([&](Envelope& e) { e.recipients[0] = "b@example.org> NOTIFY=NEVER <"; }), 64);
  for (const char* bad : {"a\nb\r\n", "a\rb\r\n", "a\r\n.\n", "a\r\n\r"})
    EXPECT_EQ(submit(*sender, kEnvelope, bad).exit, 65);
  EXPECT_EQ(submit(*sender, kEnvelope, std::string_view("a\0b\r\n", 5)).exit, 65);
  EXPECT_THAT(commands(peer), IsEmpty());
}

TEST(SmtpSession, KeepsItsConnectionAndSaysQuit) {
  Peer peer("smtp_script.py");
  {
    const auto sender = sender_for(peer, options_for());
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(submit(*sender, kEnvelope, sample()).exit, 0);
  }
  EXPECT_THAT(dialogue(peer, "connect", "event"), SizeIs(1));
  EXPECT_EQ(commands(peer).back(), "QUIT");
}

TEST(SmtpSession, NoticesThatTheServerHasClosedAndConnectsAgain) {
  for (const char* fault : {"after-dot@1:close:421 4.4.2 idle", "after-dot@1:hangup", "after-dot@1:rst",
                            "mail@1/2:hangup", "mail@1/2:close:421 4.4.2 idle", "rcpt@1/2:hangup"}) {
    Peer peer("smtp_script.py", {"--fault=" + std::string(fault)});
    const auto sender = sender_for(peer, options_for());
    EXPECT_EQ(submit(*sender, kEnvelope, sample()).exit, 0);
    const Outcome second = submit(*sender, kEnvelope, sample());
    EXPECT_EQ(second.exit, 0) << fault << ": " << second.error;
    EXPECT_THAT(dialogue(peer, "connect", "event"), SizeIs(2)) << fault;
    EXPECT_THAT(peer.messages(2), SizeIs(2));
  }
}

TEST(SmtpSession, TraceShowsTheDialogueWithoutCredentials) {
  Peer peer("smtp_script.py", {"--user=me", "--password=correct horse"});
  SenderOptions options = options_for("me");
  std::vector<std::string> trace;
  options.trace = [&](std::string_view line) { trace.emplace_back(line); };
  options.auth = "PLAIN";
  EXPECT_EQ(submit(*sender_for(peer, options), kEnvelope, sample()).exit, 0);
  EXPECT_THAT(trace, Contains("> STARTTLS"));
  EXPECT_THAT(trace, Contains("> AUTH PLAIN ***"));
  EXPECT_THAT(trace, Contains("< 235 2.7.0 Authentication successful"));
  EXPECT_THAT(trace, Contains(StartsWith("> MAIL FROM:<a@example.org>")));
  EXPECT_THAT(trace, Contains("> RCPT TO:<b@example.org>"));
  EXPECT_THAT(trace, Contains("> (" + std::to_string(sample().size()) + " octets of content)"));
  EXPECT_THAT(trace, Contains("> QUIT"));
}

TEST(SmtpSession, RecipientLimitSplitsTheMessage) {
  std::vector<std::string> many;
  for (int i = 0; i < 7; ++i)
    many.push_back("r" + std::to_string(i) + "@example.org");
  const Envelope envelope = make_envelope("a@example.org", many);
  for (const bool partial : {false, true}) {
    for (const char* offers :
         {"LIMITS RCPTMAX=3", "PIPELINING,LIMITS RCPTMAX=3", "PIPELINING,CHUNKING,LIMITS RCPTMAX=3"}) {
      Peer peer("smtp_script.py", {"--ehlo-tls=" + std::string(offers)});
      Envelope wanted = envelope;
      wanted.partial = partial;
      const Outcome outcome = submit(*sender_for(peer, options_for()), wanted, sample());
      EXPECT_EQ(outcome.exit, 0) << outcome.error;
      EXPECT_THAT(peer.messages(3), SizeIs(3));
      EXPECT_THAT(violations(peer), IsEmpty());
    }
    // SES names no limit: 452 tells it.
    std::vector<std::string> sixty;
    for (int i = 0; i < 60; ++i)
      sixty.push_back("r" + std::to_string(i) + "@example.org");
    Envelope wanted = make_envelope("a@example.org", sixty);
    wanted.partial = partial;
    Peer ses("smtp_server.py", {"--ses"});
    const Outcome outcome = submit(*sender_for(ses, options_for()), wanted, sample());
    EXPECT_EQ(outcome.exit, 0) << outcome.error;
    const auto stored = ses.messages(2);
    ASSERT_THAT(stored, SizeIs(2));
    EXPECT_THAT(nlohmann::json::parse(stored[0].facts).at("rcpt"), SizeIs(50));
    EXPECT_THAT(nlohmann::json::parse(stored[1].facts).at("rcpt"), SizeIs(10));
  }
}

TEST(SmtpSession, RefusalInALaterGroup_IsFoundBeforeTheFirstIsSent) {
  Peer peer("smtp_script.py",
            {"--ehlo-tls=PIPELINING,CHUNKING,LIMITS RCPTMAX=2", "--fault=rcpt[0]@1/2:reply:550 5.1.1 unknown"});
  const Outcome outcome =
      submit(*sender_for(peer, options_for()),
             make_envelope("a@example.org", {"b@example.org", "c@example.org", "d@example.org"}), sample());
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_EQ(outcome.receipt.recipients.at(2).code, 550);
  EXPECT_EQ(outcome.receipt.recipients.at(0).result, Delivery::refused);
  EXPECT_THAT(peer.messages(), IsEmpty());
}

/// Gives other octets in its second pass than in its first.
class Changing final : public Source {
 public:
  Changing(std::string first, std::string second) : passes_{std::move(first), std::move(second)} {}
  std::size_t read(std::span<char> into) override {
    const std::size_t got = passes_.at(pass_).copy(into.data(), into.size(), at_);
    at_ += got;
    return got;
  }
  void rewind() override {
    pass_ = at_ == 0 ? pass_ : 1;
    at_ = 0;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::vector<std::string> passes_;
  std::size_t pass_ = 0;
  std::size_t at_ = 0;
};

TEST(SmtpSession, MessageThatChangesBetweenThePasses_IsSentToNobody) {
  for (const char* offers : {"PIPELINING", "PIPELINING,CHUNKING"}) {
    for (const std::string& second : {sample() + "more\r\n", sample().substr(0, sample().size() - 3), std::string()}) {
      Peer peer("smtp_script.py", {"--ehlo-tls=" + std::string(offers)});
      const auto sender = sender_for(peer, options_for());
      Changing message(sample(), second);
      try {
        const Receipt receipt = sender->submit(kEnvelope, message);
        ADD_FAILURE() << offers << ": " << to_string(receipt.recipients.at(0).result);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::io) << offers;
      }
      EXPECT_EQ(submit(*sender, kEnvelope, sample()).exit, 0) << offers;
      EXPECT_THAT(peer.messages(1), SizeIs(1)) << offers;
    }
  }
}

/// For each command of the second message: its verb, and whether it came before the reply to the one before it.
std::vector<std::string> bursts(const std::string& offers) {
  Peer peer("smtp_script.py", {"--ehlo-tls=" + offers});
  const auto sender = sender_for(peer, options_for());
  EXPECT_EQ(submit(*sender, kEnvelope, sample()).exit, 0);
  EXPECT_EQ(submit(*sender, kEnvelope, sample()).exit, 0);
  std::vector<std::string> found;
  int mails = 0;
  for (const auto& entry : json_lines(peer.log("dialogue.jsonl"))) {
    if (entry.at("event") != "command") continue;
    const std::string line = entry.at("line");
    mails += line.starts_with("MAIL") ? 1 : 0;
    if (mails == 2) found.push_back((entry.at("outstanding") > 0 ? "+" : "") + line.substr(0, 4));
  }
  return found;
}

TEST(SmtpSession, FewestRoundTrips) {
  EXPECT_THAT(bursts("PIPELINING"), ElementsAre("MAIL", "+RCPT", "+DATA"));
  EXPECT_THAT(bursts("PIPELINING,CHUNKING"), ElementsAre("MAIL", "+RCPT", "BDAT"));
  EXPECT_THAT(bursts("8BITMIME"), ElementsAre("MAIL", "RCPT", "DATA"));
}

}  // namespace
}  // namespace mimeseal::test
