// SPDX-License-Identifier: MIT
// The order of commands and replies, without a connection.
#include "smtp/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mimeseal/core/error.h"

namespace mimeseal::smtp {
namespace {

using Step = Transaction::Step;

Reply reply(int code, const char* words = "") {
  return {code, {words}};
}

Transaction transaction(Transaction::Terms terms, int recipients = 2) {
  std::vector<std::string> rcpt;
  for (int i = 0; i < recipients; ++i)
    rcpt.push_back("RCPT " + std::to_string(i) + "\r\n");
  return {"MAIL\r\n", std::move(rcpt), terms};
}

void expect_output(Transaction& t, const std::string& text) {
  ASSERT_EQ(t.next(), Step::write);
  EXPECT_EQ(t.take_output(), text);
  EXPECT_EQ(t.next(), Step::read);
}

TEST(Transaction, PipeliningAndData_OneGroupThenTheContent) {
  Transaction t = transaction({.pipelining = true});
  expect_output(t, "MAIL\r\nRCPT 0\r\nRCPT 1\r\nDATA\r\n");
  t.take(reply(250));
  t.take(reply(250));
  EXPECT_EQ(t.next(), Step::read);
  t.take(reply(250));
  EXPECT_EQ(t.next(), Step::read) << "the content waits for the 354";
  t.take(reply(354));
  ASSERT_EQ(t.next(), Step::content);
  t.content_sent();
  EXPECT_EQ(t.phase(), Phase::final_dot);
  EXPECT_EQ(t.results().at(0).result, Delivery::unknown);
  t.take(reply(250, "2.0.0 Ok: queued as X1"));
  EXPECT_EQ(t.next(), Step::done);
  for (const auto& one : t.results()) {
    EXPECT_EQ(one.result, Delivery::accepted);
    EXPECT_EQ(one.id, "X1");
  }
  EXPECT_FALSE(t.must_hang_up());
}

TEST(Transaction, WithoutPipelining_OneCommandAtATime) {
  Transaction t = transaction({});
  expect_output(t, "MAIL\r\n");
  t.take(reply(250));
  expect_output(t, "RCPT 0\r\n");
  t.take(reply(250));
  expect_output(t, "RCPT 1\r\n");
  t.take(reply(250));
  expect_output(t, "DATA\r\n");
  t.take(reply(354));
  EXPECT_EQ(t.next(), Step::content);
}

TEST(Transaction, RefusalWithoutPipelining_ResetsBeforeData) {
  Transaction t = transaction({});
  (void)t.take_output();
  t.take(reply(250));
  (void)t.take_output();
  t.take(reply(550, "5.1.1 no"));
  expect_output(t, "RCPT 1\r\n");  // the others are asked too: the receipt names each
  t.take(reply(250));
  expect_output(t, "RSET\r\n");
  t.take(reply(250));
  EXPECT_EQ(t.next(), Step::done);
  EXPECT_EQ(t.results().at(0).code, 550);
  EXPECT_EQ(t.results().at(1).result, Delivery::refused);
  EXPECT_EQ(t.results().at(1).code, 0);
}

TEST(Transaction, RefusalAfterAnAccepted354_HangsUpRatherThanSendAnEmptyMessage) {
  Transaction t = transaction({.pipelining = true});
  (void)t.take_output();
  for (const int code : {250, 250, 550, 354})
    t.take(reply(code));
  EXPECT_EQ(t.next(), Step::done);
  EXPECT_TRUE(t.must_hang_up());
  EXPECT_EQ(t.results().at(0).result, Delivery::refused);
}

TEST(Transaction, AllRefusedYet354_EndsWithADotForNobody) {
  Transaction t = transaction({.pipelining = true});
  (void)t.take_output();
  for (const int code : {250, 550, 550, 354})
    t.take(reply(code));
  expect_output(t, ".\r\n");
  t.take(reply(554));
  EXPECT_EQ(t.next(), Step::done);
  EXPECT_FALSE(t.must_hang_up());
  EXPECT_EQ(t.results().at(0).code, 550);
}

TEST(Transaction, ChunksAreInFlightOnlyWithPipelining) {
  for (const bool pipelining : {true, false}) {
    Transaction t = transaction({.pipelining = pipelining, .chunking = true}, 1);
    (void)t.take_output();
    t.take(reply(250));
    if (!pipelining) (void)t.take_output();
    t.take(reply(250));
    ASSERT_EQ(t.next(), Step::content);
    t.chunk_sent();
    EXPECT_EQ(t.next(), pipelining ? Step::content : Step::read);
    t.take(reply(250));
    EXPECT_EQ(t.next(), Step::content);
    t.content_sent();
    t.take(reply(250));
    EXPECT_EQ(t.next(), Step::done);
    EXPECT_EQ(t.results().at(0).result, Delivery::accepted);
  }
}

TEST(Transaction, RefusedChunk_ResetsAfterAllRepliesAreIn) {
  Transaction t = transaction({.pipelining = true, .chunking = true}, 1);
  (void)t.take_output();
  t.take(reply(250));
  t.take(reply(250));
  t.chunk_sent();
  t.chunk_sent();
  t.take(reply(552, "5.3.4 big"));
  EXPECT_TRUE(t.content_refused());
  t.stop_content();
  EXPECT_EQ(t.next(), Step::read);
  t.take(reply(503));
  expect_output(t, "RSET\r\n");
  t.take(reply(250));
  EXPECT_EQ(t.results().at(0).code, 552);
  EXPECT_EQ(t.results().at(0).enhanced, "5.3.4");
}

TEST(Transaction, RefusedChunkAndAcceptedLast_IsABrokenServer) {
  Transaction t = transaction({.pipelining = true, .chunking = true}, 1);
  (void)t.take_output();
  t.take(reply(250));
  t.take(reply(250));
  t.chunk_sent();
  t.content_sent();
  t.take(reply(552));
  EXPECT_THROW(t.take(reply(250)), Error);
}

TEST(Transaction, TooManyRecipients_IsALimitAndNoRefusal) {
  for (const Reply& too_many :
       {reply(452, "4.5.3 no more"), reply(452, "Too many recipients"), reply(552, "too many recipients")}) {
    Transaction t = transaction({.pipelining = true, .chunking = true, .partial = true}, 3);
    (void)t.take_output();
    for (int i = 0; i < 3; ++i)
      t.take(reply(250));
    t.take(too_many);
    EXPECT_EQ(t.recipient_limit(), 2U);
    EXPECT_TRUE(t.is_over_limit(2));
    EXPECT_FALSE(t.is_over_limit(1));
    EXPECT_EQ(t.results().at(2).result, Delivery::deferred);
    EXPECT_EQ(t.next(), Step::content);
  }
  Transaction full = transaction({.pipelining = true, .chunking = true}, 1);
  (void)full.take_output();
  full.take(reply(250));
  full.take(reply(452, "4.3.1 disk full"));
  EXPECT_FALSE(full.recipient_limit());
}

TEST(Transaction, ServiceEnds421_AnswersForAllThatFollows) {
  Transaction t = transaction({.pipelining = true});
  (void)t.take_output();
  t.take(reply(250));
  t.take(reply(421, "4.3.0 bye"));
  EXPECT_EQ(t.next(), Step::done);
  EXPECT_TRUE(t.must_hang_up());
  for (const auto& one : t.results())
    EXPECT_EQ(one.code, 421);
}

TEST(Transaction, Rehearsal_AsksAndResets) {
  Transaction t = transaction({.pipelining = true, .rehearsal = true});
  expect_output(t, "MAIL\r\nRCPT 0\r\nRCPT 1\r\n");
  for (int i = 0; i < 3; ++i)
    t.take(reply(250));
  expect_output(t, "RSET\r\n");
  t.take(reply(250));
  EXPECT_TRUE(t.recipients_fit());
  EXPECT_FALSE(t.content_began());
}

}  // namespace
}  // namespace mimeseal::smtp
