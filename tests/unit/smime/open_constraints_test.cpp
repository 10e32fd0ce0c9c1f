// SPDX-License-Identifier: MIT
// Name constraints on mail addresses: another way to write a name must not lead around them.
#include <gtest/gtest.h>

#include <algorithm>

#include "cms_forge.h"
#include "mimeseal/mime/mailbox.h"
#include "path_testing.h"

namespace mimeseal::test {
namespace {

/// subjectAltName with these names: rfc822Name, or with `smtp_utf8` SmtpUTF8Mailbox (RFC 9598).
std::string names(const Words& mails, const Words& smtp_utf8 = {}) {
  std::string der;
  for (const std::string& mail : mails)
    der += forge::tlv(0x81, mail);
  for (const std::string& mail : smtp_utf8)
    der += forge::tlv(0xA0, forge::oid("1.3.6.1.5.5.7.8.9") + forge::tlv(0xA0, forge::tlv(0x0C, mail)));
  return "2.5.29.17=DER:" + hex(forge::tlv(0x30, der)) + "\n";
}

class SmimeConstraints : public SmimePath {
 protected:
  /// Whether a leaf with these extensions, under a CA with these constraints, vouches for the address.
  bool vouches(const std::string& constraints, const std::string& leaf, const std::string& address) {
    make_chain(std::string(kCa) + "nameConstraints=critical," + constraints + "\n", "", leaf);
    const SignerFacts signer = judge_leaf();
    return signer.trust == Trust::trusted &&
           std::any_of(signer.addresses.begin(), signer.addresses.end(),
                       [&address](const std::string& own) { return same_address(own, address); });
  }
};

TEST_F(SmimeConstraints, ExcludedHost_IsExcludedHoweverItIsWritten) {
  const std::string no_host = "excluded;email:good.test";
  EXPECT_TRUE(vouches(no_host, names({"a@other.test"}), "a@other.test"));
  for (const char* written : {"a@good.test", "a@GOOD.test", "a@good.test ", "a@good.test\t", "a@ good.test",
                              "a@good.test.", "a@good.test(x)", "<a@good.test>", "\"a@x\"@good.test"}) {
    EXPECT_FALSE(vouches(no_host, names({written}), "a@good.test")) << written;
    EXPECT_FALSE(vouches(no_host, names({written}), written)) << written;
  }
  EXPECT_FALSE(vouches(no_host, names({}, {"\u00F6@good.test"}), "\u00F6@good.test"));
  EXPECT_FALSE(vouches(no_host, names({}, {"\u00F6@good.test "}), "\u00F6@good.test"));
}

TEST_F(SmimeConstraints, ExcludedInternationalHost_IsExcludedHoweverItIsWritten) {
  const std::string no_host = "excluded;email:xn--bcher-kva.test";
  for (const char* written : {"a@xn--bcher-kva.test", "a@xn--BCHER-kva.test", "a@b\u00FCcher.test"})
    EXPECT_FALSE(vouches(no_host, names({written}), "a@b\u00FCcher.test")) << written;
  for (const char* written : {"\u00F6@xn--bcher-kva.test", "\u00F6@b\u00FCcher.test", "\u00F6@B\u00DCCHER.test"})
    EXPECT_FALSE(vouches(no_host, names({}, {written}), "\u00F6@b\u00FCcher.test")) << written;
}

TEST_F(SmimeConstraints, ExcludedMailbox_IsExcludedHoweverItIsWritten) {
  const std::string no_mailbox = "excluded;email:bad@good.test";
  EXPECT_TRUE(vouches(no_mailbox, names({"other@good.test"}), "other@good.test"));
  for (const char* written :
       {"bad@good.test", "Bad@good.test", "\"bad\"@good.test", "\"b\\ad\"@good.test", " bad@good.test"})
    EXPECT_FALSE(vouches(no_mailbox, names({written}), "bad@good.test")) << written;
  EXPECT_FALSE(vouches(no_mailbox, names({}, {"bad@good.test"}), "bad@good.test"));
}

TEST_F(SmimeConstraints, ExcludedDomain_IsExcludedWithAllItsHosts) {
  EXPECT_FALSE(vouches("excluded;email:.good.test", names({"a@sub.good.test"}), "a@sub.good.test"));
  EXPECT_FALSE(vouches("excluded;email:.good.test", names({"a@SUB.good.test"}), "a@sub.good.test"));
  EXPECT_TRUE(vouches("excluded;email:.good.test", names({"a@good.test"}), "a@good.test"));
}

TEST_F(SmimeConstraints, PermittedSubtrees_PermitWhatIsInThem) {
  EXPECT_TRUE(vouches("permitted;email:good.test", names({"a@good.test"}), "a@good.test"));
  EXPECT_TRUE(vouches("permitted;email:good.test", names({"a@GOOD.test"}), "a@good.test"));
  EXPECT_TRUE(vouches("permitted;email:.good.test", names({"a@sub.good.test"}), "a@sub.good.test"));
  EXPECT_TRUE(vouches("permitted;email:good.test", names({}, {"\u00F6@good.test"}), "\u00F6@good.test"));
  EXPECT_TRUE(vouches("permitted;email:only@good.test", names({"only@good.test"}), "only@good.test"));
  EXPECT_FALSE(vouches("permitted;email:good.test", names({"a@evil.test"}), "a@evil.test"));
  EXPECT_FALSE(vouches("permitted;email:only@good.test", names({"other@good.test"}), "other@good.test"));
  EXPECT_FALSE(vouches("permitted;email:only@good.test", names({}, {"\u00F6@good.test"}), "\u00F6@good.test"));
  EXPECT_FALSE(vouches("permitted;email:good.test", names({}, {"\u00F6@evil.test"}), "\u00F6@evil.test"));
}

TEST_F(SmimeConstraints, ConstraintThatCannotBeRead_AllowsNothing) {
  EXPECT_FALSE(vouches("excluded;email:bad.test.", names({"a@bad.test"}), "a@bad.test"));
  EXPECT_FALSE(vouches("excluded;email:<a@bad.test>", names({"a@bad.test"}), "a@bad.test"));
}

TEST_F(SmimeConstraints, AddressInTheSubject_IsHeldAgainstThemToo) {
  make_chain(std::string(kCa) + "nameConstraints=critical,excluded;email:good.test\n");
  for (const char* written : {"a@good.test ", "A@Good.test", "a@good.test"}) {
    write_file(dir_ / "subject.cnf",
               "[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN=Leaf\nemailAddress=\"" + std::string(written) + "\"\n");
    write_file(dir_ / "leaf.cnf", "[x]\nauthorityKeyIdentifier=keyid\n");
    shell(R"(openssl req -new -config subject.cnf -key leaf.key -out leaf.csr
      openssl x509 -req -in leaf.csr -CA sub.crt -CAkey sub.key -days 9 -set_serial 79 -extfile leaf.cnf -extensions x -out leaf.crt)");
    const SignerFacts signer = judge_leaf();
    EXPECT_TRUE(signer.trust != Trust::trusted || signer.addresses.empty()) << written;
  }
}

TEST_F(SmimeConstraints, NameThatIsNotWellFormed_IsNoAddress) {
  make_chain(kCa, "",
             names({"a@x.test ", "b@x.test", "c d@x.test", "e@b\u00FCcher.test", "@x.test", "f@", "g..h@x.test",
                    "i@-x.test", "j@x..test", "\"k l\"@x.test", "m@[127.0.0.1]"},
                   {"ascii@x.test", "\u00F6@x.test", "\u00F6\u00F6@b\u00FCcher.test", "\uFEFFn@x.test"}));
  EXPECT_EQ(judge_leaf().addresses,
            (Words{"b@x.test", "m@[127.0.0.1]", "\u00F6@x.test", "\u00F6\u00F6@b\u00FCcher.test"}));
}

}  // namespace
}  // namespace mimeseal::test
