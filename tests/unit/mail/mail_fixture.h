// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/mail/reply.h"
#include "mimeseal/mail/seal.h"
#include "mimeseal/mime/compose.h"
#include "support/fixed.h"
#include "support/memory_engine.h"

namespace mimeseal::test {

inline Mailbox mailbox(std::string_view text) {
  return *Mailbox::parse(text);
}

inline Draft letter() {
  Draft draft;
  draft.from = {mailbox("Alice <alice@example.net>")};
  draft.to = {mailbox("Bob <bob@example.net>")};
  draft.subject = "Handling the Jones contract";
  draft.text = "Please review.\n\n-- \nAlice\n";
  return draft;
}

/// A message with CRLF of lines with LF.
inline std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

inline std::string in_lines(std::string base64) {
  for (std::size_t at = 76; at < base64.size(); at += 78)
    base64.insert(at, "\r\n");
  return base64 + "\r\n";
}

/// Alice seals, Bob reads; Mallory has keys too, which are known but not trusted for anybody else.
class MailTest : public testing::Test {
 protected:
  explicit MailTest(Protocol protocol = Protocol::smime) : alice_(protocol), bob_(protocol) {
    for (MemoryEngine* engine : {&alice_, &bob_}) {
      for (const char* name : {"alice", "bob", "carol", "mallory"}) {
        const bool own = name == std::string(engine == &alice_ ? "alice" : "bob");
        engine->add(std::string(name) + "@example.net", own);
      }
    }
  }

  SealSpec spec(bool sign, bool encrypt) {
    SealSpec spec;
    spec.engine = &alice_;
    spec.sign = sign;
    spec.encrypt = encrypt;
    spec.recipients = {mailbox("bob@example.net")};
    spec.clock = &clock_;
    spec.random = &random_;
    return spec;
  }

  Sealed seal_draft(const Draft& draft, const SealSpec& spec) { return seal(compose(draft, clock_, random_), spec); }

  std::string sealed(const Draft& draft, const SealSpec& spec) {
    return seal_draft(draft, spec).copies.front().message.str();
  }

  Opened open_octets(std::string octets, OpenSettings settings = {}) {
    settings.engines.push_back(&bob_);
    settings.at = clock_.now();
    return open_message(memory_input(std::move(octets)), settings);
  }

  /// An entity signed by Alice, opaquely, and encrypted to Bob if wanted, under a header of one's own.
  std::string wrapped(const std::string& entity, bool encrypt, const std::string& outer) {
    StringSink blob;
    if (encrypt) {
      SignSpec sign;
      sign.signers = {alice_.signing_key("alice@example.net", {}).key};
      sign.detached = false;
      StringSink inner;
      alice_.sign(*view_source(entity), inner, sign);
      EncryptSpec encrypt_spec;
      encrypt_spec.recipients = {alice_.recipient_key("bob@example.net", {}).key};
      const std::string signed_entity =
          "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
          base64_encode(inner.str()) + "\r\n";
      alice_.encrypt(*view_source(signed_entity), blob, encrypt_spec);
    } else {
      SignSpec sign;
      sign.signers = {alice_.signing_key("alice@example.net", {}).key};
      sign.detached = false;
      alice_.sign(*view_source(entity), blob, sign);
    }
    return outer + "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=" +
           (encrypt ? "enveloped-data" : "signed-data") + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           in_lines(base64_encode(blob.str()));
  }

  FixedClock clock_;
  FixedRandom random_;
  MemoryEngine alice_;
  MemoryEngine bob_;
};

inline bool has_problem(const Opened& opened, std::string_view code) {
  for (const Problem& problem : opened.problems) {
    if (problem.code == code) return true;
  }
  return false;
}

inline std::string payload(const Opened& opened) {
  return opened.payload ? read_range(*opened.payload, opened.payload_begin, opened.payload_end, 1U << 24U) : "";
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw Error(Errc::internal, "not in the text: " + std::string(from));
  return text.replace(at, from.size(), to);
}

}  // namespace mimeseal::test
