# SPDX-License-Identifier: MIT
"""Runs the built tool as a user would."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ.get("MIMESEAL_SOURCE_DIR", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TOOL = os.environ.get("MIMESEAL", os.path.join(ROOT, "build", "dev", "bin", "mimeseal"))
DATA = os.path.join(ROOT, "testdata")
RFC9216 = os.path.join(DATA, "ietf-rfc9216")
CA = os.path.join(RFC9216, "ca.rsa.crt")
sys.path.insert(0, os.path.join(ROOT, "tests", "peers"))


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def text(self):
        return self.out.decode()

    @property
    def errors(self):
        return self.err.decode()

    @property
    def json(self):
        return json.loads(self.out)


class ToolTest(unittest.TestCase):
    """A folder of its own for each test, which is also HOME: nobody's keyring or configuration is near."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ms-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8", "TMPDIR": self.folder}
        for name in ("alice", "bob", "wrong"):
            self.write(f"{name}.pass", name + "\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def run_tool(self, *words, stdin=b"", expect=0, **more):
        done = subprocess.run([TOOL, *words], input=stdin, capture_output=True, env=self.environment, cwd=self.folder, timeout=120,
                              check=False, **more)
        result = Result(done)
        if expect is not None:
            self.assertEqual(result.code, expect, f"{words}\n{result.errors}\n{done.stdout[-2000:]}")
        return result

    def alice(self):
        return ["--identity", os.path.join(RFC9216, "alice.p12"), "--passphrase-file", self.path("alice.pass")]

    def bob(self):
        return ["--identity", os.path.join(RFC9216, "bob.p12"), "--passphrase-file", self.path("bob.pass")]

    def draft(self, *more):
        return ["--from", "Alice <alice@smime.example>", "--to", "Bob <bob@smime.example>", "--subject", "Grüße 🔐", "--text",
                "Nur für Bob.\n", *more]

    def sealing(self):
        return ["--sign", "--encrypt", *self.alice(), "--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt")]

    def sealed(self, *more, name="sealed.eml"):
        self.run_tool("seal", *self.draft(), *self.sealing(), "-o", self.path(name), *more)
        return self.path(name)
