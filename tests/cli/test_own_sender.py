#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The sender of docs/examples/own_sender.cpp, built against the public headers, hands a message to an HTTPS server."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "peers"))
import peers  # noqa: E402

PROGRAM = os.path.join(os.environ.get("MIMESEAL_BINARY_DIR", ""), "bin", "example_own_sender")


def run(*words, message=b"Subject: x\r\n\r\nhello\r\n"):
    return subprocess.run([PROGRAM, *words], input=message, capture_output=True, timeout=60, check=False)


class OwnSender(unittest.TestCase):
    def test_message_is_accepted(self):
        with peers.TlsServer() as server:
            done = run(f"raw-api://localhost:{server.port}/messages", "a@example.org", "b@example.org", peers.ca("ca.pem"))
        self.assertEqual((done.returncode, done.stdout), (0, b"b@example.org: accepted\n"), done.stderr)

    def test_certificate_is_checked(self):
        with peers.TlsServer(cert=peers.ca("rogue.pem"), key=peers.ca("rogue.key")) as server:
            done = run(f"raw-api://localhost:{server.port}/messages", "a@example.org", "b@example.org", peers.ca("ca.pem"))
        self.assertEqual(done.returncode, 76, done.stderr)

    def test_bad_address_reaches_no_header(self):
        done = run("raw-api://localhost:1/", "a@example.org\r\nX: y", "b@example.org")
        self.assertEqual(done.returncode, 64, done.stderr)


if __name__ == "__main__":
    if not os.path.exists(PROGRAM):
        print("example_own_sender is not built")
        sys.exit(77)
    unittest.main()
