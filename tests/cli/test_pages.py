#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The man pages and the shells' completions know the commands and options that the tool has, and no others."""
import os
import re
import shutil
import subprocess
import unittest

from cli.tool import RFC9216, ROOT, ToolTest

PAGES = os.path.join(ROOT, "docs", "man")
COMPLETIONS = os.path.join(ROOT, "cli", "completions")
OPTION = re.compile(r"--[a-z0-9-]*[a-z0-9](?![a-z0-9-])")


def text_of(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


class Pages(ToolTest):
    def commands(self):
        return re.findall(r"^  ([a-z]+) ", self.run_tool("--help").text, re.M)

    def options(self, command):
        """Those that the command's help lists, long and short."""
        lines = self.run_tool(command, "--help").text.splitlines()
        listed = [re.match(r"  (?:(-[a-z]) \[ )?(--[a-z0-9-]+)", line) for line in lines]
        return {word for one in listed if one for word in one.groups() if word}

    def all_options(self):
        return set().union(*(self.options(command) for command in self.commands()))

    def test_the_manual_names_every_option_and_command_and_no_others(self):
        page = text_of(PAGES, "mimeseal.1").replace("\\-", "-")
        described = re.findall(r"^\.TP\n\\fB(?:(-[a-z])\\fR, \\fB)?(--[a-z0-9-]+)", page, re.M)
        self.assertEqual(sorted(word for one in described for word in one if word), sorted(self.all_options()))
        self.assertLessEqual(set(OPTION.findall(page)), self.all_options())
        self.assertEqual(re.findall(r"^\.TP\n\\fB([a-z]+)\\fR", page.partition(".SH OPTIONS")[0], re.M), self.commands())
        for command in self.commands():
            self.assertIn(f".B mimeseal {command}\n", page.partition(".SH DESCRIPTION")[0])

    def test_the_manual_says_which_options_a_command_takes(self):
        page = text_of(PAGES, "mimeseal.1").replace("\\-", "-")
        groups = {}
        for part in page.partition(".SH OPTIONS")[2].partition(".SH EXIT")[0].split(".SS ")[1:]:
            found = re.findall(r"^\.TP\n\\fB(?:(-[a-z])\\fR, \\fB)?(--[a-z0-9-]+)", part, re.M)
            groups[part.split("\n", 1)[0]] = {word for one in found for word in one if word}
        for entry in page.partition(".SH COMMANDS")[2].partition(".SH OPTIONS")[0].split(".TP\n")[1:]:
            command = re.match(r"\\fB([a-z]+)", entry).group(1)
            named = re.findall(r"\\\(lq(\w+)\\\(rq", entry.partition("Options: ")[2])
            with self.subTest(command=command):
                self.assertEqual(set().union(*(groups[name] for name in named)), self.options(command))

    def test_other_pages_name_no_option_that_is_not_there(self):
        for page in sorted(os.listdir(PAGES)):
            with self.subTest(page=page):
                words = set(OPTION.findall(text_of(PAGES, page).replace("\\-", "-")))
                self.assertLessEqual(words, self.all_options())
        # The configuration's example uses options without their hyphens.
        example = text_of(PAGES, "mimeseal.conf.5").replace("\\-", "-").partition(".SH EXAMPLES")[2].partition(".fi")[0]
        names = re.findall(r"^([a-z-]+) = ", example, re.M)
        self.assertGreater(len(names), 8)
        self.assertLessEqual({"--" + name for name in names}, self.all_options())

    def test_the_example_configuration_is_read(self):
        example = text_of(PAGES, "mimeseal.conf.5").replace("\\-", "-").partition(".RS\n")[2].partition(".RE")[0]
        os.mkdir(self.path("certificates"))
        for name, source in (("certificates/bob.crt", "bob.encrypt.crt"), ("company-ca.pem", "ca.rsa.crt"), ("alice.p12", "alice.p12")):
            shutil.copy(os.path.join(RFC9216, source), self.path(name))
        self.write(".p12-password", "alice\n")
        config = self.write("mimeseal.conf", example.replace("/home/alice", self.folder))
        self.run_tool("compose", "--config", config, "--account", "work", "--to", "bob@example.net", "--text", "x", "-o", "made.eml")
        self.assertIn(b"From: Alice <alice@example.org>", self.read("made.eml"))

    def test_the_manual_has_every_exit_code_of_the_tool(self):
        page = text_of(PAGES, "mimeseal.1").partition(".SH EXIT STATUS")[2].partition(".SH FILES")[0]
        codes = {int(code) for code in re.findall(r"^\.B (\d+)$", page, re.M)}
        self.assertEqual(codes, {0, 1, 2, 3, 4, 64, 65, 66, 67, 69, 70, 73, 74, 75, 76, 77, 78})

    def test_pages_are_set_without_a_warning(self):
        pages = [os.path.join(PAGES, page) for page in sorted(os.listdir(PAGES))]
        self.assertEqual([os.path.basename(page) for page in pages], ["mimeseal-vectors.7", "mimeseal.1", "mimeseal.conf.5"])
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        for page in pages:
            with self.subTest(page=page):
                done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b""))

    # ---- Completions

    def complete(self, *words):
        """What bash would offer for the last word."""
        script = (f"source {COMPLETIONS}/mimeseal.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _mimeseal; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script, "bash", "mimeseal", *words], capture_output=True, text=True, check=True, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_bash(self):
        self.assertEqual(self.complete(""), {*self.commands(), "--help", "--version"})
        for command in self.commands():
            with self.subTest(command=command):
                self.assertEqual(self.complete(command, "--"), {one for one in self.options(command) if one.startswith("--")})
        self.assertEqual(self.complete("seal", "--protect-headers", ""), {"baseline", "shy", "no-confidentiality", "off"})
        self.assertEqual(self.complete("seal", "--protect-headers", "b"), {"baseline"})
        self.assertEqual(self.complete("keys", "c"), {"check"})
        self.write("letter.eml", "x")
        self.assertIn("letter.eml", self.complete("open", "let"))
        self.assertIn("letter.eml", self.complete("send", "--attach", ""))
        self.assertEqual(self.complete("frob", "--"), set())

    def groups_of_zsh(self, text):
        return {name: set(re.findall(r"^    '\*?(--?[a-z0-9-]+)\[", body, re.M)) for name, body in
                re.findall(r"^  local -a (\w+)=\(\n(.*?)^  \)$", text, re.M | re.S)}

    def test_zsh(self):
        text = text_of(COMPLETIONS, "_mimeseal")
        groups = self.groups_of_zsh(text)
        named = re.findall(r"^    '([a-z]+):", text, re.M)
        self.assertEqual(named, self.commands())
        for command, used in re.findall(r"^    ([a-z]+)\) arguments=\((.*)\) ;;$", text, re.M):
            with self.subTest(command=command):
                self.assertEqual(set().union(*(groups[one] for one in re.findall(r"\$\{(\w+)\[@\]\}", used))), self.options(command))
                named.remove(command)
        self.assertEqual(named, [])
        if shutil.which("zsh"):
            self.assertEqual(subprocess.run(["zsh", "-n", os.path.join(COMPLETIONS, "_mimeseal")], check=False).returncode, 0)

    def test_fish(self):
        text = text_of(COMPLETIONS, "mimeseal.fish")
        self.assertEqual(re.findall(r"__fish_use_subcommand -a ([a-z]+) ", text), self.commands())
        offered = {command: set() for command in self.commands()}
        for commands, short, name in re.findall(r"__fish_seen_subcommand_from ([a-z ]+)'(?: -s ([a-z]))? -l ([a-z0-9-]+)", text):
            for command in commands.split():
                offered[command] |= {"--" + name} | ({"-" + short} if short else set())
        for command in self.commands():
            with self.subTest(command=command):
                self.assertEqual(offered[command], self.options(command))
        if shutil.which("fish"):
            self.assertEqual(subprocess.run(["fish", "-n", os.path.join(COMPLETIONS, "mimeseal.fish")], check=False).returncode, 0)


if __name__ == "__main__":
    unittest.main()
