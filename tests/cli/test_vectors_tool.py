#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Another program in place of mimeseal, judged by the same expectations: right ones, wrong ones, and those that misbehave."""
import json
import os
import subprocess
import time
import unittest
import xml.etree.ElementTree

from cli.tool import DATA, TOOL, ToolTest

#: A reader as somebody else might write it: it knows multipart/signed by its looks alone.
READER = """
import email, email.policy, json, sys
message = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
signed = message.get_content_type() == "multipart/signed"
print(json.dumps({"summary": {"state": "verified" if signed else "unprotected", "encrypted": False, "signed": "good" if signed else "none"},
                  "headers": {"subject": str(message["Subject"])}, "their_own": {"field": [1, 2]}}))
"""

#: What a program may do that prints no report, and what is said of it.
MISBEHAVIOUR = {
    "print('Traceback: something')": "printed no JSON",
    "print('[1, 2]')": "a list of 2",
    "print('{\"summary\": {}, \"summary\": {}}')": "twice",
    "print('[' * 100000)": "levels",
    "pass": "printed nothing",
    "raise SystemExit(1)": "printed nothing",
    "import os, signal; print('{}', flush=True); os.kill(os.getpid(), signal.SIGSEGV)": "signal 11",
    "import sys; sys.stdout.buffer.write(bytes(range(256)))": "printed no JSON",
    "print('{\"summary\": \"verified\", \"problems\": 5, \"error\": 7}')": "$.summary",
}


class AnotherTool(ToolTest):
    def case(self, name, expect, **more):
        return {"id": name, "do": "open", "input": f"{name}.eml", "expect": expect, **more}

    def manifest(self, *cases):
        return self.write("manifest.json", json.dumps({"format": 1, "name": "theirs", "cases": list(cases)}))

    def plain(self, **more):
        self.write("plain.eml", "From: a@b.example\r\nTo: c@d.example\r\nSubject: plain\r\n\r\nhello\r\n")
        return self.case("plain", {"summary": {"state": "unprotected", "encrypted": False, "signed": "none"}}, **more)

    def tool(self, text):
        return f"/usr/bin/python3 {self.write('reader.py', text)} {{input}}"

    def test_mimeseal_itself_as_another_tool(self):
        manifest = os.path.join(DATA, "thunderbird-smime", "manifest.json")
        command = f"{TOOL} open {{input}} --json --at {{at}} --trust {{trust}} --identity {{identity}} --passphrase-file {self.write('p', 'nss')}"
        self.assertIn(" 0 failed", self.run_tool("vectors", manifest, "--tool", command).text)
        liar = self.tool("print('{\"summary\": {\"state\": \"verified\", \"encrypted\": false, \"signed\": \"good\"}}')\n")
        self.run_tool("vectors", manifest, "--tool", liar, expect=1)

    def test_a_right_answer_passes_and_a_wrong_one_is_shown_field_by_field(self):
        forged = "From: a@b.example\r\nSubject: forged\r\nContent-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n--x\r\n\r\nno\r\n--x--\r\n"
        self.write("forged.eml", forged)
        manifest = self.manifest(self.plain(), self.case("forged", {"summary": {"state": "unprotected", "signed": "none"}, "released": True}))
        result = self.run_tool("vectors", manifest, "--tool", self.tool(READER), "--junit", self.path("j.xml"), expect=1)
        for words in ("1 passed, 1 failed", "$.summary.signed", '"none"', '"good"', "$.released", "nothing"):
            self.assertIn(words, result.text)
        self.assertNotIn("plain", result.text)  # only failures, unless -v
        suite = xml.etree.ElementTree.parse(self.path("j.xml")).getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("2", "1"))

    def test_misbehaviour_fails_the_case_and_says_why(self):
        manifest = self.manifest(self.plain())
        for text, words in MISBEHAVIOUR.items():
            with self.subTest(text=text):
                self.assertIn(words, self.run_tool("vectors", manifest, "--tool", self.tool(text), expect=1).text)

    def test_misbehaviour_is_never_acceptable(self):
        manifest = self.manifest(self.plain(result="acceptable", reason="disputed"))
        self.assertIn("1 acceptable", self.run_tool("vectors", manifest, "--tool", self.tool("print('{}')")).text)
        self.run_tool("vectors", manifest, "--tool", self.tool("pass"), expect=1)

    def test_an_error_is_judged_too(self):
        refused = self.tool("print('{\"error\": {\"code\": \"refused\", \"what\": \"no key\"}}')")
        case = self.plain()
        self.assertIn("no key", self.run_tool("vectors", self.manifest(case), "--tool", refused, expect=1).text)
        case["expect"] = {"error": "refused"}
        self.run_tool("vectors", self.manifest(case), "--tool", refused)
        case["expect"] = {"error": "malformed"}
        self.run_tool("vectors", self.manifest(case), "--tool", refused, expect=1)

    def test_a_tool_that_hangs_is_ended_with_all_that_it_started(self):
        marker = f"ms-hang-{os.getpid()}"
        hanging = {"sleeping": "import time; time.sleep(600)",
                   "silent": "import os, time; os.close(1); time.sleep(600)",
                   "child": f"import subprocess; subprocess.run(['sh', '-c', 'sleep 600; : {marker}'])"}
        for name, text in hanging.items():
            with self.subTest(name=name):
                result = self.run_tool("vectors", self.manifest(self.plain()), "--tool", self.tool(text), "--tool-timeout", "1", expect=1)
                self.assertIn("did not end within 1 seconds", result.text)
        time.sleep(0.2)
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        self.assertEqual([line for line in running.splitlines() if marker in line and "sleep" in line], [])

    def test_output_without_end_is_cut_off(self):
        endless = self.tool("while True: print('x' * 65536)")
        self.assertIn("printed more than", self.run_tool("vectors", self.manifest(self.plain()), "--tool", endless, expect=1).text)

    def test_a_tool_that_is_not_there_is_69(self):
        self.run_tool("vectors", self.manifest(self.plain()), "--tool", "/nowhere/reader {input}", expect=69)
        self.run_tool("vectors", self.manifest(self.plain()), "--tool", " ", expect=64)

    def test_what_is_not_about_opening_is_skipped(self):
        manifest = os.path.join(DATA, "aws-sigv4", "manifest.json")
        self.assertIn("16 skipped", self.run_tool("vectors", manifest, "--tool", self.tool(READER), expect=1).text)

    def test_words_are_replaced_without_a_shell(self):
        """Blanks, quotes and semicolons in paths mean nothing; a list alone becomes several words, within a word it is joined."""
        self.write("say.py", "import json, sys; print(json.dumps({'headers': {'subject': '|'.join(sys.argv[1:])}}))")
        for name in ("a key;.pem", "b.pem", "ca'.crt", "odd $(name).eml"):
            self.write(name, "x")
        case = {"id": "words", "do": "open", "input": "odd $(name).eml", "at": "2026-01-02T03:04:05Z",
                "keys": {"identities": ["a key;.pem", "b.pem"], "trust": ["ca'.crt"]},
                "expect": {"headers": {"subject": "|".join([self.path("odd $(name).eml"), self.path("a key;.pem"), self.path("b.pem"),
                                                            "--ca=" + self.path("ca'.crt"), "2026-01-02T03:04:05Z"])}}}
        command = f"/usr/bin/python3 {self.path('say.py')} {{input}} {{identity}} --ca={{trust}} {{at}}"
        self.run_tool("vectors", self.manifest(case), "--tool", command)


if __name__ == "__main__":
    unittest.main()
