// SPDX-License-Identifier: MIT
// What a reply may carry (RFC 9788, section 6).
#include <gmock/gmock.h>

#include "mail_fixture.h"

namespace mimeseal::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Reply : public MailTest {};

std::vector<std::string> addresses(const std::vector<Mailbox>& list) {
  std::vector<std::string> out;
  for (const Mailbox& one : list)
    out.push_back(one.address());
  return out;
}

// RFC 9788, section 6 and Appendix D.2.

TEST_F(Reply, AReplyUnderNoConfidentiality_StillHidesWhatWasHidden) {
  const Opened opened = open_octets(sealed(letter(), spec(true, true)));
  const ReplyBasis basis = reply_basis(opened);
  EXPECT_EQ(basis.to.front().address(), "alice@example.net");
  EXPECT_EQ(basis.cc.front().address(), "bob@example.net");
  EXPECT_EQ(basis.subject, "Re: Handling the Jones contract");
  EXPECT_EQ(basis.in_reply_to, opened.headers.message_id);
  EXPECT_TRUE(basis.encrypt);
  const HeaderPolicy policy = reply_policy(HeaderPolicy::no_confidentiality(), basis);
  EXPECT_EQ(policy.outer(unstructured_field("Subject", basis.subject))->decoded(), "Re: [...]");
  EXPECT_EQ(policy.outer(unstructured_field("X-Own", "x"))->decoded(), "x");
  const HeaderField thread = token_field("In-Reply-To", basis.in_reply_to);
  EXPECT_EQ(policy.outer(thread), thread);
  // The user's own policy comes first.
  EXPECT_EQ(
      reply_policy(HeaderPolicy::baseline(), basis).outer(unstructured_field("Subject", basis.subject))->decoded(),
      "[...]");
}

TEST_F(Reply, AReply_DoesNotLeakHiddenPeopleAndNames) {
  Draft draft = letter();
  draft.cc = {mailbox("Carol <carol@example.net>")};
  SealSpec how = spec(true, true);
  how.header_policy = {"hide", [shy = HeaderPolicy::shy()](const HeaderField& f) -> std::optional<HeaderField> {
                         if (f.name == "Cc" || f.name == "Message-ID") return std::nullopt;
                         return shy.outer(f);
                       }};
  const ReplyBasis basis = reply_basis(open_octets(sealed(draft, how)));
  const HeaderPolicy policy = reply_policy(HeaderPolicy::no_confidentiality(), basis);
  EXPECT_EQ(policy.outer(mailbox_field("To", basis.to))->value(), "alice@example.net");
  const auto cc = policy.outer(mailbox_field("Cc", {mailbox("Bob <bob@example.net>"), mailbox("carol@example.net")}));
  ASSERT_TRUE(cc);
  EXPECT_THAT(cc->value(), Not(HasSubstr("carol")));
  EXPECT_FALSE(policy.outer(mailbox_field("Cc", {mailbox("carol@example.net")})));
  EXPECT_FALSE(policy.outer(token_field("In-Reply-To", basis.in_reply_to)));
  EXPECT_EQ(policy.outer(mailbox_field("From", {mailbox("Carol <carol@example.net>")}))->value(), "carol@example.net");
}

TEST_F(Reply, AReplyToAPlainMessage_HidesNothing) {
  const Opened opened =
      open_octets("From: a@example.net\r\nSubject: Re: x\r\nMessage-ID: <1@a>\r\nReferences: <0@a>\r\n\r\nText\r\n");
  const ReplyBasis basis = reply_basis(opened);
  EXPECT_EQ(basis.subject, "Re: x");
  EXPECT_THAT(basis.references, ElementsAre("<0@a>", "<1@a>"));
  EXPECT_FALSE(basis.encrypt);
  const HeaderField subject = unstructured_field("Subject", "Re: x");
  EXPECT_EQ(reply_policy(HeaderPolicy::no_confidentiality(), basis).outer(subject), subject);
}

TEST_F(Reply, InTheClear_ItShowsWhatTheOriginalShowed) {
  Draft draft = letter();
  draft.cc = {mailbox("Carol <carol@example.net>")};
  draft.in_reply_to = "<0@example.net>";
  draft.references = {"<0@example.net>"};
  SealSpec how = spec(true, true);
  how.header_policy = {"hide", [shy = HeaderPolicy::shy()](const HeaderField& f) -> std::optional<HeaderField> {
                         if (f.name == "Cc" || f.name == "Message-ID") return std::nullopt;
                         return shy.outer(f);
                       }};
  const ReplyBasis basis = reply_basis(open_octets(sealed(draft, how)));
  ASSERT_EQ(basis.subject, "Re: Handling the Jones contract");
  const ReplyBasis clear = reply_in_clear(basis);
  EXPECT_EQ(clear.subject, "Re: [...]");
  ASSERT_EQ(clear.to.size(), 1U);
  EXPECT_EQ(clear.to.front(), mailbox("alice@example.net"));
  EXPECT_THAT(addresses(clear.cc), ElementsAre("bob@example.net"));
  EXPECT_THAT(clear.in_reply_to, IsEmpty());
  EXPECT_THAT(clear.references, ElementsAre("<0@example.net>"));
}

TEST_F(Reply, InTheClear_WhatWasNeverHiddenStays) {
  const ReplyBasis basis = reply_basis(open_octets(sealed(letter(), spec(true, false))));
  const ReplyBasis clear = reply_in_clear(basis);
  EXPECT_EQ(clear.subject, "Re: Handling the Jones contract");
  EXPECT_EQ(clear.in_reply_to, basis.in_reply_to);
  EXPECT_EQ(clear.to, basis.to);
}

TEST_F(Reply, TheReplierIsNotAnswered) {
  Draft draft = letter();
  draft.to = {mailbox("Bob <BOB@example.net>"), mailbox("dave@example.net")};
  draft.cc = {mailbox("carol@example.net")};
  const ReplyBasis basis = reply_basis(open_octets(sealed(draft, spec(true, false))));
  const ReplyBasis bobs = reply_from(basis, {mailbox("bob@example.net")});
  EXPECT_THAT(addresses(bobs.to), ElementsAre("alice@example.net"));
  EXPECT_THAT(addresses(bobs.cc), ElementsAre("dave@example.net", "carol@example.net"));
  // One's own message is answered to those who had it.
  const ReplyBasis alices = reply_from(basis, {mailbox("alice@example.net")});
  EXPECT_THAT(addresses(alices.to), ElementsAre("BOB@example.net", "dave@example.net", "carol@example.net"));
  EXPECT_THAT(alices.cc, IsEmpty());
  // A note to oneself goes to oneself.
  ReplyBasis note;
  note.to = {mailbox("alice@example.net")};
  EXPECT_THAT(addresses(reply_from(note, {mailbox("alice@example.net")}).to), ElementsAre("alice@example.net"));
}

}  // namespace
}  // namespace mimeseal::test
