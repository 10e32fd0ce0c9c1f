// SPDX-License-Identifier: MIT
// What a 40 MB message through SES costs in memory: sent in both passes over TLS to the stand-in of tests/peers. Ends
// with 1 when it is 16 MB or more.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "mimeseal/aws/ses.h"
#include "mimeseal/core/rope.h"

namespace {

namespace fs = std::filesystem;
using namespace mimeseal;

const fs::path kPeers = fs::path(__FILE__).parent_path().parent_path() / "peers";

long status_kb(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::strtol(line.c_str() + std::string_view(field).size() + 1, nullptr, 10);
  return 0;
}

/// The stand-in; it ends when its standard input does.
class Server {
 public:
  explicit Server(const fs::path& folder) {
    const std::string ca = (folder / "ca").string();
    const std::string make = "/usr/bin/python3 " + (kPeers / "make_ca.py").string() + " --out " + ca;
    if (std::system(make.c_str()) != 0) std::exit(2);
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) std::exit(2);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const std::string script = (kPeers / "ses_server.py").string();
    const std::string cert = ca + "/server.pem";
    const std::string key = ca + "/server.key";
    std::array<const char*, 9> argv = {"/usr/bin/python3", script.c_str(), "--credentials", "AKID:secret", "--cert",
                                       cert.c_str(),       "--key",        key.c_str(),     nullptr};
    if (posix_spawn(&pid_, argv[0], &actions, nullptr, const_cast<char**>(argv.data()), environ) != 0) std::exit(2);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    std::string line;
    for (char c = 0; read(out[0], &c, 1) == 1 && c != '\n';)
      line += c;
    close(out[0]);
    const std::size_t at = line.find("\"port\": ");
    if (at == std::string::npos) std::exit(2);
    port_ = std::atoi(line.c_str() + at + 8);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    close(input_);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int port_ = 0;
};

}  // namespace

int main() {
  constexpr long kMostKb = 16 * 1024;
  std::string name = "/tmp/mimeseal-ses.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return 2;
  const fs::path folder = name;
  const std::string head = "From: a@example.org\r\nTo: b@example.org\r\n\r\n";
  {
    std::ofstream out(folder / "attachment", std::ios::binary);
    const std::string block(57 * 1024, 'x');
    for (std::size_t written = 0; written < 22'800'000; written += block.size())
      out << block;
  }
  int code = 0;
  {
    const Server server(folder);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_CA_BUNDLE", (folder / "ca/ca.pem").c_str(), 1);
    // An attachment in base64, and that in base64 again for SES: 40 MB on the wire.
    const Rope message = Rope(head) + Rope::base64(file_input((folder / "attachment").string()));
    const auto sender = aws::make_ses_sender(
        parse_sender_url("ses://eu-west-1?endpoint=https://localhost:" + std::to_string(server.port())),
        SenderOptions());
    const long before = status_kb("VmRSS:");
    const auto begun = std::chrono::steady_clock::now();
    const auto source = message.open();
    const Receipt receipt = sender->submit(make_envelope("a@example.org", {"b@example.org"}), *source);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const long cost = status_kb("VmHWM:") - before;
    std::printf("SES: %llu octets, %.1f MB in base64, %s in %.2f s, peak memory +%.1f MB (below 16)\n",
                static_cast<unsigned long long>(receipt.bytes), static_cast<double>(receipt.bytes) / 3 * 4 / 1048576,
                exit_code(receipt) == 0 ? "accepted" : "NOT ACCEPTED", seconds, static_cast<double>(cost) / 1024);
    if (exit_code(receipt) != 0 || cost >= kMostKb) code = 1;
  }
  fs::remove_all(folder);
  return code;
}
