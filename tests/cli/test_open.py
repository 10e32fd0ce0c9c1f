#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `open` answers for messages whose signature says less than it seems to, and what it leaves behind when it fails."""
import base64
import email
import hashlib
import json
import os
import resource
import shutil
import subprocess
import unittest

from cli.tool import CA, RFC9216, TOOL, ToolTest


class Open(ToolTest):
    def open(self, name, *more, expect=0):
        return self.run_tool("open", self.path(name), *self.bob(), "--trust", CA, "--json", *more, expect=expect)

    def signed(self, name, *more):
        self.run_tool("seal", *self.draft(), "--sign", *self.alice(), "-o", self.path(name), *more)
        return self.read(name)

    def test_a_signature_around_ciphertext_is_no_required_signer(self):
        to_bob = ["--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt")]
        self.run_tool("seal", *self.draft(), "--encrypt", *self.alice(), *to_bob, "--protect-headers", "off", "-o", self.path("inner.eml"))
        self.run_tool("seal", "--eml", self.path("inner.eml"), "--sign", *self.alice(), "--protect-headers", "off", "-o",
                      self.path("outer.eml"))
        self.assertEqual(self.open("outer.eml").json["summary"]["signed"], "unverified")
        self.open("outer.eml", "--require", "signed", expect=1)
        self.open("outer.eml", "--require-signer", "alice@smime.example", expect=1)

    def test_a_from_field_with_a_blank_before_its_colon_is_seen(self):
        message = self.signed("signed.eml", "--protect-headers", "off")
        self.assertEqual(self.open("signed.eml").json["summary"]["signed"], "good")
        self.write("two.eml", b"From : mallory@evil.example\r\n" + message)
        report = self.open("two.eml").json
        self.assertEqual(report["summary"]["signed"], "unverified")
        self.assertIn("duplicate-from", [problem["code"] for problem in report["problems"]])
        self.write("mbox.eml", b"From alice@smime.example Sun Nov 22 12:00:00 2026\r\n" + message)
        self.assertEqual(self.open("mbox.eml").json["summary"]["signed"], "good")

    def test_what_openssl_signs_is_good(self):
        """It ends its own lines in LF and those of the signed part in CRLF."""
        self.write("text", "Hello\n")
        signer = ["-signer", os.path.join(RFC9216, "alice.sign.crt"), "-inkey", os.path.join(RFC9216, "alice.sign.key")]
        header = ["-from", "alice@smime.example", "-to", "b@x.example", "-subject", "s"]
        for command in ("cms", "smime"):
            for form in ([], ["-text"], ["-nodetach"], ["-crlfeol"], ["-text", "-md", "sha512"]):
                with self.subTest(command=command, form=form):
                    subprocess.run(["openssl", command, "-sign", *form, "-in", self.path("text"), "-out", self.path("signed.eml"), *signer,
                                    *header], check=True, capture_output=True)
                    report = self.open("signed.eml", "--require", "signed").json
                    self.assertEqual(report["layers"][0]["signers"][0]["from"], "match")

    def test_an_attached_message_is_a_part_and_comes_back_whole(self):
        inner = self.signed("inner.eml")
        self.write("note.txt", "a note\n")
        self.run_tool("compose", "--from", "a@x.example", "--to", "b@x.example", "--subject", "m", "--text", "t", "--attach", "note.txt",
                      "-o", "m.eml")
        self.run_tool("seal", *self.draft(), "--sign", *self.alice(), "--attach", "m.eml", "--attach", self.path("inner.eml"), "-o",
                      self.path("outer.eml"))
        report = self.open("outer.eml", "--extract", self.path("parts")).json
        self.assertEqual(report["summary"]["signed"], "good")
        self.assertEqual(self.read("parts/m.eml"), self.read("m.eml"))
        self.assertEqual(self.read("parts/inner.eml"), inner)
        self.assertEqual(self.read("parts/note.txt"), b"a note\n")
        whole = [part for part in report["parts"] if part["type"] == "message/rfc822"]
        self.assertEqual([(part["filename"], part["size"], part["signed"]) for part in whole],
                         [("m.eml", len(self.read("m.eml")), True), ("inner.eml", len(inner), True)])

    def test_no_payload_stays_when_the_extraction_fails(self):
        self.signed("signed.eml")
        self.write("taken", "a file, no folder")
        before = sorted(os.listdir(self.folder))
        self.open("signed.eml", "-o", self.path("payload.eml"), "--extract", self.path("taken"), expect=73)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def sealed_long(self, name, *more):
        """A message whose payload waits in a file; its attachment."""
        attachment = os.urandom(3 << 20) + b"one line of text\r\n" * 200_000
        self.write("long.bin", attachment)
        self.run_tool("seal", *self.draft(), *self.alice(), "--attach", self.path("long.bin"), "-o", self.path(name), *more)
        return attachment

    def test_a_long_payload_is_written_whole_in_every_form(self):
        to_bob = ["--encrypt", "--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt")]
        for form, words in (("authEnveloped", to_bob), ("signed and enveloped", ["--sign", *to_bob, "--cipher", "aes-256-cbc"]),
                            ("opaque", ["--sign", "--signature", "opaque"]), ("detached", ["--sign"]),
                            ("opaque inside", ["--sign", "--signature", "opaque", *to_bob]), ("compressed", ["--sign", "--compress", *to_bob])):
            with self.subTest(form=form):
                attachment = self.sealed_long("long.eml", *words)
                before = sorted(os.listdir(self.folder))
                report = self.open("long.eml", "-o", self.path("payload"), "--extract", self.path("parts")).json
                self.assertEqual(sorted(os.listdir(self.folder)), sorted([*before, "payload", "parts"]))
                payload = self.read("payload")
                self.assertEqual(email.message_from_bytes(payload).get_payload(1).get_payload(decode=True), attachment)
                self.assertEqual(self.read("parts/long.bin"), attachment)
                self.assertEqual(os.stat(self.path("payload")).st_mode & 0o777, 0o600)
                part = report["parts"][-1]
                self.assertEqual((part["size"], part["sha256"]), (len(attachment), hashlib.sha256(attachment).hexdigest()))
                # The same through a pipe, without a file system that the spool could become a part of, and without the digests.
                sealed = self.read("long.eml")
                piped = subprocess.run([TOOL, "open", "-", *self.bob(), "--trust", CA, "-o", "-"], input=sealed, capture_output=True, check=True)
                self.assertTrue(piped.stdout == payload)
                self.run_tool("open", self.path("long.eml"), *self.bob(), "--trust", CA, "-o", self.path("payload"))
                self.assertTrue(self.read("payload") == payload)
                shutil.rmtree(self.path("parts"))
                os.remove(self.path("payload"))

    def test_a_long_message_that_was_changed_leaves_nothing(self):
        self.sealed_long("long.eml", "--encrypt", "--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt"))
        sealed = bytearray(self.read("long.eml"))
        at = sealed.rindex(b"\r\n", 0, len(sealed) - 300) - 10
        sealed[at] = ord("A") if sealed[at] != ord("A") else ord("B")
        self.write("long.eml", bytes(sealed))
        self.write("payload", "old")
        before = sorted(os.listdir(self.folder))
        report = self.open("long.eml", "-o", self.path("payload"), expect=1).json
        self.assertEqual((report["layers"][0]["result"], [part["path"] for part in report["parts"]]), ("bad", ["1"]))
        self.assertEqual((sorted(os.listdir(self.folder)), self.read("payload")), (before, b"old"))

    def test_what_is_odd_in_a_long_message_is_seen_as_in_a_short_one(self):
        """A long one's layer is opened while its octets are still looked through."""
        self.sealed_long("long.eml", "--sign", "--signature", "opaque")
        self.signed("short.eml", "--signature", "opaque")
        codes = {}
        for name in ("short", "long"):
            sealed = self.read(name + ".eml")
            self.assertEqual(self.open(name + ".eml").json["summary"]["signed"], "good")
            at = sealed.rindex(b"\r\n", 0, len(sealed) - 300)
            odd = sealed[:at] + b"\r" + sealed[at:at + 100] + b" " * 1200 + sealed[at + 100:]
            self.write("odd.eml", odd)
            report = self.open("odd.eml").json
            codes[name] = [(problem["code"], problem["path"]) for problem in report["problems"]]
            self.assertEqual(report["summary"]["signed"], "unverified")
        self.assertEqual(codes["long"], codes["short"])
        self.assertEqual([code for code, _ in codes["long"]], ["bare-cr", "overlong-line"])

    def test_a_full_disk_leaves_no_payload(self):
        """Also where the thread that writes is the one to meet it."""
        self.sealed_long("long.eml", "--encrypt", "--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt"))
        for limit in (2 << 20, 5 << 20):
            with self.subTest(limit=limit):
                before = sorted(os.listdir(self.folder))
                result = subprocess.run([TOOL, "open", self.path("long.eml"), *self.bob(), "--trust", CA, "-o", self.path("payload")],
                                        capture_output=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.assertEqual(result.returncode, 74, result.stderr)
                self.assertIn(b"File too large", result.stderr)
                self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_what_nothing_here_can_decrypt_is_77(self):
        """A cipher that is not allowed is no fault of the message (65)."""
        self.write("note", "a note\n")
        subprocess.run(["openssl", "cms", "-encrypt", "-des3", "-in", self.path("note"), "-out", self.path("old.eml"), "-subject", "s",
                        os.path.join(RFC9216, "bob.encrypt.crt")], check=True)
        report = self.open("old.eml", expect=77).json
        self.assertEqual(report["layers"][0]["result"], "unsupported")
        self.assertIn("des-ede3-cbc", report["layers"][0]["why"])
        self.open("old.eml", "--allow-legacy", "--allow-unauthenticated")

    def test_a_damaged_key_file_is_no_fault_of_the_message(self):
        self.signed("signed.eml")
        self.write("junk.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.write("junk.bin", b"\x00\x01junk")
        for words in (["--trust", "junk.pem"], ["--trust", CA, "--crl", "junk.bin"], ["--recipient-key", "junk.pem"]):
            result = self.run_tool("open", self.path("signed.eml"), *words, "--json", expect=65)
            self.assertEqual(result.json["error"]["code"], "malformed")
            self.assertIn("junk", result.json["error"]["where"])

    def test_a_junk_revocation_list_is_called_one(self):
        self.signed("signed.eml")
        for name, content in (("junk.crl", b"\x00\x01junk"), ("text.crl", b"nothing"), ("empty.crl", b""),
                              ("other.crl", self.read(os.path.join(RFC9216, "bob.sign.crt")))):
            self.write(name, content)
            result = self.run_tool("open", self.path("signed.eml"), "--trust", CA, "--crl", self.path(name), "--json", expect=65)
            self.assertEqual(result.json["error"]["where"], self.path(name))
            self.assertIn("revocation list", result.json["error"]["what"])
            self.assertNotIn("certificate", result.json["error"]["what"])

    def test_certificates_that_came_along_are_listed(self):
        der = subprocess.run(["openssl", "x509", "-in", os.path.join(RFC9216, "bob.encrypt.crt"), "-outform", "DER"], check=True,
                             capture_output=True).stdout
        bundle = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", os.path.join(RFC9216, "alice.sign.crt"), "-certfile", CA,
                                 "-outform", "DER"], check=True, capture_output=True).stdout
        parts = (("application/pkix-cert", der), ("application/pkcs7-mime; smime-type=certs-only; name=a.p7c", bundle),
                 ("application/pkix-cert", b"junk"), ("application/pkix-cert", b"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                                                      b"DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAA\n"
                                                      b"-----END CERTIFICATE-----\n"))
        message = b"From: bob@smime.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        for kind, content in parts:
            message += (f"--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
                        + base64.encodebytes(content) + b"\r\n")
        self.write("cards.eml", message + b"--b--\r\n")
        keys = self.open("cards.eml").json["attached_keys"]
        self.assertEqual([(key["origin"], key["protocol"], key["name"].split(",")[0]) for key in keys],
                         [("part 1.1", "smime", "CN=Bob Babbage"), ("part 1.2", "smime", "CN=Alice Lovelace"),
                          ("part 1.2", "smime", "CN=Sample LAMPS RSA Certification Authority")])
        self.assertEqual(keys[0]["addresses"], ["bob@smime.example"])

    def test_a_damaged_openpgp_key_file_is_no_fault_of_the_message(self):
        self.write("junk.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n")
        self.write("sealed.eml", b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted;"
                   b" protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
                   b"Version: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n"
                   b"hF4D\r\n-----END PGP MESSAGE-----\r\n--b--\r\n")
        result = self.run_tool("open", self.path("sealed.eml"), "--trust", "junk.asc", "--json", expect=65)
        self.assertIn("junk.asc", result.json["error"]["where"])

    def test_an_error_is_json_when_the_configuration_says_so(self):
        self.write("tool.conf", "json = true\n")
        result = self.run_tool("open", self.path("nowhere.eml"), "--config", self.path("tool.conf"), expect=66)
        self.assertEqual(json.loads(result.text)["error"]["code"], "no_input")


if __name__ == "__main__":
    unittest.main()
