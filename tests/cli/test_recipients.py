#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which certificates S/MIME messages are sealed to, and what is said of those that are not."""
import base64
import datetime
import os
import re
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x448, x25519

from cli.tool import ToolTest

YEAR = datetime.timedelta(days=365)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def make_key(kind):
    return {"rsa": lambda: rsa.generate_private_key(65537, 2048), "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "brainpool": lambda: ec.generate_private_key(ec.BrainpoolP256R1()), "x25519": x25519.X25519PrivateKey.generate,
            "x448": x448.X448PrivateKey.generate}[kind]()


class Recipients(ToolTest):
    """Certificates of a CA of the test's own."""

    def setUp(self):
        super().setUp()
        self.ca_key = make_key("p256")
        self.ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
        self.number = 1

    def certificate(self, name, kind="rsa", address=None, age=0, days=730, more=()):
        """NAME.crt and NAME.pem, for NAME@x.test, since `age` days before the others."""
        key = make_key(kind)
        start = datetime.datetime.utcnow() - YEAR - datetime.timedelta(days=age)
        self.number += 1
        builder = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
                   .issuer_name(self.ca_name).public_key(key.public_key()).serial_number(self.number)
                   .not_valid_before(start).not_valid_after(start + datetime.timedelta(days=days))
                   .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address or name + "@x.test")]), False))
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        made = builder.sign(self.ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.write(name + ".crt", made)
        self.write(name + ".pem", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                    serialization.NoEncryption()) + made)

    def keys(self, *names):
        return [word for name in names for word in ("--recipient-key", self.path(name + ".crt"))]

    def seal(self, *words, to=("bea",), sender="ann@x.test", expect=0):
        return self.run_tool("seal", "--from", sender, *[w for name in to for w in ("--to", name + "@x.test")], "--subject", "s", "--text",
                             "Hello.\n", "-o", self.path("out.eml"), "--json", *words, expect=expect)

    def opened_by(self, name):
        return self.run_tool("open", "--json", "--allow-unauthenticated", "--identity", self.path(name + ".pem"), self.path("out.eml")).json

    def details(self, *words, **more):
        details = self.seal(*words, expect=67, **more).json["error"]["details"]
        self.assertFalse(os.path.exists(self.path("out.eml")))
        return details


class Policy(Recipients):
    def test_the_certificate_that_the_profile_allows_is_taken_though_another_is_newer(self):
        self.certificate("new", "x25519", address="bea@x.test")
        self.certificate("old", "rsa", address="bea@x.test", age=100)
        self.seal("--encrypt", "--profile", "fips", *self.keys("new", "old"))
        self.assertEqual(self.opened_by("old")["layers"][0]["result"], "good")
        self.assertIn("only usable one of 2", self.seal("--encrypt", "--profile", "fips", *self.keys("new", "old")).json["recipients"][0]["why"])
        self.seal("--encrypt", *self.keys("new", "old"))
        self.assertEqual(self.opened_by("new")["layers"][0]["result"], "good")

    def test_what_the_profile_excludes_is_named_beside_all_else_by_address_and_certificate(self):
        for kind in ("x25519", "brainpool", "x448"):
            self.certificate(kind, kind)
        self.certificate("late", age=900)
        self.certificate("bea")
        names = ("late", "x25519", "brainpool", "x448")
        details = self.details("--encrypt", "--profile", "fips", *self.keys(*names, "bea"), to=("bea", *names))
        self.assertEqual(len(details), 4)
        for line, name, reason in zip(details, names, ("expired on", "X25519 is not an approved", "brainpoolP256r1 is not an approved",
                                                       "X448 is not an approved")):
            self.assertTrue(line.startswith(name + "@x.test: "), line)
            self.assertIn("CN=" + name, line)
            self.assertIn(reason, line)

    def test_bcc_is_named_too(self):
        self.certificate("x25519", "x25519")
        self.certificate("bea")
        result = self.run_tool("seal", "--from", "ann@x.test", "--to", "bea@x.test", "--bcc", "x25519@x.test", "--text", "x", "--encrypt",
                               "--profile", "fips", *self.keys("x25519", "bea"), "-o", self.path("copies"), "--json", expect=67)
        self.assertRegex(result.json["error"]["details"][0], "^x25519@x.test: .*not an approved")

    def test_own_certificate_that_the_profile_excludes_is_a_hint(self):
        self.certificate("ann", "x25519")
        self.certificate("bea")
        for words, hinted in ((("--profile", "fips"), True), (("--profile", "fips", "--no-encrypt-to-self"), False), ((), False)):
            hints = self.seal("--encrypt", "--identity", self.path("ann.pem"), *words, *self.keys("bea")).json["hints"]
            self.assertEqual(any("cannot read this message later" in h and "X25519 is not an approved" in h for h in hints), hinted, words)
        self.assertEqual(self.opened_by("ann")["layers"][0]["result"], "good")

    def test_no_other_policy_excludes_a_kind_of_key(self):
        kinds = ("rsa", "p256", "brainpool", "x25519", "x448")
        for kind in kinds:
            self.certificate(kind, kind)
        for words in (("--profile", "bdew"), ("--profile", "compat"), ("--key-transport", "pkcs1"), ("--key-transport", "oaep"), ("--oaep-sha1",)):
            self.seal("--encrypt", *words, *self.keys(*kinds), to=kinds)
            for kind in kinds:
                self.assertTrue(self.opened_by(kind)["released"], (words, kind))


class CriticalExtensions(Recipients):
    """RFC 5280, section 4.2: a certificate with a critical extension that is not understood must not be used."""

    def test_unknown_one_is_neither_sealed_to_nor_signed_with(self):
        self.certificate("odd", more=[(UNKNOWN, True)])
        self.certificate("bea", more=[(UNKNOWN, False)])
        reason = "a critical extension that is not understood (1.2.3.4.5)"
        self.assertIn(reason, self.details("--encrypt", *self.keys("odd", "bea"), to=("bea", "odd"))[0])
        signed = self.seal("--sign", "--identity", self.path("odd.pem"), sender="odd@x.test", expect=77)
        self.assertIn(reason, str(signed.json["error"]))
        checked = self.run_tool("keys", "check", "--json", *self.keys("odd", "bea"), "odd@x.test", "bea@x.test", expect=67).json["keys"]
        self.assertEqual([key["can_seal_to"] for key in checked], [False, True])
        self.assertIn(reason, checked[0]["why"])
        shown = self.run_tool("keys", "list", "--json", *self.keys("odd")).json["keys"][0]
        self.assertEqual((shown["can_seal_to"], reason in shown["why"]), (False, True))

    def test_another_certificate_of_the_same_person_is_taken(self):
        self.certificate("odd", address="bea@x.test", more=[(UNKNOWN, True)])
        self.certificate("bea", age=50)
        self.seal("--encrypt", *self.keys("odd", "bea"))
        self.opened_by("bea")

    def test_those_that_are_understood_stand_in_nobodys_way(self):
        usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
        mail = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        self.certificate("bea", more=[(usage, True), (mail, True), (x509.BasicConstraints(False, None), True)])
        self.seal("--encrypt", *self.keys("bea"))

    def test_what_was_encrypted_to_it_is_still_read(self):
        self.certificate("odd", more=[(UNKNOWN, True)])
        self.write("plain", "Content-Type: text/plain\r\n\r\nHello.\r\n")
        subprocess.run(["openssl", "cms", "-encrypt", "-aes-256-gcm", "-in", self.path("plain"), "-out", self.path("out.eml"),
                        self.path("odd.crt")], check=True, capture_output=True)
        self.assertEqual(self.opened_by("odd")["layers"][0]["result"], "good")


class Messages(Recipients):
    """Messages that are given as --recipient-key; what is inside decides."""

    def setUp(self):
        super().setUp()
        self.certificate("bea")
        self.certificate("cleo")

    def message(self, name, der, form="; smime-type=certs-only; name=smime.p7c"):
        self.write(name, b"From: bea@x.test\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime" + form.encode() +
                   b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(der).replace(b"\n", b"\r\n"))
        return self.path(name)

    def certs_only(self, *names):
        subprocess.run(["openssl", "crl2pkcs7", "-nocrl", *[w for n in names for w in ("-certfile", self.path(n + ".crt"))], "-outform", "DER",
                        "-out", self.path("certs.p7c")], check=True)
        return self.read("certs.p7c")

    def test_certificates_only_are_recipients_certificates(self):
        der = self.certs_only("bea", "cleo")
        for form in ("; smime-type=certs-only", "; smime-type=Certs-Only; name=smime.p7c", "; name=smime.p7c", ""):
            self.seal("--encrypt", "--recipient-key", self.message("certs.eml", der, form), to=("bea", "cleo"))
            self.opened_by("bea")
            self.opened_by("cleo")
        os.mkdir(self.path("folder"))
        self.message("folder/certs.eml", der)
        self.message("folder/other.eml", b"0\x05no CMS")
        self.seal("--encrypt", "--recipient-key", self.path("folder"), to=("bea", "cleo"))

    def test_attached_key_is_one_too(self):
        self.run_tool("seal", "--from", "bea@x.test", "--to", "ann@x.test", "--subject", "s", "--text", "My key.\n", "--encrypt", "--attach-key",
                      "--identity", self.path("bea.pem"), *self.keys("cleo"), "--recipient-key", self.message("c.eml", self.certs_only("bea")),
                      "-o", self.path("sealed.eml"), expect=67)
        part = ("--b\r\nContent-Type: application/pkcs7-mime; smime-type=certs-only\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                base64.encodebytes(self.certs_only("bea")).decode().replace("\n", "\r\n"))
        self.write("with.eml", "From: bea@x.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
                   "My key.\r\n" + part + "--b--\r\n")
        self.seal("--encrypt", "--recipient-key", self.path("with.eml"))
        self.opened_by("bea")

    def test_signed_message_tells_of_its_signer_alone(self):
        for words in (("--signature", "opaque"), ()):
            self.seal("--sign", *words, "--identity", self.path("bea.pem"), sender="bea@x.test")
            os.rename(self.path("out.eml"), self.path("signed.eml"))
            self.seal("--encrypt", "--recipient-key", self.path("signed.eml"))
            self.opened_by("bea")
            os.remove(self.path("out.eml"))
        # What the signer attached of others is not theirs to say.
        self.message("cleo.p7c.eml", self.certs_only("cleo"))
        self.write("cleo.p7c", self.certs_only("cleo"))
        self.seal("--sign", "--identity", self.path("bea.pem"), "--attach", self.path("cleo.p7c"), sender="bea@x.test")
        octets = self.read("out.eml")
        os.rename(self.path("out.eml"), self.path("signed.eml"))
        self.assertIn(b"application/pkcs7", octets)
        self.assertIn("no certificate", self.details("--encrypt", "--recipient-key", self.path("signed.eml"), to=("cleo",))[0])

    def test_what_tells_nothing_says_why(self):
        self.seal("--encrypt", *self.keys("bea"))
        os.rename(self.path("out.eml"), self.path("secret.eml"))
        hollow = bytes.fromhex("3023" "06092a864886f70d010702" "a016" "3014" "020101" "3100" "300b06092a864886f70d010701" "3100")
        hollow = hollow[:1] + bytes([len(hollow) - 2]) + hollow[2:]
        for path, said in ((self.path("secret.eml"), "encrypted"), (self.message("no.eml", b"nothing"), "not CMS"),
                           (self.message("hollow.eml", hollow), "neither a signature nor a certificate")):
            error = self.seal("--encrypt", "--recipient-key", path, expect=65).json["error"]
            self.assertIn(said, error["what"], path)
            self.assertIn(os.path.basename(path), error["where"])


class OldKeyFiles(Recipients):
    """Files of one's own that only OpenSSL's legacy provider reads: they are read, and it is said."""

    LEGACY = ("-provider", "default", "-provider", "legacy")

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def setUp(self):
        super().setUp()
        self.certificate("ann")
        self.certificate("bea")

    def locked(self, kind):
        if kind.startswith("p12"):
            words = {"p12-rc2": ("-legacy",), "p12-aes": ()}[kind]
            self.openssl("pkcs12", "-export", "-in", self.path("ann.pem"), "-passout", "pass:alice", *words, "-out", self.path(kind))
            return
        if kind.startswith("pem"):
            self.openssl("rsa", "-in", self.path("ann.pem"), "-traditional", "-passout", "pass:alice", f"-{kind[4:]}", *self.LEGACY, "-out", self.path(kind))
        else:
            words = {"p8-md5-des": ("-v1", "PBE-MD5-DES"), "p8-pbes2-des": ("-v2", "des-cbc"), "p8-pbes2-rc2": ("-v2", "rc2-cbc"),
                     "p8-aes": ("-v2", "aes-256-cbc")}[kind]
            self.openssl("pkcs8", "-topk8", "-in", self.path("ann.pem"), "-passout", "pass:alice", *words, *self.LEGACY, "-out", self.path(kind))
        self.write(kind, self.read(kind) + self.read("ann.crt"))

    def test_each_is_read_without_an_option_and_said(self):
        for kind, old in (("p12-rc2", True), ("p8-md5-des", True), ("p8-pbes2-des", True), ("p8-pbes2-rc2", True), ("pem-des", True),
                          ("p12-aes", False), ("p8-aes", False), ("pem-aes256", False), ("pem-des3", False)):
            with self.subTest(kind):
                self.locked(kind)
                words = ["--identity", self.path(kind), "--passphrase-file", self.path("alice.pass")]
                for result in (self.seal("--sign", *words), self.run_tool("keys", "list", *words), self.run_tool("open", *words, self.path("out.eml"))):
                    self.assertEqual(f"mimeseal: hint: {self.path(kind)} was read with OpenSSL's legacy provider" in result.errors, old, result.errors)
                wrong = ["--identity", self.path(kind), "--passphrase-file", self.path("wrong.pass")]
                refused = self.run_tool("keys", "list", *wrong, expect=77)
                self.assertIn("the passphrase does not unlock", refused.errors)

    def test_the_pages_say_so(self):
        self.assertNotIn("key files", re.search(r"--allow-legacy.*\n.*", self.run_tool("open", "--help").text).group())


if __name__ == "__main__":
    unittest.main()
