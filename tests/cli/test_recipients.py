#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which certificates S/MIME messages are sealed to, and what is said of those that are not."""
import datetime
import os
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


if __name__ == "__main__":
    unittest.main()
