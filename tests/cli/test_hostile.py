#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`open` and `inspect` on everything hostile that is at hand: they end in bounded time and memory, with an answer or an error of the
message, and nothing of the message acts on the terminal."""
import glob
import os
import resource
import subprocess
import unittest

from cli.tool import DATA, TOOL, ToolTest

SETS = ("dovecot-malformed", "mime4j-testmsgs", "rubymail-error-emails", "kde", "bc-mail", "nss-interop", "thunderbird-smime",
        "bouncycastle-cms")
MESSAGES = (".eml", ".msg", ".mbox", ".der", ".env")
SECONDS, OCTETS = 20, 1 << 30
# What a terminal or a reader of text obeys: controls, C1, bidi marks, line and paragraph separators.
FORBIDDEN = set(range(0x20)) - {0x0A, 0x09} | set(range(0x7F, 0xA0)) | {0x061C, 0x200E, 0x200F, 0x2028, 0x2029} | set(
    range(0x202A, 0x202F)) | set(range(0x2066, 0x206A))


def is_sanitized():
    """AddressSanitizer reserves terabytes of addresses, so that a limit on them says nothing of the memory."""
    with open(TOOL, "rb") as tool:
        return b"__asan_init" in tool.read()


SANITIZED = is_sanitized()


def bounded():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (OCTETS, OCTETS))


def nested(depth):
    head = b"From: a@example.org\r\nMIME-Version: 1.0\r\n"
    return head + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))


def own():
    """Messages made to cost, or to be read in two ways."""
    head = b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return {
        "deep": nested(60_000),
        "forwards": head + b"Content-Type: message/rfc822\r\n\r\n" * 60_000,
        "parts": head + many + b"--b\r\n\r\nx\r\n" * 200_000,
        "near-boundaries": head + many + b"--bb\r\n--b" * 500_000,
        "long-boundary": head + b"Content-Type: multipart/mixed; boundary=\"" + b"-" * 900_000 + b"\"\r\n\r\n",
        "fields": head + b"X: y\r\n" * 300_000 + b"\r\n",
        "folds": head + b"X:" + b"\r\n y" * 300_000 + b"\r\n\r\n",
        "words": head + b"Subject:" + b" =?utf-8?q?x?=\r\n" * 60_000 + b"\r\n",
        "addresses": head + b"To: " + b"a@b.example, " * 70_000 + b"\r\n\r\n",
        "comments": head + b"To: " + b"(" * 500_000 + b"\r\n\r\n",
        "quotes": head + b"To: " + b"\"\\\"" * 300_000 + b"\r\n\r\n",
        "parameters": head + b"Content-Type: text/plain" + b"; a*0=b" * 100_000 + b"\r\n\r\n",
        "html": head + b"Content-Type: text/html\r\n\r\n" + b"<div><table><!--" * 300_000,
        "entities": head + b"Content-Type: text/html\r\n\r\n" + b"&amp&#" * 700_000,
        "armour": head + b"Content-Type: text/plain\r\n\r\n" + b"-----BEGIN PGP MESSAGE-----\r\n" * 150_000,
        "layers": head + b"".join(b"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b%d\r\n\r\n--b%d\r\n"
                                  % (i, i) for i in range(5_000)),
        "nuls": head + b"\r\n" + b"\0" * 3_000_000,
        "returns": head + b"\r\n" + b"\r" * 3_000_000,
        "empty": b"",
        "one-line": b"x" * 3_000_000,
        "cms": head + b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n" + b"\x30\x80" * 500_000,
        "cms-long": head + b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n"
                    + b"\x30\x84\x7f\xff\xff\xff\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x84\x7f\xff\xff\xf0",
        "terminal": "From: \x1b]0;x\x07\u202eevil <a@example.org>\r\nSubject: \x1b[2J\u2066x\u009b31m\r\n"
                    "Content-Type: text/plain; charset=utf-8; name=\"\x1b[1m\u202egnp.exe\"\r\n"
                    "Content-Transfer-Encoding: 8bit\r\n\r\n\x1b[2J\u202eolleH\u009b\x08\x08\x7f\r\n".encode(),
    }


class Hostile(ToolTest):
    def bounded_run(self, *words):
        return subprocess.run([TOOL, *words], capture_output=True, env=self.environment, cwd=self.folder, timeout=240, check=False,
                              preexec_fn=bounded)

    def check(self, path, *more):
        for words in (("open", path), *((*words, path, "--json") for words in more)):
            done = self.bounded_run(*words)
            with self.subTest(words):
                self.assertIn(done.returncode, (0, 1, 65, 77), done.stderr[-500:])
                text = done.stdout.decode()  # whatever the message holds, what is printed is UTF-8
                shown = text + done.stderr.decode()
                self.assertFalse([hex(ord(c)) for c in shown if ord(c) in FORBIDDEN][:5])

    def test_every_file_of_the_hostile_sets_ends_in_bounds(self):
        files = [path for name in SETS for path in sorted(glob.glob(os.path.join(DATA, name, "**"), recursive=True))
                 if path.endswith(MESSAGES)]
        self.assertGreater(len(files), 100)
        for path in files:
            self.check(path)

    def test_what_is_made_to_cost_ends_in_bounds(self):
        for name, content in own().items():
            self.check(self.write(name + ".eml", content), ("open",), ("inspect",))


if __name__ == "__main__":
    unittest.main()
