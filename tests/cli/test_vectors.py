#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The validator runs every manifest of testdata, and would notice."""
import copy
import json
import os
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

from cli.tool import DATA, RFC9216, ROOT, TOOL, ToolTest

LIST = os.path.join(ROOT, "tests", "vectors", "manifests.txt")


def manifest_paths():
    """The manifests that ctest runs, one a test."""
    with open(LIST, encoding="ascii") as file:
        return [os.path.join(DATA, name, "manifest.json") for name in file.read().split()]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Vectors(ToolTest):
    def check_manifests(self, folder):
        return subprocess.run(["cmake", f"-DTESTDATA={folder}", f"-DLIST={LIST}", "-P",
                               os.path.join(ROOT, "tests", "vectors", "check_manifests.cmake")], capture_output=True, text=True, check=False)

    def test_a_manifest_that_no_test_runs_stops_the_build(self):
        self.assertEqual(self.check_manifests(DATA).returncode, 0)
        for path in manifest_paths():
            folder = self.path(os.path.join("data", os.path.basename(os.path.dirname(path))))
            os.makedirs(folder)
            shutil.copy(path, folder)
        self.assertEqual(self.check_manifests(self.path("data")).returncode, 0)
        os.makedirs(self.path("data/bogus/deeper"))
        shutil.copy(manifest_paths()[0], self.path("data/bogus/deeper"))
        done = self.check_manifests(self.path("data"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("bogus/deeper", done.stderr)

    def test_a_changed_expectation_of_any_kind_of_work_fails(self):
        """The first case of each kind, with each field of its expectation changed in turn."""
        seen = {}
        for path in manifest_paths():
            for case in load(path)["cases"]:
                if case.get("result") != "acceptable" and "error" not in case["expect"]:
                    seen.setdefault(case["do"], (path, case))
        self.assertEqual(len(seen), 10)
        for work, (path, case) in seen.items():
            folder = os.path.dirname(path)
            case = self.with_absolute_paths(case, folder)
            self.run_tool("vectors", self.manifest(case))
            for where, changed in self.changes(case):
                with self.subTest(work=work, where=where):
                    self.run_tool("vectors", self.manifest(changed), expect=1)

    @staticmethod
    def with_absolute_paths(case, folder):
        case = copy.deepcopy(case)
        for place, keys in ((case, ("input", "draft", "context", "metadata", "data_key")),
                            (case["expect"], ("payload", "canonical_request", "string_to_sign", "signature", "signed_request"))):
            for key in keys:
                if key in place:
                    place[key] = os.path.join(folder, place[key])
        for who in ("keys", "reader"):
            for kind in ("identities", "recipient_keys", "trust", "crls"):
                if kind in case.get(who, {}):
                    case[who][kind] = [os.path.join(folder, one) for one in case[who][kind]]
        return case

    def changes(self, case):
        """One change of each field on the uppermost levels; a unit test goes down to every leaf of every case."""
        other = self.write("other", "something else")
        for key, value in case["expect"].items():
            changed = copy.deepcopy(case)
            if isinstance(value, bool):
                changed["expect"][key] = not value
            elif isinstance(value, list):
                if key == "problems":
                    changed["expect"][key] = value + ["nul"]
                elif key == "choices":
                    changed["expect"][key] = value + [{"what": "cipher", "value": "rot13"}]
                else:
                    changed["expect"][key] = value + [{"path": "9"}]
            elif isinstance(value, dict):
                inner = next(iter(value))
                changed["expect"][key][inner] = {"state": "verified", "encrypted": not value.get("encrypted"), "path": "9", "subject": "another",
                                                 "outer": []}.get(inner, "9")
                if changed["expect"][key] == value:
                    changed["expect"][key]["state"] = "unprotected"
            elif key.endswith("_sha256"):
                changed["expect"][key] = "0" * 64
            else:
                changed["expect"][key] = other if os.path.isabs(value) else value + "x"
            yield key, changed

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
        self.assertEqual([case["id"] for case in cases if not case.get("verified_by")], [])

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
