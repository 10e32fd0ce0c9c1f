#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The header policy of docs/examples/own_policy.cpp, built against the public headers, decides what stands outside."""
import os
import subprocess
import sys
import unittest

from cli.tool import CA, RFC9216, ToolTest

PROGRAM = os.path.join(os.environ.get("MIMESEAL_BINARY_DIR", ""), "bin", "example_own_policy")


class OwnPolicy(ToolTest):
    def test_fields_are_kept_changed_and_removed_as_it_says(self):
        self.write("draft.eml", b"From: alice@smime.example\r\nTo: bob@smime.example\r\nSubject: Project X\r\nX-Project: X\r\n"
                   b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@smime.example>\r\n\r\nHello\r\n")
        done = subprocess.run([PROGRAM, os.path.join(RFC9216, "alice.p12"), "alice", os.path.join(RFC9216, "bob.encrypt.crt"),
                               self.path("draft.eml")], capture_output=True, env=self.environment, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b"hidden: Subject, X-Project\n"))
        self.write("sealed.eml", done.stdout)
        headers = self.run_tool("open", self.path("sealed.eml"), *self.bob(), "--trust", CA, "--json").json["headers"]
        self.assertEqual([field["name"] for field in headers["outer"]], ["From", "To", "Subject", "Date", "Message-ID"])
        self.assertEqual([field["value"] for field in headers["outer"] if field["name"] == "Subject"], ["Message"])
        self.assertEqual(headers["hp_outer"], headers["outer"])
        self.assertEqual((headers["subject"], headers["confidential"], headers["mismatch"]), ("Project X", ["Subject", "X-Project"], []))


if __name__ == "__main__":
    if not os.path.exists(PROGRAM):
        print("example_own_policy is not built")
        sys.exit(77)
    unittest.main()
