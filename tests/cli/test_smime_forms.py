#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each S/MIME form as RFC 8551 writes it, and openssl reads what it can of it from the message itself."""
import email
import email.policy
import itertools
import os
import subprocess
import unittest

from cli.tool import ToolTest

CIPHERS = [f"aes-{bits}-{mode}" for mode in ("gcm", "cbc") for bits in (128, 192, 256)]


def openssl(*words):
    return subprocess.run(["openssl", *words], capture_output=True, check=False, timeout=120)


class Forms(ToolTest):
    def setUp(self):
        super().setUp()
        curve = ("ec", "-pkeyopt")
        for name, key in (("rsa", ("rsa:2048",)), ("p256", (*curve, "ec_paramgen_curve:P-256")), ("p384", (*curve, "ec_paramgen_curve:P-384")),
                          ("p521", (*curve, "ec_paramgen_curve:P-521"))):
            done = openssl("req", "-x509", "-noenc", "-newkey", *key, "-keyout", self.path(name + ".key"), "-out", self.path(name + ".crt"),
                           "-days", "30", "-subj", "/CN=" + name, "-addext", f"subjectAltName=email:{name}@x.test", "-addext",
                           "keyUsage=digitalSignature,keyEncipherment,keyAgreement")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.write(name + ".pem", self.read(name + ".key") + self.read(name + ".crt"))
        self.write("all.crt", b"".join(self.read(n + ".crt") for n in ("rsa", "p256", "p384", "p521")))

    def seal(self, *words, sender="rsa", to=("p256",)):
        self.run_tool("seal", "--from", sender + "@x.test", *[w for n in to for w in ("--to", n + "@x.test")], "--subject", "Hidden", "--text",
                      "Grüße\n", "--identity", self.path(sender + ".pem"), "--recipient-key", self.path("all.crt"), "-o", self.path("out.eml"),
                      *words)
        octets = self.read("out.eml")
        self.assertEqual(octets.replace(b"\r\n", b"").count(b"\n"), 0, "a bare LF")
        return email.message_from_bytes(octets, policy=email.policy.default)

    def expect_cms(self, part, form, name, top="application/pkcs7-mime"):
        """RFC 8551, section 3.2."""
        self.assertEqual(part.get_content_type(), top)
        self.assertEqual(part["Content-Type"].params["smime-type"], form)
        self.assertEqual(part["Content-Type"].params["name"], name)
        self.assertEqual(part["Content-Transfer-Encoding"], "base64")
        self.assertEqual(part.get_content_disposition(), "attachment")
        self.assertEqual(part.get_filename(), name)

    def verified(self, path="out.eml"):
        done = openssl("cms", "-verify", "-in", self.path(path), "-CAfile", self.path("all.crt"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def decrypted(self, name):
        done = openssl("cms", "-decrypt", "-in", self.path("out.eml"), "-recip", self.path(name + ".crt"), "-inkey", self.path(name + ".key"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.write("inside.eml", done.stdout)
        return email.message_from_bytes(done.stdout, policy=email.policy.default)

    def test_detached(self):
        for sender in ("rsa", "p256", "p384", "p521"):
            message = self.seal("--sign", sender=sender)
            self.assertEqual(message.get_content_type(), "multipart/signed")
            self.assertEqual(message["Content-Type"].params["protocol"], "application/pkcs7-signature")
            signature = message.get_payload()[1]
            self.assertEqual((signature.get_content_type(), signature.get_filename(), signature["Content-Type"].params["name"]),
                             ("application/pkcs7-signature", "smime.p7s", "smime.p7s"))
            inner = email.message_from_bytes(self.verified(), policy=email.policy.default)
            self.assertEqual(inner["Content-Type"].params["hp"], "clear")

    def test_opaque(self):
        for words in ((), ("--rsa-signature", "pss"), ("--digest", "sha512")):
            self.expect_cms(self.seal("--sign", "--signature", "opaque", *words), "signed-data", "smime.p7m")
            self.verified()

    def test_encrypted_in_every_cipher_to_every_kind_of_key(self):
        for cipher, transport in itertools.product(CIPHERS, ("oaep", "pkcs1")):
            message = self.seal("--encrypt", "--cipher", cipher, "--key-transport", transport, to=("p256", "p384", "p521"))
            form = "authEnveloped-data" if cipher.endswith("gcm") else "enveloped-data"
            self.expect_cms(message, form, "smime.p7m")
            for name in ("rsa", "p256", "p384", "p521"):
                self.assertEqual(self.decrypted(name)["Subject"], "Hidden", (cipher, transport, name))

    def test_signed_then_encrypted(self):
        self.expect_cms(self.seal("--sign", "--encrypt"), "authEnveloped-data", "smime.p7m")
        self.assertEqual(self.decrypted("p256").get_content_type(), "multipart/signed")
        self.verified("inside.eml")

    def test_triple_wrapped(self):
        message = self.seal("--triple-wrap", "--signature", "opaque")
        self.expect_cms(message, "signed-data", "smime.p7m")
        self.write("out.eml", self.verified())
        self.expect_cms(email.message_from_bytes(self.read("out.eml"), policy=email.policy.default), "authEnveloped-data", "smime.p7m")
        self.expect_cms(self.decrypted("p256"), "signed-data", "smime.p7m")
        self.verified("inside.eml")

    def test_compressed(self):
        self.seal("--sign", "--compress")
        inner = email.message_from_bytes(self.verified(), policy=email.policy.default)
        self.expect_cms(inner, "compressed-data", "smime.p7z")
        opened = self.run_tool("open", self.path("out.eml"), "--trust", self.path("all.crt"), "--require", "signed")
        self.assertIn("Grüße", opened.text)

    def test_certificates_alone(self):
        message = self.seal("--encrypt", "--attach-key")
        self.assertEqual(message.get_content_type(), "application/pkcs7-mime")
        part = list(self.decrypted("p256").iter_attachments())[0]
        self.expect_cms(part, "certs-only", "smime.p7c")
        self.write("certs.p7c", part.get_payload(decode=True))
        listed = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", self.path("certs.p7c"))
        self.assertIn(b"CN = rsa", listed.stdout)

    def test_legacy_types_everywhere(self):
        top = "application/x-pkcs7-mime"
        self.expect_cms(self.seal("--sign", "--signature", "opaque", "--legacy-types"), "signed-data", "smime.p7m", top)
        self.verified()
        self.expect_cms(self.seal("--encrypt", "--legacy-types", "--attach-key", "--compress"), "authEnveloped-data", "smime.p7m", top)
        self.expect_cms(self.decrypted("p256"), "compressed-data", "smime.p7z", top)
        message = self.seal("--sign", "--legacy-types")
        self.assertEqual(message["Content-Type"].params["protocol"], "application/x-pkcs7-signature")
        self.assertEqual(message.get_payload()[1].get_content_type(), "application/x-pkcs7-signature")
        self.verified()
        opened = self.run_tool("open", self.path("out.eml"), "--trust", self.path("all.crt"), "--require", "signed")
        self.assertIn("Grüße", opened.text)

    def test_profiles(self):
        for profile, cipher, form in (("default", "aes-256-gcm", "authEnveloped-data"), ("compat", "aes-256-cbc", "enveloped-data"),
                                      ("bdew", "aes-128-gcm", "authEnveloped-data"), ("fips", "aes-256-gcm", "authEnveloped-data")):
            done = self.run_tool("seal", "--from", "rsa@x.test", "--to", "p256@x.test", "--text", "x", "--sign", "--encrypt", "--profile",
                                 profile, "--identity", self.path("rsa.pem"), "--recipient-key", self.path("all.crt"), "-o",
                                 self.path("out.eml"), "--json").json
            chosen = {(c["what"], c["value"]): c["why"] for c in done["choices"]}
            self.assertEqual(done["cipher"], cipher)
            self.assertIn(("rsa-signature", "pkcs1" if profile in ("default", "compat") else "pss"), chosen)
            self.assertIn(("key-transport", "pkcs1" if profile == "compat" else "oaep-sha256"), chosen)
            if profile == "fips":
                self.assertIn("not a validated module", chosen[("module", "default")])
            self.expect_cms(email.message_from_bytes(self.read("out.eml"), policy=email.policy.default), form, "smime.p7m")
            self.decrypted("rsa")
            self.verified("inside.eml")


if __name__ == "__main__":
    unittest.main()
