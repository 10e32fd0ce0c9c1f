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

from cli.tool import DATA, RFC9216, ROOT, ToolTest

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
        for case, says in ((self.case(at="yesterday"), "$.cases[0].at"), (self.case(do="opne"), 'did you mean "open"?'),
                           (self.case(keys={"identity": ["x"]}), "'identities'"), (self.case(reason="x"), "$.cases[0].reason"),
                           (self.case(expect={}), "at least one of"), (self.case(sealing={}), "'sealing'"),
                           (self.case(secret="x"), "'secret'"), (self.case(options={"allow_cbc": True}), "allow_cbc"),
                           (self.case(expect={"tree": {"path": "1"}}), "'tree'"), (self.case(expect={"password": "x"}), "'password'"),
                           (self.case(expect={"problems": ["wthheld"]}), '"withheld"'),
                           (self.case(expect={"error": "malformed", "released": True}), "an error alone"),
                           (self.case(expect={"payload_text": "x", "payload_sha256": "0" * 64}), "one of them"),
                           (self.case(expect={"parts": [{"size": "5"}]}), "$.cases[0].expect.parts[0].size"),
                           (self.case(do="sigv4"), "context"), (self.case(do="seal-open"), "draft"),
                           (self.case(frob=1), "frob"), (self.case(do="frob"), "$.cases[0].do"), (self.case(id=7), "$.cases[0].id"),
                           (self.case(result="acceptable"), "reason"), (self.case(expect={"sumary": {}}), "sumary"),
                           (self.case(expect={"summary": {"signed": "perhaps"}}), "$.cases[0].expect.summary.signed")):
            with self.subTest(case=case):
                errors = self.run_tool("vectors", self.manifest(case), expect=65).errors
                for words in (says, "$.cases[0]", "found", "expected"):
                    self.assertIn(words, errors)
        for text in ("", "{", "[]", '{"format": 1, "format": 1}', "[" * 100000):
            with self.subTest(text=text[:30]):
                self.run_tool("vectors", self.write("manifest.json", text), expect=65)
        self.run_tool("vectors", self.manifest(self.case(), self.case()), expect=65)  # the same id twice

    def test_missing_files_are_66(self):
        self.run_tool("vectors", "/nowhere/manifest.json", expect=66)
        for more, place in (({"input": "nowhere.eml"}, "$.cases[0].input"), ({"keys": {"trust": ["nowhere"]}}, "$.cases[0].keys.trust[0]"),
                            ({"expect": {"payload": "nowhere"}}, "$.cases[0].expect.payload")):
            self.assertIn(place, self.run_tool("vectors", self.manifest(self.case(**more)), expect=66).errors)

    def test_junit_is_well_formed_whatever_stands_in_it(self):
        """Counts, escapes, and no character that XML cannot have; a suite a manifest."""
        odd = "a<b>&\"'\u0001\u001b[31m\ufffe ü"
        bad = self.case(id=odd)
        bad["expect"] = {"headers": {"subject": odd}}
        disputed = self.case(id="disputed", result="acceptable", reason="<why> & \u0007")
        disputed["expect"] = {"released": False}
        first = self.manifest(self.case(), bad, disputed)
        second = self.write("other & <more>.json", json.dumps({"format": 1, "name": "x", "cases": [self.case(id="only")]}))
        self.run_tool("vectors", first, second, "--junit", self.path("j.xml"), "--jobs", "2", expect=1)
        suites = xml.etree.ElementTree.parse(self.path("j.xml")).getroot()
        self.assertEqual(suites.tag, "testsuites")
        self.assertEqual([(one.get("tests"), one.get("failures"), len(one.findall("testcase"))) for one in suites],
                         [("3", "1", 3), ("1", "0", 1)])
        self.assertEqual(suites[1].get("name"), second)
        cases = suites[0].findall("testcase")
        self.assertEqual([one.find("failure") is not None for one in cases], [False, True, False])
        self.assertEqual(cases[0].get("name"), "plain")
        self.assertTrue(cases[1].get("name").startswith("a<b>&\"'"))
        self.assertIn("$.headers.subject", cases[1].find("failure").text)
        self.assertIn("<why> &", cases[2].find("system-out").text)
        for one in suites.iter("testcase"):
            self.assertGreaterEqual(float(one.get("time")), 0)

    def test_many_cases_side_by_side_keep_their_order(self):
        cases = [self.case(id=f"case-{number}") for number in range(1000)]
        for number in (3, 500, 999):
            cases[number]["expect"] = {"summary": {"signed": "good"}}
        reports = [self.run_tool("vectors", self.manifest(*cases), "--json", "--jobs", jobs, expect=1).json for jobs in ("1", "8")]
        self.assertEqual(reports[0], reports[1])
        self.assertEqual([one["id"] for one in reports[0]["cases"]], [one["id"] for one in cases])
        self.assertEqual([one["id"] for one in reports[0]["cases"] if one["outcome"] == "fail"], ["case-3", "case-500", "case-999"])
        self.assertEqual((reports[0]["passed"], reports[0]["failed"]), (997, 3))

    def test_each_case_has_a_keyring_of_its_own(self):
        """Trust that one case gives is not there in the next one, whichever runs first."""
        keys = os.path.join(DATA, "own", "keys")
        believing = {"trust": [os.path.join(keys, "alice.pub.asc")]}
        other = {"trust": [os.path.join(keys, "bob.pub.asc")]}
        cases = [{"id": f"{number}", "do": "open", "input": os.path.join(DATA, "own", "pgp-signed.eml"), "keys": believing if number % 2 else other,
                  "expect": {"summary": {"signed": "good" if number % 2 else "unverified"}}} for number in range(8)]
        self.run_tool("vectors", self.manifest(*cases), "--jobs", "4")

    def test_verbose_shows_every_case(self):
        manifest = self.manifest(self.case(), self.case(id="disputed", result="acceptable", reason="why not", expect={"released": False}))
        self.assertEqual(self.run_tool("vectors", manifest).text, "1 passed, 0 failed, 1 acceptable, 0 skipped\n")
        verbose = self.run_tool("vectors", manifest, "-v").text
        for words in ("pass", "plain", "acceptable", "why not", "$.released"):
            self.assertIn(words, verbose)

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
