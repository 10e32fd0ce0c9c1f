#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The own vectors are what their recipe makes, and it makes them again."""
import json
import os
import subprocess
import unittest

from cli.tool import DATA, ROOT, TOOL, ToolTest


class OwnVectors(ToolTest):
    def test_own_vectors_made_afresh_are_reported_alike(self):
        """Other nonces, salts and times, the same keys: the reports are as the committed ones, the bytes are not."""
        there, fresh = os.path.join(DATA, "own"), self.path("own")
        made = subprocess.run(["/usr/bin/python3", os.path.join(ROOT, "tests", "vectors", "make_own.py"), fresh, "--tool", TOOL, "--keys",
                               os.path.join(there, "keys")], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.run_tool("vectors", os.path.join(fresh, "manifest.json"), "--jobs", "2")
        cases = []
        for folder in (there, fresh):
            with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
                cases.append({case["id"]: {key: case.get(key) for key in ("do", "expect")} for case in json.load(file)["cases"]})
        self.assertEqual(*cases)
        for name in ("gcm-signed.eml", "rsa-pss-opaque.eml", "pgp-baseline.eml"):
            with open(os.path.join(there, name), "rb") as one, open(os.path.join(fresh, name), "rb") as two:
                self.assertNotEqual(one.read(), two.read())

    def test_own_vectors_show_what_nobody_publishes(self):
        with open(os.path.join(DATA, "own", "manifest.json"), encoding="utf-8") as file:
            cases = json.load(file)["cases"]
        ids = {case["id"] for case in cases}
        for kind in ("rsa-oaep", "rsa-pkcs1", "p256", "p384", "p521", "x25519", "x448"):
            for bits in (128, 192, 256):
                self.assertIn(f"{kind}-aes-{bits}-gcm", ids)
        self.assertEqual([case["id"] for case in cases if not case.get("verified_by")], [])


if __name__ == "__main__":
    unittest.main()
