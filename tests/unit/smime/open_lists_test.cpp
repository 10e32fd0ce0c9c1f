// SPDX-License-Identifier: MIT
// Revocation lists: whatever their order and kind, one that names the certificate is heard, and what cannot be told is
// never good.
#include <gtest/gtest.h>

#include <algorithm>

#include "path_testing.h"

namespace mimeseal::test {
namespace {

constexpr const char* kRevokedAt = "261001000000Z";

class SmimeLists : public SmimePath {
 protected:
  void SetUp() override {
    make_chain(kCa);
    make_crl("clean.crl", "sub.crt", "sub.key", "");
    make_crl("leaf.crl", "sub.crt", "sub.key", revoked("4E", kRevokedAt));
  }

  /// A list with this extension more.
  void make_list_with(const std::string& extension, const std::string& name, const std::string& certificate,
                      const std::string& key, const std::string& entries) {
    write_file(dir_ / "index", entries);
    write_file(dir_ / "crl.cnf",
               "[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\n[e]\n" + extension + "\n");
    shell("openssl ca -config crl.cnf -gencrl -crldays 30 -crlexts e -cert " + certificate + " -keyfile " + key +
          " -out " + name);
  }

  /// The trust of the leaf, which no order of these lists changes.
  Trust trust_by(Words lists) {
    std::transform(lists.begin(), lists.end(), lists.begin(), [this](const std::string& name) { return file(name); });
    const Trust trust = judge_leaf(lists).trust;
    std::reverse(lists.begin(), lists.end());
    EXPECT_EQ(judge_leaf(lists).trust, trust) << lists.back() << " first";
    return trust;
  }

  /// The trust of the leaf's own signature by these anchors and lists; `carried` comes with the message.
  SignerFacts judge_by(const Words& anchors, const Words& lists, const Words& carried = {}) {
    return judged(*engine({}, anchors, lists), signature_by(file("leaf.crt"), file("leaf.key"), carried));
  }
};

TEST_F(SmimeLists, TwoListsOfOneIssuer_TheOneThatRevokesIsHeardInAnyOrder) {
  EXPECT_EQ(trust_by({"clean.crl", "leaf.crl"}), Trust::revoked);
  make_crl("old.crl", "sub.crt", "sub.key", revoked("4E", "200101000000Z"),
           "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z");
  EXPECT_EQ(trust_by({"clean.crl", "old.crl"}), Trust::revoked);
}

TEST_F(SmimeLists, OldListBesideOneInDate_ChangesNothing) {
  make_crl("old.crl", "sub.crt", "sub.key", "", "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z");
  EXPECT_EQ(trust_by({"clean.crl", "old.crl"}), Trust::trusted);
}

TEST_F(SmimeLists, DeltaList_RevokesButProvesNothing) {
  const std::string delta = "2.5.29.20=ASN1:INTEGER:11\n2.5.29.27=critical,ASN1:INTEGER:9";
  make_list_with(delta, "delta.crl", "sub.crt", "sub.key", revoked("4E", kRevokedAt));
  make_list_with(delta, "empty.crl", "sub.crt", "sub.key", "");
  EXPECT_EQ(trust_by({"delta.crl"}), Trust::revoked);
  EXPECT_EQ(trust_by({"clean.crl", "delta.crl"}), Trust::revoked);
  EXPECT_EQ(trust_by({"empty.crl"}), Trust::unknown);
  EXPECT_NE(judge_leaf({file("empty.crl")}).why.find("delta"), std::string::npos);
  EXPECT_EQ(trust_by({"clean.crl", "empty.crl"}), Trust::trusted);
}

TEST_F(SmimeLists, ListForOtherCertificates_RevokesButProvesNothing) {
  const std::string authorities_only = "2.5.29.28=critical,DER:30038201FF";  // onlyContainsCACerts
  make_list_with(authorities_only, "part.crl", "sub.crt", "sub.key", "");
  EXPECT_EQ(trust_by({"part.crl"}), Trust::unknown);
  EXPECT_EQ(trust_by({"part.crl", "clean.crl"}), Trust::trusted);
  make_list_with(authorities_only, "part.crl", "sub.crt", "sub.key", revoked("4E", kRevokedAt));
  EXPECT_EQ(trust_by({"part.crl", "clean.crl"}), Trust::revoked);
}

TEST_F(SmimeLists, ForgedList_LeavesTheTrustUnknownInAnyOrder) {
  shell(R"(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out forger.key
    openssl req -x509 -new -key forger.key -subj "/O=mimeseal tests/CN=Sub" -days 9 -out forger.crt)");
  make_crl("forged.crl", "forger.crt", "forger.key", "");
  EXPECT_EQ(trust_by({"forged.crl"}), Trust::unknown);
  EXPECT_EQ(trust_by({"clean.crl", "forged.crl"}), Trust::unknown);
  EXPECT_EQ(trust_by({"leaf.crl", "forged.crl"}), Trust::revoked);
}

TEST_F(SmimeLists, ListByAnotherKeyOfTheIssuersName_NeverMakesGood) {
  write_file(dir_ / "other.cnf", "[x]\nsubjectKeyIdentifier=hash\n" + std::string(kCa));
  shell(R"(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key
    openssl req -new -key other.key -subj "/O=mimeseal tests/CN=Sub" -out other.csr
    openssl x509 -req -in other.csr -CA $P/root.crt -CAkey $P/root.key -days 9 -set_serial 80 -extfile other.cnf -extensions x -out other.crt)");
  make_list_with("authorityKeyIdentifier=keyid", "other.crl", "other.crt", "other.key", "");
  EXPECT_EQ(trust_by({"other.crl"}), Trust::unknown);
  EXPECT_EQ(trust_by({"other.crl", "clean.crl"}), Trust::trusted);
  make_list_with("authorityKeyIdentifier=keyid", "other.crl", "other.crt", "other.key", revoked("4E", kRevokedAt));
  EXPECT_EQ(trust_by({"other.crl", "clean.crl"}), Trust::unknown);
}

TEST_F(SmimeLists, OwnCertificateAsAnchor_IsHeldAgainstTheListsThatNameIt) {
  EXPECT_EQ(judge_by({file("leaf.crt")}, {file("clean.crl")}).trust, Trust::trusted);
  EXPECT_EQ(judge_by({file("leaf.crt")}, {file("leaf.crl")}).trust, Trust::unknown);
  EXPECT_EQ(judge_by({file("leaf.crt")}, {file("leaf.crl")}, {file("sub.crt")}).trust, Trust::revoked);
  EXPECT_EQ(judge_by({file("leaf.crt"), file("sub.crt")}, {file("leaf.crl")}).trust, Trust::revoked);
}

TEST_F(SmimeLists, IntermediateAsAnchor_IsHeldAgainstTheListsThatNameIt) {
  make_crl("sub.crl", smime_file("root.crt"), smime_file("root.key"), revoked("4D", kRevokedAt));
  const SignerFacts signer = judge_by({file("sub.crt"), smime_file("root.crt")}, {file("sub.crl"), file("clean.crl")});
  EXPECT_EQ(signer.trust, Trust::revoked);
  EXPECT_NE(signer.why.find("CN=Sub"), std::string::npos) << signer.why;
  EXPECT_EQ(judge_by({file("sub.crt")}, {file("sub.crl"), file("clean.crl")}).trust, Trust::unknown);
  EXPECT_EQ(judge_by({file("sub.crt")}, {file("clean.crl")}).trust, Trust::trusted);
}

TEST_F(SmimePath, AnyExtendedKeyUsage_IsForMail) {
  for (const char* usage : {"anyExtendedKeyUsage", "serverAuth,anyExtendedKeyUsage"}) {
    const std::string line = "extendedKeyUsage=" + std::string(usage) + "\n";
    make_chain(std::string(kCa) + line, "", "subjectAltName=email:leaf@smime.test\n" + line);
    const SignerFacts signer = judge_leaf();
    EXPECT_EQ(signer.usage, Usage::ok) << usage << ": " << signer.why;
    EXPECT_EQ(signer.trust, Trust::trusted) << signer.why;
  }
  make_chain(std::string(kCa) + "extendedKeyUsage=serverAuth\n", "",
             "subjectAltName=email:leaf@smime.test\nextendedKeyUsage=anyExtendedKeyUsage\n");
  EXPECT_EQ(judge_leaf().usage, Usage::not_for_mail);
}

}  // namespace
}  // namespace mimeseal::test
