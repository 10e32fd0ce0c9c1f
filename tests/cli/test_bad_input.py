#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What goes wrong is named, has its exit code, and leaves no output half written."""
import json
import os
import re
import stat
import unittest

from cli.tool import CA, RFC9216, ToolTest


class BadInput(ToolTest):
    def refused(self, code, *words, says=(), stdin=b"", output="out.eml"):
        """Runs it, and looks that the error says what it must and that no file came to be."""
        before = sorted(os.listdir(self.folder))
        result = self.run_tool(*words, stdin=stdin, expect=code)
        self.assertRegex(result.errors, r"^mimeseal: error: ")
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, result.errors)
        self.assertEqual(sorted(os.listdir(self.folder)), before, "something was left behind")
        self.assertNotIn("wrong\n", result.errors)
        return result

    def seal(self, *more):
        return ["seal", *self.draft(), *self.sealing(), "-o", self.path("out.eml"), *more]

    def test_missing_attachment_is_66(self):
        self.refused(66, *self.seal("--attach", "/nowhere/report.pdf"), says="/nowhere/report.pdf")

    def test_folder_as_attachment_is_66(self):
        self.refused(66, *self.seal("--attach", self.folder), says="folder")

    def test_missing_identity_is_66(self):
        self.refused(66, "seal", *self.draft(), "--sign", "--identity", "nobody.p12", "-o", "out.eml", says="nobody.p12")

    def test_wrong_passphrase_is_77_and_not_shown(self):
        words = ["seal", *self.draft(), "--sign", "--identity", os.path.join(RFC9216, "alice.p12"), "--passphrase-file",
                 self.path("wrong.pass"), "-o", "out.eml"]
        self.assertNotIn("wrong", self.refused(77, *words, says="alice.p12").errors.replace("wrong.pass", ""))

    def test_all_recipients_without_key_are_named_67(self):
        result = self.refused(67, *self.seal("--to", "eve@nowhere.example", "--cc", "mallory@nowhere.example", "--bcc",
                                             "trent@nowhere.example"), says=("eve@nowhere.example", "mallory@nowhere.example"))
        self.assertNotIn("bob@smime.example", result.errors)

    def test_expired_certificate_is_67(self):
        self.make_expired("late@example.org")
        self.refused(67, "seal", "--from", "alice@smime.example", "--to", "late@example.org", "--text", "x", "--encrypt", *self.alice(),
                     "--recipient-key", self.path("late.crt"), "-o", "out.eml", says=("late@example.org", "expired"))

    def test_revoked_recipient_is_67_with_and_without_its_ca(self):
        """Who gives a revocation list means it, whether or not its CA is there to check it by."""
        import datetime
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        key = ec.generate_private_key(ec.SECP256R1())
        other = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
        begin, end = datetime.datetime(2025, 1, 1), datetime.datetime(2045, 1, 1)

        def certificate(subject, number, public, ca):
            builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(public).serial_number(number)
                       .not_valid_before(begin).not_valid_after(end).add_extension(x509.BasicConstraints(ca, None), True))
            if not ca:
                builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name("ria@example.org")]), False)
            return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

        def crl(numbers, signer):
            builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(begin).next_update(end)
            for number in numbers:
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder().serial_number(number).revocation_date(begin).build())
            return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.write("ca.crt", certificate(name, 1, key.public_key(), True))
        ria = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Ria")])
        self.write("ria.crt", certificate(ria, 7, ec.generate_private_key(ec.SECP256R1()).public_key(), False))
        self.write("revoked.crl", crl([7], key))
        self.write("others.crl", crl([8], key))
        self.write("forged.crl", crl([7], other))
        words = ["seal", "--from", "a@example.org", "--to", "ria@example.org", "--text", "x", "--encrypt", "--recipient-key", "ria.crt"]
        for trust in ([], ["--trust", "ca.crt"]):
            with self.subTest(trust=trust):
                self.refused(67, *words, *trust, "--crl", "revoked.crl", "-o", "out.eml", says=("ria@example.org", "revoked"))
                self.run_tool(*words, *trust, "--crl", "others.crl", "-o", self.path("out.eml"))
                os.remove(self.path("out.eml"))
        self.run_tool(*words, "--trust", "ca.crt", "--crl", "forged.crl", "-o", self.path("out.eml"))

    def make_expired(self, address):
        import datetime
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Late")])
        certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
                       .not_valid_before(datetime.datetime(2020, 1, 1)).not_valid_after(datetime.datetime(2021, 1, 1))
                       .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), False).sign(key, hashes.SHA256()))
        self.write("late.crt", certificate.public_bytes(serialization.Encoding.PEM))

    def test_line_breaks_in_what_becomes_header_are_64(self):
        for words in (["--subject", "a\r\nBcc: eve@example.org"], ["--header", "X-A: b\nX-B: c"], ["--header", "X\r\nY: b"],
                      ["--to", "bob@example.org\r\nX: y"], ["--from", "a@b.example\nX: y"]):
            with self.subTest(words=words):
                self.refused(64, "compose", "--from", "a@b.example", "--to", "c@d.example", "--text", "x", "-o", "out.eml", *words)

    def test_forbidden_headers_are_64(self):
        for name in ("Bcc", "Resent-Bcc", "Content-Type", "MIME-Version"):
            with self.subTest(name=name):
                self.refused(64, "compose", *self.draft("--header", f"{name}: x"), "-o", "out.eml", says=name)

    def test_no_message_at_all_is_65(self):
        for command in ("open", "inspect"):
            self.refused(65, command, self.write("in.eml", b""), says=("in.eml", "empty"))
            self.refused(65, command, "/dev/null", says="/dev/null")
            self.refused(65, command, stdin=b"", says="standard input")
        result = self.run_tool("open", self.write("in.eml", b"\0\1\2\3" * 100), expect=None)
        self.assertIn(result.code, (0, 65))
        self.assertNotEqual(result.out + result.err, b"")

    def test_key_files_are_looked_at_though_the_message_needs_none(self):
        self.write("plain.eml", "From: a@b.example\r\n\r\nhello\r\n")
        for option in ("--crl", "--trust", "--recipient-key", "--gnupg-home"):
            with self.subTest(option=option):
                self.refused(66, "open", self.path("plain.eml"), option, "nowhere.pem", says="nowhere.pem")

    def test_recipients_are_named_though_no_key_was_given_at_all(self):
        self.refused(67, "seal", "--from", "a@b.example", "--to", "eve@nowhere.example", "--bcc", "trent@nowhere.example", "--text", "x",
                     "--encrypt", "-o", "out.eml", says=("eve@nowhere.example", "trent@nowhere.example", "--recipient-key"))

    def test_empty_values_are_64(self):
        for option in ("-o", "--to", "--attach", "--identity"):
            with self.subTest(option=option):
                self.refused(64, "compose", "--from", "a@b.example", "--to", "c@d.example", "--text", "x", option, "")

    def test_what_is_wrong_in_a_json_draft_is_65(self):
        for draft in ({"from": []}, {}, {"from": "a@b.example", "headers": [{"name": "Bcc", "value": "c@d.example"}]},
                      {"from": "a@b.example", "headers": [{"name": "Content-Type", "value": "text/html"}]}):
            with self.subTest(draft=draft):
                self.write("draft.json", json.dumps({"to": "c@d.example", "text": "x", **draft}))
                self.refused(65, "compose", "--message", "draft.json", says="draft.json")

    def test_empty_texts_are_texts(self):
        for words in (["--subject=", "--text="], ["--subject", "", "--text", ""]):
            self.assertTrue(self.run_tool("compose", "--from", "a@b.example", "--to", "c@d.example", *words).text.endswith("\r\n\r\n"))
        self.refused(64, "compose", "--from=", "--to", "c@d.example", "--text", "x", says="--from")
        self.refused(64, "compose", "--json=", "--from", "a@b.example", "--to", "c@d.example", "--text", "x")

    def test_errors_are_one_line_and_hints_another(self):
        result = self.refused(66, "open", "nowhere.eml", says="No such file")
        self.assertEqual(result.errors.count("\n"), 1)

    def test_garbage_certificate_is_65(self):
        self.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.refused(65, *self.seal("--recipient-key", self.path("garbage.pem")), says="garbage.pem")

    def test_text_that_is_not_utf8_is_65(self):
        self.write("latin.txt", b"Gr\xfc\xdfe")
        self.refused(65, "compose", "--from", "a@b.example", "--to", "c@d.example", "--text-file", self.path("latin.txt"), "-o",
                     self.path("out.eml"), says="latin.txt")

    def test_output_that_cannot_be_made_is_73(self):
        self.refused(73, "compose", *self.draft(), "-o", "/nowhere/out.eml", says="/nowhere/out.eml")

    def test_old_output_stays_as_it_was_after_a_failure(self):
        self.write("out.eml", "old")
        self.refused(66, *self.seal("--attach", "/nowhere"))
        self.assertEqual(self.read("out.eml"), b"old")

    def test_outputs_have_mode_0600(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.sealed()).st_mode), 0o600)

    def test_usage_is_64(self):
        for words in ([], ["frobnicate"], ["seal", "--frob"], ["seal", "--encr"], ["open", "a", "b"], ["seal", *self.draft()],
                      ["send", *self.draft()], ["seal", *self.draft(), "--sign", "--cipher", "rc4", *self.alice()],
                      ["open", "--require", "beautiful"], ["open", "--at", "yesterday"], ["keys"], ["probe"]):
            with self.subTest(words=words):
                self.refused(64, *words)

    def test_raw_with_bcc_is_65(self):
        for name in ("Bcc", "Resent-Bcc"):
            self.write("raw.eml", f"From: a@b.example\r\nTo: c@d.example\r\n{name}: e@f.example\r\n\r\nx\r\n")
            self.refused(65, "send", "--via", "file:" + self.path("out.eml"), "--raw", self.path("raw.eml"), "--unsealed", says=name)

    def test_unsealed_needs_a_word(self):
        self.refused(64, "send", "--via", "file:" + self.path("out.eml"), *self.draft(), says="--unsealed")
        self.run_tool("send", "--via", "file:" + self.path("out.eml"), *self.draft(), "--unsealed")
        self.assertIn(b"Nur f", self.read("out.eml"))

    def test_errors_are_json_with_json(self):
        result = self.run_tool("open", "/nowhere.eml", "--json", expect=66)
        error = result.json["error"]
        self.assertEqual(error["code"], "no_input")
        self.assertEqual(error["where"], "/nowhere.eml")
        self.assertTrue(error["what"])

    def test_tampered_message_leaves_no_output(self):
        self.sealed()
        content = bytearray(self.read("sealed.eml"))
        body = content.index(b"\r\n\r\n") + 4
        place = body + (len(content) - body) * 3 // 4
        content[place] = ord("A") if content[place] != ord("A") else ord("B")
        self.write("tampered.eml", bytes(content))
        result = self.run_tool("open", self.path("tampered.eml"), *self.bob(), "--trust", CA, "-o", self.path("payload"), "--extract",
                               self.path("parts"), expect=1)
        self.assertFalse(os.path.exists(self.path("payload")))
        self.assertFalse(os.path.exists(self.path("parts")))
        self.assertNotIn(b"Nur f", result.out)

    def test_no_key_is_77_with_a_report(self):
        result = self.run_tool("open", self.sealed(), "--json", expect=77)
        self.assertEqual(result.json["layers"][0]["result"], "no-key")
        self.assertEqual(result.json["summary"], {"state": "encrypted-unverified", "encrypted": True, "signed": "none"})

    def test_failed_demand_is_1(self):
        sealed = self.sealed()
        self.run_tool("open", sealed, *self.bob(), "--require", "encrypted,authenticated", expect=0)
        self.run_tool("open", sealed, *self.bob(), "--require", "signed", "-o", self.path("payload"), expect=1)  # nobody is trusted
        self.assertFalse(os.path.exists(self.path("payload")))
        self.run_tool("open", sealed, *self.bob(), "--trust", CA, "--require", "signed,encrypted", expect=0)
        self.run_tool("open", sealed, *self.bob(), "--trust", CA, "--require-signer", "bob@smime.example", expect=1)
        self.run_tool("open", sealed, *self.bob(), "--trust", CA, "--require-signer", "alice@smime.example", expect=0)


class Configuration(ToolTest):
    def config(self, text):
        return ["--config", self.write("mimeseal.conf", text)]

    def test_account_is_chosen_and_command_line_wins(self):
        config = self.config("# a comment\nsubject = common # no comment\nfrom = common@example.org\n\n[account work]\n"
                             "from = work@example.org\n[account home]\nfrom = home@example.org\n")
        for words, sender in ((["--account", "work"], "work"), (["--account", "home"], "home"), ([], "common"),
                              (["--account", "work", "--from", "me@example.org"], "me")):
            out = self.run_tool("compose", *config, *words, "--to", "x@example.org", "--text", "x").text
            self.assertIn(f"From: {sender}@example.org", out)
            self.assertIn("Subject: common # no comment", out)

    def test_faults_are_78_with_the_line(self):
        for text, says in (("from = a@b.example\nfrobnicate = 1\n", ":2"), ("partial = true\n", "partial"), ("allow-legacy = true\n", "allow-legacy"),
                           ("unsealed = true\n", "unsealed"), ("just words\n", ":1"), ("[office]\nfrom = a@b.example\n", "office")):
            with self.subTest(text=text):
                result = self.run_tool("compose", *self.config(text), "--to", "x@example.org", "--text", "x", expect=78)
                self.assertIn(says, result.errors)

    def test_unknown_account_is_78(self):
        self.run_tool("compose", *self.config("from = a@b.example\n"), "--account", "none", expect=78)

    def test_default_place(self):
        os.makedirs(self.path(".config/mimeseal"))
        self.write(".config/mimeseal/mimeseal.conf", "from = default@example.org\n")
        self.assertIn("default@example.org", self.run_tool("compose", "--to", "x@example.org", "--text", "x").text)

    def test_help_names_what_there_is(self):
        listed = re.findall(r"^  (\w+) ", self.run_tool("--help").text, re.M)
        self.assertEqual(listed, ["compose", "seal", "send", "open", "inspect", "keys", "probe", "ses", "vectors"])
        for command in listed:
            self.assertIn("usage: mimeseal " + command, self.run_tool(command, "--help").text)


if __name__ == "__main__":
    unittest.main()
