#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The configuration file: sections, a default account, and what may not stand there."""
import json
import os
import resource
import stat
import unittest

from cli.tool import RFC9216, ToolTest

TO = ["--to", "c@d.example", "--text", "x"]


class Config(ToolTest):
    def config(self, text):
        os.makedirs(self.path(".config/mimeseal"), exist_ok=True)
        return self.write(".config/mimeseal/mimeseal.conf", text)

    def composed(self, *words):
        return self.run_tool("compose", *TO, *words).text

    def refused(self, *words, says, code=78):
        result = self.run_tool("compose", *TO, *words, expect=code)
        self.assertIn(says, result.errors)

    def test_sections_are_chosen_by_account_and_go_before_what_all_share(self):
        self.config("subject = of all\n[account work]\nfrom = w@x.example\nsubject = at work # 1\n[account home]\nfrom = h@x.example\n")
        self.assertIn("From: w@x.example", self.composed("--account", "work"))
        self.assertIn("Subject: at work # 1", self.composed("--account", "work"))
        self.assertIn("Subject: of all", self.composed("--account", "home"))
        self.assertIn("From: z@x.example", self.composed("--account", "home", "--from", "z@x.example"))
        self.refused("--account", "nobody", says="nobody")

    def test_the_file_may_name_its_default_account(self):
        self.config("account = work\n[account work]\nfrom = w@x.example\n[account home]\nfrom = h@x.example\n")
        self.assertIn("From: w@x.example", self.composed())
        self.assertIn("From: h@x.example", self.composed("--account", "home"))
        self.config("[account work]\nfrom = w@x.example\naccount = home\n")
        self.refused(says=":3")

    def test_decisions_about_one_message_stand_in_no_file(self):
        for name in ("unsealed", "partial", "retry-unknown", "allow-legacy", "allow-unauthenticated", "allow-cbc"):
            with self.subTest(name=name):
                self.config(f"from = a@b.example\n{name} = true\n")
                self.refused(says=":2")

    def test_what_is_no_option_is_named_with_its_line(self):
        for line in ("-o = q.eml", "o = q.eml", "nonsense = 1", "subjec = x"):
            with self.subTest(line=line):
                self.config(f"# a comment\nfrom = a@b.example\n{line}\n")
                self.refused(says=":3")

    def test_an_option_with_one_value_stands_once(self):
        self.config("from = a@b.example\nsubject = 1\nsubject = 2\n")
        self.refused(says="subject stands twice")
        self.config("from = a@b.example\ncc = c1@d.example\ncc = c2@d.example\n")
        self.assertIn("Cc: c1@d.example, c2@d.example", self.composed())
        self.config("cc = c1@d.example\n[account work]\nfrom = a@b.example\ncc = c3@d.example\ncc = c4@d.example\n")
        self.assertIn("Cc: c3@d.example, c4@d.example", self.composed("--account", "work"))

    def test_json_in_the_file_is_no_fault_where_there_is_no_report(self):
        self.config("json = true\nfrom = a@b.example\n")
        self.assertIn("From: a@b.example", self.composed())
        self.write("in.eml", "From: a@b.example\r\n\r\nhello\r\n")
        self.assertEqual(json.loads(self.run_tool("open", "in.eml").out)["format"], 1)
        self.assertEqual(self.run_tool("open", "in.eml", "-o", "-").text, "From: a@b.example\r\n\r\nhello\r\n")

    def test_secrets_come_from_standard_input_too(self):
        self.write("in.eml", "x")
        result = self.run_tool("keys", "list", "--identity", os.path.join(RFC9216, "alice.p12"),
                               "--passphrase-file", "-", stdin=b"alice\n")
        self.assertIn("alice@smime.example", result.text)


class Output(ToolTest):
    def test_mode_is_0600_whatever_the_umask(self):
        for umask in (0o000, 0o777):
            before = os.umask(umask)
            try:
                self.run_tool("compose", "--from", "a@b.example", *TO, "-o", f"{umask}.eml")
            finally:
                os.umask(before)
            self.assertEqual(stat.S_IMODE(os.stat(self.path(f"{umask}.eml")).st_mode), 0o600)

    def test_limit_on_the_size_of_files_is_74_and_leaves_nothing(self):
        self.write("big.bin", b"x" * 200_000)
        before = sorted(os.listdir(self.folder))

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        result = self.run_tool("compose", "--from", "a@b.example", *TO, "--attach", "big.bin", "-o", "out.eml", expect=74, preexec_fn=limit)
        self.assertIn("out.eml", result.errors)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_a_link_stays_a_link(self):
        os.symlink("later.eml", self.path("link.eml"))
        for _ in range(2):
            self.run_tool("compose", "--from", "a@b.example", *TO, "-o", "link.eml")
            self.assertTrue(os.path.islink(self.path("link.eml")))
            self.assertIn(b"a@b.example", self.read("later.eml"))


if __name__ == "__main__":
    unittest.main()
