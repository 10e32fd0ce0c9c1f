// SPDX-License-Identifier: MIT
#pragma once

// What the tests of trust share: signatures by openssl, and CAs that it makes as a test asks.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "open_testing.h"
#include "support/smime_pki.h"

namespace mimeseal::test {

inline Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

using Words = std::vector<std::string>;

/// An opaque signature by openssl that carries `certificates` beside the signer's own.
inline std::string signature_by(const std::string& certificate, const std::string& key, const Words& certificates) {
  const TempDir dir;
  std::string bundle;
  for (const auto& file : certificates)
    bundle += read_file(file);
  write_file(dir / "bundle.pem", bundle);
  Words command{"openssl", "cms",     "-sign",     "-nodetach", "-binary", "-outform",
                "DER",     "-signer", certificate, "-inkey",    key};
  if (!bundle.empty()) command.insert(command.end(), {"-certfile", (dir / "bundle.pem").string()});
  const auto done = run(command, {.input = "signed"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  return done.out;
}

inline std::string signature_by(const std::string& name) {
  return signature_by(smime_file(name + ".crt"), smime_file(name + ".key"), {smime_file("ca.crt")});
}

inline SignerFacts judged(Engine& engine, const std::string& der, Time at = now()) {
  OpenSpec spec;
  spec.at = at;
  const Opened opened = open(engine, der, spec);
  EXPECT_EQ(opened.facts.signers.size(), 1U);
  if (opened.facts.signers.empty()) return {};
  EXPECT_EQ(opened.facts.signers[0].integrity, Integrity::good) << opened.facts.signers[0].why;
  EXPECT_EQ(opened.facts.signers[0].judged_at, at);
  return opened.facts.signers[0];
}

/// A CA of its own under the test root, made by openssl as the test asks.
class SmimePath : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return (dir_ / name).string(); }

  void shell(const std::string& script) {
    const auto done = run({"sh", "-ec", script}, {.env = {{"P", smime_pki().string()}}, .directory = dir_.path()});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }

  /// sub.crt: a CA with these extensions, and leaf.crt under it, which holds P-256 keys.
  void make_chain(const std::string& ca_extensions, const std::string& ca_words = "",
                  const std::string& leaf_extensions = "subjectAltName=email:leaf@smime.test\n") {
    write_file(dir_ / "ca.cnf", "[x]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n" + ca_extensions);
    write_file(dir_ / "leaf.cnf", "[x]\nauthorityKeyIdentifier=keyid\n" + leaf_extensions);
    shell(R"(
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out sub.key
      openssl req -new -key sub.key -subj "/O=mimeseal tests/CN=Sub" -out sub.csr
      openssl x509 -req -in sub.csr -CA $P/root.crt -CAkey $P/root.key -days 300 -set_serial 77 -extfile ca.cnf \
        -extensions x -out sub.crt )" +
          ca_words + R"(
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key
      openssl req -new -key leaf.key -subj "/O=mimeseal tests/CN=Leaf" -out leaf.csr
      openssl x509 -req -in leaf.csr -CA sub.crt -CAkey sub.key -days 300 -set_serial 78 -extfile leaf.cnf \
        -extensions x -out leaf.crt)");
  }

  /// NAME.crl by this CA, with these serial numbers revoked at that time (YYMMDDHHMMSSZ).
  void make_crl(const std::string& name, const std::string& certificate, const std::string& key,
                const std::string& revoked, const std::string& words = "-crldays 30") {
    write_file(dir_ / "crl.cnf", "[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\n");
    write_file(dir_ / "index", revoked);
    shell("openssl ca -config crl.cnf -gencrl " + words + " -cert " + certificate + " -keyfile " + key + " -out " +
          name);
  }

  static std::string revoked(const std::string& serial_hex, const std::string& at) {
    return "R\t350101000000Z\t" + at + "\t" + serial_hex + "\tunknown\t/CN=x\n";
  }

  SignerFacts judge_leaf(const Words& crls = {}, Time at = now()) {
    const std::string der = signature_by(file("leaf.crt"), file("leaf.key"), {file("sub.crt")});
    return judged(*engine({}, {smime_file("root.crt")}, crls), der, at);
  }

  TempDir dir_;
};

inline constexpr const char* kCa = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";

}  // namespace mimeseal::test
