#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The validator runs every manifest of testdata, and would notice."""
import glob
import json
import os
import subprocess
import unittest
import xml.etree.ElementTree

from cli.tool import DATA, RFC9216, ROOT, TOOL, ToolTest

#: Every manifest that a test runs. One that stands in testdata and not here fails the build.
MANIFESTS = ["autocrypt-appendix", "aws-s3ec", "aws-sigv4", "bc-mail", "bouncycastle-cms", "dovecot-malformed", "ietf-rfc4134",
             "ietf-rfc8591", "ietf-rfc9580", "ietf-rfc9788", "kde", "mime4j-testmsgs", "nss-interop", "openssl", "own",
             "rubymail-error-emails", "thunderbird-smime"]


class Vectors(ToolTest):
    def test_every_manifest_is_run(self):
        there = sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(DATA, "*", "manifest.json")))
        self.assertEqual(there, MANIFESTS)

    def test_all_manifests_hold(self):
        result = self.run_tool("vectors", *(os.path.join(DATA, name, "manifest.json") for name in MANIFESTS), "--json", "--jobs", "2")
        report = result.json
        self.assertEqual(report["failed"], 0)
        self.assertGreater(report["passed"], 200)
        self.assertEqual(report["skipped"], 0)

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
        for kind in ("rsa-oaep", "p256", "p384", "p521", "x25519", "x448"):
            for bits in (128, 192, 256):
                self.assertIn(f"{kind}-aes-{bits}-gcm", ids)
        read_by_another = sum("verified_by" in case for case in cases)
        self.assertGreaterEqual(read_by_another, 40)

    def manifest(self, *cases, **more):
        return self.write("manifest.json", json.dumps({"format": 1, "name": "own", "cases": list(cases), **more}))

    def case(self, **more):
        self.write("plain.eml", "From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nhello\r\n")
        return {"id": "plain", "do": "open", "input": "plain.eml",
                "expect": {"summary": {"state": "unprotected", "encrypted": False, "signed": "none"}}, **more}

    def test_a_broken_expectation_fails_and_is_shown_field_by_field(self):
        case = self.case()
        self.run_tool("vectors", self.manifest(case))
        case["expect"]["summary"]["signed"] = "good"
        result = self.run_tool("vectors", self.manifest(case), "--junit", self.path("junit.xml"), expect=1)
        for word in ("FAIL", "$.summary.signed", '"good"', '"none"', "0 passed, 1 failed"):
            self.assertIn(word, result.text)
        suite = xml.etree.ElementTree.parse(self.path("junit.xml")).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "1"))
        self.assertIn("$.summary.signed", suite.find("testcase/failure").text)

    def test_acceptable_is_no_failure(self):
        case = self.case(result="acceptable", reason="disputed")
        case["expect"]["released"] = False
        self.assertIn("1 acceptable", self.run_tool("vectors", self.manifest(case)).text)

    def test_a_malformed_manifest_is_65_with_its_place(self):
        for case, says in ((self.case(frob=1), "frob"), (self.case(do="frob"), "$.cases[0].do"), (self.case(id=7), "$.cases[0].id"),
                           (self.case(result="acceptable"), "reason"), (self.case(expect={"sumary": {}}), "sumary"),
                           (self.case(expect={"summary": {"signed": "perhaps"}}), "$.cases[0].expect.summary.signed")):
            with self.subTest(case=case):
                self.assertIn(says, self.run_tool("vectors", self.manifest(case), expect=65).errors)
        for text in ("", "{", "[]", '{"format": 1, "format": 1}', "[" * 100000):
            with self.subTest(text=text[:30]):
                self.run_tool("vectors", self.write("manifest.json", text), expect=65)
        self.run_tool("vectors", self.manifest(self.case(), self.case()), expect=65)  # the same id twice

    def test_missing_files_are_66(self):
        self.run_tool("vectors", "/nowhere/manifest.json", expect=66)
        self.run_tool("vectors", self.manifest(self.case(input="nowhere.eml")), expect=66)

    def test_filter(self):
        manifest = self.manifest(self.case(), self.case(id="other"))
        self.assertIn("1 passed, 0 failed, 0 acceptable, 1 skipped", self.run_tool("vectors", manifest, "--filter", "pl*").text)
        self.run_tool("vectors", manifest, "--filter", "nothing*", expect=1)

    def test_another_tool_is_judged_by_the_same_expectations(self):
        manifest = os.path.join(DATA, "thunderbird-smime", "manifest.json")
        command = f"{TOOL} open {{input}} --json --at {{at}} --trust {{trust}} --identity {{identity}} --passphrase-file {self.write('p', 'nss')}"
        self.assertIn(" 0 failed", self.run_tool("vectors", manifest, "--tool", command).text)
        liar = self.write("liar.py", "print('{\"summary\": {\"state\": \"verified\", \"encrypted\": false, \"signed\": \"good\"}}')\n")
        self.run_tool("vectors", manifest, "--tool", f"/usr/bin/python3 {liar} {{input}}", expect=1)
        self.run_tool("vectors", manifest, "--tool", "/bin/false {input}", expect=1)

    def test_seal_open_cases(self):
        self.write("draft.json", json.dumps({"from": "alice@smime.example", "to": "bob@smime.example", "subject": "s", "text": "hidden"}))
        case = {"id": "sealed", "do": "seal-open", "draft": "draft.json", "sealing": {"cipher": "aes-128-gcm"},
                "keys": {"identities": [os.path.join(RFC9216, "alice.p12")], "passphrase": "alice",
                         "recipient_keys": [os.path.join(RFC9216, "bob.encrypt.crt")]},
                "reader": {"identities": [os.path.join(RFC9216, "bob.p12")], "passphrase": "bob", "trust": [os.path.join(RFC9216, "ca.rsa.crt")]},
                "expect": {"summary": {"state": "confidential", "encrypted": True, "signed": "good"},
                           "layers": [{"type": "smime-auth-enveloped", "cipher": "aes-128-gcm"}, {"type": "smime-signed"}],
                           "choices": [{"what": "cipher", "value": "aes-128-gcm"}]}}
        self.run_tool("vectors", self.manifest(case))


if __name__ == "__main__":
    unittest.main()
