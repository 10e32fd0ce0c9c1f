// SPDX-License-Identifier: MIT
// OpenPGP: sign, encrypt, decrypt and verify 10 KB against the bare GpgME calls they need (kept contexts, the same key,
// measured in turns), two threads against one, and 1 GiB through each with what the process then takes. Needs gpg.
//   bench_pgp [ROUNDS] [MEBIBYTES]
#include <gpgme.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "mimeseal/core/output.h"
#include "mimeseal/core/source.h"
#include "mimeseal/pgp/engine.h"

namespace {

using namespace mimeseal;

namespace fs = std::filesystem;

double milliseconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

/// A folder with a fresh Ed25519 key in a home, and as a file.
struct Keys {
  Keys() {
    std::string name = "/tmp/mspgpb-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
    folder = name;
    fs::create_directory(folder / "home");
    fs::permissions(folder / "home", fs::perms::owner_all);
    std::ofstream(folder / "home/gpg.conf")
        << "no-random-seed-file\nlock-never\ntrust-model always\nno-auto-key-locate\n";
    const std::string gpg = "gpg --homedir " + home() + " --batch --quiet --pinentry-mode loopback --passphrase '' ";
    shell(gpg + "--quick-generate-key 'bench <bench@pgp.example>' ed25519 sign,cert never 2>/dev/null");
    shell(gpg + "--list-keys --with-colons 2>/dev/null | sed -n '/^fpr:/{s/^fpr:*//;s/:*$//;p;q;}' > " +
          (folder / "fpr").string());
    shell(gpg + "--quick-add-key $(cat " + (folder / "fpr").string() + ") cv25519 encr never 2>/dev/null");
    shell(gpg + "--armor --export-secret-keys > " + file());
  }
  ~Keys() {
    shell("gpgconf --homedir " + home() + " --kill all");
    fs::remove_all(folder);
  }
  std::string home() const { return (folder / "home").string(); }
  std::string file() const { return (folder / "key.asc").string(); }
  fs::path folder;
};

void check(gpgme_error_t code) {
  if (code != 0) throw std::runtime_error(gpgme_strerror(code));
}

/// What a program would write with GpgME alone.
class Bare {
 public:
  explicit Bare(const Keys& keys) {
    gpgme_check_version(nullptr);
    check(gpgme_new(&ctx_));
    check(gpgme_ctx_set_engine_info(ctx_, GPGME_PROTOCOL_OpenPGP, nullptr, keys.home().c_str()));
    gpgme_set_armor(ctx_, 1);
    gpgme_set_offline(ctx_, 1);
    check(gpgme_op_keylist_start(ctx_, nullptr, 1));
    check(gpgme_op_keylist_next(ctx_, &key_));
    check(gpgme_op_keylist_end(ctx_));
    check(gpgme_signers_add(ctx_, key_));
  }
  ~Bare() {
    gpgme_key_unref(key_);
    gpgme_release(ctx_);
  }
  std::string sign(const std::string& text) {
    return run(text,
               [&](gpgme_data_t in, gpgme_data_t out) { return gpgme_op_sign(ctx_, in, out, GPGME_SIG_MODE_DETACH); });
  }
  std::string encrypt(const std::string& text) {
    gpgme_key_t to[2] = {key_, nullptr};
    constexpr auto flags = static_cast<gpgme_encrypt_flags_t>(GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS);
    return run(text, [&](gpgme_data_t in, gpgme_data_t out) { return gpgme_op_encrypt(ctx_, to, flags, in, out); });
  }
  std::string decrypt(const std::string& text) {
    return run(text, [&](gpgme_data_t in, gpgme_data_t out) { return gpgme_op_decrypt_verify(ctx_, in, out); });
  }
  void verify(const std::string& text, const std::string& signature) {
    run(text, [&](gpgme_data_t in, gpgme_data_t) {
      gpgme_data_t data = nullptr;
      check(gpgme_data_new_from_mem(&data, signature.data(), signature.size(), 0));
      const gpgme_error_t code = gpgme_op_verify(ctx_, data, in, nullptr);
      gpgme_data_release(data);
      return code;
    });
  }

 private:
  std::string run(const std::string& text, const std::function<gpgme_error_t(gpgme_data_t, gpgme_data_t)>& operation) {
    gpgme_data_t in = nullptr;
    gpgme_data_t out = nullptr;
    check(gpgme_data_new_from_mem(&in, text.data(), text.size(), 0));
    check(gpgme_data_new(&out));
    check(operation(in, out));
    gpgme_data_release(in);
    std::size_t size = 0;
    char* memory = gpgme_data_release_and_get_mem(out, &size);
    std::string result(memory != nullptr ? memory : "", size);
    gpgme_free(memory);
    return result;
  }
  gpgme_ctx_t ctx_ = nullptr;
  gpgme_key_t key_ = nullptr;
};

std::unique_ptr<Engine> make(const Keys& keys) {
  pgp::EngineOptions options;
  options.identities = {keys.file()};
  options.trust = {keys.file()};
  return pgp::make_engine(options);
}

/// Octets that cost nothing to make and are not kept.
class Zeros final : public Source {
 public:
  explicit Zeros(std::uint64_t size) : size_(size), left_(size) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, into.size()));
    std::fill_n(into.data(), count, '\0');
    left_ -= count;
    return count;
  }
  void rewind() override { left_ = size_; }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::uint64_t size_;
  std::uint64_t left_;
};

void compare(const Keys& keys, int rounds) {
  const std::string text(10'000, 'x');
  const auto engine = make(keys);
  const KeyPtr key = engine->signing_key("", system_clock().now()).key;
  Bare bare(keys);
  const std::string signature = bare.sign(text);
  const std::string message = bare.encrypt(text);
  const Time now = system_clock().now();
  struct Case {
    const char* name;
    std::function<void()> ours;
    std::function<void()> theirs;
  };
  const std::vector<Case> cases{
      {"sign",
       [&] {
         NullSink out;
         engine->sign(*view_source(text), out, {.signers = {key}, .at = now});
       },
       [&] { bare.sign(text); }},
      {"encrypt",
       [&] {
         NullSink out;
         engine->encrypt(*view_source(text), out, {.recipients = {key}, .at = now});
       },
       [&] { bare.encrypt(text); }},
      {"decrypt",
       [&] {
         NullSink out;
         engine->open(*view_source(message), out, {.at = now});
       },
       [&] { bare.decrypt(message); }},
      {"verify", [&] { static_cast<void>(engine->verify(*view_source(text), signature, {.at = now})); },
       [&] { bare.verify(text, signature); }},
  };
  // The least times tell best what the work costs on a machine that does other things as well.
  std::printf("10 KB, %d rounds in turns\n%-10s %10s %10s %8s %16s\n", rounds, "", "ours, ms", "bare, ms", "ratio",
              "of least times");
  for (const Case& one : cases) {
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < rounds; ++i) {
      theirs.push_back(milliseconds(one.theirs));
      ours.push_back(milliseconds(one.ours));
    }
    const double least = *std::min_element(ours.begin(), ours.end()) / *std::min_element(theirs.begin(), theirs.end());
    std::printf("%-10s %10.2f %10.2f %8.2f %16.2f\n", one.name, median(ours), median(theirs),
                median(ours) / median(theirs), least);
  }
}

void threads(const Keys& keys, int rounds) {
  const std::string text(10'000, 'x');
  const auto work = [&](Engine& engine, int count) {
    const KeyPtr key = engine.signing_key("", system_clock().now()).key;
    for (int i = 0; i < count; ++i) {
      NullSink out;
      engine.encrypt(*view_source(text), out, {.recipients = {key}, .signers = {key}, .at = system_clock().now()});
    }
  };
  const auto one = make(keys);
  const auto two = make(keys);
  const double alone = milliseconds([&] { work(*one, 2 * rounds); });
  const double together = milliseconds([&] {
    std::thread other([&] { work(*two, rounds); });
    work(*one, rounds);
    other.join();
  });
  std::printf("sign and encrypt %d times: one thread %.0f ms, two threads %.0f ms, %.2f times as fast\n", 2 * rounds,
              alone, together, alone / together);
}

void large(const Keys& keys, std::uint64_t mebibytes) {
  const auto engine = make(keys);
  const KeyPtr key = engine->signing_key("", system_clock().now()).key;
  const Time now = system_clock().now();
  const std::uint64_t size = mebibytes << 20U;
  const std::string file = (fs::path("/var/tmp") / keys.folder.filename()).string() + ".asc";
  std::string signature;
  const auto report = [&](const char* name, const std::function<void()>& work) {
    const double time = milliseconds(work);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%-10s %6.0f MiB/s, the process takes %ld MiB at most\n", name,
                static_cast<double>(mebibytes) * 1000 / time, usage.ru_maxrss / 1024);
    std::fflush(stdout);
  };
  report("sign", [&] {
    Zeros source(size);
    StringSink out;
    engine->sign(source, out, {.signers = {key}, .at = now});
    signature = out.take();
  });
  report("verify", [&] {
    Zeros source(size);
    if (engine->verify(source, signature, {.at = now}).signers.at(0).integrity != Integrity::good) std::abort();
  });
  report("encrypt", [&] {
    Zeros source(size);
    OutputFile out(file);
    engine->encrypt(source, out, {.recipients = {key}, .at = now});
    out.commit();
  });
  report("decrypt", [&] {
    NullSink out;
    const auto source = slice(file_input(file));
    if (engine->open(*source, out, {.at = now}).result != LayerResult::good || out.count() != size) std::abort();
  });
  fs::remove(file);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 50;
  const int mebibytes = argc > 2 ? std::atoi(argv[2]) : 1024;
  const Keys keys;
  compare(keys, rounds);
  threads(keys, rounds);
  if (mebibytes > 0) large(keys, static_cast<std::uint64_t>(mebibytes));
  return 0;
}
