// SPDX-License-Identifier: MIT
#pragma once

// Starts the servers of tests/peers: a peer says where it listens in one line of JSON, and lives until its input ends.

#include <sys/types.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"

namespace mimeseal::test {

/// The peer cannot run here; what() says why. A test then skips.
class PeerSkipped : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The folder of the certificates that tests/peers/make_ca.py makes, once for this process.
const std::filesystem::path& test_ca();

class Peer {
 public:
  struct Stored {
    std::string content;
    std::string facts;  ///< JSON
  };

  /// Starts tests/peers/<script> with these options and a --store; with a certificate of test_ca() unless an option
  /// names one or is "--no-cert". Throws PeerSkipped, or std::runtime_error with the peer's own words.
  explicit Peer(std::string_view script, std::vector<std::string> options = {});
  /// Closes its input and waits; kills it when it stays.
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int port() const { return number("port"); }
  /// A number of the ready line.
  int number(std::string_view name) const;
  /// The ready line, JSON.
  const std::string& ready() const { return ready_; }
  const std::filesystem::path& store() const { return store_; }
  /// Ends the peer now: what it has written is then complete.
  void stop();

  /// What was stored, in order; waits up to ten seconds for so many.
  std::vector<Stored> messages(std::size_t count = 0) const;
  /// A log of the store ("dialogue.jsonl"); empty when there is none.
  std::string log(std::string_view name) const;

 private:
  TempDir folder_;
  std::filesystem::path store_;
  std::string ready_;
  pid_t pid_ = -1;
  int input_ = -1;
};

}  // namespace mimeseal::test
