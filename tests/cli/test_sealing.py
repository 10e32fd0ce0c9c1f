#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whose keys sign and seal, as a user says it; openssl checks what comes out."""
import base64
import datetime
import email
import os
import re
import shutil
import subprocess
import unittest

from cli.tool import RFC9216, ToolTest


def openssl(*words, check=True, stdin=b""):
    return subprocess.run(["openssl", *words], input=stdin, capture_output=True, check=check, timeout=120)


class Sealing(ToolTest):
    """Certificates that vouch for themselves: who is trusted is not the matter here."""

    def certificate(self, name, address, *key, usage="digitalSignature,keyEncipherment,keyAgreement", days="900", more=()):
        words = ["req", "-x509", "-noenc", "-newkey", *(key or ("rsa:2048",)), "-keyout", self.path(name + ".key"), "-out",
                 self.path(name + ".crt"), "-days", days, "-subj", "/CN=" + os.path.basename(name), "-addext", f"subjectAltName=email:{address}",
                 "-addext", f"keyUsage={usage}"]
        for one in more:
            words += ["-addext", one]
        openssl(*words)
        self.write(name + ".pem", self.read(name + ".key") + self.read(name + ".crt"))
        return self.path(name + ".pem")

    def dated(self, name, address, start):
        """A certificate since `start`, which `openssl req` cannot make."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
        key = rsa.generate_private_key(65537, 2048)
        who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = (x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(7)
                       .not_valid_before(start).not_valid_after(datetime.datetime(2099, 1, 1))
                       .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), False).sign(key, hashes.SHA256()))
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.write(name + ".pem", secret + certificate.public_bytes(serialization.Encoding.PEM))

    def p12(self, name, passphrase):
        openssl("pkcs12", "-export", "-in", self.path(name + ".pem"), "-passout", "pass:" + passphrase, "-out", self.path(name + ".p12"))
        self.write(name + ".pass", passphrase + "\n")
        return self.path(name + ".p12")

    def identities(self, *names):
        return [word for name in names for word in ("--identity", self.path(name))]

    def seal(self, *words, sender="ann@x.test", expect=0, to="bea@x.test"):
        return self.run_tool("seal", "--from", sender, "--to", to, "--subject", "s", "--text", "Hello.\n", "-o", self.path("out.eml"),
                             "--json", *words, expect=expect)

    def p7s(self):
        message = email.message_from_bytes(self.read("out.eml"))
        self.assertEqual(message.get_content_type(), "multipart/signed")
        return message, message.get_payload()[1].get_payload(decode=True)

    def verified_by_openssl(self, *anchors):
        """How many signers openssl finds, all of whose signatures it verifies."""
        self.write("anchors.pem", b"".join(self.read(a) for a in anchors))
        openssl("cms", "-verify", "-in", self.path("out.eml"), "-CAfile", self.path("anchors.pem"), "-out", self.path("content"),
                "-signer", self.path("signers.pem"))
        return self.read("signers.pem").count(b"BEGIN CERTIFICATE")


class Signers(Sealing):
    def test_two_identities_of_the_author_both_sign_and_micalg_names_both_digests(self):
        self.certificate("rsa", "ann@x.test")
        self.certificate("ec", "ann@x.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")
        report = self.seal("--sign", *self.identities("rsa.pem", "ec.pem")).json
        self.assertEqual(report["digests"], ["sha256", "sha384"])
        self.assertEqual(len(report["signers"]), 2)
        message, _ = self.p7s()
        self.assertEqual(message.get_param("micalg"), "sha-256,sha-384")
        self.assertEqual(self.verified_by_openssl("rsa.crt", "ec.crt"), 2)
        opened = self.run_tool("open", "--json", self.path("out.eml"), "--trust", self.path("anchors.pem")).json
        self.assertEqual([s["verdict"] for s in opened["layers"][0]["signers"]], ["good", "good"])
        self.assertEqual(opened["summary"]["signed"], "good")
        # One that does not fit spoils the whole.
        self.write("anchors.pem", self.read("rsa.crt"))
        opened = self.run_tool("open", "--json", self.path("out.eml"), "--trust", self.path("anchors.pem")).json
        self.assertEqual(opened["summary"]["signed"], "unverified")

    def test_micalg_is_spelt_as_the_registry_has_it(self):
        self.certificate("rsa", "ann@x.test")
        for digest in ("sha256", "sha384", "sha512"):
            self.seal("--sign", "--digest", digest, *self.identities("rsa.pem"))
            self.assertEqual(self.p7s()[0].get_param("micalg"), digest.replace("sha", "sha-"))

    def test_opaque_and_encrypted_too(self):
        self.certificate("rsa", "ann@x.test")
        self.certificate("ec", "ann@x.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.certificate("bea", "bea@x.test")
        both = self.identities("rsa.pem", "ec.pem")
        self.seal("--sign", "--signature", "opaque", *both)
        self.assertEqual(self.verified_by_openssl("rsa.crt", "ec.crt"), 2)
        self.seal("--sign", "--encrypt", *both, "--recipient-key", self.path("bea.crt"))
        opened = self.run_tool("open", "--json", self.path("out.eml"), *self.identities("bea.pem"), "--trust", self.path("rsa.crt"),
                               "--trust", self.path("ec.crt"), "--require", "signed,encrypted,authenticated").json
        self.assertEqual(len(opened["layers"][1]["signers"]), 2)

    def test_identity_of_somebody_else_does_not_sign(self):
        self.certificate("ann", "ann@x.test")
        self.certificate("private", "ann@home.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        report = self.seal("--sign", *self.identities("private.pem", "ann.pem")).json
        self.assertEqual([s["address"] for s in report["signers"]], ["ann@x.test"])
        self.assertTrue(any(c["value"] == "passed over" and "private" in c["why"] for c in report["choices"]), report["choices"])
        self.assertNotIn(b"private", self.p7s()[1])

    def test_renewed_certificate_takes_the_old_one_s_place(self):
        self.dated("old", "ann@x.test", datetime.datetime(2024, 1, 1))
        self.certificate("new", "ann@x.test")
        new = self.run_tool("keys", "list", "--json", *self.identities("new.pem")).json["keys"][0]["fingerprint"]
        for order in (("old.pem", "new.pem"), ("new.pem", "old.pem")):
            report = self.seal("--sign", *self.identities(*order)).json
            self.assertEqual([s["key"] for s in report["signers"]], [new])
            self.assertTrue(any("CN=old" in c["why"] and "newest" in c["why"] for c in report["choices"]), report["choices"])

    def test_file_with_a_signing_and_an_encryption_certificate_is_one_signer(self):
        report = self.run_tool("seal", *self.draft(), "--sign", *self.alice(), "-o", self.path("out.eml"), "--json").json
        self.assertEqual(len(report["signers"]), 1)

    def test_each_author_signs_and_the_sender_where_no_author_can(self):
        for name in ("ann", "bob", "sec"):
            self.certificate(name, name + "@x.test")
        self.certificate("bob", "bob@x.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        report = self.seal("--sign", "--from", "bob@x.test", "--sender", "ann@x.test", *self.identities("bob.pem", "ann.pem", "sec.pem")).json
        self.assertEqual([s["address"] for s in report["signers"]], ["ann@x.test", "bob@x.test"])
        result = self.seal("--sign", "--sender", "sec@x.test", *self.identities("sec.pem"))
        self.assertEqual([s["address"] for s in result.json["signers"]], ["sec@x.test"])
        self.assertIn("hint", result.errors)
        refused = self.seal("--sign", *self.identities("sec.pem"), expect=77)
        self.assertIn("ann@x.test", refused.text)

    def test_each_identity_has_its_own_passphrase(self):
        self.certificate("rsa", "ann@x.test")
        self.certificate("ec", "ann@x.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.p12("rsa", "first"), self.p12("ec", "second")
        words = ["--sign", *self.identities("rsa.p12", "ec.p12")]
        report = self.seal(*words, "--passphrase-file", self.path("rsa.pass"), "--passphrase-file", self.path("ec.pass")).json
        self.assertEqual(len(report["signers"]), 2)
        refused = self.seal(*words, "--passphrase-file", self.path("rsa.pass"), expect=77)
        self.assertIn("ec.p12", refused.text)
        self.seal(*words, *["--passphrase-file", self.path("rsa.pass")] * 3, expect=64)

    def test_folder_is_one_identity_and_what_else_lies_in_it_does_not_disturb(self):
        os.mkdir(self.path("me"))
        self.certificate("me/sign", "ann@x.test", usage="digitalSignature")
        self.certificate("me/encrypt", "ann@x.test", usage="keyEncipherment")
        self.write("me/notes.txt", "nothing\n")
        self.write("me/broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        report = self.seal("--sign", *self.identities("me")).json
        self.assertEqual(len(report["signers"]), 1)


class Capabilities(Sealing):
    """What a signed message of the recipient's says."""

    def setUp(self):
        super().setUp()
        self.certificate("bea", "bea@x.test")
        self.write("text", "Content-Type: text/plain\r\n\r\nHello\r\n")

    def signed_by_bea(self, *more):
        openssl("cms", "-sign", "-in", self.path("text"), "-signer", self.path("bea.crt"), "-inkey", self.path("bea.key"), "-out",
                self.path("from-bea.eml"), *more)
        self.write("from-bea.eml", b"From: bea@x.test\n" + self.read("from-bea.eml"))
        return self.path("from-bea.eml")

    def cipher(self, *words):
        report = self.seal("--encrypt", *words).json
        return report["cipher"], [c["why"] for c in report["choices"] if c["what"] == "cipher"][0]

    def test_signed_message_gives_certificate_and_ciphers(self):
        self.assertEqual(self.cipher("--recipient-key", self.path("bea.crt"))[0], "aes-256-gcm")
        for form in ((), ("-nodetach",)):
            cipher, why = self.cipher("--recipient-key", self.signed_by_bea(*form))  # openssl names CBC alone
            self.assertEqual(cipher, "aes-256-cbc")
            self.assertIn("signed message", why)
        # What is asked for, and the other profiles, come first.
        message = self.path("from-bea.eml")
        self.assertEqual(self.cipher("--recipient-key", message, "--cipher", "aes-128-gcm")[0], "aes-128-gcm")
        self.assertEqual(self.cipher("--recipient-key", message, "--profile", "fips")[0], "aes-256-gcm")
        # The certificate from elsewhere is the same certificate.
        self.assertEqual(self.cipher("--recipient-key", self.path("bea.crt"), "--recipient-key", message)[0], "aes-256-cbc")

    def test_our_own_signed_message_names_gcm(self):
        self.run_tool("seal", "--from", "bea@x.test", "--to", "ann@x.test", "--text", "x", "--sign", *self.identities("bea.pem"), "-o",
                      self.path("from-bea.eml"))
        cipher, why = self.cipher("--recipient-key", self.path("from-bea.eml"))
        self.assertEqual(cipher, "aes-256-gcm")
        self.assertIn("every known recipient reads it", why)

    def test_folder_of_messages(self):
        os.mkdir(self.path("mail"))
        os.rename(self.signed_by_bea(), self.path("mail/1.eml"))
        self.write("mail/2.eml", "From: x@x.test\n\nnot signed\n")
        self.run_tool("seal", "--from", "a@x.test", "--to", "bea@x.test", "--text", "x", "--encrypt", "--recipient-key", self.path("bea.crt"),
                      "-o", self.path("mail/3.eml"))
        self.assertEqual(self.cipher("--recipient-key", self.path("mail"))[0], "aes-256-cbc")

    def test_changed_signature_and_closed_message_are_refused(self):
        message = self.read(os.path.basename(self.signed_by_bea()))
        der = email.message_from_bytes(message).get_payload()[1].get_payload(decode=True)
        capability = bytes.fromhex("060960864801650304012a")  # aes256-CBC
        self.assertEqual(der.count(capability), 1)
        forged = der.replace(capability, bytes.fromhex("0609608648016503040102"))  # aes128-CBC
        self.write("forged.p7s", forged)
        self.assertIn("no signature in it holds", self.seal("--encrypt", "--recipient-key", self.path("forged.p7s"), expect=65).text)
        self.write("good.p7s", der)
        self.assertEqual(self.cipher("--recipient-key", self.path("good.p7s"))[0], "aes-256-cbc")
        self.seal("--encrypt", "--recipient-key", self.path("bea.crt"))
        os.rename(self.path("out.eml"), self.path("closed.eml"))
        refused = self.seal("--encrypt", "--recipient-key", self.path("closed.eml"), expect=65)
        self.assertIn("open it with -o", refused.text)

    def test_certificate_that_anybody_added_to_the_message_is_not_taken(self):
        self.certificate("mallory", "bea@x.test")
        message = self.signed_by_bea("-certfile", self.path("mallory.crt"))
        report = self.seal("--encrypt", "--recipient-key", message).json
        fingerprint = openssl("x509", "-in", self.path("bea.crt"), "-noout", "-fingerprint", "-sha256").stdout.decode()
        self.assertEqual(report["recipients"][0]["key"], re.sub(r".*=|[:\s]", "", fingerprint).lower())

    def test_bcc_recipient_decides_nothing(self):
        self.certificate("ann", "ann@x.test")
        for to in (["--to", "ann@x.test"], []):
            self.run_tool("seal", "--from", "ann@x.test", *to, "--bcc", "bea@x.test", "--text", "x", "--encrypt", "--recipient-key",
                          self.signed_by_bea(), *self.identities("ann.pem"), "-o", self.path("copies"))
            for name in os.listdir(self.path("copies")):
                self.assertIn(b"smime-type=authEnveloped-data", self.read("copies/" + name), name)


class Recipients(Sealing):
    def test_everything_that_is_wrong_with_anybody_is_said_at_once(self):
        self.certificate("sign", "sign@x.test", usage="digitalSignature")
        self.certificate("weak", "weak@x.test", "rsa:1024")
        self.certificate("curve", "curve@x.test", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")
        self.certificate("pss", "pss@x.test", "rsa-pss")
        self.certificate("server", "server@x.test", more=["extendedKeyUsage=serverAuth"])
        self.certificate("bea", "bea@x.test")
        names = ("sign", "weak", "curve", "pss", "server")
        result = self.seal("--encrypt", "--allow-legacy", *[w for n in (*names, "bea") for w in ("--recipient-key", self.path(n + ".crt"))],
                           *[w for n in (*names, "nobody") for w in ("--to", n + "@x.test")], expect=67)
        for name, reason in zip((*names, "nobody"), ("not for encrypting", "too weak", "curve", "not for encrypting", "not for encrypting",
                                                     "no certificate")):
            self.assertTrue(any(line.startswith(name + "@x.test: ") and reason in line for line in result.json["error"]["details"]), name)
        self.assertNotIn("bea@x.test", result.text)
        self.assertFalse(os.path.exists(self.path("out.eml")))


class Keys(Sealing):
    def test_list_and_check_agree_with_sealing(self):
        self.certificate("weak", "weak@x.test", "rsa:1024")
        self.certificate("ann", "ann@x.test")
        words = ["--recipient-key", self.path("weak.crt"), *self.identities("ann.pem")]
        listed = {k["addresses"][0]: k for k in self.run_tool("keys", "list", "--json", *words).json["keys"]}
        self.assertTrue(listed["ann@x.test"]["can_seal_to"] and listed["ann@x.test"]["has_secret"])
        self.assertFalse(listed["weak@x.test"]["can_seal_to"])
        self.assertIn("too weak", listed["weak@x.test"]["why"])
        year = str((datetime.date.today() + datetime.timedelta(days=900)).year)
        self.assertRegex(self.run_tool("keys", "list", *words).text, rf"\[sign, encrypt, own\]  until {year}-\d\d-\d\d  ann@x.test\n")
        self.assertRegex(self.run_tool("keys", "check", *words, "ann@x.test").text, rf"^yes  ann@x.test  smime [0-9a-f]{{64}}  until {year}")
        shown = self.run_tool("keys", "show", *words, "weak@x.test").text
        self.assertRegex(shown, r"seal to +no: its key is too weak")
        checked = self.run_tool("keys", "check", "--json", *words, "ann@x.test", "weak@x.test", expect=67).json["keys"]
        self.assertTrue(checked[0]["has_secret"])
        self.assertIn("too weak", checked[1]["why"])

    def test_fingerprint_finds_a_certificate(self):
        self.certificate("ann", "ann@x.test")
        fingerprint = self.run_tool("keys", "list", "--json", *self.identities("ann.pem")).json["keys"][0]["fingerprint"]
        self.assertIn("CN=ann", self.run_tool("keys", "show", *self.identities("ann.pem"), fingerprint.upper()).text)


MODULE = "/usr/lib/softhsm/libsofthsm2.so"


@unittest.skipUnless(os.path.exists(MODULE) and shutil.which("pkcs11-tool"), "softhsm2 and opensc are not installed")
class Token(Sealing):
    """A PKCS #11 token with an RSA key for signing and one for encrypting, played by SoftHSM."""

    def setUp(self):
        super().setUp()
        if b"pkcs11" not in openssl("engine", "pkcs11", check=False).stdout:
            self.skipTest("libengine-pkcs11-openssl is not installed")
        # libp11's engine never gives back what it makes when it is loaded: for builds that look for leaks.
        self.environment["ASAN_OPTIONS"] = "detect_leaks=0"
        os.mkdir(self.path("tokens"))
        self.environment["SOFTHSM2_CONF"] = self.write("softhsm2.conf", f"directories.tokendir = {self.path('tokens')}\n")
        self.write("pin", "secret\n")
        self.call("softhsm2-util", "--init-token", "--free", "--label", "desk", "--pin", "secret", "--so-pin", "12345678")
        self.certificate("sign", "ann@x.test", usage="digitalSignature")
        self.certificate("encrypt", "ann@x.test", usage="keyEncipherment")
        for number, name in enumerate(("sign", "encrypt"), 1):
            openssl("pkey", "-in", self.path(name + ".key"), "-outform", "DER", "-out", self.path("privkey.der"))
            openssl("x509", "-in", self.path(name + ".crt"), "-outform", "DER", "-out", self.path("cert.der"))
            for kind in ("privkey", "cert"):
                uses = ["--usage-sign", "--usage-decrypt"] if kind == "privkey" else []
                self.call("pkcs11-tool", "--module", MODULE, "--login", "--pin", "secret", "--token-label", "desk", "--write-object",
                          self.path(kind + ".der"), "--type", kind, "--label", name, "--id", f"0{number}", *uses)

    def call(self, *words):
        subprocess.run(words, capture_output=True, check=True, env=self.environment, timeout=60)

    def token(self, *names):
        uris = [f"pkcs11:token=desk;object={name}?module-path={MODULE}" for name in names]
        return [*[word for uri in uris for word in ("--identity", uri)], "--passphrase-file", self.path("pin")]

    def test_keys_seal_and_open_with_both_keys_of_a_token(self):
        both = self.token("sign", "encrypt")
        listed = self.run_tool("keys", "list", "--json", *both).json["keys"]
        self.assertEqual([(k["can_sign"], k["can_encrypt"], k["has_secret"], k["can_seal_to"]) for k in listed],
                         [(True, False, True, False), (False, True, True, True)])
        checked = self.run_tool("keys", "check", "ann@x.test", "--json", *both).json["keys"][0]
        self.assertTrue(checked["origin"].startswith("pkcs11:token=desk;object=encrypt") and checked["has_secret"])
        self.seal("--sign", "--encrypt", *both, to="ann@x.test")
        opened = self.run_tool("open", "--json", self.path("out.eml"), *both, "--trust", self.path("sign.crt")).json
        self.assertEqual(opened["summary"]["state"], "confidential")

    def test_a_token_that_refuses_is_not_taken_for_a_message_that_was_changed(self):
        self.certificate("ec", "eve@x.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.certificate("rsa", "rob@x.test")
        before = {name for _, _, files in os.walk(self.path("tokens")) for name in files}
        for number, name in ((3, "ec"), (4, "rsa")):
            self.call("softhsm2-util", "--import", self.path(name + ".key"), "--token", "desk", "--label", name, "--id", f"0{number}", "--pin", "secret")
            openssl("x509", "-in", self.path(name + ".crt"), "-outform", "DER", "-out", self.path("cert.der"))
            self.call("pkcs11-tool", "--module", MODULE, "--login", "--pin", "secret", "--token-label", "desk", "--write-object",
                      self.path("cert.der"), "--type", "cert", "--label", name, "--id", f"0{number}")
        # SoftHSM lets every imported RSA key decrypt: the right is taken away in its file (CKA_DECRYPT, a boolean).
        decrypts = (0x105).to_bytes(8, "big") + (1).to_bytes(8, "big")
        for folder, _, files in os.walk(self.path("tokens")):
            for name in files:
                octets = self.read(os.path.join(folder, name))
                if name not in before and name.endswith(".object"):
                    self.write(os.path.join(folder, name), octets.replace(decrypts + b"\xff", decrypts + b"\0"))
        for name, address, words in (("ec", "eve@x.test", ()), ("rsa", "rob@x.test", ()), ("rsa", "rob@x.test", ("--key-transport", "pkcs1"))):
            self.seal("--encrypt", "--recipient-key", self.path(name + ".crt"), "--no-encrypt-to-self", *words, to=address)
            opened = self.run_tool("open", "--json", self.path("out.eml"), *self.token(name), expect=77)
            layer = opened.json["layers"][0]
            self.assertEqual(layer["result"], "no-key", (name, words))
            self.assertRegex(layer["why"], rf"the device that holds the key does not decrypt with it .*not permitted.*object={name}")
            self.assertNotIn("secret", layer["why"])
            self.assertIsNone(layer["decrypted_by"])
            self.run_tool("open", self.path("out.eml"), "--identity", self.path(name + ".pem"))
        # Another key that the message is for does it.
        self.seal("--encrypt", "--recipient-key", self.path("ec.crt"), "--recipient-key", self.path("rsa.crt"), "--to", "eve@x.test", to="rob@x.test")
        self.run_tool("open", self.path("out.eml"), *self.token("ec"), "--identity", self.path("rsa.pem"))

    def test_a_changed_message_to_a_token_is_bad(self):
        for transport in ("oaep", "pkcs1"):
            self.seal("--encrypt", "--recipient-key", self.path("encrypt.crt"), "--key-transport", transport, to="ann@x.test")
            message = email.message_from_bytes(self.read("out.eml"))
            octets = message.get_payload(decode=True)
            keyed = octets.index(b"\x04\x82\x01\x00") + 4  # the encrypted content key
            for at in (keyed + 100, len(octets) - 20):
                changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:]
                del message["Content-Transfer-Encoding"]
                message["Content-Transfer-Encoding"] = "base64"
                message.set_payload(base64.encodebytes(changed).decode())
                self.write("changed.eml", message.as_bytes())
                layer = self.run_tool("open", "--json", self.path("changed.eml"), *self.token("encrypt"), expect=1).json["layers"][0]
                self.assertEqual((layer["result"], layer["why"]), ("bad", "the content does not decrypt: it was changed or damaged"))

    def test_wrong_pin_and_missing_object_are_named(self):
        self.write("pin", "wrong-pin\n")
        refused = self.run_tool("keys", "list", *self.token("sign"), expect=77)
        self.assertNotIn("wrong-pin", refused.errors)
        self.write("pin", "secret\n")
        self.assertIn("object=nobody", self.run_tool("keys", "list", *self.token("nobody"), expect=66).errors)


class OpenPgp(ToolTest):
    """The same rules for keys of a keyring."""

    def setUp(self):
        super().setUp()
        self.home = self.path("g")
        os.mkdir(self.home, 0o700)
        self.addCleanup(subprocess.run, ["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True, check=False)

    def key(self, address, algorithm):
        done = subprocess.run(["gpg", "--homedir", self.home, "--batch", "--passphrase", "", "--status-fd", "1", "--quick-generate-key",
                               address, algorithm, "default", "0"], capture_output=True, check=True, timeout=120)
        fingerprint = re.search(rb"KEY_CREATED \S (\w+)", done.stdout).group(1).decode()
        subprocess.run(["gpg", "--homedir", self.home, "--batch", "--passphrase", "", "--quick-add-key", fingerprint,
                        "cv25519" if algorithm == "ed25519" else "rsa2048", "encr"], capture_output=True, check=True, timeout=120)
        return fingerprint.lower()

    def signers(self, *words, sender="ann@x.test"):
        report = self.run_tool("seal", "--gnupg-home", self.home, "--from", sender, "--to", "ann@x.test", "--text", "x", "-o",
                               self.path("out.eml"), "--json", *words).json
        return [s["key"] for s in report["signers"]]

    def test_every_identity_of_the_author_signs(self):
        modern, old, other = self.key("ann@x.test", "ed25519"), self.key("Ann <ann@x.test>", "rsa2048"), self.key("bob@x.test", "ed25519")
        both = ["--identity", modern, "--identity", other, "--identity", old]
        self.assertEqual(self.signers("--sign", *both), [modern, old])
        opened = self.run_tool("open", "--json", "--gnupg-home", self.home, self.path("out.eml")).json
        self.assertEqual(sorted(s["fingerprint"] for s in opened["layers"][0]["signers"]), sorted([modern, old]))
        self.assertEqual(opened["summary"]["signed"], "good")
        self.assertEqual(self.signers("--sign", "--encrypt", *both), [modern, old])
        opened = self.run_tool("open", "--json", "--gnupg-home", self.home, self.path("out.eml")).json
        self.assertEqual(len(opened["layers"][0]["signers"]), 2)
        # No identity named: one key signs, however many there are.
        self.assertEqual(len(self.signers("--sign")), 1)
        # A name that fits two keys is one identity.
        self.assertEqual(len(self.signers("--sign", "--identity", "ann@x.test")), 1)

    def test_own_key_of_the_keyring_is_own_in_keys_check(self):
        own = self.key("ann@x.test", "ed25519")
        checked = self.run_tool("keys", "check", "--json", "--gnupg-home", self.home, "ann@x.test").json["keys"][0]
        self.assertEqual((checked["fingerprint"], checked["has_secret"]), (own, True))


if __name__ == "__main__":
    unittest.main()
