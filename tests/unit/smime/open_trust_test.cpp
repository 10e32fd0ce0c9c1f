// SPDX-License-Identifier: MIT
// Whether a signer's certificate is trusted, valid, revoked, strong and for mail: each on its own.
#include <gtest/gtest.h>

#include "path_testing.h"

namespace mimeseal::test {
namespace {

TEST(SmimeTrust, Anchors_DecideAlone) {
  const std::string der = signature_by("rsa");
  EXPECT_EQ(judged(*engine({}), der).trust, Trust::unknown);
  EXPECT_EQ(judged(*engine({}, {smime_file("root.crt")}), der).trust, Trust::trusted);
  const SignerFacts stranger = judged(*engine({}, {data_path("thunderbird-smime/keys/TestCA.pem")}), der);
  EXPECT_EQ(stranger.trust, Trust::untrusted);
  EXPECT_NE(stranger.why.find("path"), std::string::npos) << stranger.why;
  EXPECT_EQ(judge(stranger), Verdict::unverified);
}

TEST(SmimeTrust, AnchorThatIsNotSelfSigned_CountsSinceItWasGiven) {
  const std::string der = signature_by("rsa");
  EXPECT_EQ(judged(*engine({}, {smime_file("ca.crt")}), der).trust, Trust::trusted);
  EXPECT_EQ(judged(*engine({}, {smime_file("rsa.crt")}), der).trust, Trust::trusted);
  EXPECT_EQ(judged(*engine({}, {smime_file("p256.crt")}), der).trust, Trust::untrusted);
}

TEST(SmimeTrust, RootInTheMessage_IsNotTrustedForThat) {
  const std::string der = signature_by(smime_file("rsa.crt"), smime_file("rsa.key"), {smime_file("chain.pem")});
  EXPECT_EQ(judged(*engine({}), der).trust, Trust::unknown);
  EXPECT_EQ(judged(*engine({}, {data_path("thunderbird-smime/keys/TestCA.pem")}), der).trust, Trust::untrusted);
}

TEST(SmimeTrust, MissingIntermediate_IsTakenFromTheKnownCertificates) {
  const std::string der = signature_by(smime_file("rsa.crt"), smime_file("rsa.key"), {});
  EXPECT_EQ(judged(*engine({}, {smime_file("root.crt")}), der).trust, Trust::untrusted);
  smime::EngineOptions options;
  options.trust = {smime_file("root.crt")};
  options.recipient_keys = {smime_file("ca.crt")};
  EXPECT_EQ(judged(*smime::make_engine(options), der).trust, Trust::trusted);
}

TEST(SmimeTrust, ExpiredAndNotYetValid_ArePartOfAnotherFact) {
  const std::string der = signature_by("rsa");
  const auto judge_by_root = engine({}, {smime_file("root.crt")});
  const SignerFacts late = judged(*judge_by_root, der, now() + std::chrono::days(3100));
  EXPECT_EQ(late.trust, Trust::trusted) << late.why;
  EXPECT_EQ(late.validity, Validity::expired);
  EXPECT_NE(late.why.find("expired"), std::string::npos) << late.why;
  const SignerFacts early = judged(*judge_by_root, der, at("2020-01-01"));
  EXPECT_EQ(early.trust, Trust::trusted) << early.why;
  EXPECT_EQ(early.validity, Validity::not_yet_valid);
  const auto nobody = engine({});
  EXPECT_EQ(judged(*nobody, der, now() + std::chrono::days(3100)).validity, Validity::expired);
  EXPECT_EQ(judged(*nobody, der).validity, Validity::valid);
}

TEST(SmimeTrust, WeakKey_IsNamed) {
  const SignerFacts signer = judged(*engine({}, {smime_file("root.crt")}), signature_by("weak"));
  EXPECT_EQ(signer.algorithm, Algorithm::weak);
  EXPECT_EQ(signer.trust, Trust::trusted);
  EXPECT_NE(signer.why.find("RSA-1024"), std::string::npos) << signer.why;
}

TEST(SmimeTrust, CertificateForServers_IsNotForMail) {
  const SignerFacts signer = judged(*engine({}, {smime_file("root.crt")}), signature_by("server"));
  EXPECT_EQ(signer.usage, Usage::not_for_mail);
  EXPECT_EQ(signer.trust, Trust::trusted);
  EXPECT_NE(signer.why.find("extendedKeyUsage"), std::string::npos) << signer.why;
}

TEST(SmimeTrust, InternationalAddress_IsRead) {
  const SignerFacts signer = judged(*engine({}, {smime_file("root.crt")}), signature_by("international"));
  EXPECT_EQ(signer.addresses, Words{"grün@xn--bcher-kva.test"});
}

TEST_F(SmimePath, HonestChain_IsTrusted) {
  make_chain(kCa);
  const SignerFacts signer = judge_leaf();
  EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
  EXPECT_EQ(signer.algorithm, Algorithm::ok) << signer.why;
  EXPECT_EQ(signer.usage, Usage::ok) << signer.why;
}

TEST_F(SmimePath, IssuerThatIsNoCa_IsUntrusted) {
  make_chain("basicConstraints=CA:FALSE\n");
  EXPECT_EQ(judge_leaf().trust, Trust::untrusted);
}

TEST_F(SmimePath, PathLength_IsKept) {
  make_chain("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n", "",
             std::string(kCa) + "subjectAltName=email:leaf@smime.test\n");
  write_file(dir_ / "low.cnf", "[x]\nsubjectAltName=email:low@smime.test\n");
  shell(R"(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out low.key
    openssl req -new -key low.key -subj "/CN=Low" -out low.csr
    openssl x509 -req -in low.csr -CA leaf.crt -CAkey leaf.key -days 9 -set_serial 1 -extfile low.cnf -extensions x -out low.crt)");
  const std::string der = signature_by(file("low.crt"), file("low.key"), {file("leaf.crt"), file("sub.crt")});
  const SignerFacts signer = judged(*engine({}, {smime_file("root.crt")}), der);
  EXPECT_EQ(signer.trust, Trust::untrusted);
  EXPECT_NE(signer.why.find("path length"), std::string::npos) << signer.why;
}

TEST_F(SmimePath, NameConstraints_AreKept) {
  make_chain(std::string(kCa) + "nameConstraints=critical,permitted;email:smime.test\n");
  EXPECT_EQ(judge_leaf().trust, Trust::trusted);
  make_chain(std::string(kCa) + "nameConstraints=critical,permitted;email:other.test\n");
  EXPECT_EQ(judge_leaf().trust, Trust::untrusted);
  make_chain(std::string(kCa) + "nameConstraints=critical,excluded;email:leaf@smime.test\n");
  EXPECT_EQ(judge_leaf().trust, Trust::untrusted);
}

TEST_F(SmimePath, IssuerForServersOnly_IsNotForMail) {
  make_chain(std::string(kCa) + "extendedKeyUsage=serverAuth\n");
  const SignerFacts signer = judge_leaf();
  EXPECT_EQ(signer.usage, Usage::not_for_mail);
  EXPECT_EQ(judge(signer), Verdict::unverified);
}

TEST_F(SmimePath, IssuerSignedWithSha1_IsWeak) {
  make_chain(kCa, "-sha1");
  const SignerFacts signer = judge_leaf();
  EXPECT_EQ(signer.algorithm, Algorithm::weak);
  EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
}

TEST_F(SmimePath, IssuerThatHasExpired_IsPartOfTheValidity) {
  make_chain(kCa, "-days 1");
  EXPECT_EQ(judge_leaf().validity, Validity::valid);
  const SignerFacts signer = judge_leaf({}, now() + std::chrono::days(2));
  EXPECT_EQ(signer.validity, Validity::expired);
  EXPECT_EQ(signer.trust, Trust::trusted);
  EXPECT_NE(signer.why.find("CN=Sub"), std::string::npos) << signer.why;
}

TEST_F(SmimePath, UnknownCriticalExtension_IsUntrusted) {
  make_chain(kCa, "", "1.2.3.4=critical,ASN1:NULL\n");
  EXPECT_EQ(judge_leaf().trust, Trust::untrusted);
}

TEST_F(SmimePath, RevocationList_IsBelievedWhereThereIsOne) {
  make_chain(kCa);
  make_crl("clean.crl", "sub.crt", "sub.key", "");
  make_crl("leaf.crl", "sub.crt", "sub.key", revoked("4E", "261001000000Z"));
  make_crl("sub.crl", smime_file("root.crt"), smime_file("root.key"), revoked("4D", "261001000000Z"));
  make_crl("elsewhere.crl", smime_file("ca.crt"), smime_file("ca.key"), revoked("4E", "261001000000Z"));
  EXPECT_EQ(judge_leaf({file("clean.crl")}).trust, Trust::trusted);
  EXPECT_EQ(judge_leaf({file("elsewhere.crl")}).trust, Trust::trusted) << "says nothing of this issuer";
  const SignerFacts leaf = judge_leaf({file("leaf.crl")});
  EXPECT_EQ(leaf.trust, Trust::revoked);
  EXPECT_NE(leaf.why.find("CN=Leaf"), std::string::npos) << leaf.why;
  const SignerFacts sub = judge_leaf({file("clean.crl"), file("sub.crl")});
  EXPECT_EQ(sub.trust, Trust::revoked);
  EXPECT_NE(sub.why.find("CN=Sub"), std::string::npos) << sub.why;
}

TEST_F(SmimePath, RevocationAfterTheTimeJudgedAt_DoesNotCount) {
  make_chain(kCa);
  make_crl("leaf.crl", "sub.crt", "sub.key", revoked("4E", "261001000000Z"));
  EXPECT_EQ(judge_leaf({file("leaf.crl")}, at("2026-09-30")).trust, Trust::trusted);
  EXPECT_EQ(judge_leaf({file("leaf.crl")}, at("2026-10-02")).trust, Trust::revoked);
}

TEST_F(SmimePath, RevocationListOutOfDate_LeavesTheTrustUnknown) {
  make_chain(kCa);
  make_crl("old.crl", "sub.crt", "sub.key", "", "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z");
  const SignerFacts signer = judge_leaf({file("old.crl")});
  EXPECT_EQ(signer.trust, Trust::unknown);
  EXPECT_NE(signer.why.find("revoked cannot be told"), std::string::npos) << signer.why;
  make_crl("old_revoked.crl", "sub.crt", "sub.key", revoked("4E", "200101000000Z"),
           "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z");
  EXPECT_EQ(judge_leaf({file("old_revoked.crl")}).trust, Trust::revoked);
}

TEST_F(SmimePath, ForgedRevocationList_LeavesTheTrustUnknown) {
  make_chain(kCa);
  shell(R"(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out forger.key
    openssl req -x509 -new -key forger.key -subj "/O=mimeseal tests/CN=Sub" -days 9 -out forger.crt)");
  make_crl("forged.crl", "forger.crt", "forger.key", revoked("4E", "261001000000Z"));
  EXPECT_EQ(judge_leaf({file("forged.crl")}).trust, Trust::unknown);
}

/// A signature by key identifier with two certificates of the one key in it: the leaf's, and an older one.
std::string signed_by_one_of_two(const TempDir& dir, const std::string& signer, const Words& more) {
  Words command{"openssl", "cms",     "-sign", "-nocerts", "-nodetach", "-binary",   "-keyid",    "-outform",
                "DER",     "-signer", signer,  "-inkey",   "leaf.key",  "-certfile", "bundle.pem"};
  command.insert(command.end(), more.begin(), more.end());
  const auto done = run(command, {.input = "signed", .directory = dir.path()});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  return done.out;
}

/// Judged when the older one has expired.
SignerFacts judge_renewed(const std::string& der) {
  return judged(*engine({}, {smime_file("root.crt")}), der, now() + std::chrono::days(2));
}

TEST_F(SmimePath, RenewedCertificateOfOneKey_IsFoundAmongThem) {
  // In a SET the shorter certificate stands first: once the old one, once the new one.
  for (const char* name : {"/CN=L", "/O=mimeseal tests/CN=A name that is longer than that of the leaf"}) {
    make_chain(kCa, "", "subjectKeyIdentifier=hash\nsubjectAltName=email:leaf@smime.test\n");
    shell("openssl req -new -key leaf.key -subj '" + std::string(name) + R"(' -out old.csr
      openssl x509 -req -in old.csr -CA sub.crt -CAkey sub.key -days 1 -set_serial 90 -extfile leaf.cnf -extensions x -out old.crt
      cat sub.crt old.crt leaf.crt > bundle.pem)");
    const SignerFacts unnamed = judge_renewed(signed_by_one_of_two(dir_, "leaf.crt", {}));
    EXPECT_EQ(unnamed.validity, Validity::valid) << name << unnamed.why;
    EXPECT_EQ(unnamed.trust, Trust::trusted) << name << unnamed.why;
    const SignerFacts renewed = judge_renewed(signed_by_one_of_two(dir_, "leaf.crt", {"-cades"}));
    EXPECT_EQ(renewed.validity, Validity::valid) << name << renewed.why;
    const SignerFacts old = judge_renewed(signed_by_one_of_two(dir_, "old.crt", {"-cades"}));
    EXPECT_EQ(old.validity, Validity::expired) << name << "the signature names this one";
    EXPECT_EQ(judge(old), Verdict::unverified);

    write_file(dir_ / "seen.p7s", signed_by_one_of_two(dir_, "leaf.crt", {"-cades"}));
    smime::EngineOptions options;
    options.recipient_keys = {file("seen.p7s")};
    EXPECT_TRUE(smime::make_engine(options)->recipient_key("leaf@smime.test", now() + std::chrono::days(2)).key)
        << name << ": it can be answered";
  }
}

}  // namespace
}  // namespace mimeseal::test
