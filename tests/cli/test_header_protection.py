#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""RFC 9788 both ways, for both protocols: what is written, what is read back, and what an answer shows."""
import email
import email.policy
import os
import unittest

from cli.tool import CA, DATA, RFC9216, ToolTest

KEYS = os.path.join(DATA, "own", "keys")
DATE = "Sat, 20 Feb 2021 15:12:02 +0000"


class HeaderProtectionTest(ToolTest):
    def people(self, protocol):
        """Addresses of Alice and Bob, how Alice seals to Bob, how Bob opens, how Bob answers Alice."""
        if protocol == "smime":
            alice = ["--identity", os.path.join(RFC9216, "alice.p12"), "--passphrase-file", self.path("alice.pass")]
            bob = ["--identity", os.path.join(RFC9216, "bob.p12"), "--passphrase-file", self.path("bob.pass")]
            return ("alice@smime.example", "bob@smime.example", [*alice, "--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt")],
                    [*bob, "--trust", CA], ["--recipient-key", os.path.join(RFC9216, "alice.encrypt.crt")])
        bob = ["--identity", os.path.join(KEYS, "bob.sec.asc"), "--trust", os.path.join(KEYS, "alice.pub.asc")]
        return ("alice@own.example", "bob@own.example",
                ["--identity", os.path.join(KEYS, "alice.sec.asc"), "--recipient-key", os.path.join(KEYS, "bob.pub.asc")], bob,
                ["--recipient-key", os.path.join(KEYS, "alice.pub.asc")])

    def seal(self, protocol, *more, subject="Secret plan", name="sealed.eml", text=("--text", "Hello Bob\n")):
        alice, bob, sealing, _, _ = self.people(protocol)
        return self.run_tool("seal", "--from", f"Alice Lovelace <{alice}>", "--to", f"Bob Babbage <{bob}>", "--subject", subject, *text,
                             "--date", DATE, "--message-id", "<one@smime.example>", "--header", "Keywords: hidden", "--header", "Comments: too",
                             *sealing, "-o", self.path(name), *more)

    def open(self, protocol, *more, name="sealed.eml", expect=0):
        return self.run_tool("open", self.path(name), *self.people(protocol)[3], "--json", *more, expect=expect)

    def outer(self, name="sealed.eml"):
        message = email.message_from_bytes(self.read(name), policy=email.policy.compat32)
        return [(field, value) for field, value in message.items() if not field.startswith("Content-") and field != "MIME-Version"]

    def payload(self, protocol, name="sealed.eml"):
        self.run_tool("open", self.path(name), *self.people(protocol)[3], "-o", self.path("payload"))
        return email.message_from_bytes(self.read("payload"), policy=email.policy.compat32)


class Sealing(HeaderProtectionTest):
    def test_each_policy_hides_what_it_says_and_hp_outer_is_what_was_written(self):
        for protocol in ("smime", "pgp"):
            alice, bob = self.people(protocol)[:2]
            for policy, confidential, outer in (
                    ("baseline", {"Subject", "Keywords", "Comments"}, {"Subject": "[...]", "From": f"Alice Lovelace <{alice}>", "Date": DATE}),
                    ("shy", {"Subject", "Keywords", "Comments", "From", "To"},
                     {"Subject": "[...]", "From": alice, "To": bob, "Date": DATE}),
                    ("no-confidentiality", set(), {"Subject": "Secret plan", "Keywords": "hidden", "Comments": "too"})):
                with self.subTest(protocol=protocol, policy=policy):
                    self.seal(protocol, "--sign", "--encrypt", "--protect-headers", policy)
                    written = self.outer()
                    for name, value in outer.items():
                        self.assertEqual(dict(written)[name], value)
                    self.assertEqual({"Keywords", "Comments"} & set(dict(written)), {"Keywords", "Comments"} - confidential)
                    payload = self.payload(protocol)
                    self.assertEqual(payload.get_param("hp"), "cipher")
                    self.assertEqual([tuple(value.split(": ", 1)) for value in payload.get_all("HP-Outer")], written)
                    headers = self.open(protocol).json["headers"]
                    self.assertEqual((headers["protection"], set(headers["confidential"])), ("cipher", confidential))
                    self.assertEqual(headers["subject"], "Secret plan")
                    self.assertEqual(headers["mismatch"], [])
                    for field in headers["fields"]:
                        self.assertEqual(field["state"], "signed-and-encrypted" if field["name"] in confidential else "signed-only")

    def test_off_protects_nothing(self):
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                self.seal(protocol, "--sign", "--encrypt", "--protect-headers", "off")
                self.assertEqual(dict(self.outer())["Subject"], "Secret plan")
                payload = self.payload(protocol)
                self.assertIsNone(payload.get_param("hp"))
                self.assertEqual([name for name in payload.keys() if not name.startswith("Content-")], [])
                headers = self.open(protocol).json["headers"]
                self.assertEqual((headers["protection"], headers["confidential"]), ("none", []))
                self.assertEqual({field["state"] for field in headers["fields"]}, {"unprotected"})

    def test_signed_alone_is_clear_and_says_nothing_of_outside(self):
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                self.seal(protocol, "--sign")
                payload = self.payload(protocol)
                self.assertEqual((payload.get_param("hp"), payload.get_all("HP-Outer")), ("clear", None))
                self.assertNotIn(b"legacy-display", self.read("sealed.eml"))
                headers = self.open(protocol).json["headers"]
                self.assertEqual((headers["protection"], headers["confidential"], headers["hp_outer"]), ("clear", [], []))
                self.assertEqual({field["state"] for field in headers["fields"]}, {"signed-only"})

    def test_encrypted_alone_works_with_a_hint(self):
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                self.assertIn("hint: encrypted without a signature", self.seal(protocol, "--encrypt").errors)
                report = self.open(protocol).json
                self.assertEqual(report["summary"], {"state": "encrypted-unverified", "encrypted": True, "signed": "none"})
                states = {field["name"]: field["state"] for field in report["headers"]["fields"]}
                self.assertEqual((states["Subject"], states["From"]), ("encrypted-only", "unprotected"))

    def test_legacy_display_is_in_each_main_text_and_seen_by_nobody_who_knows_better(self):
        text = ("--text", "Hello Bob\n", "--html", "<p>Hello <b>Bob</b></p>")
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                self.write("attached.txt", "Attached\n")
                self.seal(protocol, "--sign", "--encrypt", "--attach", self.path("attached.txt"), text=text)
                marked = [part for part in self.payload(protocol).walk() if part.get_param("hp-legacy-display") == "1"]
                self.assertEqual([part.get_content_type() for part in marked], ["text/plain", "text/html"])
                self.assertTrue(marked[0].get_payload(decode=True).startswith(b"Subject: Secret plan\r\n"))
                self.assertIn(b"<div class=\"header-protection-legacy-display\">", marked[1].get_payload(decode=True))
                view = self.run_tool("open", self.path("sealed.eml"), *self.people(protocol)[3]).text
                self.assertEqual(view.count("Secret plan"), 1)
                self.seal(protocol, "--sign", "--encrypt", "--no-legacy-display", text=text)
                self.assertNotIn("hp-legacy-display", self.payload(protocol).as_string())

    def test_the_mark_of_older_readers(self):
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                self.seal(protocol, "--sign", "--encrypt", "--compat-protected-headers")
                payload = self.payload(protocol)
                self.assertEqual((payload.get_param("protected-headers"), payload.get_param("hp")), ("v1", "cipher"))

    def test_recipients_of_both_protocols_are_refused_with_the_reason(self):
        alice, bob, sealing, _, _ = self.people("smime")
        result = self.run_tool("seal", "--from", alice, "--to", bob, "--to", "bob@own.example", "--text", "x", "--sign", "--encrypt", *sealing,
                               "--recipient-key", os.path.join(KEYS, "bob.pub.asc"), "-o", self.path("out.eml"), expect=67)
        self.assertIn("bob@own.example", result.errors)
        self.assertRegex(result.errors, "bob@own.example: .*OpenPGP.*section 9.6")
        self.assertNotIn("bob@smime.example", result.errors)
        self.assertFalse(os.path.exists(self.path("out.eml")))


class Demands(HeaderProtectionTest):
    def test_require(self):
        for protocol in ("smime", "pgp"):
            alice = self.people(protocol)[0]
            self.seal(protocol, "--sign", "--encrypt", name="both.eml")
            self.seal(protocol, "--sign", name="signed.eml")
            self.seal(protocol, "--encrypt", name="encrypted.eml")
            print_ = self.open(protocol, name="both.eml").json["layers"]
            fingerprint = next(layer["signers"][0]["fingerprint"] for layer in print_ if layer["signers"])
            for name, demand, code in (("both", "signed,encrypted,authenticated", 0), ("signed", "signed", 0), ("signed", "encrypted", 1),
                                       ("signed", "signed,encrypted", 1), ("signed", "authenticated", 1), ("encrypted", "signed", 1),
                                       ("encrypted", "encrypted,authenticated", 0), ("both", "nonsense", 64)):
                with self.subTest(protocol=protocol, name=name, demand=demand):
                    self.open(protocol, "--require", demand, name=name + ".eml", expect=code)
            for name, who, code in (("both", alice, 0), ("both", alice.upper(), 0), ("both", fingerprint, 0), ("both", fingerprint.upper(), 0),
                                    ("both", "eve@evil.example", 1), ("both", fingerprint[:16], 1), ("both", fingerprint[:-1] + "z", 1),
                                    ("encrypted", alice, 1), ("both", " ", 64)):
                with self.subTest(protocol=protocol, name=name, who=who):
                    self.open(protocol, "--require-signer", who, name=name + ".eml", expect=code)


class Answers(HeaderProtectionTest):
    def answer(self, protocol, *words, command="seal", **more):
        _, bob, _, opening, sealing = self.people(protocol)
        return self.run_tool(command, "--in-reply-to", self.path("sealed.eml"), *opening, *(sealing if command != "compose" else []), "--from", bob,
                             "--text", "Yes\n", *words, **more)

    def test_a_sealed_answer_keeps_what_was_hidden(self):
        for protocol in ("smime", "pgp"):
            self.seal(protocol, "--sign", "--encrypt", "--protect-headers", "shy")
            for policy in ("baseline", "shy", "no-confidentiality"):
                with self.subTest(protocol=protocol, policy=policy):
                    # Not even asked to encrypt: RFC 9787, section 5.4.
                    result = self.answer(protocol, "--sign", "--protect-headers", policy, "-o", self.path("answer.eml"))
                    self.assertIn("encrypted too", result.errors)
                    outside = self.read("answer.eml")
                    for secret in (b"Secret", b"Lovelace"):
                        self.assertNotIn(secret, outside)
                    self.assertEqual(dict(self.outer("answer.eml"))["Subject"], "Re: [...]" if policy == "no-confidentiality" else "[...]")

    def test_off_cannot_be_had_for_an_answer_to_what_was_hidden(self):
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                self.seal(protocol, "--sign", "--encrypt")
                result = self.answer(protocol, "--sign", "--encrypt", "--protect-headers", "off", "-o", self.path("answer.eml"))
                self.assertIn("off", result.errors)
                self.assertNotIn(b"Secret", self.read("answer.eml"))
                self.assertEqual(dict(self.outer("answer.eml"))["Subject"], "Re: [...]")

    def test_what_is_composed_in_the_clear_shows_nothing_hidden_and_says_so(self):
        for protocol in ("smime", "pgp"):
            with self.subTest(protocol):
                alice, bob = self.people(protocol)[:2]
                self.seal(protocol, "--sign", "--encrypt", "--protect-headers", "shy", "--cc", f"Bob <{bob}>")
                result = self.answer(protocol, command="compose")
                for secret in ("Secret", "Lovelace", "Babbage"):
                    self.assertNotIn(secret, result.text)
                message = email.message_from_string(result.text)
                self.assertEqual((message["Subject"], message["To"], message["Cc"]), ("Re: [...]", alice, None))
                self.assertEqual(message["In-Reply-To"], "<one@smime.example>")
                self.assertRegex(result.errors, "hint: .*encrypted.*Subject")

    def test_an_answer_in_the_clear_to_what_was_encrypted_is_not_sent(self):
        for protocol in ("smime", "pgp"):
            for policy in ("baseline", "off"):
                with self.subTest(protocol=protocol, policy=policy):
                    self.seal(protocol, "--sign", "--encrypt", "--protect-headers", policy)
                    result = self.answer(protocol, "--unsealed", "--via", "file:" + self.path("sent.eml"), command="send", expect=64)
                    self.assertIn("encrypted", result.errors)
                    self.assertFalse(os.path.exists(self.path("sent.eml")))

    def test_an_answer_to_all_does_not_go_to_oneself(self):
        alice, bob = self.people("smime")[:2]
        self.seal("smime", "--sign", "--cc", "carol@smime.example")
        message = email.message_from_string(self.answer("smime", command="compose").text)
        self.assertEqual((message["To"], message["Cc"]), (f"Alice Lovelace <{alice}>", "carol@smime.example"))
        self.assertEqual(message["Subject"], "Re: Secret plan")
        self.assertNotIn(bob, message["To"] + message["Cc"])


if __name__ == "__main__":
    unittest.main()
