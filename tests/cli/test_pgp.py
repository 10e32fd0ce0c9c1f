#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""OpenPGP as a user of the tool meets it: keys into the keyring only when asked, what a signal leaves behind, keys from a domain's
directory."""
import glob
import os
import signal
import subprocess
import time
import unittest

from cli.tool import DATA, TOOL, ToolTest

import make_ca
import peers

KEYS = os.path.join(DATA, "own", "keys")
ALICE = "3ecb440f79841e104f5a143412f3fea1ce3107d0"
BOB = "b9cdb2065db93c9cce291a844a279c2a6a9c55fe"


def key(name):
    return os.path.join(KEYS, name)


class WkdServer(peers.Peer):
    script = "wkd_server.py"


class PgpTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.ring = self.path("ring")
        os.mkdir(self.ring, 0o700)
        self.addCleanup(subprocess.run, ["gpgconf", "--homedir", self.ring, "--kill", "all"], check=False)

    def gpg(self, *words, stdin=b""):
        return subprocess.run(["gpg", "--homedir", self.ring, "--batch", "--quiet", *words], input=stdin, capture_output=True, check=False)

    def listed(self):
        return self.gpg("--with-colons", "--list-keys").stdout.decode().lower()

    def pgp_draft(self, *more):
        return ["--from", "Alice <alice@own.example>", "--to", "Bob <bob@own.example>", "--subject", "Geheim", "--text", "Für Bob.\n", *more]

    def seal(self, *more, name="sealed.eml"):
        self.run_tool("seal", *self.pgp_draft(), "--identity", key("alice.sec.asc"), "--recipient-key", key("bob.pub.asc"), "-o",
                      self.path(name), *more)
        return self.path(name)

    def check_home_is_clean(self):
        """No private keyring, no agent, no keyring of the user's own."""
        deadline = time.monotonic() + 15
        while glob.glob(self.path("mimeseal-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(glob.glob(self.path("mimeseal-*")), [])
        self.assertFalse(os.path.exists(self.path(".gnupg")))


class Import(PgpTest):
    def test_key_files_enter_the_keyring_and_are_named(self):
        result = self.run_tool("keys", "import", key("alice.pub.asc"), key("bob.pub.asc"), "--gnupg-home", self.ring)
        self.assertIn("added      " + ALICE, result.text)
        self.assertIn("Alice <alice@own.example>", result.text)
        self.assertIn(BOB, self.listed())
        again = self.run_tool("keys", "import", key("alice.pub.asc"), "--gnupg-home", self.ring, "--json").json
        self.assertEqual([(k["fingerprint"], k["result"], k["user_ids"]) for k in again["imported_keys"]],
                         [(ALICE, "unchanged", ["Alice <alice@own.example>"])])
        # It is there, and believed no more than before: list, show and check agree.
        self.run_tool("keys", "check", "alice@own.example", "--gnupg-home", self.ring, expect=67)
        listed = self.run_tool("keys", "list", "--gnupg-home", self.ring, "--json").json["keys"]
        self.assertEqual([(k["can_seal_to"], k["why"]) for k in listed], [(False, "its validity in the keyring is unknown")] * 2)
        self.assertIn("seal to      no", self.run_tool("keys", "show", ALICE, "--gnupg-home", self.ring).text)
        trusting = self.run_tool("keys", "list", "--gnupg-home", self.ring, "--trust-model", "always", "--json").json["keys"]
        self.assertTrue(all(k["can_seal_to"] for k in trusting))
        self.check_home_is_clean()

    def test_the_users_keyring_is_the_default_and_made_when_missing(self):
        self.environment["GNUPGHOME"] = self.path("mine")
        self.run_tool("keys", "import", key("alice.pub.asc"))
        self.assertEqual(os.stat(self.path("mine")).st_mode & 0o777, 0o700)
        self.assertIn(ALICE, self.run_tool("keys", "list", "--protocol", "pgp").text)

    def test_standard_input(self):
        with open(key("alice.pub.asc"), "rb") as file:
            self.run_tool("keys", "import", "-", "--gnupg-home", self.ring, stdin=file.read())
        self.assertIn(ALICE, self.listed())

    def test_secret_keys_and_other_files_import_nothing(self):
        result = self.run_tool("keys", "import", key("bob.pub.asc"), key("alice.sec.asc"), "--gnupg-home", self.ring, expect=65)
        self.assertIn("alice.sec.asc", result.errors)
        self.assertIn("secret key", result.errors)
        self.run_tool("keys", "import", key("p256.crt"), "--gnupg-home", self.ring, expect=65)
        self.run_tool("keys", "import", self.write("note", "no key"), "--gnupg-home", self.ring, expect=65)
        self.assertNotIn("fpr:", self.listed())
        self.assertEqual(self.gpg("--with-colons", "--list-secret-keys").stdout, b"")

    def test_usage(self):
        self.run_tool("keys", "import", "--gnupg-home", self.ring, expect=64)
        self.run_tool("keys", "import", self.path("missing"), "--gnupg-home", self.ring, expect=66)
        self.run_tool("keys", "import", key("bob.pub.asc"), "--gnupg-home", self.path("missing"), expect=66)


class OpenImports(PgpTest):
    def open(self, path, *more, expect=0):
        return self.run_tool("open", path, "--identity", key("bob.sec.asc"), "--gnupg-home", self.ring, *more, expect=expect)

    def test_attached_keys_are_reported_and_imported_only_when_asked(self):
        path = self.seal("--sign", "--encrypt", "--attach-key", "--autocrypt")
        report = self.open(path, "--json").json
        self.assertEqual([(k["fingerprint"], k["user_ids"], k["not_after"], k["origin"]) for k in report["attached_keys"]],
                         [(ALICE, ["Alice <alice@own.example>"], None, "part 1.1.2")])
        self.assertNotIn("imported_keys", report)
        self.assertNotIn("fpr:", self.listed())
        text = self.open(path).text
        self.assertIn("keys that came along", text)
        self.assertIn("does not expire", text)

        result = self.open(path, "--import-keys")
        self.assertIn("added      " + ALICE, result.text)
        self.assertIn("Alice <alice@own.example>", result.text)
        self.assertIn(ALICE, self.listed())
        # A key that came inside a message never makes its signature good.
        after = self.open(path, "--json", "--import-keys").json
        self.assertEqual(after["summary"]["signed"], "unverified")
        self.assertEqual(after["layers"][0]["signers"][0]["trust"], "unknown")
        self.assertEqual(after["imported_keys"][0]["result"], "unchanged")

    def test_an_autocrypt_field_is_reported_and_not_imported(self):
        path = self.seal("--sign", "--autocrypt")
        result = self.open(path, "--json", "--import-keys")
        self.assertEqual(len(result.json["attached_keys"]), 1)
        self.assertEqual(result.json["imported_keys"], [])
        self.assertIn("no key to import", result.errors)
        self.assertNotIn("fpr:", self.listed())

    def test_nothing_is_imported_from_a_message_that_is_bad_or_not_as_demanded(self):
        path = self.seal("--sign", "--attach-key")
        self.open(path, "--import-keys", "--require", "encrypted", expect=1)
        with open(path, "rb") as file:
            message = file.read()
        bad = self.write("bad.eml", message.replace(b"Subject: Geheim", b"Subject: geheim"))
        self.open(bad, "--import-keys", "--trust", key("alice.pub.asc"), expect=1)
        self.assertNotIn("fpr:", self.listed())

    def test_a_secret_key_in_a_message_stays_outside(self):
        with open(key("carol.sec.asc"), "rb") as file:
            secret = file.read()
        with open(key("carol.pub.asc"), "rb") as file:
            public = file.read()
        part = b"--b\r\nContent-Type: application/pgp-keys\r\n\r\n"
        path = self.write("keys.eml", b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
                          part + secret + b"\r\n" + part + public + b"\r\n--b--\r\n")
        result = self.open(path, "--import-keys", "--json", expect=1)
        self.assertEqual([one["result"] for one in result.json["imported_keys"]], ["refused", "added"])
        self.assertIn("secret key", result.json["imported_keys"][0]["why"])
        self.assertEqual(self.gpg("--with-colons", "--list-secret-keys").stdout, b"")


class Signals(PgpTest):
    def test_neither_private_keyring_nor_half_an_output_stays(self):
        with open(self.path("large"), "wb") as file:
            file.truncate(2 << 30)
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                with subprocess.Popen([TOOL, "seal", *self.pgp_draft("--attach", self.path("large")), "--sign", "--encrypt", "--identity",
                                       key("alice.sec.asc"), "--recipient-key", key("bob.pub.asc"), "-o", self.path("out.eml")],
                                      env=self.environment, cwd=self.folder, stderr=subprocess.DEVNULL) as tool:
                    deadline = time.monotonic() + 60
                    while not glob.glob(self.path("mimeseal-*/S.gpg-agent")) and time.monotonic() < deadline:
                        time.sleep(0.01)
                    self.assertTrue(glob.glob(self.path("mimeseal-*/S.gpg-agent")), "it never began")
                    tool.send_signal(number)
                    self.assertEqual(tool.wait(60), -number)
                self.check_home_is_clean()
                self.assertEqual(sorted(name for name in os.listdir(self.folder) if "out" in name), [])


class Forms(PgpTest):
    def test_an_existing_message_is_made_safe_before_it_is_signed(self):
        """RFC 3156, sections 3 and 5: gpg, the reader, verifies what arrives after blanks were cut and a mailbox was written."""
        for encoding, body in (("7bit", b"From here  \r\n-- \r\nx\t\r\n"), ("8bit", "Grüße \r\nFrom me\r\n".encode())):
            path = self.write("eml", b"From: alice@own.example \r\nTo: bob@own.example\r\nSubject: s \r\nMIME-Version: 1.0\r\nContent-Type: "
                              b"text/plain; charset=utf-8 \r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + body)
            self.run_tool("seal", "--eml", path, "--sign", "--identity", key("alice.sec.asc"), "-o", self.path("signed.eml"))
            message = self.read("signed.eml")
            for line in message.split(b"\r\n"):
                self.assertFalse(line.endswith((b" ", b"\t")) or line.startswith(b"From "), line)
            self.run_tool("open", self.path("signed.eml"), "--trust", key("alice.pub.asc"), "--require", "signed", "--extract",
                          self.path(encoding))
            names = os.listdir(self.path(encoding))
            self.assertEqual([self.read(os.path.join(encoding, name)) for name in names], [body])

    def test_a_key_of_the_keyring_is_named_by_its_fingerprint(self):
        self.run_tool("keys", "import", key("bob.pub.asc"), "--gnupg-home", self.ring)
        words = ["seal", *self.pgp_draft(), "--sign", "--encrypt", "--identity", key("alice.sec.asc"), "--gnupg-home", self.ring, "--json", "-o",
                 self.path("a.eml")]
        self.assertIn("validity", self.run_tool(*words, expect=67).errors)
        report = self.run_tool(*words, "--recipient-key", BOB.upper()).json
        self.assertEqual((report["recipients"][0]["key"], report["recipients"][0]["why"]), (BOB, "named by its fingerprint"))
        self.assertEqual(self.run_tool(*words, "--trust-model", "always").json["recipients"][0]["key"], BOB)
        self.run_tool(*words, "--recipient-key", "0" * 40, expect=66)


class Locate(PgpTest):
    def test_the_recipients_domain_gives_the_key_when_asked(self):
        certificates = self.path("ca")
        make_ca.write_all(certificates, ("openpgpkey.own.example",))
        # hu/ and the address's local part, as gpg-wks-client names it.
        folder = self.path("root/openpgpkey.own.example/.well-known/openpgpkey/own.example/hu")
        os.makedirs(folder)
        self.gpg("--import", key("bob.pub.asc"))
        with open(os.path.join(folder, "jycbiujnsxs47xrkethgtj69xuunurok"), "wb") as file:
            file.write(self.gpg("--export", "bob@own.example").stdout)
        with WkdServer(root=self.path("root"), cert=os.path.join(certificates, "server.pem"),
                       key=os.path.join(certificates, "server.key")) as server:
            self.environment["https_proxy"] = f"http://127.0.0.1:{server.port}"
            words = ["seal", *self.pgp_draft(), "--sign", "--encrypt", "--identity", key("alice.sec.asc"), "--json", "-o", self.path("a.eml")]
            self.assertIn("bob@own.example", self.run_tool(*words, expect=67).errors)
            located = ["--locate", "wkd", "--locate-ca", os.path.join(certificates, "ca.pem")]
            report = self.run_tool(*words, *located).json
            self.assertEqual(report["recipients"][0]["key"], BOB)
            self.assertIn("WKD", report["recipients"][0]["why"])
            refused = self.run_tool("seal", *self.pgp_draft("--cc", "carol@own.example"), *words[9:], *located, expect=67)
            self.assertIn("answered 404", refused.errors)
        self.run_tool("open", self.path("a.eml"), "--identity", key("bob.sec.asc"), "--trust", key("alice.pub.asc"), "--require",
                      "signed,encrypted,authenticated")
        self.check_home_is_clean()


if __name__ == "__main__":
    unittest.main()
