// SPDX-License-Identifier: MIT
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "commands.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/output.h"
#include "mimeseal/core/text.h"
#include "mimeseal/pgp/engine.h"
#include "mimeseal/toolkit/report.h"
#include "options.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

/// What must not stay behind when a signal ends the tool: half-written files and private keyrings.
extern "C" void end_by_signal(int number) {
  remove_unfinished_outputs();
  pgp::remove_private_homes();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void prepare_process() {
  // No core: it would hold keys and plaintext. The limit alone does not bind a core that is piped to a program, and
  // nobody else of this user shall look into the process (proc(5)).
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef MIMESEAL_SANITIZED  // whose leak check looks into the process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
  // Writing to a reader that is gone, or past the limit on a file's size, is an error like another.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = end_by_signal;
  ::sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;  // nohup
    ::sigaction(number, &action, nullptr);
  }
}

std::string general_help() {
  std::string text = "mimeseal " MIMESEAL_VERSION
                     ": composes mail, seals it as S/MIME or PGP/MIME, submits it, and opens it\n\n"
                     "usage: mimeseal COMMAND [OPTIONS]\n\n";
  for (const Command& command : commands()) {
    std::string name = command.name;
    name.resize(std::max<std::size_t>(name.size(), 10), ' ');
    text += "  " + name + command.summary + "\n";
  }
  return text + "\nmimeseal COMMAND --help lists a command's options; mimeseal --version names the version.\n";
}

std::string command_help(const Command& command) {
  return std::string("usage: mimeseal ") + command.name + " " + command.usage + "\n\n" + command.summary + "\n\n" +
         options_help(command.groups);
}

int fail(const Error& error, bool json) {
  print_error(error);
  if (json) {
    try {
      print_json(report_json(error));
    } catch (const Error&) {
      return exit_code(Errc::io);
    }
  }
  return exit_code(error.code());
}

int run(const std::vector<std::string>& words) {
  // Known before anything is parsed, since a wrong option is reported as JSON too.
  bool json = std::find(words.begin(), words.end(), "--json") != words.end();
  try {
    if (words.empty()) {
      print_error(Error(Errc::usage, "no command", {}, "mimeseal --help lists them"));
      return exit_code(Errc::usage);
    }
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
      print_result(general_help());
      return 0;
    }
    if (words[0] == "--version") {
      print_result("mimeseal " MIMESEAL_VERSION "\n");
      return 0;
    }
    for (const Command& command : commands()) {
      if (words[0] != command.name) continue;
      const Options options = parse_options({words.begin() + 1, words.end()}, command.groups);
      json = options.json;  // the configuration may ask for it too
      if (options.help) {
        print_result(command_help(command));
        return 0;
      }
      return command.run(options);
    }
    return fail(Error(Errc::usage, "no such command", visible(words[0]), "mimeseal --help lists them"), json);
  } catch (const Error& error) {
    return fail(error, json);
  } catch (const std::bad_alloc&) {
    return fail(Error(Errc::internal, "out of memory"), json);
  } catch (const std::exception& error) {
    return fail(Error(Errc::internal, error.what()), json);
  }
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"compose", "[DRAFT] [-o FILE]", "compose a message, not sealed", kDraft | kKeys | kOutput, run_compose},
      {"seal", "[DRAFT] [SEALING] [-o FILE]", "sign and encrypt a message, ready to submit",
       kDraft | kSealing | kKeys | kOutput, run_seal},
      {"send", "[DRAFT] [SEALING] --via URL", "seal a message and submit it",
       kDraft | kSealing | kKeys | kSending | kNetwork, run_send},
      {"open", "[FILE] [OPTIONS]", "decrypt and verify a message, and say what it proves",
       kKeys | kTime | kOpening | kOutput, run_open},
      {"inspect", "[FILE]", "show the tree of parts and cryptographic layers, without keys", 0, run_inspect},
      {"keys", "list|show|check [ADDRESS…] | import FILE…",
       "say what keys there are, until when, and whether mail can be sealed to them; import OpenPGP keys",
       kKeys | kTime, run_keys},
      {"probe", "URL", "find out which TLS versions, certificate and extensions a server offers", kNetwork | kTime,
       run_probe},
      {"ses", "quota | tls-policy SET [REQUIRE|OPTIONAL] | smtp-password | fetch s3://BUCKET/KEY -o FILE",
       "Amazon SES: sending limits, TLS policy, SMTP password, mail stored in S3", kNetwork | kSes | kOutput, run_ses},
      {"vectors", "MANIFEST…", "run test vectors", kVectors, run_vectors},
  };
  return all;
}

}  // namespace mimeseal::cli

int main(int argc, char** argv) {
  mimeseal::cli::prepare_process();
  return mimeseal::cli::run({argv + 1, argv + argc});
}
