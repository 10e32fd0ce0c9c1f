// SPDX-License-Identifier: MIT
#include "support/smime_pki.h"

#include <unistd.h>

#include <stdexcept>

#include "mimeseal/core/text.h"
#include "support/process.h"

namespace mimeseal::test {
namespace {

namespace fs = std::filesystem;

fs::path make_pki() {
  const fs::path script = fs::path(MIMESEAL_SOURCE_DIR) / "tests/support/smime_keys.sh";
  const fs::path place = fs::path(MIMESEAL_BINARY_DIR) / ("smime-pki-" + hex(sha256(read_file(script))).substr(0, 12));
  if (fs::exists(place)) return place;
  // Tests run side by side: each makes its own, the first to finish gives it its name.
  const fs::path fresh = place.string() + "." + std::to_string(getpid());
  fs::create_directories(fresh);
  const Finished done =
      run({"sh", script.string(), fresh.string()}, {.timeout = std::chrono::minutes(10)});  // a busy machine
  if (done.exit_code != 0) throw std::runtime_error("smime_keys.sh failed: " + read_file(fresh / "make.log"));
  std::error_code lost;
  fs::rename(fresh, place, lost);
  if (lost) fs::remove_all(fresh);
  return place;
}

}  // namespace

const fs::path& smime_pki() {
  static const fs::path place = make_pki();
  return place;
}

std::string smime_file(const std::string& name) {
  return (smime_pki() / name).string();
}

bool import_rsa_key(const std::function<bool(const std::string& path)>& import) {
  const TempDir folder;
  const std::string bag = (folder / "bag.p12").string();
  for (int tries = 0; tries < 5; ++tries) {
    const Finished made = run({"openssl", "pkcs12", "-export", "-legacy", "-inkey", smime_file("rsa.key"), "-in",
                               smime_file("rsa.crt"), "-passout", "pass:secret", "-out", bag});
    if (made.exit_code == 0 && import(bag)) return true;
  }
  return false;
}

}  // namespace mimeseal::test
