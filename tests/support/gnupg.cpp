// SPDX-License-Identifier: MIT
#include "support/gnupg.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <stdexcept>

namespace mimeseal::test {

const std::filesystem::path& pgp_keys() {
  static const std::filesystem::path folder = [] {
    const std::filesystem::path made = std::filesystem::path(MIMESEAL_BINARY_DIR) / "testkeys";
    std::filesystem::create_directories(made);
    // Many test programs start at once: one makes the keys, the others wait for it.
    const int lock = open((made / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) throw std::runtime_error("cannot lock the folder of test keys");
    const std::string recipe = std::string(MIMESEAL_SOURCE_DIR) + "/testdata/pgp/recipe.sh";
    const std::filesystem::path keys = made / "pgp";
    const std::filesystem::path stamp = keys / "recipe";
    const std::string text = read_file(recipe);
    if (!std::filesystem::exists(stamp) || read_file(stamp) != text) {
      std::filesystem::remove_all(keys);
      const Finished done = run({recipe, keys.string()}, {.timeout = std::chrono::minutes(5)});
      if (done.exit_code != 0) throw std::runtime_error("the recipe for test keys failed: " + done.err);
      write_file(stamp, text);
    }
    close(lock);
    return keys;
  }();
  return folder;
}

std::string pgp_key(std::string_view file) {
  return (pgp_keys() / file).string();
}

Gnupg::Gnupg(const std::vector<std::string>& key_files) {
  file("gpg-agent.conf",
       "s2k-count 65536\ndisable-scdaemon\n");  // without it the agent measures for tenths of a second
  for (const std::string& file : key_files)
    import(file);
}

Gnupg::~Gnupg() {
  run({"gpgconf", "--homedir", home(), "--kill", "all"});
}

Finished Gnupg::gpg(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<std::string> argv{"gpg",      "--homedir",     home(), "--batch", "--no-tty", "--pinentry-mode",
                                "loopback", "--trust-model", "pgp",  "--quiet"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(argv, {.input = input});
}

Finished Gnupg::gpg_status(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<std::string> more{"--status-fd", "2"};
  more.insert(more.end(), arguments.begin(), arguments.end());
  return gpg(more, input);
}

void Gnupg::import(const std::string& file) const {
  const Finished done = gpg({"--import", file});
  if (done.exit_code != 0) throw std::runtime_error("gpg did not import " + file + ": " + done.err);
}

void Gnupg::trust(const std::string& fingerprint, int level) const {
  const Finished done = gpg({"--import-ownertrust"}, fingerprint + ":" + std::to_string(level) + ":\n");
  if (done.exit_code != 0) throw std::runtime_error("gpg did not take the trust: " + done.err);
  gpg({"--check-trustdb"});
}

std::string Gnupg::fingerprint(const std::string& address) const {
  const Finished done = gpg({"--with-colons", "--list-keys", "<" + address + ">"});
  const std::size_t line = done.out.find("\nfpr:");
  if (line == std::string::npos) throw std::runtime_error("gpg has no key for " + address);
  const std::size_t begin = done.out.find_first_not_of(':', line + 4);
  return done.out.substr(begin, done.out.find(':', begin) - begin);
}

std::string Gnupg::file(std::string_view name, std::string_view octets) const {
  const std::filesystem::path path = home_ / name;
  write_file(path, octets);
  return path.string();
}

}  // namespace mimeseal::test
