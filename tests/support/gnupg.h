// SPDX-License-Identifier: MIT
#pragma once

// gpg as a peer: homes of its own under /tmp, and the keys of testdata/pgp/recipe.sh.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"

namespace mimeseal::test {

/// The folder with the recipe's keys (NAME.pub.asc, NAME.sec.asc); made once for a build folder.
const std::filesystem::path& pgp_keys();
/// "alice.pub.asc" and the like, as a path.
std::string pgp_key(std::string_view file);

/// A GNUPGHOME that goes with its agent.
class Gnupg {
 public:
  explicit Gnupg(const std::vector<std::string>& key_files = {});
  ~Gnupg();
  Gnupg(const Gnupg&) = delete;
  Gnupg& operator=(const Gnupg&) = delete;

  std::string home() const { return home_.path().string(); }
  /// gpg --batch with these arguments, in this home, with loopback pinentry; standard input is `input`.
  Finished gpg(const std::vector<std::string>& arguments, const std::string& input = {}) const;
  /// Status lines go to `err` instead of words.
  Finished gpg_status(const std::vector<std::string>& arguments, const std::string& input = {}) const;
  void import(const std::string& file) const;
  /// Sets the owner's trust to "ultimate" (6), "full" (5), "never" (2)… for a fingerprint.
  void trust(const std::string& fingerprint, int level) const;
  std::string fingerprint(const std::string& address) const;
  std::string file(std::string_view name, std::string_view octets) const;

 private:
  TempDir home_;
};

}  // namespace mimeseal::test
