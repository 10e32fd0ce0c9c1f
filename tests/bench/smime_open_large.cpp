// SPDX-License-Identifier: MIT
// Opens large S/MIME messages of every form and says how much processor time it took, how much memory, and what
// `openssl cms` needs for the same: smime_open_large [MEGABYTES [FORM...]] (1024 and all unless told; needs about four
// times as much disk in $TMPDIR).
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "mimeseal/core/source.h"
#include "mimeseal/core/spool.h"
#include "mimeseal/smime/engine.h"

namespace {

using namespace mimeseal;
namespace fs = std::filesystem;

const std::string kKeys = MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/alice.";

class FileSink final : public Sink {
 public:
  explicit FileSink(const fs::path& path) : out_(path, std::ios::binary) {}
  void write(std::string_view octets) override {
    out_.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }

 private:
  std::ofstream out_;
};

struct Cost {
  double seconds = 0;
  double megabytes = 0;
  bool ok = false;
};

/// Runs it in a child process, so that its memory is its own.
Cost measured(const std::function<bool()>& work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024,
          WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

std::unique_ptr<Engine> make() {
  smime::EngineOptions options;
  options.identities = {kKeys + "sign.key", kKeys + "sign.crt", kKeys + "encrypt.key", kKeys + "encrypt.crt"};
  options.trust = {MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/ca.rsa.crt"};
  return smime::make_engine(options);
}

Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void seal(const std::string& form, const fs::path& content, const fs::path& message) {
  const auto engine = make();
  const auto source = slice(file_input(content.string()));
  FileSink out(message);
  const auto pick = [&engine](bool signing) {
    for (const KeyPtr& key : engine->keys()) {
      if (signing ? key->info().can_sign : key->info().can_encrypt) return std::vector<KeyPtr>{key};
    }
    return std::vector<KeyPtr>{};
  };
  if (form == "compressed") return engine->compress(*source, out);
  if (form == "opaque" || form == "detached") {
    SignSpec spec;
    spec.signers = pick(true);
    spec.detached = form == "detached";
    spec.at = now();
    engine->sign(*source, out, spec);
    return;
  }
  EncryptSpec spec;
  spec.recipients = pick(false);
  spec.policy.cipher = form == "gcm" ? Cipher::aes_256_gcm : Cipher::aes_256_cbc;
  spec.at = now();
  engine->encrypt(*source, out, spec);
}

bool open(const std::string& form, const fs::path& content, const fs::path& message, const fs::path& result) {
  const auto engine = make();
  OpenSpec spec;
  spec.at = now();
  LayerFacts facts;
  if (form == "detached") {
    std::ifstream in(message, std::ios::binary);
    const std::string signature((std::istreambuf_iterator<char>(in)), {});
    facts = engine->verify(*slice(file_input(content.string())), signature, spec);
  } else {
    FileSink out(result);
    facts = engine->open(*slice(file_input(message.string())), out, spec);
  }
  const bool signers_good = facts.signers.empty() || facts.signers[0].integrity == Integrity::good;
  return signers_good && (facts.result == LayerResult::good || facts.result == LayerResult::unauthenticated);
}

std::string openssl_command(const std::string& form, const fs::path& content, const fs::path& message,
                            const fs::path& result) {
  const std::string common = " -binary -inform DER -in " + message.string() + " -out " + result.string();
  const std::string root = " -CAfile " MIMESEAL_SOURCE_DIR "/testdata/ietf-rfc9216/ca.rsa.crt";
  if (form == "compressed") return {};
  if (form == "opaque") return "openssl cms -verify" + common + root;
  if (form == "detached") return "openssl cms -verify -content " + content.string() + common + root;
  return "openssl cms -decrypt -recip " + kKeys + "encrypt.crt -inkey " + kKeys + "encrypt.key" + common;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t megabytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1024;
  const fs::path dir = fs::temp_directory_path() / ("mimeseal-large-" + std::to_string(getpid()));
  fs::create_directory(dir);
  const fs::path content = dir / "content";
  {
    FileSink out(content);
    std::string block(1U << 20U, '\0');
    unsigned state = 7;
    for (std::uint64_t i = 0; i < megabytes; ++i) {
      for (char& octet : block) {
        state = state * 1'103'515'245U + 12'345U;
        octet = static_cast<char>(' ' + (state >> 16U) % 64U);
      }
      out.write(block);
    }
  }
  std::printf("%-11s %10s %10s %12s %12s %8s\n", "form", "ours s", "ours MB", "openssl s", "openssl MB", "factor");
  bool all = true;
  for (const std::string form : {"gcm", "cbc", "opaque", "detached", "compressed"}) {
    if (argc > 2 && std::find(argv + 2, argv + argc, form) == argv + argc) continue;
    const fs::path message = dir / "message";
    const fs::path result = dir / "result";
    seal(form, content, message);
    const Cost mine = measured([&] { return open(form, content, message, result); });
    fs::remove(result);
    const std::string command = openssl_command(form, content, message, result);
    Cost theirs;
    if (!command.empty()) {
      theirs = measured([&] {
        execl("/bin/sh", "sh", "-c", ("exec " + command + " 2>/dev/null").c_str(), nullptr);
        return false;
      });
    }
    fs::remove(result);
    fs::remove(message);
    all = all && mine.ok;
    std::printf("%-11s %10.2f %10.1f %12.2f %12.1f %7.1fx%s%s\n", form.c_str(), mine.seconds, mine.megabytes,
                theirs.seconds, theirs.megabytes, theirs.seconds / mine.seconds, mine.ok ? "" : "  FAILED",
                command.empty() || theirs.ok ? "" : "  (openssl failed)");
  }
  fs::remove_all(dir);
  return all ? 0 : 1;
}
